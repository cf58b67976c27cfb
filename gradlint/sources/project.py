"""Finds the modules that a file imports from its own project: beside it, in its package, below the project's root."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from stat import S_ISDIR
from typing import TYPE_CHECKING

from gradlint.sources import importers, requirements
from gradlint.sources.files import SourceError, decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from gradlint.sources.requirements import Stated

ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "gradlint.toml")
"""What stands in a project's root."""
INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders in which projects lie side by side."""
LEVELS = 8
"""How many folders above a file are looked through for its project's root."""

LARGEST = 1_600_000
"""How many bytes a module may have to be read."""

COMPARED = 32
"""How many of the modules that import a file are compared word by word; more than are ever run."""

_WORD = re.compile(r"[^\W\d]\w*")

Stamp = tuple[int, int] | None
"""A file's time in nanoseconds and its size, zeros for a folder; None where there is none."""

PRESENT = (-1, -1)
"""The stamp of what only has to be there, whatever it holds."""


@dataclass(frozen=True, slots=True)
class Found:
    """A module that an import names.

    Attributes:
        path: Its file as findings show it; the folder's for a package without an ``__init__.py``.
        code: Its program; empty for such a package, and where it cannot be read or is too large.
        package: Whether it is a package.
        own: Whether it is the very file that the project is seen from; its program is not read again.
        file: Whether it has a file.
    """

    path: str
    code: str
    package: bool = False
    own: bool = False
    file: bool = True


