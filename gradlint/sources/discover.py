"""Finds the files to lint: those named, and those in the folders named that no exclude and no .gitignore leaves out."""

from __future__ import annotations

import os
import re
from itertools import islice
from stat import S_ISDIR
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from gradlint import escaping
from gradlint.sources import globs, ignore
from gradlint.sources.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_LOOKED_AT = 2_000
"""How many names beside one that is not there are compared with it."""
_UNUSABLE = "its settings cannot be used, so it was not checked: {}"


class Filter(Protocol):
    """What decides which files of a folder are taken; the settings are one."""

    @property
    def include(self) -> tuple[str, ...]:
        """Patterns of the files to take."""

    @property
    def extend_include(self) -> tuple[str, ...]:
        """Patterns of further files to take."""

    @property
    def exclude(self) -> tuple[str, ...]:
        """Patterns of files and folders to leave out."""

    @property
    def extend_exclude(self) -> tuple[str, ...]:
        """Patterns of further files and folders to leave out."""

    @property
    def respect_gitignore(self) -> bool:
        """Whether what git ignores is left out."""

    @property
    def force_exclude(self) -> bool:
        """Whether excludes also hold for what is named."""

    @property
    def root(self) -> str:
        """The folder that the patterns count from."""


F = TypeVar("F", bound=Filter)


class FilterOf(Protocol[F]):
    """Tells which filter holds in a folder."""

    def for_folder(self, folder: str) -> F:
        """The filter of a folder.

        Raises:
            ValueError: If what tells it cannot be used.
        """

    def below(self, folder: str, settings: F, names: set[str]) -> F:
        """The filter of a folder whose parent's is known, given the names that lie in it.

        Raises:
            ValueError: If what tells it cannot be used.
        """


class Discovery(Generic[F]):
    """What was found.

    Attributes:
        files: Each file's absolute path with its filter, in the order of the paths named, then by name.
        problems: The paths that do not exist or cannot be looked into, and those whose settings cannot be used.
    """

    def __init__(self) -> None:
        self.files: list[tuple[str, F]] = []
        self.problems: list[tuple[str, Problem]] = []


def discover(paths: Iterable[str | os.PathLike[str]], filters: FilterOf[F]) -> Discovery[F]:
    """Find files.

    Args:
        paths: Files, which are always taken, and folders, which are walked.
        filters: Which filter holds in a folder.
    """
    walk = _FolderWalk(filters)
    for path in paths:
        walk.take(os.fspath(path))
    return walk.found


class _Compiled:
    """A filter's patterns, made ready once."""

    def __init__(self, settings: Filter) -> None:
        root = settings.root or os.getcwd()
        self.exclude = ignore.Patterns(root, (*settings.exclude, *settings.extend_exclude))
        include = (*settings.include, *settings.extend_include)
        suffixes = [pattern[1:] for pattern in include if re.fullmatch(r"\*\.\w+", pattern)]
        others = [pattern for pattern in include if not re.fullmatch(r"\*\.\w+", pattern)]
        self.suffixes = tuple(suffixes)
        self._prefix = root.rstrip(os.sep) + os.sep
        self._others = globs.spec(others) if others else None

    def includes(self, path: str, name: str) -> bool:
        if name.endswith(self.suffixes):
            return True
        if self._others is None:
            return False
        relative = path[len(self._prefix) :] if path.startswith(self._prefix) else name
        return self._others.match_file(relative.replace(os.sep, "/"))


