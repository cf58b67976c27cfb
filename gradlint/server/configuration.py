"""Which settings hold for a document: the project's files, followed as they change, with the editor's on top."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gradlint import checking, selection
from gradlint.server.settings import Editor, parse
from gradlint.settings import CONFIG_NAMES, Resolver, Settings, SettingsError
from gradlint.sources.discover import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradlint.rule import Rule

logger = logging.getLogger(__name__)

Stamp = tuple[tuple[str, int, int], ...]


class Configuration:
    """The settings by document; its methods may be called from any thread.

    Args:
        complain: Takes a message for the user, once for each problem.
    """

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self._lock = Lock()
        self._default = Editor()
        self._folders: dict[Path, Editor] = {}
        self._known: dict[str, tuple[Stamp, Settings]] = {}
        self._excluded: dict[tuple[str, str], bool] = {}
        self._said: set[str] = set()
        self._generation = 0

    def set_default(self, value: Any) -> None:
        """Take what the client sets for every folder."""
        editor = self._parse(value)
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
        """The settings of a file; those of the editor alone where the project's cannot be used."""
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
        if path is None or not path.exists():
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
            settings = Resolver(config, overrides=editor.options).for_folder(folder)
            selection.validate(settings, checking.rules_for(settings))
        except SettingsError as error:
            self._say(str(error))
            return Settings(root=folder)
        return settings

    def _config(self, configured: str, path: Path | None) -> Path:
        """The configuration file that the editor names, relative to its workspace folder."""
        around = [folder for folder in self._folders if path is not None and folder in path.parents]
        base = max(around, key=lambda folder: len(folder.parts), default=Path.cwd())
        return base / Path(configured).expanduser()

    def _parse(self, value: Any) -> Editor:
        editor, problems = parse(value)
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
    """What tells that the configuration files that may hold for a folder are the same as before."""
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
