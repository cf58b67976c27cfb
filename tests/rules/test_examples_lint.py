"""Every example of every rule, linted: one finding where it is broken, none where it is mended or clean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint import engine, registry
from gradlint.rule import Example, Rule
from gradlint.sources.source import Source

if TYPE_CHECKING:
    from gradlint.finding import Finding

COMPANIONS = {
    # A gradient that is used as None has a cause, whose finding tells of it.
    "GT503": {"GT205", "GT307"},
    "GT505": {"GT101", "GT503"},
}
RULES = [rule for rule in registry.load() if rule.kinds]
EXAMPLES = [(rule, example) for rule in RULES for example in rule.examples]
CLEAN = [(rule, program) for rule in RULES for program in rule.clean]


def name(value: object) -> str:
    if isinstance(value, Rule):
        return value.code
    return value.title if isinstance(value, Example) else ""


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=name)
def test_the_broken_program_has_one_finding(rule: Rule, example: Example) -> None:
    found = findings(rule, example.broken)
    own = [finding for finding in found if finding.code == rule.code]
    others = {finding.code for finding in found} - {rule.code}
    assert others <= COMPANIONS.get(rule.code, set())
    if rule.code in COMPANIONS and not own:
        # What follows from a lost gradient is told with what loses it.
        notes = [step.note for finding in found for step in finding.flow]
        assert sum(note.endswith(f"({rule.code})") for note in notes) == 1
        return
    assert len(own) == 1
    if example.outcome is None:
        assert own[0].gradients == ()
    else:
        assert example.outcome in {gradient.outcome for gradient in own[0].gradients}
    if example.outcome == "error":
        assert {gradient.exception for gradient in own[0].gradients} == {example.exception}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=name)
def test_the_mended_program_has_none(rule: Rule, example: Example) -> None:
    assert findings(rule, example.fixed) == []


@pytest.mark.parametrize(("rule", "program"), CLEAN, ids=name)
def test_the_clean_program_has_none(rule: Rule, program: str) -> None:
    assert findings(rule, program) == []


def findings(rule: Rule, program: str) -> list[Finding]:
    asked = [one for one in RULES if one.default or one is rule]
    return engine.check(Source("example.py", "python", program, program), asked)