class _FolderWalk(Generic[F]):
    def __init__(self, filters: FilterOf[F]) -> None:
        self.found: Discovery[F] = Discovery()
        self._filters = filters
        self._compiled: dict[int, _Compiled] = {}
        self._seen: set[str] = set()

    def take(self, path: str) -> None:
        """Take what is named: a file as it is, a folder with what lies in it."""
        absolute = os.path.abspath(path)
        try:
            is_folder = S_ISDIR(os.stat(absolute).st_mode)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            self._fail(path, "read", f"no such file or folder{_near(absolute)}")
            return
        except OSError as error:
            self._fail(path, "read", f"cannot be read: {error.strerror or error}")
            return
        try:
            settings = self._filters.for_folder(absolute if is_folder else os.path.dirname(absolute))
        except ValueError as error:
            self._fail(path, "settings", _UNUSABLE.format(error))
            return
        if settings.force_exclude and self._excluded(absolute, settings):
            return
        if is_folder:
            ignores = ignore.of_repository(absolute) if settings.respect_gitignore else ()
            self._walk(absolute, settings, ignores)
        else:
            self._add(absolute, settings)

    def _walk(self, top: str, settings: F, ignores: tuple[ignore.Patterns, ...]) -> None:
        """Take what lies in a folder, however deep: the entries of each folder by name, those below one after it."""
        levels = [self._entries(top, settings, ignores, named=True)]
        while levels:
            below = next(levels[-1], None)
            if below is None:
                levels.pop()
            else:
                levels.append(self._entries(*below))

    def _entries(
        self, folder: str, settings: F, ignores: tuple[ignore.Patterns, ...], *, named: bool = False
    ) -> Iterator[tuple[str, F, tuple[ignore.Patterns, ...]]]:
        """Take a folder's files; the folders to walk are given where they come among the files."""
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=_name)
        except OSError as error:
            self._fail(folder, "read", f"cannot be read: {error.strerror or error}")
            return
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names and not named:
            return
        try:
            settings = self._filters.below(folder, settings, names)
        except ValueError as error:
            self._fail(folder, "settings", _UNUSABLE.format(error))
            return
        compiled = self._compile(settings)
        if settings.respect_gitignore:
            ignores = _ignores_in(folder, names, ignores, named)
        prefix = folder.rstrip(os.sep) + os.sep
        patterns = (compiled.exclude, *reversed(ignores))
        for entry in entries:
            name = entry.name
            path = prefix + name
            if entry.is_dir(follow_symlinks=False):
                if not _left_out(patterns, path, name, True):
                    yield path, settings, ignores
            elif compiled.includes(path, name) and self._is_file(entry) and not _left_out(patterns, path, name, False):
                self._add(path, settings)

    def _is_file(self, entry: os.DirEntry[str]) -> bool:
        """Whether an entry is a file, or a link to one; a link that leads round in a circle is a problem."""
        try:
            return entry.is_file()
        except OSError as error:
            self._fail(entry.path, "read", f"cannot be read: {error.strerror or error}")
            return False

    def _fail(self, path: str, kind: Literal["read", "settings"], message: str) -> None:
        self.found.problems.append((path, Problem(kind, message)))

    def _add(self, path: str, settings: F) -> None:
        if path not in self._seen:
            self._seen.add(path)
            self.found.files.append((path, settings))

    def _excluded(self, path: str, settings: F) -> bool:
        """Whether a path that is named, or a folder it lies in below the settings' root, is excluded."""
        patterns = self._compile(settings).exclude
        root = settings.root or os.getcwd()
        is_folder = os.path.isdir(path)
        while path != root and path != os.path.dirname(path):
            if patterns.verdict(path, os.path.basename(path), is_folder):
                return True
            path, is_folder = os.path.dirname(path), True
        return False

    def _compile(self, settings: F) -> _Compiled:
        key = id(settings)
        if key not in self._compiled:
            self._compiled[key] = _Compiled(settings)
        return self._compiled[key]


def _ignores_in(
    folder: str, names: set[str], ignores: tuple[ignore.Patterns, ...], named: bool
) -> tuple[ignore.Patterns, ...]:
    """The ignore patterns that hold in a folder, given those that reach it from above and the names that lie in it."""
    if ".git" in names and not named:
        outer = ignore.excludes_of(folder)
        ignores = (outer,) if outer else ()
    own = ignore.from_file(os.path.join(folder, ".gitignore")) if ".gitignore" in names else None
    return (*ignores, own) if own else ignores


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _left_out(patterns: tuple[ignore.Patterns, ...], path: str, name: str, is_folder: bool) -> bool:
    """Whether the excludes leave an entry out, or the nearest .gitignore that speaks of it."""
    return patterns[0].verdict(path, name, is_folder) is True or ignore.left_out(patterns[1:], path, name, is_folder)


def _near(path: str) -> str:
    """The name beside a path that is not there which is most like it, as a question; nothing where none is."""
    import difflib

    folder, name = os.path.split(path)
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _LOOKED_AT)]
    except OSError:
        return ""
    near = difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.7)
    return f"; did you mean {escaping.code(escaping.name(near[0]))}?" if near else ""
