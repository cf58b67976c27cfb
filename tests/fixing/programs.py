"""Claims made by hand of program texts, and programs run under TensorFlow: what the tests of the fixes share."""

from __future__ import annotations

import ast
import textwrap
import warnings
from typing import TYPE_CHECKING, Any

from gradlint import registry
from gradlint.engine import _fix
from gradlint.fixing import edited
from gradlint.flow.facts import Cause, Claim, LostGradient, Span
from gradlint.places import Places
from gradlint.rule import Program, Rule, Site
from gradlint.sources.source import Source

if TYPE_CHECKING:
    from gradlint.finding import Fix, Outcome, Severity

HEADER = "import tensorflow as tf\n"


def program(text: str) -> str:
    return HEADER + textwrap.dedent(text).lstrip("\n")


def span(code: str, text: str, which: int = 0) -> Span:
    """Where a text stands in a program, for the ``which``-th time."""
    at = -1
    for _ in range(which + 1):
        at = code.index(text, at + 1)
    before, inside = code[:at], code[: at + len(text)]
    return Span(*_place(before), *_place(inside))


def _place(before: str) -> tuple[int, int]:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1].encode())


def lost(code: str, call: str, source: str, which: int = 0, outcome: Outcome = "none") -> LostGradient:
    """What a claim says of one source of one gradient call."""
    place = span(code, call, which)
    node = next(
        one
        for one in ast.walk(ast.parse(code))
        if isinstance(one, ast.Call) and (one.lineno, one.col_offset, one.end_lineno, one.end_col_offset) == _key(place)
    )
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    inner = [one for argument in given[1:] for one in ast.walk(argument) if ast.unparse(one) == source]
    assert isinstance(node.func, ast.Attribute)
    return LostGradient(
        place,
        node.func.attr,
        ast.unparse(given[0]),
        source,
        outcome,
        source_span=_span(inner[0]) if inner else None,
        target_span=_span(given[0]),
    )


def _key(place: Span) -> tuple[int, int, int, int]:
    return (place.line, place.column, place.end_line, place.end_column)


def _span(node: Any) -> Span:
    return Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def claim(
    code: str,
    cause: Cause,
    at: str,
    *calls: tuple[str, str] | tuple[str, str, int],
    which: int = 0,
    severity: Severity = "error",
) -> Claim[Cause]:
    """A claim that points at a text and says which sources of which calls are lost."""
    gradients = tuple(lost(code, *one) for one in calls)
    return Claim(cause, span(code, at, which), severity, gradients)


def rule(code: str) -> Rule:
    return next(one for one in registry.load() if one.code == code)


def fix_of(code: str, of: str, made: Claim[Cause]) -> Fix | None:
    source = Source("program.py", "python", code, code)
    program = Program(code)
    return _fix(Places(source, ()), program, rule(of).fix(made, Site(made, program)))[0]


def mended(code: str, of: str, made: Claim[Cause]) -> str:
    fix = fix_of(code, of, made)
    assert fix is not None
    return edited(Source("program.py", "python", code, code), fix.edits)


def run(code: str, name: str = "g") -> Any:
    """What a program binds to a name, or the exception that it raises."""
    namespace: dict[str, Any] = {"__name__": "program"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(code, "program.py", "exec"), namespace)
    except Exception as error:
        return error
    return namespace[name]


def arrived(value: Any) -> bool:
    """Whether every gradient of a result is there, and finite."""
    import numpy as np

    if isinstance(value, (list, tuple)):
        return bool(value) and all(arrived(one) for one in value)
    if isinstance(value, dict):
        return bool(value) and all(arrived(one) for one in value.values())
    if value is None or isinstance(value, BaseException):
        return False
    import tensorflow as tf

    return bool(np.all(np.isfinite(tf.convert_to_tensor(value).numpy())))
