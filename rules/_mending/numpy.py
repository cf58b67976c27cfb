"""A call of a NumPy function, or of an array's method, written with TensorFlow."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Span
from gradlint.knowledge.numpy_to_tensorflow import replacement
from gradlint.rule import Replacement

from .edits import past_brackets, put, replace
from .site import span_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .site import Site


def translated(site: Site, call: ast.Call) -> list[Replacement] | None:
    """The edits that turn a call of NumPy into one of TensorFlow; None where nothing does quite the same.

    The arguments stay as they are written; a parameter that TensorFlow calls otherwise is renamed.
    """
    row = replacement(site.canonical(call.func) or "")
    given = _given(site, call)
    if row is None or given is None:
        return None
    args, keywords = given
    arguments = row.translate(args, keywords)
    function = site.tensorflow(row.function, call)
    if arguments is None or function is None:
        return None
    plain, named = arguments
    if args[: len(plain)] != plain or not all(_unbracketed(site, call, one) for one in call.args[len(plain) :]):
        return [replace(call, _written(function, plain, named))]
    by_position = [row.parameters[name] for name in row.positional[: len(args)]]
    edits = [replace(call.func, function)]
    for argument, new in zip(call.args[len(plain) :], by_position[len(plain) :], strict=True):
        edits.append(put(argument.lineno, argument.col_offset, f"{new}="))
    for keyword in call.keywords:
        old = keyword.arg or ""
        if row.parameters[old] != old:
            name = Span(keyword.lineno, keyword.col_offset, keyword.lineno, keyword.col_offset + len(old.encode()))
            edits.append(Replacement(name, row.parameters[old]))
    there = {*by_position, *(row.parameters[name] for name in keywords)}
    besides = "".join(f", {key}={text}" for key, text in named.items() if key not in there)
    return [*edits, _last(site, call, besides)] if besides else edits


def method(site: Site, call: ast.Call, value: str) -> str | None:
    """``x.numpy().mean(axis=0)`` written as ``tf.reduce_mean(x, axis=0)``; None where nothing does quite the same."""
    given = _given(site, call)
    row = replacement(f"numpy.{call.func.attr}") if isinstance(call.func, ast.Attribute) else None
    if given is None or row is None:
        return None
    arguments = row.translate([value, *given[0]], given[1])
    function = site.tensorflow(row.function, call)
    return None if arguments is None or function is None else _written(function, *arguments)


def _given(site: Site, call: ast.Call) -> tuple[list[str], dict[str, str]] | None:
    """The texts of a call's arguments; None where some are starred."""
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        return None
    return [site.text(one) for one in call.args], {one.arg or "": site.text(one.value) for one in call.keywords}


def _written(function: str, plain: Sequence[str], named: Mapping[str, str]) -> str:
    return f"{function}({', '.join([*plain, *(f'{key}={text}' for key, text in named.items())])})"


def _unbracketed(site: Site, call: ast.Call, argument: ast.expr) -> bool:
    """Whether nothing but a comma or white space stands before an argument."""
    before = site.module.text(Span(call.lineno, call.col_offset, argument.lineno, argument.col_offset)).rstrip()
    return before.endswith(",")


def _last(site: Site, call: ast.Call, content: str) -> Replacement:
    """A text put in behind a call's last argument."""
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    last = max(given, key=lambda one: (one.end_lineno or 0, one.end_col_offset or 0))
    if isinstance(last, ast.expr):
        return put(*past_brackets(site, call, last), content)
    end = span_of(last.value)
    return put(end.end_line, end.end_column, content)
