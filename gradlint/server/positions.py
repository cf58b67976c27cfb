"""Counts columns as the client does: a finding's columns are characters, the protocol's are code units."""

from __future__ import annotations

import re

from lsprotocol.types import PositionEncodingKind

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_WIDTH = {PositionEncodingKind.Utf8: 1, PositionEncodingKind.Utf16: 2, PositionEncodingKind.Utf32: 4}
_CODEC = {
    PositionEncodingKind.Utf8: "utf-8",
    PositionEncodingKind.Utf16: "utf-16-le",
    PositionEncodingKind.Utf32: "utf-32-le",
}


def split(text: str) -> list[str]:
    r"""The lines of a text with their ends, as the protocol counts them; there is always at least one.

    Only ``\n``, ``\r\n`` and ``\r`` end a line, as in Python's own tokenizer; ``str.splitlines`` also breaks at form
    feeds and other separators, which would put every later edit and diagnostic on the wrong line.
    """
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def units(line: str, characters: int, encoding: PositionEncodingKind) -> int:
    """How many of the client's code units the line's first ``characters`` characters take."""
    head = line[: max(characters, 0)]
    if head.isascii() or encoding is PositionEncodingKind.Utf32:
        return len(head)
    return len(head.encode(_CODEC[encoding], "surrogatepass")) // _WIDTH[encoding]


def characters(line: str, count: int, encoding: PositionEncodingKind) -> int:
    """How many characters the line's first ``count`` code units are, its end not counted.

    A count that lies inside a character goes back to the character's start, one beyond the line to the line's end, as
    the protocol asks.
    """
    body = line.rstrip("\r\n")
    if body.isascii() or encoding is PositionEncodingKind.Utf32:
        return min(count, len(body))
    data = body.encode(_CODEC[encoding], "surrogatepass")[: count * _WIDTH[encoding]]
    return len(data.decode(_CODEC[encoding], "ignore"))
