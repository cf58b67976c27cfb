"""What the analysis costs: no program makes it explode, and a longer one costs in proportion."""

from __future__ import annotations

import ast
import contextlib
from typing import TYPE_CHECKING

import pytest

from benchmarks import explosive, programs
from gradlint.flow.account import LIMIT, ExhaustedError, opened
from gradlint.flow.analysis import analyse
from gradlint.flow.machine.machine import Machine
from gradlint.flow.state.record import Recorder
from gradlint.flow.values.bounds import MOST as MOST_ITEMS
from gradlint.flow.values.values import Const, Items, Pairs, Tensor, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 4_000
"""How much of the account a line of a program may take: 400 steps."""
STEEPEST = 20


def work(code: str) -> int:
    """How much of its budget a program takes."""
    with opened() as account, contextlib.suppress(ExhaustedError, RecursionError):
        Machine(code, Recorder()).run(ast.parse(code))
    return account.spent


@pytest.mark.sweep(every=6)
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


@pytest.mark.sweep(every=10)
@pytest.mark.parametrize("name", HARD)
def test_a_program_that_could_explode(name: str) -> None:
    code = HARD[name]
    assert work(code) <= MOST * code.count("\n")


@pytest.mark.sweep(every=8)
def test_the_budget_ends_at_the_same_place_each_time() -> None:
    code = programs.chained(15_000)
    first, second = analyse(code), analyse(code)
    assert not first.complete
    assert first == second


SMALL = {name: code for name, code in explosive.PROGRAMS.items() if len(code) < 2_500}
LOST = "v = tf.Variable(1.0)\nwith tf.GradientTape() as other:\n    z = tf.round(v)\nprint(other.gradient(z, v))\n"


@pytest.mark.sweep(every=10)
@pytest.mark.parametrize("name", SMALL)
def test_what_grows_is_paid_for(name: str) -> None:
    code = SMALL[name]
    assert work(code) <= LIMIT + LIMIT // 8  # the last payment, and what is cleared up after it
    assert work(code) == work(code)


@pytest.mark.parametrize(
    "name",
    [
        "while with append and store", "ifs that rebuild", "class diamonds", "nest.flatten of a doubled tuple",
        "deepcopy of a doubled tuple", "doubled f-string", "doubled list", "doubled dictionary",
        "percent of a wide width", "factorials", "self holding list", "doubled by chain",
    ],
)  # fmt: skip
def test_what_is_widened_does_not_end_the_analysis(name: str) -> None:
    facts = analyse(explosive.PROGRAMS[name] + LOST)
    assert facts.complete
    assert [claim.kind for claim in facts.claims if claim.span.line > explosive.PROGRAMS[name].count("\n")]


def test_a_container_past_its_bound_is_not_known_item_by_item() -> None:
    with opened() as account:
        tensors = tuple(Tensor("float32") for _ in range(MOST_ITEMS))
        assert Items(tensors).values == tensors
        before = account.spent
        wide = Items((*tensors, Tensor("float32")))
    assert account.spent > before
    assert not wide.exact
    assert [type(value) for value in wide.values] == [Unknown]
    assert len(wide.values[0].edges) == MOST_ITEMS + 1


def test_numbers_past_the_bound_are_numbers() -> None:
    wide = Items(tuple(Const(float(n)) for n in range(MOST_ITEMS + 1)))
    assert [getattr(value, "kind", "") for value in wide.values] == ["float"]


@pytest.mark.parametrize("make", [lambda: Tensor("float32"), lambda: Const(1), lambda: Items(), lambda: Pairs()])
def test_what_is_made_pays(make: Callable[[], object]) -> None:
    with opened() as account:
        make()
    assert account.spent


def test_a_class_has_the_order_that_python_gives_it() -> None:
    code = (
        "import tensorflow as tf\nclass A:\n    def f(self, x):\n        return tf.round(x)\n"
        "class B(A):\n    pass\nclass C(A):\n    def f(self, x):\n        return tf.sin(x)\n"
        "class D(B, C):\n    pass\nclass E(B, C):\n    def f(self, x):\n        return super().f(x)\n"
        "v = tf.Variable(1.0)\nwith tf.GradientTape(persistent=True) as tape:\n    y = D().f(v)\n    z = E().f(v)\n"
        "print(tape.gradient(y, v))\nprint(tape.gradient(z, v))\n"
    )
    facts = analyse(code)
    assert not [claim for claim in facts.claims if claim.severity != "info"]
