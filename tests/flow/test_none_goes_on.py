"""A gradient that is None and is used: the exception is the one that Python raises there, and it is noted once."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse
from gradlint.flow.facts import Kind

HEAD = """\
import tensorflow as tf
x = tf.constant(3.0)
with tf.GradientTape() as tape:
    y = x * x
g = tape.gradient(y, x)
"""
RAISING = (
    "g.numpy()",
    "g.shape",
    "g.assign(2.0)",
    "g[0]",
    "g[:, 0:1]",
    "g[0] = 3.0",
    "p, q = g",
    "for one in g: print(one)",
    "[one for one in g]",
    "-g",
    "g > 0",
    "1.0 < g < 3.0",
    "2 * g",
    "g ** 2",
    "g += 1",
    "float(g)",
    "int(g)",
)
HARMLESS = (
    "print(g)",
    "g is None",
    "g == 1.0",
    "str(g)",
    "bool(g)",
    "g.__class__",
    "getattr(g, 'values', g)",
    "hasattr(g, 'values')",
    "not g",
    "g or 1.0",
    "f'{g}'",
    "[g]",
)


def exception_of(statement: str) -> str | None:
    """What Python raises in a statement about None."""
    try:
        exec(statement, {"g": None})
    except Exception as error:
        return type(error).__name__
    return None


def noted(code: str) -> list[tuple[int, str | None]]:
    """Where a gradient that is None is said to stop a program, and with what."""
    claims = analyse(HEAD + textwrap.dedent(code)).claims
    return [(claim.span.line, claim.exception) for claim in claims if claim.kind is Kind.NONE_APPLIED]


@pytest.mark.parametrize("statement", RAISING)
def test_the_exception_is_the_one_that_python_raises(statement: str) -> None:
    assert noted(statement) == [(6, exception_of(statement))]


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_python_does_with_none_is_no_error(statement: str) -> None:
    assert exception_of(statement) is None
    assert noted(statement) == []


def test_what_follows_the_exception_is_never_reached() -> None:
    code = """\
    import tensorflow as tf
    x = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            u = tf.sin(x)
        du = inner.gradient(u, x)
        u_t, u_x = du[:, 0:1], du[:, 1:2]
    u_xx = outer.gradient(u_x, x)
    residual = u_t + u * u_x - u_xx[:, 1:2]
    """
    claims = analyse(textwrap.dedent(code)).claims
    assert [(claim.kind, claim.span.line) for claim in claims] == [(Kind.UNWATCHED, 2), (Kind.NONE_APPLIED, 7)]
    assert [lost.call.line for claim in claims for lost in claim.gradients] == [6]


def test_a_gradient_that_may_be_one_is_not_said_to_stop_the_program() -> None:
    assert noted("if flag():\n    g = x\ng.numpy()\n") == []
    assert noted("if g is not None:\n    g.numpy()\n") == []
