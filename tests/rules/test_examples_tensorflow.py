"""Every example of every rule does under TensorFlow what the rule says of it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest

from gradlint import registry
from gradlint.rule import Example, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation

EXAMPLES = [(rule, example) for rule in registry.load() for example in rule.examples]
CLEAN = [(rule, program) for rule in registry.load() for program in rule.clean]


pytestmark = pytest.mark.sweep(every=5)


def name(value: object) -> str:
    if isinstance(value, Rule):
        return value.code
    return value.title if isinstance(value, Example) else ""


@pytest.fixture
def run(observe: Callable[[Mapping[str, str]], dict[str, Observation]]) -> Callable[[str], Observation]:
    return lambda code: observe({"/examples/program.py": code})["/examples/program.py"]


def outcomes(ran: Observation) -> list[str]:
    """What came of each source of each gradient call: ``value``, ``none``, ``zero``, ``nan`` or ``error``."""
    return [outcome.partition(":")[0] for call in ran.calls for outcome in call.outcomes]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=name)
def test_the_broken_program_loses_what_is_claimed(
    rule: Rule, example: Example, run: Callable[[str], Observation]
) -> None:
    ran = run(example.broken)
    seen = set(outcomes(ran))
    assert ran.raised == example.exception
    if example.outcome == "partial":
        assert differs(ran, run(example.fixed))
    elif example.outcome is not None:
        assert example.outcome in seen
    else:
        # What an update by hand or a None that goes on leads to is the claim of another rule.
        assert seen <= {"value", "zero"} or rule.code in {"GT503", "GT505"}


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=name)
def test_the_mended_program_gets_every_gradient(
    rule: Rule, example: Example, run: Callable[[str], Observation]
) -> None:
    check_every_gradient(run(example.fixed))


@pytest.mark.parametrize(("rule", "program"), CLEAN, ids=name)
def test_the_clean_program_gets_every_gradient(rule: Rule, program: str, run: Callable[[str], Observation]) -> None:
    check_every_gradient(run(program))


def check_every_gradient(ran: Observation) -> None:
    assert ran.raised is None
    assert ran.calls
    assert all(call.outcomes and set(call.outcomes) <= {"value"} for call in ran.calls)


def differs(ran: Observation, mended: Observation) -> bool:
    """Whether a gradient that came has another length in the mended program."""
    norms = [chain.from_iterable(call.norms for call in one.calls) for one in (ran, mended)]
    return any(one is not None and one != pytest.approx(other, rel=1e-5) for one, other in zip(*norms, strict=True))
