"""Ignore patterns, as .gitignore has them, made fast for walking."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.sources.files import SourceError, read_bytes
from gradlint.sources.globs import spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pathspec import GitIgnoreSpec

LARGEST = 1 << 20
"""How many bytes a file of patterns may have to count."""

_SPECIAL = re.compile(r"[*?\[\]\\/]")


class Patterns:
    """A list of gitignore patterns that count from one folder.

    A plain name (``build/``) and a plain suffix (``*.so``) are looked up; only what other patterns may match, and
    what a negation may bring back, is put to pathspec.

    Args:
        base: The folder that the patterns count from, absolute.
        lines: The patterns, a line each.
    """

    def __init__(self, base: str, lines: Iterable[str]) -> None:
        self.base = base
        self._prefix = base.rstrip(os.sep) + os.sep
        self._lines = [line for line in lines if line.strip() and not line.startswith("#")]
        self._names: set[str] = set()
        self._folders: set[str] = set()
        suffixes: set[str] = set()
        self._rest: list[str] = []
        self._negates = any(line.startswith("!") for line in self._lines)
        for line in self._lines:
            body = line.rstrip().removeprefix("!")
            plain = body.removesuffix("/")
            if not _SPECIAL.search(plain):
                (self._folders if body != plain else self._names).add(plain)
            elif plain.startswith("*.") and body == plain and not _SPECIAL.search(plain[1:]):
                suffixes.add(plain[1:])
            else:
                self._rest.append(line)
        self._suffixes = tuple(suffixes)

    def __bool__(self) -> bool:
        return bool(self._lines)

    def verdict(self, path: str, name: str, is_folder: bool) -> bool | None:
        """Whether an entry is ignored (True), brought back by a negation (False), or not spoken of (None).

        Args:
            path: The entry's absolute path.
            name: Its last part.
            is_folder: Whether it is a folder.
        """
        plain = name in self._names or (is_folder and name in self._folders) or name.endswith(self._suffixes)
        if plain and not self._negates:
            return True
        if not plain and not self._rest:
            return None
        relative = path[len(self._prefix) :] if path.startswith(self._prefix) else name
        if os.sep != "/":
            relative = relative.replace(os.sep, "/")
        if is_folder:
            relative += "/"
        if not plain and not self._may_match(relative):
            return None
        return self._spec.check_file(relative).include

    @cached_property
    def _spec(self) -> GitIgnoreSpec:
        return spec(self._lines)

    @cached_property
    def _any(self) -> re.Pattern[str] | None:
        """One expression for every pattern that is not plain; None where they cannot be made one."""
        regexes = [pattern.regex for pattern in spec(self._rest).patterns]
        sources = [regex.pattern for regex in regexes if regex is not None]
        groups = [re.sub(r"\(\?P<\w+>", "(?:", str(source)) for source in sources]
        return re.compile("|".join(f"(?:{group})" for group in groups)) if groups else None

    def _may_match(self, relative: str) -> bool:
        return self._any is not None and self._any.match(relative) is not None


def from_file(path: str) -> Patterns:
    """The patterns of a .gitignore, counting from its folder; none where it cannot be read."""
    return Patterns(os.path.dirname(path), _lines(path))


def of_repository(folder: str) -> tuple[Patterns, ...]:
    """The patterns that reach a folder from above: every .gitignore up to the root of the repository it lies in.

    Args:
        folder: The folder, absolute.

    Returns:
        The patterns, the outermost first; none where the folder lies in no repository, or is ignored itself: who asks
        for an ignored folder wants what lies in it.
    """
    found: list[Patterns] = []
    way: list[str] = []
    at = folder
    while not os.path.exists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            return ()
        found.append(from_file(os.path.join(above, ".gitignore")))
        way.append(at)
        at = above
    found.append(excludes_of(at))
    if any(left_out(found, path, os.path.basename(path), True) for path in way):
        return ()
    return tuple(patterns for patterns in reversed(found) if patterns)


def left_out(patterns: Iterable[Patterns], path: str, name: str, is_folder: bool) -> bool:
    """Whether the first of some patterns that speak of an entry, the nearest ones first, ignore it."""
    for one in patterns:
        verdict = one.verdict(path, name, is_folder)
        if verdict is not None:
            return verdict
    return False


def excludes_of(root: str) -> Patterns:
    """The patterns of a repository's own ``.git/info/exclude``."""
    return Patterns(root, _lines(os.path.join(root, ".git", "info", "exclude")))


def _lines(path: str) -> list[str]:
    try:
        return read_bytes(path, LARGEST).decode(errors="replace").splitlines()
    except SourceError:
        return []
