"""Which files of a project import a module, told from their import statements alone.

A folder is walked, and the import lines of its files are read, once for all modules that are asked about; what was
read of a file counts until its time or size changes, and a walk for a second.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.sources.files import SourceError, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

_IMPORT = re.compile(rb"[ \t]*(?:from|import)[ \t]([^\n(]*(?:\([^()]*\))?)")
_WORD = re.compile(rb"[^\W\d]\w*")
_MARK = "\0"
"""What stands between the parts of a key, and in no path."""
_LEFT_OUT = frozenset({"__pycache__", "site-packages", "dist-packages", "node_modules", "build", "dist", "venv", "env"})
MOST = 2000
"""How many files of a project are looked at."""
LARGEST = 400_000
"""How many bytes a file may have to count."""
_LASTS = 1.0
"""For how many seconds a walk counts."""

_Stamp = tuple[int, int]


@dataclass
class _Index:
    """The files below a folder, by the words in their import statements."""

    made: float = 0.0
    files: dict[str, _Stamp] = field(default_factory=dict)
    words: dict[bytes, list[str]] = field(default_factory=dict)


_read: dict[str, tuple[_Stamp, frozenset[bytes]]] = {}
_indexes: dict[tuple[str, bool], _Index] = {}


@dataclass(frozen=True)
class Wanted:
    """What the imports of a file have to name for the file to count.

    Attributes:
        folder: The folder below which it lies.
        deep: Whether the folders below that one count too.
        module: The module's own name; empty for a package's ``__init__.py``.
        packages: The names of the packages that the module lies in.
        names: What the module has: one of them has to stand beside the name of a package.
    """

    folder: str
    deep: bool
    module: str
    packages: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """What the answer is remembered under."""
        depth = "deep" if self.deep else "flat"
        return _MARK.join((self.folder, depth, self.module, " ".join(self.packages), " ".join(self.names)))


def importing(wanted: Wanted) -> list[tuple[str, _Stamp]]:
    """The Python files whose imports name a module, or something of it beside its package, with their time and size."""
    index = _index(wanted.folder, deep=wanted.deep)

    def with_one_of(words: tuple[str, ...]) -> set[str]:
        return {path for word in words for path in index.words.get(word.encode(), ())}

    found = set(index.words.get(wanted.module.encode(), ()))
    found |= with_one_of(wanted.packages) & with_one_of(wanted.names)
    return [(path, index.files[path]) for path in sorted(found)]


def is_key(path: str) -> bool:
    """Whether something that looks like a path is a key of this module's."""
    return _MARK in path


def stamp_of(key: str) -> tuple[int, int]:
    """What stands for the answer to a key: the time of the youngest file, and a digest."""
    folder, depth, module, packages, names = key.split(_MARK)
    found = importing(Wanted(folder, depth == "deep", module, tuple(packages.split()), tuple(names.split())))
    digest = hashlib.blake2b(repr(found).encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return max((stamp[0] for _, stamp in found), default=0), int.from_bytes(digest, "big")


def _index(folder: str, *, deep: bool) -> _Index:
    known = _indexes.get((folder, deep))
    now = time.monotonic()
    if known is not None and now - known.made < _LASTS:
        return known
    made = _Index(now)
    for path, stamp in _walk(folder, deep=deep):
        made.files[path] = stamp
        for word in _words(path, stamp):
            made.words.setdefault(word, []).append(path)
    _indexes.clear()
    _indexes[folder, deep] = made
    return made


def _words(path: str, stamp: _Stamp) -> frozenset[bytes]:
    """The words in a file's import statements."""
    known = _read.get(path)
    if known is None or known[0] != stamp:
        try:
            data = read_bytes(path, LARGEST)
        except SourceError:
            data = b""
        known = _read[path] = stamp, frozenset(_WORD.findall(b" ".join(_imports(data))))
    return known[1]


def _imports(data: bytes) -> Iterator[bytes]:
    """What a program's import statements say behind their first word."""
    at = data.find(b"import")
    while at >= 0:
        line = data.rfind(b"\n", 0, at) + 1
        if data.endswith((b"\\\n", b"\\\r\n"), 0, line):
            begun = _IMPORT.match(data, data.rfind(b"\n", 0, line - 1) + 1)
            if begun is not None:
                yield begun[1]
        found = _IMPORT.match(data, line)
        if found is not None:
            yield found[1]
        at = data.find(b"import", at + 6 if found is None else found.end())


def _walk(folder: str, *, deep: bool) -> list[tuple[str, _Stamp]]:
    """The Python files below a folder, at most so many, each with its time and size."""
    found: list[tuple[str, _Stamp]] = []
    waiting = [folder]
    while waiting and len(found) < MOST:
        here = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _LEFT_OUT or len(found) >= MOST:
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(".py") and entry.is_file():
                    status = entry.stat()
                    found.append((entry.path, (status.st_mtime_ns, status.st_size)))
            except OSError:
                continue
        if not deep:
            break
    return found