class Project:
    """The project that a file belongs to, as Python's import sees it from that file.

    Nothing of it is read before it is asked for. What was looked at is remembered, so that a result can be forgotten
    when one of these files changes.

    Args:
        path: The file, relative to the working directory or whole; it need not exist.
        open_texts: The texts of files that an editor holds, by their whole path: they count instead of what is stored.

    Attributes:
        seen: The files and folders that were looked for, by their whole path, with what they were like then.
        texts: The texts of the files that were read, by their whole path.
    """

    def __init__(self, path: str, open_texts: Mapping[str, str] | None = None) -> None:
        self._path = os.path.abspath(path)
        self._open = open_texts or {}
        self._above: tuple[str, ...] | None = None
        self._inside: tuple[str, ...] = ()
        self._asked: dict[tuple[str, int, str], Found | None] = {}
        self._root: str | None = None
        self.seen: dict[str, Stamp] = {}
        self.texts: dict[str, str] = {}

    def depends_on(self, path: str, text: str | None) -> bool:
        """Whether what was found here may be another now that a file, or its folder, has come, changed or gone.

        Args:
            path: The file's whole path.
            text: What it holds now, in the editor or on the disk; None where there is no file.
        """
        if path in self.texts:
            return self.texts[path] != text
        if path in self.seen:
            return (self.seen[path] is None) != (text is None)
        folder = os.path.dirname(path)
        return folder in self.seen and (self.seen[folder] is not None) != os.path.isdir(folder)

    def takes_over(self, other: object) -> bool:
        """Take what was found of the project before; False where any of it may be other by now.

        Args:
            other: The project as it was seen from the same file.
        """
        if not isinstance(other, Project) or other._path != self._path:
            return False
        if not all(self._is_as_in(other, path) for path in other.seen):
            return False
        self._above, self._inside, self._root = other._above, other._inside, other._root
        self._asked, self.seen, self.texts = other._asked, other.seen, other.texts
        return True

    def _is_as_in(self, other: Project, path: str) -> bool:
        """Whether a file or folder that was looked for is as it was when the project was seen before."""
        if path not in self._open and path not in other._open:
            return is_as_then(path, other.seen[path])
        if path in other.texts:
            return other.texts[path] == (self._open[path] if path in self._open else stored(path))
        return path in self._open and (path in other._open or other.seen[path] is not None)

    def find(self, name: str, level: int, importer: str | None) -> Found | None:
        """The module that an import names, or None where the project has none of that name.

        Args:
            name: The dotted name; empty for ``from . import``.
            level: How many dots stand before it.
            importer: The path of the module that imports; None for the file itself.
        """
        start = self._folder(importer)
        key = (name, level, start)
        if key not in self._asked:
            self._asked[key] = self._find(name, level, start)
        return self._asked[key]

    def importers(self, names: frozenset[str], of: str | None = None) -> list[Found]:
        """The modules of the project that import a file and name something of it, those that name most first.

        Without a project's root they are looked for beside the file alone; where projects lie side by side, nowhere.

        Args:
            names: What they have to name one of.
            of: The path of a module of the project; None for the file itself.
        """
        top = self.above()[0]
        if os.path.basename(top) in INSTALLED:
            return []
        file = self._path if of is None else os.path.abspath(of)
        inside = tuple(map(os.path.basename, self._package(file)))
        stem = os.path.splitext(os.path.basename(file))[0]
        module, packages = (inside[0], inside[1:]) if stem == "__init__" and inside else (stem, inside)
        wanted = importers.Wanted(
            self._root or top, self._root is not None, module, tuple(sorted(packages)), tuple(sorted(names))
        )
        self.seen[wanted.key] = importers.stamp_of(wanted.key)
        others = (path for path, _ in importers.importing(wanted) if path not in {self._path, file})
        # Whether a name stands somewhere in a text is a fraction of the work of telling its words.
        seeming = [(-self._seem_named(names, path), path) for path in others if self._is_file(path)]
        found: list[tuple[int, str, Found]] = []
        for _, path in sorted(one for one in seeming if one[0])[:COMPARED]:
            code = self._text(path)
            said = len(names.intersection(_WORD.findall(code)))
            if said:
                found.append((-said, path, Found(shown(path), code, os.path.basename(path) == "__init__.py")))
        return [one for *_, one in sorted(found, key=lambda item: item[:2])]

    def _seem_named(self, names: frozenset[str], path: str) -> int:
        """How many of some names stand in a file's text, be it within longer words."""
        code = self._text(path)
        return sum(name in code for name in names)

    def stated(self, speaks: Callable[[str], bool]) -> tuple[Stated, ...]:
        """What the project says of the versions that it needs, nearest to the file.

        Args:
            speaks: Whether a version of a package is asked about.
        """
        folder = os.path.dirname(self._path)
        self.above()
        key = requirements.key_of(folder, self._root)
        self.seen[key] = requirements.stamp_of(key)
        return requirements.of_project(folder, self._root, speaks)

    def above(self) -> tuple[str, ...]:
        """The folders that an absolute import is looked for in, whole, in order."""
        if self._above is None:
            self._inside = tuple(self._package(self._path))
            top = os.path.dirname(self._inside[-1]) if self._inside else os.path.dirname(self._path)
            self._above = tuple(self._from(top))
        return self._above

    def inside(self) -> tuple[str, ...]:
        """The folders of the file's package, in which one looks last: a program of the package may start there."""
        self.above()
        return self._inside

    def package(self, level: int = 0) -> tuple[str, str]:
        """The folder that the file's package is imported from, and the package's dotted name; empty where it has none.

        Args:
            level: How many dots the file's relative imports begin with at most: so deep is the package at least.
        """
        depth = max(len(self.inside()), level)
        folder, names = os.path.dirname(self._path), list[str]()
        while len(names) < depth and os.path.basename(folder):
            names.append(os.path.basename(folder))
            folder = os.path.dirname(folder)
        return folder, ".".join(reversed(names))

    def _package(self, file: str) -> Iterator[str]:
        """The folders of the package that a file lies in, from the innermost out."""
        folder = os.path.dirname(file)
        while self._is_file(os.path.join(folder, "__init__.py")) and os.path.dirname(folder) != folder:
            yield folder
            folder = os.path.dirname(folder)

    def _from(self, top: str) -> Iterator[str]:
        """The folders that absolute imports may start from.

        That is the one above a file's package, as an installed package's do, then those above it up to the project's
        root, as programs put on their path. What was looked for to tell the root counts for the result.

        Args:
            top: The folder above the file's package; the file's own where it lies in none.
        """
        above, folder = [top], top
        for _ in range(LEVELS):
            if any(self._is_there(os.path.join(folder, name)) for name in ROOTS):
                self._root = folder
                for found in above:
                    yield found
                    yield os.path.join(found, "src")
                return
            if os.path.basename(folder) in INSTALLED or os.path.dirname(folder) == folder:
                break
            folder = os.path.dirname(folder)
            above.append(folder)
        yield top

    def _is_there(self, path: str) -> bool:
        """Whether there is anything of a name; only that counts, not what it holds."""
        there = os.path.exists(path)
        self.seen.setdefault(path, PRESENT if there else None)
        return there

    def _folder(self, importer: str | None) -> str:
        path = self._path if importer is None else os.path.abspath(importer)
        return path if importer is not None and os.path.isdir(path) else os.path.dirname(path)

    def _find(self, name: str, level: int, start: str) -> Found | None:
        parts = name.split(".") if name else []
        if level:
            for _ in range(level - 1):
                start = os.path.dirname(start)
            if parts:
                return self._below([start], parts)
            file = os.path.join(start, "__init__.py")
            return self._module(file) if self._is_file(file) else self._bare([start])
        found = self._below([folder for folder in self.above() if self._may_hold(folder, parts[0])], parts)
        beside = self._below(list(self.inside()), parts)
        if found is None and beside is None and start not in self.above():
            return self._below([start], parts)  # A program of the project that imports what lies beside it.
        if found is None or beside is None or not beside.file or beside.own:
            return found or beside
        # A module of the package and one that its programs could import by the same name: which of the two it is
        # depends on whether the file is run as a program of its own.
        return None

    def _may_hold(self, folder: str, name: str) -> bool:
        """Whether a folder may hold a package of the project: of those that lie side by side, the file's own alone."""
        return os.path.basename(folder) not in INSTALLED or self._path.startswith(os.path.join(folder, name) + os.sep)

    def _below(self, folders: list[str], parts: list[str]) -> Found | None:
        """The module of a dotted name below folders, as Python's path finder has it."""
        file: str | None = None
        for part in parts:
            file, folders = self._locate(folders, part)
        return self._bare(folders) if file is None else self._module(file)

    def _locate(self, folders: list[str], name: str) -> tuple[str | None, list[str]]:
        """The file of the first module of a name, and the folders that modules below it are looked for in.

        Folders without an ``__init__.py`` are one package, but only where there is no module of the name.
        """
        portions: list[str] = []
        for folder in folders:
            place = os.path.join(folder, name)
            file = os.path.join(place, "__init__.py")
            if self._is_file(file):
                return file, [place]
            if self._is_file(place + ".py"):
                return place + ".py", []
            self.seen[place] = stamp(place)
            if os.path.isdir(place):
                portions.append(place)
        return None, portions

    def _bare(self, folders: list[str]) -> Found | None:
        """The package that folders without an ``__init__.py`` are; modules below it are looked for in the first."""
        return Found(shown(folders[0]), "", package=True, file=False) if folders else None

    def _module(self, path: str) -> Found:
        """The module in a file that there is."""
        package = os.path.basename(path) == "__init__.py"
        if path == self._path:
            return Found(shown(path), "", package, own=True)
        return Found(shown(path), self._text(path), package)

    def _is_file(self, path: str) -> bool:
        """Whether there is a file, on the disk or in the editor."""
        self.seen[path] = found = stamp(path)
        return path in self._open or path == self._path or (found is not None and os.path.isfile(path))

    def _text(self, path: str) -> str:
        """A file's text; empty where it is none."""
        if path not in self.texts:
            self.texts[path] = self._open[path] if path in self._open else stored(path) or ""
        return self.texts[path]


