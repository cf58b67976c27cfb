"""What the analysis costs: no program makes it explode, and a longer one costs in proportion."""

from __future__ import annotations

import ast
import contextlib

import pytest

from benchmarks import programs
from gradlint.flow.account import ExhaustedError, opened
from gradlint.flow.analysis import analyse
from gradlint.flow.machine.machine import Machine
from gradlint.flow.state.record import Recorder

MOST = 1_500
"""How much of the budget a line of a program may take."""
STEEPEST = 20


def work(code: str) -> int:
    """How much of its budget a program takes."""
    with opened() as account, contextlib.suppress(ExhaustedError):
        Machine(code, Recorder()).run(ast.parse(code))
    return account.spent


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (programs.script, 8),
        (programs.classes, 8),
        (programs.chained, 20),
        (programs.variables, 20),
        (programs.functions, 20),
    ],
)
def test_a_program_that_is_16_times_longer(make: programs.Make, size: int) -> None:
    assert work(make(16 * size)) <= STEEPEST * work(make(size))


HARD = {
    "nested ifs": programs.nested_ifs(40),
    "call chain": programs.call_chain(12),
    "call chain of two calls": programs.call_chain(12, 2),
    "functions": programs.functions(2000),
    "elifs": programs.elifs(300),
    "dictionary": programs.dictionary(5000),
    "appends": programs.appends(3000),
    "doubled": programs.doubled(60),
}


@pytest.mark.parametrize("name", HARD)
def test_a_program_that_could_explode(name: str) -> None:
    code = HARD[name]
    assert work(code) <= MOST * code.count("\n")


def test_the_budget_ends_at_the_same_place_each_time() -> None:
    code = programs.chained(15_000)
    first, second = analyse(code), analyse(code)
    assert not first.complete
    assert first == second
