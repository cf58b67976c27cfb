"""Every example of every rule does under TensorFlow what the rule says of it."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from gradlint import registry
from gradlint.rule import Example, Rule

from .running import Run, run

EXAMPLES = [(rule, example) for rule in registry.load() for example in rule.examples]
CLEAN = [(rule, program) for rule in registry.load() for program in rule.clean]


pytestmark = pytest.mark.sweep(every=3)


def name(value: object) -> str:
    if isinstance(value, Rule):
        return value.code
    return value.title if isinstance(value, Example) else ""


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=name)
def test_the_broken_program_loses_what_is_claimed(rule: Rule, example: Example) -> None:
    ran = run(example.broken)
    seen = {outcome for call in ran.outcomes for outcome in call}
    assert ran.exception == example.exception
    if example.outcome == "partial":
        assert _differs(ran, run(example.fixed))
    elif example.outcome is not None:
        assert example.outcome in seen
    else:
        # What an update by hand or a None that goes on leads to is the claim of another rule.
        assert seen <= {"value", "zero"} or rule.code in {"GT503", "GT505"}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=name)
def test_the_mended_program_gets_every_gradient(rule: Rule, example: Example) -> None:
    _gets_every_gradient(run(example.fixed))


@pytest.mark.parametrize(("rule", "program"), CLEAN, ids=name)
def test_the_clean_program_gets_every_gradient(rule: Rule, program: str) -> None:
    _gets_every_gradient(run(program))


def _gets_every_gradient(ran: Run) -> None:
    assert ran.exception is None
    assert ran.outcomes
    assert all(call and set(call) <= {"value"} for call in ran.outcomes)


def _differs(ran: Run, mended: Run) -> bool:
    pairs = zip(chain.from_iterable(ran.gradients), chain.from_iterable(mended.gradients), strict=True)
    return any(not np.allclose(one, other) for one, other in pairs if one is not None)
