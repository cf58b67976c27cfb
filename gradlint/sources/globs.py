"""Gitignore patterns whose matching takes linear time, whatever stars stand in them.

pathspec writes a pattern as a regular expression in which each star may give back what it took, so that eight of them
in a stranger's ``.gitignore`` go through every way in which a long name can be divided. Of all stars between the same
slashes only the last has to: what stands behind an earlier one may be taken where it first comes, since the next star
can make up for whatever lies between. The same holds of ``**`` and whole folders. Atomic groups say so.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pathspec import GitIgnoreSpec

_STAR = "[^/]*"
_ABOVE = "(?:.+/)?"
_BETWEEN = "(?:/.+)?"
_TAIL = "(?P<ps_d>"
_TOKEN = re.compile(r"\\.|\[\^/\]\*?|\(\?:\.\+/\)\?|\(\?:/\.\+\)\?|.", re.DOTALL)


def spec(lines: Iterable[str]) -> GitIgnoreSpec:
    """The patterns of some lines, as git reads them.

    Raises:
        ValueError: If one of them is no pattern.
    """
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines, _pattern_class())


@cache
def _pattern_class() -> Any:
    from pathspec import GitIgnoreSpec

    (sample,) = GitIgnoreSpec.from_lines(["a"]).patterns
    base: Any = type(sample)

    class Pattern(base):  # type: ignore[misc]
        """A gitignore pattern as pathspec has it, with a regular expression that takes linear time."""

        @classmethod
        def pattern_to_regex(cls, pattern: str) -> tuple[str | None, bool | None]:
            regex, include = super().pattern_to_regex(pattern)
            return (None if regex is None else linear(regex)), include

    return Pattern


def linear(regex: str) -> str:
    """A regular expression that matches what pathspec's does, in linear time."""
    if regex.count(_STAR) < 2 and _BETWEEN not in regex:
        return regex
    body, mark, tail = regex.partition(f"(?:{_TAIL}")
    if not mark:
        body, mark, tail = regex.partition(_TAIL)
    runs: list[list[str]] = [[]]
    for token in _TOKEN.findall(body):
        if token == _BETWEEN:
            runs.append([])
        runs[-1].append(token)
    *earlier, last = runs
    return "".join(_first_place(run) for run in earlier) + "".join(_names(last)) + mark + tail


def _first_place(run: list[str]) -> str:
    """Whole folders in a row, taken where they first come."""
    lazy = {_ABOVE: "(?:.+?/)??", _BETWEEN: "(?:/.+?)??"}
    return "(?>" + "".join(lazy.get(part, part) for part in _names(run)) + "(?=/))"


def _names(run: list[str]) -> list[str]:
    """The tokens of a run, those of each name between slashes joined to one."""
    parts: list[str] = []
    for apart, group in groupby(run, key=lambda token: token in ("/", "^", _ABOVE, _BETWEEN)):
        tokens = list(group)
        parts += tokens if apart else [_name(tokens)]
    return parts


def _name(tokens: list[str]) -> str:
    """One name's tokens, in which only the last star gives back what it took."""
    first, *others = "".join("\0" if token == _STAR else token for token in tokens).split("\0")
    between = "".join(f"(?>[^/]*?{part})" for part in others[:-1])
    return first + between + (_STAR + others[-1] if others else "")
