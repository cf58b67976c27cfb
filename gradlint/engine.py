"""From a source to its findings: the flow's facts, the rules' diagnostics, the user's places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gradlint import registry
from gradlint.finding import Edit, Finding, Fix, Gradient, Step
from gradlint.flow.analysis import analyse
from gradlint.rule import Module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradlint.flow.facts import Claim, Facts, LostGradient, Note, Span
    from gradlint.rule import Diagnostic, Proposal, Rule
    from gradlint.sources.source import Source

LINE = re.compile(r"\bline (\d+)\b")
DOCUMENTATION = "https://github.com/tf-gradlint/tf-gradlint/blob/main/docs/rules/{code}.md"


def check(source: Source, rules: Iterable[Rule] | None = None) -> list[Finding]:
    """Everything that the rules find in a source, in order; nothing is selected or suppressed here.

    Args:
        source: The text to lint.
        rules: The rules to ask; all built-in ones where None.

    Raises:
        SyntaxError: If the source's program is not Python; ``lineno`` and ``offset`` are the program's.
    """
    if "GradientTape" not in source.code:
        return []
    facts = analyse(source.code)
    return findings(source, facts, registry.load() if rules is None else rules)


def findings(source: Source, facts: Facts, rules: Iterable[Rule]) -> list[Finding]:
    """The findings that the rules make of a program's facts."""
    module = Module(source.code)
    made = [_finding(source, module, rule, diagnostic) for rule in rules for diagnostic in rule.check(facts, module)]
    return sorted(made, key=lambda finding: finding.sort_key)


def _finding(source: Source, module: Module, rule: Rule, diagnostic: Diagnostic) -> Finding:
    claim: Claim = diagnostic.claim
    span = claim.span
    cell, start = source.locate(span.line, source.characters(span.line, span.column))
    _, end = source.locate(span.end_line, source.characters(span.end_line, span.end_column))
    return Finding(
        code=rule.code,
        name=rule.name,
        severity=rule.severity or claim.severity,
        message=_in_place(source, diagnostic.message),
        path=source.path,
        cell=cell,
        location=start,
        end_location=end,
        gradients=tuple(_gradient(source, gradient) for gradient in claim.gradients),
        flow=tuple(_step(source, module, note) for note in claim.story),
        fix=_fix(source, diagnostic.fix),
        url=DOCUMENTATION.format(code=rule.code) if registry.is_builtin(rule) else rule.url,
    )


def _in_place(source: Source, message: str) -> str:
    """The message with the program's lines, written ``line 9``, turned into the user's: ``line 2 of cell 4``."""
    if not source.segments:
        return message
    return LINE.sub(lambda found: _line(source, int(found[1])), message)


def _line(source: Source, line: int) -> str:
    cell, place = source.locate(line, 0)
    return f"line {place.line}" if cell is None else f"line {place.line} of cell {cell}"


def _gradient(source: Source, lost: LostGradient) -> Gradient:
    cell, start = source.locate(lost.call.line, source.characters(lost.call.line, lost.call.column))
    return Gradient(cell, start.line, start.column, lost.method, lost.target, lost.source, lost.outcome, lost.exception)


def _step(source: Source, module: Module, note: Note) -> Step:
    span: Span = note.span
    cell, start = source.locate(span.line, source.characters(span.line, span.column))
    text = " ".join(module.text(span).split())
    return Step(cell, start.line, start.column, text, _in_place(source, note.text))


def _fix(source: Source, proposal: Proposal | None) -> Fix | None:
    if proposal is None:
        return None
    edits = []
    for replacement in proposal.replacements:
        span = replacement.span
        cell, start = source.locate(span.line, source.characters(span.line, span.column))
        last, end = source.locate(span.end_line, source.characters(span.end_line, span.end_column))
        if last != cell and not span.end_column:
            _, end = source.locate(span.end_line - 1, len(source.lines[span.end_line - 2]))
        edits.append(Edit(cell, start, end, replacement.content))
    return Fix(proposal.applicability, proposal.message, tuple(edits))
