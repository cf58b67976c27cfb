"""Finds the modules that a file imports from its own project: beside it, in its package, below the project's root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.sources.read import SourceError, decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOTS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "gradlint.toml")
"""What stands in a project's root."""
INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders in which projects lie side by side."""
LEVELS = 8
"""How many folders above a file are looked through for its project's root."""

Stamp = tuple[int, int] | None
"""A file's time in nanoseconds and its size; None where there is none."""


@dataclass(frozen=True, slots=True)
class Found:
    """The text of a module that an import names.

    Attributes:
        path: Its file as findings show it; the folder's for a package without an ``__init__.py``.
        code: Its program; empty for such a package.
        package: Whether it is a package.
    """

    path: str
    code: str
    package: bool = False


class Project:
    """The project that a file belongs to, as Python's import sees it from that file.

    Nothing of it is read before it is asked for. What was looked at is remembered, so that a result can be forgotten
    when one of these files changes.

    Args:
        path: The file, relative to the working directory or whole; it need not exist.
        open_texts: The texts of files that an editor holds, by their whole path: they count instead of what is stored.

    Attributes:
        seen: The files that were looked for, by their whole path, with what they were like then.
    """

    def __init__(self, path: str, open_texts: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._open = open_texts or {}
        self._above: tuple[str, ...] | None = None
        self._asked: dict[tuple[str, int, str], Found | None] = {}
        self.seen: dict[str, Stamp] = {}

    def find(self, name: str, level: int, importer: str | None) -> Found | None:
        """The module that an import names, or None where the project has none of that name.

        Args:
            name: The dotted name; empty for ``from . import``.
            level: How many dots stand before it.
            importer: The path of the module that imports; None for the file itself.
        """
        start = self._folder(importer)
        key = (name, level, start if level else "")
        if key not in self._asked:
            self._asked[key] = self._find(name, level, start)
        return self._asked[key]

    def folders(self) -> tuple[str, ...]:
        """The folders that an absolute import is looked for in, whole, in order."""
        if self._above is None:
            self._above = tuple(_folders(os.path.dirname(os.path.abspath(self._path))))
        return self._above

    def _folder(self, importer: str | None) -> str:
        path = os.path.abspath(self._path if importer is None else importer)
        return path if os.path.isdir(path) else os.path.dirname(path)

    def _find(self, name: str, level: int, start: str) -> Found | None:
        parts = name.split(".") if name else []
        if level:
            for _ in range(level - 1):
                start = os.path.dirname(start)
            return self._module(os.path.join(start, *parts))
        for folder in self.folders():
            if os.path.basename(folder) in INSTALLED and not self._path_is_in(os.path.join(folder, parts[0])):
                continue
            found = self._module(os.path.join(folder, *parts))
            if found is not None:
                return found
        return None

    def _path_is_in(self, folder: str) -> bool:
        return os.path.abspath(self._path).startswith(folder + os.sep)

    def _module(self, place: str) -> Found | None:
        """The module at a place: ``place.py``, or the package in the folder of that name."""
        for path, package in ((os.path.join(place, "__init__.py"), True), (place + ".py", False)):
            code = self._read(path)
            if code is not None:
                return Found(shown(path), code, package)
        return Found(shown(place), "", True) if os.path.isdir(place) else None

    def _read(self, path: str) -> str | None:
        if path == os.path.abspath(self._path):
            return None
        self.seen[path] = stamp(path)
        if path in self._open:
            return self._open[path]
        if self.seen[path] is None:
            return None
        try:
            return decode(read_bytes(path), "python")[0]
        except SourceError:
            return None


def stamp(path: str) -> Stamp:
    """What a file is like; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def shown(path: str) -> str:
    """A path as findings show it: relative to the working directory where it lies below it, with ``/``."""
    here = os.getcwd().rstrip(os.sep) + os.sep
    return (path[len(here) :] if path.startswith(here) else path).replace(os.sep, "/")


def _folders(start: str) -> Iterator[str]:
    """The folders that a file's absolute imports may start from: the one above its package, as an installed package's
    do, then those above it up to the project's root, as programs put on their path; last the folders of the package.
    """
    top, inside = start, []
    while os.path.isfile(os.path.join(top, "__init__.py")) and os.path.dirname(top) != top:
        inside.append(top)
        top = os.path.dirname(top)
    above, folder = [top], top
    for _ in range(LEVELS):
        if any(os.path.exists(os.path.join(folder, name)) for name in ROOTS):
            for found in above:
                yield found
                yield os.path.join(found, "src")
            break
        if os.path.basename(folder) in INSTALLED or os.path.dirname(folder) == folder:
            yield top
            break
        folder = os.path.dirname(folder)
        above.append(folder)
    else:
        yield top
    yield from inside
