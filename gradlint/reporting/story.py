"""The places on a finding's path and the label of each, for the formats that show more than one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.escaping import code
from gradlint.finding import Position
from gradlint.reporting.report import listed

if TYPE_CHECKING:
    from gradlint.finding import Finding, Gradient
    from gradlint.reporting.report import Report

_OPENING = {"(": ")", "[": "]", "{": "}"}
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """One place on the path: where the value was connected, where it was lost, or the call that gets nothing.

    Attributes:
        cell: The notebook cell's index over all cells, from 0, or None.
        start: Where it begins.
        end: Where it ends, on the same line.
        text: What happens to the gradient there.
        call: Whether it is the gradient call.
        path: The file, if it is not the finding's own.
    """

    cell: int | None
    start: Position
    end: Position
    text: str
    call: bool = False
    path: str | None = None


def scenes(finding: Finding, report: Report) -> list[Scene]:
    """The path of a finding: its steps in program order, then the gradient calls that it breaks.

    The scene of such a call says what the call gives, whatever its step says.
    """
    calls: dict[tuple[int | None, Position], list[Gradient]] = {}
    for gradient in finding.gradients:
        calls.setdefault((gradient.cell, Position(gradient.line, gradient.column)), []).append(gradient)
    story: list[Scene] = []
    for step in finding.flow:
        start = Position(step.line, step.column)
        if step.path is not None or (step.cell, start) not in calls:
            line = report.line(step.path or finding.path, step.cell, step.line)
            story.append(Scene(step.cell, start, _end_of_text(line, start, step.text), step.note, path=step.path))
    for (cell, start), gradients in calls.items():
        line = report.line(finding.path, cell, start.line)
        story.append(Scene(cell, start, _end_of_call(line, start), outcome(gradients), call=True))
    return story


def outcome(gradients: list[Gradient]) -> str:
    """What the sources of one gradient call get, as a phrase."""
    by_outcome: dict[tuple[str, str | None], list[str]] = {}
    for gradient in gradients:
        sources = by_outcome.setdefault((gradient.outcome, gradient.exception), [])
        if gradient.source not in sources:
            sources.append(gradient.source)
    return "; ".join(_gets(kind, exception, names) for (kind, exception), names in by_outcome.items())


def _gets(kind: str, exception: str | None, sources: list[str]) -> str:
    names = [code(source) for source in sources]
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    who, many = listed(names), len(names) > 1
    match kind:
        case "error":
            return f"raises {exception or 'an exception'}"
        case "partial":
            return f"the gradient for {who} lacks a part"
        case "zero":
            return f"{who} {'get' if many else 'gets'} zeros"
        case "nan":
            return f"{who} {'get' if many else 'gets'} NaN"
        case _:
            return f"{who} {'get' if many else 'gets'} None"


def _end_of_text(line: str | None, start: Position, text: str) -> Position:
    """Where a text ends on its line, or the end of the line if the text continues; whitespace does not count."""
    if line is None:
        return Position(start.line, start.column + 1)
    index, wanted = start.column - 1, iter("".join(text.split()))
    end = index
    for char in wanted:
        while index < len(line) and line[index].isspace():
            index += 1
        if index >= len(line) or line[index] != char:
            break
        index += 1
        end = index
    return Position(start.line, max(end, start.column) + 1)


def _end_of_call(line: str | None, start: Position) -> Position:
    """Where the call that begins at a place ends, or the end of the line if it continues."""
    if line is None:
        return Position(start.line, start.column + 1)
    closing: list[str] = []
    quote = ""
    for index in range(start.column - 1, len(line)):
        char = line[index]
        if quote:
            quote = "" if char == quote and line[index - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char in _OPENING:
            closing.append(_OPENING[char])
        elif closing and char == closing[-1]:
            closing.pop()
            if not closing:
                return Position(start.line, index + 2)
        elif char == "#":
            break
    else:
        index = len(line)
    return Position(start.line, max(len(line[:index].rstrip()), start.column) + 1)
