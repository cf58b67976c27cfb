"""Suppression comments written for findings as they are, so that a large code base can start today.

A comment stands at the end of the finding's line where the language lets it; else at the end of its statement, else
on the line of a gradient call that it breaks. A program with its comments is the same program: one that is not is
never returned.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.finding import Edit, Finding, Position
from gradlint.fixing.text import edited, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.fixing.apply import Check, Read
    from gradlint.sources.source import Source

UNUSED = "GT900"
"""The code under which suppressions that keep back nothing are reported; these are removed, not suppressed."""

_IGNORE = re.compile(r"#\s*gradlint:\s*ignore\[(?P<codes>[^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Ignored:
    """What adding suppression comments came to.

    Attributes:
        before: The source as it was.
        after: The source with its comments.
        added: The findings that a comment now suppresses.
        left: The findings for which no comment could be placed.
    """

    before: Source
    after: Source
    added: tuple[Finding, ...]
    left: tuple[Finding, ...]


def add_ignores(source: Source, check: Check, read: Read, reason: str | None = None) -> Ignored:
    """Suppress each finding of a source by a comment of its own code.

    Args:
        source: The source; it is not changed.
        check: Gives the findings of a source that are not suppressed.
        read: Makes a source of the same path and kind out of a changed text.
        reason: Why, as written behind the comment.

    Raises:
        SyntaxError: If the source's program is not Python.
    """
    findings = [finding for finding in check(source) if finding.code != UNUSED]
    places = _Places(source)
    tries = {index: places.lines(finding) for index, finding in enumerate(findings)}
    after = source
    while any(tries.values()):
        chosen: dict[tuple[int | None, int], set[str]] = {}
        for index, lines in tries.items():
            if lines:
                chosen.setdefault(lines[0], set()).add(findings[index].code)
        after = _commented(source, read, chosen, reason)
        if after.text == source.text:
            break
        wrong = _reported(check(after))
        moved_on = False
        for index, finding in enumerate(findings):
            if tries[index] and _identity(finding) in wrong:
                tries[index] = tries[index][1:]
                moved_on = True
        if not moved_on:
            break
        after = source
    still = _reported(check(after)) if after is not source else {_identity(finding) for finding in findings}
    return Ignored(
        source,
        after,
        tuple(finding for finding in findings if _identity(finding) not in still),
        tuple(finding for finding in findings if _identity(finding) in still),
    )


def _identity(finding: Finding) -> tuple[object, ...]:
    return (finding.code, finding.cell, finding.location, finding.end_location, finding.gradients)


def _reported(findings: Iterable[Finding]) -> set[tuple[object, ...]]:
    return {_identity(finding) for finding in findings}


def _commented(
    source: Source, read: Read, chosen: dict[tuple[int | None, int], set[str]], reason: str | None
) -> Source:
    """The source with comments; without those that would make another program of it."""
    edits = {place: _edit(source, place, codes, reason) for place, codes in chosen.items()}
    after = read(edited(source, edits.values()))
    if _same_program(source, after):
        return after
    kept = [edit for edit in edits.values() if _same_program(source, read(edited(source, [edit])))]
    after = read(edited(source, kept))
    return after if _same_program(source, after) else source


def _same_program(one: Source, other: Source) -> bool:
    try:
        return ast.dump(ast.parse(one.code), include_attributes=True) == ast.dump(
            ast.parse(other.code), include_attributes=True
        )
    except (SyntaxError, ValueError):
        return False


def _edit(source: Source, place: tuple[int | None, int], codes: set[str], reason: str | None) -> Edit:
    """The comment on one line: a new one at its end, or more codes in the one that is there."""
    cell, number = place
    line = texts(source)[cell].line(number)
    written = list(_IGNORE.finditer(line))
    if written:
        there = written[-1]
        listed = [code.strip() for code in there["codes"].split(",") if code.strip()]
        listed += sorted(codes - set(listed))
        start, end = there.span("codes")
        return Edit(cell, Position(number, start + 1), Position(number, end + 1), ", ".join(listed))
    said = f"  {' '.join(reason.split())}" if reason and reason.split() else ""
    start = len(line.rstrip())
    content = f"  # gradlint: ignore[{', '.join(sorted(codes))}]{said}"
    return Edit(cell, Position(number, start + 1), Position(number, len(line) + 1), content)


class _Places:
    """The lines of a source that can end in a comment."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._closed = _closed_lines(source.code)
        self._texts = texts(source)
        self._program = self._program_lines()
        self._statement_ends = _statement_ends(source.code)

    def lines(self, finding: Finding) -> list[tuple[int | None, int]]:
        """Where a comment for a finding can stand, best first: cell and line, as the user counts them."""
        wanted = [(finding.cell, finding.location.line), (finding.cell, finding.end_location.line)]
        wanted += self._ends(finding.cell, finding.location.line)
        for gradient in finding.gradients:
            wanted.append((gradient.cell, gradient.line))
            wanted += self._ends(gradient.cell, gradient.line)
        return [place for place in dict.fromkeys(wanted) if self._free(place)]

    def _ends(self, cell: int | None, line: int) -> Sequence[tuple[int | None, int]]:
        program = self._program.get((cell, line))
        if program is None or program not in self._statement_ends:
            return []
        return [(cell, line + self._statement_ends[program] - program)]

    def _free(self, place: tuple[int | None, int]) -> bool:
        program = self._program.get(place)
        if program is None or program in self._closed:
            return False
        cell, number = place
        written = self._source.lines[program - 1] if program <= len(self._source.lines) else ""
        return bool(written.strip()) and self._texts[cell].line(number).endswith(written)

    def _program_lines(self) -> dict[tuple[int | None, int], int]:
        if not self._source.segments:
            return {(None, number): number for number in range(1, len(self._source.lines) + 1)}
        return {
            (segment.cell, segment.line + index): segment.first + index
            for segment in self._source.segments
            for index in range(segment.count)
        }


def _closed_lines(code: str) -> set[int]:
    """The lines whose end lies in a string, or that a backslash joins to the next."""
    closed: set[int] = set()
    commented: set[int] = set()
    opened: list[int] = []
    start_of_string = {
        getattr(tokenize, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(tokenize, name)
    }
    end_of_string = {getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name)}
    for token in tokenize.generate_tokens(io.StringIO(code, newline="").readline):
        first, last = token.start[0], token.end[0]
        if token.type == tokenize.STRING:
            closed.update(range(first, last))
        elif token.type in start_of_string:
            opened.append(first)
        elif token.type in end_of_string:
            closed.update(range(opened.pop(), last))
        elif token.type == tokenize.COMMENT:
            commented.add(first)
    for number, line in enumerate(code.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.endswith("\\") and number not in commented:
            closed.add(number)
    return closed


def _statement_ends(code: str) -> dict[int, int]:
    """For each line of a simple statement, the statement's last line."""
    ends: dict[int, int] = {}
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.stmt) and not hasattr(node, "body") and node.end_lineno is not None:
            for line in range(node.lineno, node.end_lineno + 1):
                ends[line] = node.end_lineno
    return ends
