"""What Python calls by itself, in operators, ``with``, ``len`` and ``if``, is followed as if it were written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable

CLASS = """
import contextlib
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

class Box:
    def __init__(self, value):
        self.value = value
        self.seen = []
    def keep(self, value):
        self.seen.append(value)
        return True
    def __neg__(self): return Box(-self.value)
    def __invert__(self): return Box(self.value * 3.0)
    def __pos__(self): return Box(self.value + 1.0)
    def __abs__(self): return Box(tf.abs(self.value))
    def __round__(self, digits=None): return Box(self.value * 2.0)
    def __divmod__(self, other): return Box(self.value / other), Box(self.value * other)
    def __reversed__(self): return [self]
    def __len__(self): return 3 if self.keep(self.value) else 0
    def __contains__(self, item): return self.keep(item)
    def __ge__(self, other): return self.keep(other.value)
    def __eq__(self, other): return Box(self.value - other.value)
    def __lt__(self, other): return Box(self.value * other.value)
    def __iadd__(self, other): return self if self.keep(other) else None
    def __rshift__(self, function): return Box(function(self.value))
    def __or__(self, program): return program.keep(self.value)
    def __rxor__(self, number): return Box(self.value * number)
    def __enter__(self): return self
    def __exit__(self, *error): self.keep(self.value)

def run():
    with tf.GradientTape() as tape:
        box, other = Box(w * 1.0), Box(2.0)
        {body}
    return tape.gradient(y, w)

run()
"""
BODIES = {
    "operators": ["y = (-box).value", "y = (~box).value", "y = (+box).value", "y = (box >> tf.exp).value"],
    "reflected": ["y = (2 ^ box).value"],
    "compared": ["y = (box == other).value", "y = (box < other).value", "y = (other > box).value"],
    "builtins": ["y = abs(box).value", "y = round(box).value", "y = divmod(box, 2.0)[0].value"],
    "reversed": ["y = reversed(box)[0].value"],
    "kept": [
        "n = len(box); y = box.seen[0] * n",
        "flag = bool(box) if box else False; y = box.seen[0]",
        "found = w * 2.0 in other; y = other.seen[0]",
        "large = other >= box; y = other.seen[0]",
        "other += w * 2.0; y = other.seen[0]",
        "box | other; y = other.seen[0]",
    ],
    "exit stacks": [
        "with contextlib.ExitStack() as stack: stack.enter_context(box)\n        y = box.seen[0]",
        "with contextlib.ExitStack() as stack: stack.callback(other.keep, w * 2.0)\n        y = other.seen[0]",
    ],
}
CASES = [pytest.param(body, id=f"{kind} {at}") for kind, bodies in BODIES.items() for at, body in enumerate(bodies)]


def answers(code: str) -> list[str]:
    """The answers to all questions of a program, in order."""
    return [question.answer for call in analyse(code).calls for question in call.questions]


@pytest.mark.parametrize("body", CASES)
def test_a_gradient_that_passes_a_special_method_arrives(body: str) -> None:
    assert answers(CLASS.format(body=body)) == ["connected"]


@pytest.mark.parametrize("body", ["y = (box >> tf.round).value", "box | other; y = tf.stop_gradient(other.seen[0])"])
def test_a_loss_behind_a_special_method_is_found(body: str) -> None:
    assert answers(CLASS.format(body=body)) == ["lost"]


def test_tensorflow_gives_all_these_gradients(observe: Callable[..., dict[str, object]]) -> None:
    programs = {f"p{at}.py": CLASS.format(body=case.values[0]) for at, case in enumerate(CASES)}
    outcomes = observe(programs)
    assert {name: outcome.outcomes for name, outcome in outcomes.items()} == {}


OPEN = """
import tensorflow as tf
from elsewhere import Base

class Gate(Base):
    def __init__(self, value):
        self.value = value

w = tf.Variable(1.0)
program = []
with tf.GradientTape() as tape:
    Gate(w * 2.0) | program
    y = Gate(program) & 1
print(tape.gradient(y, w))
"""


def test_an_operator_that_a_base_out_of_view_may_define_may_keep_what_it_gets() -> None:
    assert answers(OPEN) == ["unknown"]