def stored(path: str) -> str | None:
    """The text of a module's file; empty where it cannot be read or is too large, None where there is no file."""
    found = stamp(path)
    if found is None or not os.path.isfile(path):
        return None
    try:
        return decode(read_bytes(path, LARGEST), "python")[0]
    except SourceError:
        return ""


def stamp(path: str) -> Stamp:
    """What a file is like, of a folder only that it is there; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (0, 0) if S_ISDIR(status.st_mode) else (status.st_mtime_ns, status.st_size)


def is_as_then(path: str, then: Sequence[int] | None) -> bool:
    """Whether what a result depends on is as it was, or still is not there.

    Args:
        path: The whole path.
        then: Its stamp at the time, or :data:`PRESENT`.
    """
    if requirements.is_key(path):
        return then is not None and requirements.stamp_of(path) == tuple(then)
    if importers.is_key(path):
        return then is not None and importers.stamp_of(path) == tuple(then)
    if then is not None and tuple(then) == PRESENT:
        return os.path.exists(path)
    now = stamp(path)
    return now is None if then is None else tuple(then) == now


def shown(path: str) -> str:
    """A path as findings show it: relative to the working directory where it lies below it, with ``/``."""
    here = os.getcwd().rstrip(os.sep) + os.sep
    return (path[len(here) :] if path.startswith(here) else path).replace(os.sep, "/")
