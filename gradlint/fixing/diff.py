"""What fixing changed, for people: a unified diff, and a summary of the fixes."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING

from gradlint import lines
from gradlint.escaping import name, row
from gradlint.fixing.comments import stale_comments
from gradlint.fixing.text import texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.finding import Finding
    from gradlint.fixing.apply import Applied, FixResult
    from gradlint.sources.source import Source

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_NO_END = "\\ No newline at end of file\n"


NAMED = 3
"""How many places that share a reason are named."""


def diff(before: Source, after: Source) -> str:
    """A unified diff of two texts of one source; a notebook's has a part for each cell that changed.

    Returns:
        The diff with its line ends, or the empty string where nothing changed.
    """
    old, new = texts(before), texts(after)
    return "".join(
        line
        for cell in old
        for line in _unified(
            name(before.path) if cell is None else f"{name(before.path)}:{lines.cell(cell)}",
            old[cell].text,
            new[cell].text,
        )
    )


def summary(results: Iterable[FixResult]) -> str:
    """The fixes by file and rule, as ``--show-fixes`` prints them; the empty string where there is none."""
    parts: list[str] = []
    total = 0
    for result in results:
        withheld = [finding for finding in result.findings if finding.withheld is not None]
        if not (result.applied or result.withdrawn or withheld):
            continue
        total += len(result.applied)
        parts.append(f"{name(result.before.path)}:\n")
        counts = Counter((one.finding.code, one.finding.name, one.fix.message) for one in result.applied)
        for (code, rule, message), count in sorted(counts.items()):
            parts.append(f"    {count} × {code} ({rule}): {message}\n")
        parts += [f"    {_evidence(one)}\n" for one in result.applied if one.evidence is not None]
        left = [(one.finding, one.reason) for one in result.withdrawn]
        left += [(finding, finding.withheld or "") for finding in withheld]
        parts += [f"    {line}\n" for line in _not_fixed(left)]
    if not parts:
        return ""
    return f"Fixed {total} {'finding' if total == 1 else 'findings'}:\n" + "".join(
        f"{row(part[:-1])}\n" for part in parts
    )


def _title(source: Source, cell: int | None) -> str:
    return name(source.path) if cell is None else f"{name(source.path)}:{lines.cell(cell)}"


def _unified(title: str, old: str, new: str) -> Iterator[str]:
    for line in difflib.unified_diff(_LINE.findall(old), _LINE.findall(new), title, title):
        yield line if line.endswith(("\n", "\r")) else f"{line}\n{_NO_END}"


def notes(results: Iterable[FixResult]) -> list[str]:
    """What to look at after fixing: comments that may not be true any more."""
    return [
        f"{name(result.before.path)}: {_place(one.cell, one.line)}: is the comment still true? {one.text}"
        for result in results
        for one in stale_comments(result)
    ]


def _evidence(one: Applied) -> str:
    detail = one.evidence.detail if one.evidence is not None else ""
    return f"{_place(one.finding.cell, one.finding.location.line)} verified: {detail}"


def _not_fixed(left: Iterable[tuple[Finding, str]]) -> Iterator[str]:
    """What is not fixed and why; the places that share a reason on one line, the first of them named."""
    places: dict[tuple[str, str], list[str]] = {}
    for finding, reason in left:
        places.setdefault((finding.code, reason), []).append(_place(finding.cell, finding.location.line))
    for (code, reason), shared in places.items():
        more = f" and {len(shared) - NAMED} more" if len(shared) > NAMED else ""
        yield f"{', '.join(shared[:NAMED])}{more} {code} not fixed: {reason}"


def _place(cell: int | None, line: int) -> str:
    return f"line {line}" if cell is None else f"{lines.cell(cell)}, line {line}"
