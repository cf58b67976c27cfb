"""Changed nodes as edits of the text: in any layout the program says what it should, and all else keeps its bytes."""

from __future__ import annotations

import ast
import time
from typing import TYPE_CHECKING

import libcst as cst
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradlint.nodes.changes import After, Before, Change, ChangeError, Move, Remove, Replace, Unwrap, Wrap, changed
from gradlint.nodes.edits import Replacement, replacements
from gradlint.nodes.make import block, expression, statement, with_argument
from gradlint.nodes.program import Program
from gradlint.nodes.reading import called, dotted, single_target
from gradlint.nodes.walking import walk

from .layouts import layouts

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """\
import numpy as np
import tensorflow as tf

def step(x, y):
    a = 1; b = x + y
    with tf.GradientTape() as tape:
        c = np.mean(x, axis=0)
        d = c * 2
    e = tape.gradient(d, x)
    f = (e, b)
    if a: return f
    return {"e": e, 'text': '''
    kept
  as it is'''}
"""


def made(program: Program, name: str) -> cst.Assign:
    """The statement that binds a name."""
    (found,) = [
        one for one in walk(program.module) if isinstance(one, cst.Assign) and dotted(single_target(one)) == name
    ]
    return found


def call(program: Program, name: str) -> cst.Call:
    (found,) = [one for one in walk(program.module) if isinstance(one, cst.Call) and called(one) == name]
    return found


def tape(program: Program) -> cst.With:
    (found,) = [one for one in walk(program.module) if isinstance(one, cst.With)]
    return found


def in_tensorflow(program: Program) -> Change:
    mean = call(program, "mean")
    return Replace(mean, mean.with_changes(func=expression("tf.reduce_mean")))


def persistent(program: Program) -> Change:
    node = call(program, "GradientTape")
    return Replace(node, with_argument(node, "persistent", cst.Name("True")))


def doubled(program: Program) -> Change:
    value = made(program, "d").value
    return Replace(value, expression("tf.exp({x}) ** 2", x=value))


WATCH = statement("tape.watch(x)")
CHANGES: dict[str, Callable[[Program], list[Change]]] = {
    "replaced": lambda p: [in_tensorflow(p)],
    "an argument more": lambda p: [persistent(p)],
    "an operand": lambda p: [doubled(p)],
    "put in first": lambda p: [Before(made(p, "c"), [WATCH])],
    "put in last": lambda p: [After(made(p, "d"), [statement("g = d")])],
    "put in behind a block": lambda p: [After(tape(p), [statement("g = d"), statement("h = g")])],
    "put in on a line": lambda p: [
        Before(made(p, "b"), [statement("g = x")]),
        After(made(p, "b"), [statement("h = b")]),
    ],
    "taken out": lambda p: [Remove(made(p, "c")), Replace(made(p, "d").value, cst.Name("x"))],
    "taken out of a line": lambda p: [Remove(made(p, "a"))],
    "all taken out": lambda p: [Remove(made(p, "c")), Remove(made(p, "d"))],
    "moved in": lambda p: [Move([made(p, "e"), made(p, "f")], after=made(p, "d"))],
    "moved to the top": lambda p: [Move([made(p, "e")], before=made(p, "c"))],
    "moved out": lambda p: [Move([made(p, "d")], after=tape(p))],
    "wrapped": lambda p: [Wrap([made(p, "e"), made(p, "f")], block("with tape.stop_recording():\n    pass"))],
    "unwrapped": lambda p: [Unwrap(tape(p))],
    "several": lambda p: [persistent(p), in_tensorflow(p), Before(made(p, "c"), [WATCH]), Remove(made(p, "f"))],
    "moved and changed": lambda p: [
        Move([made(p, "e")], after=made(p, "d")),
        Replace(call(p, "gradient"), cst.Name("d")),
    ],
}


def applied(code: str, edits: tuple[Replacement, ...]) -> str:
    """A program with edits made, in bytes as the places count them."""
    program, data = Program(code), code.encode()
    for one in sorted(edits, key=lambda one: one.span, reverse=True):
        start = program.offset(one.span.line, one.span.column)
        end = program.offset(one.span.end_line, one.span.end_column)
        data = data[:start] + one.content.encode() + data[end:]
    return data.decode()


def said(code: str) -> str:
    return ast.dump(ast.parse(code))


@pytest.mark.parametrize("name", CHANGES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_layout(name: str, data: st.DataObject) -> None:
    code = data.draw(layouts(PROGRAM))
    assert said(code) == said(PROGRAM)
    program, plain = Program(code), Program(PROGRAM)
    edits = replacements(program, CHANGES[name](program))
    assert edits is not None
    assert list(edits) == sorted(edits, key=lambda one: one.span)
    new = applied(code, edits)
    assert said(new) == said(changed(plain, CHANGES[name](plain)).code)
    normal = new.replace("\r\n", "\n").replace("\r", "\n")
    whole = changed(program, CHANGES[name](program)).code.replace("\r\n", "\n").replace("\r", "\n")
    assert normal.rstrip("\n") == whole.rstrip("\n")


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_else_is_touched(name: str) -> None:
    program = Program(PROGRAM)
    edits = replacements(program, CHANGES[name](program))
    assert edits
    size = sum(len(program.text(one.span)) + len(one.content) for one in edits)
    assert size < 160


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(layouts(PROGRAM))
def test_every_node_is_found_by_its_place(code: str) -> None:
    """What ``ast`` says of a place and what LibCST says of it is the same expression."""
    program = Program(code)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.Call, ast.BinOp, ast.Tuple, ast.Dict, ast.Attribute, ast.Subscript)):
            from gradlint.flow.facts import Span

            span = Span(node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
            found = [one for one in program.at(span) if isinstance(one, cst.BaseExpression)]
            assert found, ast.unparse(node)
            assert program.span(found[-1]) == span


@pytest.mark.parametrize("between", ["`", "😀", "e\u0301", "a "])
def test_both_ends_of_a_long_line(between: str) -> None:
    """What a line repeats thousands of times between two changes is neither written anew nor compared pair by pair."""
    code = f"y = first('{between * 12_000}', second(x))\n"
    program = Program(code)
    changes = [Replace(call(program, name).func, expression(f"tf.{name}")) for name in ("first", "second")]
    began = time.process_time()
    edits = replacements(program, changes)
    assert time.process_time() - began < 2
    assert edits is not None
    assert applied(code, edits) == code.replace("first", "tf.first").replace("second", "tf.second")
    assert sum(len(one.content) for one in edits) < 40


def test_what_cannot_be_done_is_refused() -> None:
    program = Program("with a as tape: b = 1\nc = 1; d = 2\n")
    with pytest.raises(ChangeError):
        changed(program, [Unwrap(tape(program))])
    with pytest.raises(ChangeError):
        changed(program, [Move([made(program, "c")], after=made(program, "b"))])
    assert replacements(program, [Unwrap(tape(program))]) is None


def test_what_libcst_cannot_parse_is_left_alone() -> None:
    assert replacements(Program("a = (\n"), []) is None
