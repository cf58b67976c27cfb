"""Comments that a fix may have made untrue: those beside what it changed that speak of a lost gradient."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Finding
    from gradlint.fixing.apply import FixResult
    from gradlint.sources.source import Source

_SPEAKS_OF_LOSS = re.compile(
    r"\bNone\b|\bno gradients?\b|\b(?:lost|lose|loses|disconnected|detached|not differentiable|zero)\b",
    re.IGNORECASE,
)
_ITS_OWN = re.compile(r"#\s*(?:gradlint|noqa|type|pylint|mypy|ruff)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stale:
    """A comment that may not be true any more, with its place before the fix."""

    cell: int | None
    line: int
    text: str


def stale_comments(result: FixResult) -> list[Stale]:
    """The comments on the lines that fixes changed, or whose gradient they brought back, that speak of a loss."""
    wanted = {place for one in result.applied for place in _lines(one.finding)}
    return [
        Stale(cell, line, text)
        for cell, line, text in _comments(result.before)
        if (cell, line) in wanted and _SPEAKS_OF_LOSS.search(text) and not _ITS_OWN.match(text) and _kept(result, text)
    ]


def _lines(finding: Finding) -> Iterator[tuple[int | None, int]]:
    yield finding.cell, finding.location.line
    for gradient in finding.gradients:
        yield gradient.cell, gradient.line
    for edit in finding.fix.edits if finding.fix is not None else ():
        yield edit.cell, edit.location.line


def _kept(result: FixResult, text: str) -> bool:
    return text in result.after.text or text in result.after.code


def _comments(source: Source) -> Iterator[tuple[int | None, int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.code).readline):
            if token.type == tokenize.COMMENT:
                cell, place = source.locate(token.start[0], token.start[1])
                yield cell, place.line, token.string
    except (tokenize.TokenError, SyntaxError):
        return
