"""Which settings hold for a document: the project's files, followed as they change, with the editor's on top."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gradlint import checking, selection
from gradlint.options import OPTIONS, key_of
from gradlint.server.settings import Editor, parse
from gradlint.settings import CONFIG_NAMES, Resolver, Settings, SettingsError
from gradlint.sources.discover import discover
from gradlint.trust import Trust, TrustError, of_user, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradlint.rule import Rule

logger = logging.getLogger(__name__)

Stamp = tuple[tuple[str, int, int], ...]


class Configuration:
    """The settings by document; its methods may be called from any thread.

    Args:
        complain: Takes a message for the user, once for each problem.
        trust: Whether everything is trusted, whatever the client says.

    Attributes:
        restricted: Whether the client says that its workspace is not trusted, so that nothing of it may be run.
    """

    def __init__(self, complain: Callable[[str], None], *, trust: bool = False) -> None:
        self.restricted = False
        self._complain = complain
        self._trust = Trust(everything=trust)
        self._lock = Lock()
        self._default = Editor()
        self._folders: dict[Path, Editor] = {}
        self._known: dict[str, tuple[Stamp, Settings]] = {}
        self._good: dict[str, Settings] = {}
        self._excluded: dict[tuple[str, str], bool] = {}
        self._said: set[str] = set()
        self._generation = 0

    def begin(self, value: Any) -> None:
        """Take what the client initializes the server with: what it sets for every folder, and what it trusts."""
        editor = self._parse(value, first=True)
        self.restricted = editor.trust is False and not self._trust.everything
        if editor.trust is True:
            self._trust = Trust(everything=True)
        elif isinstance(editor.trust, tuple):
            self._trust = replace(self._trust, folders=editor.trust)
        self._take(editor)

    def set_default(self, value: Any) -> None:
        """Take what the client sets for every folder."""
        self._take(self._parse(value))

    def _take(self, editor: Editor) -> None:
        with self._lock:
            self._default = editor
            self._forget()

    def set_folders(self, values: Iterable[tuple[Path, Any]]) -> None:
        """Take what the client sets for each workspace folder; the folders named before are forgotten."""
        folders = {path: self._parse(value) for path, value in values}
        with self._lock:
            self._folders = folders
            self._forget()

    def changed(self) -> None:
        """Read the project's files anew, and say anew what is wrong: one of them has changed."""
        with self._lock:
            self._forget()
            self._said.clear()

    def editor(self, path: Path | None) -> Editor:
        """What the editor sets for a file: its workspace folder's settings, the innermost folder counting."""
        if path is not None:
            around = [folder for folder in self._folders if path == folder or folder in path.parents]
            if around:
                return self._folders[max(around, key=lambda folder: len(folder.parts))]
        return self._default

    def settings(self, path: Path | None) -> Settings:
        """The settings of a file; where the project's cannot be used the last that could, or those of the editor."""
        folder = os.getcwd() if path is None else str(path.parent)
        with self._lock:
            generation = self._generation
            known = self._known.get(folder)
        editor = self.editor(path)
        stamp = _stamp(folder, editor.configuration)
        if known is not None and known[0] == stamp:
            return known[1]
        settings = self._load(folder, editor, path)
        with self._lock:
            if generation == self._generation:
                self._known[folder] = (stamp, settings)
                self._excluded.clear()
        return settings

    def rules(self, path: Path | None) -> tuple[Rule, ...]:
        """Every rule there is for a file."""
        return checking.rules_for(self.settings(path))

    def lints(self, path: Path | None) -> bool:
        """Whether a file is linted: the editor has not turned gradlint off, and nothing excludes the file."""
        if not self.editor(path).enable:
            return False
        if path is None or not os.path.exists(path):
            return True
        settings = self.settings(path)
        key = (str(path), settings.root)
        with self._lock:
            known, generation = self._excluded.get(key), self._generation
        if known is None:
            forced = Resolver.of(settings.override(force_exclude=True))
            known = not discover([path], forced).files
            with self._lock:
                if generation == self._generation:
                    self._excluded[key] = known
        return not known

    def _load(self, folder: str, editor: Editor, path: Path | None) -> Settings:
        try:
            config = None if editor.configuration is None else self._config(editor.configuration, path)
            resolver = Resolver(config, overrides=self._allowed(editor, folder), trust=self._trust)
            settings = self._without_code(editor, folder, resolver.for_folder(folder))
            if settings.withheld:
                self._say(sentence(settings.withheld, "trust"))
            selection.validate(settings, checking.rules_for(settings))
        except (SettingsError, TrustError) as error:
            kept = self._good.get(folder)
            self._say(str(error) if kept is None else f"{error}; the previous settings apply until this is fixed")
            return kept or Settings(root=folder)
        self._good[folder] = settings
        return settings

    def _allowed(self, editor: Editor, folder: str) -> dict[str, Any]:
        """What the editor sets of gradlint's own options, without what runs code in a folder that is not trusted."""
        return {name: one for name, one in editor.options.items() if name not in self._untrusted(editor, folder)}

    def _without_code(self, editor: Editor, folder: str, settings: Settings) -> Settings:
        """Settings that say which of the editor's do not count."""
        withheld = [("the editor", key_of(name)) for name in self._untrusted(editor, folder)]
        return replace(settings, withheld=(*withheld, *settings.withheld)) if withheld else settings

    def _untrusted(self, editor: Editor, folder: str) -> list[str]:
        """The options that the editor sets and that would run code: they may stand in a file of the workspace."""
        code = [name for name, value in editor.options.items() if OPTIONS[name].runs and value]
        return [] if not code or self._trust.covers(folder) or of_user().covers(folder) else code

    def _config(self, configured: str, path: Path | None) -> Path:
        """The configuration file that the editor names, relative to its workspace folder."""
        around = [folder for folder in self._folders if path is not None and folder in path.parents]
        base = max(around, key=lambda folder: len(folder.parts), default=Path.cwd())
        return base / Path(configured).expanduser()

    def _parse(self, value: Any, *, first: bool = False) -> Editor:
        editor, problems = parse(value, first=first)
        for problem in problems:
            self._say(f"editor settings: {problem}")
        return editor

    def _say(self, problem: str) -> None:
        with self._lock:
            if problem in self._said:
                return
            self._said.add(problem)
        self._complain(problem)

    def _forget(self) -> None:
        """Forget what was made of settings that no longer hold, also by whoever is making it just now."""
        self._generation += 1
        self._known.clear()
        self._excluded.clear()


def _stamp(folder: str, configuration: str | None) -> Stamp:
    """What is the same as before if the configuration files that may hold for a folder are."""
    found = []
    at = folder
    while True:
        found += [os.path.join(at, name) for name in CONFIG_NAMES]
        above = os.path.dirname(at)
        if above == at:
            break
        at = above
    if configuration is not None:
        found.append(configuration)
    stamps = []
    for path in found:
        try:
            status = os.stat(path)
        except OSError:
            continue
        stamps.append((path, status.st_mtime_ns, status.st_size))
    return tuple(stamps)
