"""Where an option stands in a TOML file: Python's own reader tells what a file says and not where.

The file has been read by that reader, so this one only looks for the line of a key; of what it does not find nothing is
said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARTS = re.compile(r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')""")
_PART = _PARTS.pattern
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*(?P<key>{_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*(?P<key>{_DOTTED})\s*=")


@dataclass(frozen=True, slots=True)
class TomlPlace:
    """A stretch of one line of a file.

    Attributes:
        line: The line, from 1.
        start: Its first character, from 0.
        end: The character after its last one.
        text: The whole line.
    """

    line: int
    start: int
    end: int
    text: str


def find(text: str, key: Sequence[str], word: str | None = None) -> TomlPlace | None:
    """Where a key is set, or where a text stands in what it is set to; None where that is not found.

    Args:
        text: The file.
        key: The key's parts, those of its table first.
        word: The text to look for; where it is not found the key counts.
    """
    wanted, table = list(key), list[str]()
    found: TomlPlace | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header, match = _HEADER.match(line), _KEY.match(line)
        begun = header or match
        if begun is not None:
            full = _split(begun["key"]) if header else [*table, *_split(begun["key"])]
            table = full if header else table
            if found is not None and full[: len(wanted)] != wanted:
                return found
            if found is None and full == wanted[: len(full)]:
                found = _on_line(number, line, begun, wanted[len(full) :])
        if found is not None and word is not None:
            quoted = re.search(rf"""["']{re.escape(word)}["']""", line[found.start :] if number == found.line else line)
            if quoted is not None:
                before = found.start if number == found.line else 0
                return TomlPlace(number, before + quoted.start(), before + quoted.end(), line)
    return found


def _on_line(number: int, line: str, begun: re.Match[str], rest: list[str]) -> TomlPlace | None:
    """The key that a line begins with, or what is left of the key in the inline table behind it."""
    if not rest:
        return TomlPlace(number, begun.start("key"), begun.end("key"), line)
    inner = re.search(rf"(?<![\w-]){re.escape(rest[-1])}(?=\s*=)", line[begun.end() :])
    return None if inner is None else TomlPlace(number, begun.end() + inner.start(), begun.end() + inner.end(), line)


def _split(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in _PARTS.findall(dotted)]
