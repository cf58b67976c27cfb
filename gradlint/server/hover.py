"""What the editor shows under the pointer: a gradient call's sources, or the rule that a code in a comment names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lsprotocol import types

from gradlint.documentation import page
from gradlint.finding import Position

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradlint.rule import Rule
    from gradlint.server.results import Call, Result, SourceAnswer

_WORD = re.compile(r"[A-Za-z][\w-]*")
_OUTCOMES = {"none": "None", "error": "an exception", "partial": "a part of its gradient", "zero": "zero", "nan": "NaN"}


def call_at(result: Result, uri: str, position: types.Position) -> Call | None:
    """The innermost gradient call at a position.

    Raises:
        KeyError: If the snapshot has no text of that URI.
    """
    cell = result.snapshot.cell(uri)
    place = result.snapshot.text(cell).from_client(position)
    around = [call for call in result.calls if call.covers(cell, place)]
    return max(around, key=lambda call: call.start, default=None)


def hover(
    result: Result, uri: str, position: types.Position, rules: Iterable[Rule], picture: str = ""
) -> types.Hover | None:
    """What to show at a position: the rule of a code in a comment, else the innermost gradient call; else nothing.

    Args:
        result: The document's result.
        uri: The text's URI.
        position: The position.
        rules: The rules there are.
        picture: The gradient call there, drawn, as Markdown.

    Raises:
        KeyError: If the snapshot has no text of that URI.
    """
    cell = result.snapshot.cell(uri)
    text = result.snapshot.text(cell)
    place = text.from_client(position)
    named = _rule_at(text.lines[place.line - 1], place.column, rules)
    if named is not None:
        rule, start, end = named
        span = text.to_client_range(Position(place.line, start + 1), Position(place.line, end + 1))
        return _markdown(page(rule), span)
    call = call_at(result, uri, position)
    if call is None:
        return None
    said = _explain(result, call)
    return _markdown(f"{said}\n\n{picture}" if picture else said, text.to_client_range(call.start, call.end))


def _rule_at(line: str, column: int, rules: Iterable[Rule]) -> tuple[Rule, int, int] | None:
    comment = line.find("#")
    if comment < 0:
        return None
    for word in _WORD.finditer(line, comment):
        if word.start() < column <= word.end() + 1:
            for rule in rules:
                if word[0].upper() == rule.code or word[0] == rule.name:
                    return rule, word.start(), word.end()
    return None


def _markdown(value: str, span: types.Range) -> types.Hover:
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, value), span)


def _explain(result: Result, call: Call) -> str:
    lines = [f"**{call.method}** of `{call.target}` with respect to", ""]
    lines += [f"- `{answer.source}`: {_why(result, call, answer)}" for answer in call.answers]
    if not call.answers:
        lines.append("- sources that gradlint could not determine")
    return "\n".join(lines)


def _why(result: Result, call: Call, answer: SourceAnswer) -> str:
    lost = result.lost(call, answer.source)
    if lost is not None:
        finding, gradient = lost
        outcome = gradient.exception or _OUTCOMES[gradient.outcome]
        code = f"[{finding.code}]({finding.url})" if finding.url else finding.code
        verdict = "" if finding.confirmation is None else f" *TensorFlow: {finding.confirmation.status}.*"
        details = f"  \n  {finding.happens}" * bool(finding.happens) + f"  \n  *help*: {finding.help}" * bool(
            finding.help
        )
        return f"**{outcome}**: {finding.title} ({code}){details}{verdict}"
    if answer.answer == "connected" and answer.proved:
        return "connected"
    if answer.answer == "connected":
        return f"may be connected: {answer.because or 'something on the path is not known'}"
    if answer.answer == "unknown":
        why = answer.because or "something on the path could not be followed"
        return f"unknown: {why}, so nothing is reported"
    where = "" if answer.cause is None else f": `{answer.cause.text}`, {answer.cause.where}"
    return f"**{'lost' if answer.answer == 'lost' else 'partly lost'}**{where}"
