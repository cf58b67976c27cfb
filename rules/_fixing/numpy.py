"""A call of a NumPy function, or of an array's method, written with TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.knowledge.numpy_to_tensorflow import replacement
from gradlint.nodes.make import keyword, with_argument
from gradlint.rule import Replace, cst, expression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradlint.rule import Change, Site


def translated(site: Site, call: cst.Call) -> cst.Call | None:
    """A call of NumPy as one of TensorFlow; None where nothing does quite the same.

    The arguments stay as they are written; a parameter that TensorFlow calls otherwise is renamed.
    """
    row = replacement(site.canonical(call.func) or "")
    given = site.arguments(call)
    if row is None or given is None:
        return None
    args, named = given
    arguments = row.translate(args, named)
    function = site.tensorflow(row.function, call)
    if arguments is None or function is None:
        return None
    plain, keyworded = arguments
    if args[: len(plain)] != plain:
        return _written(function, plain, keyworded)
    by_position = [row.parameters[name] for name in row.positional[: len(args)]]
    made: list[cst.Arg] = []
    for at, argument in enumerate(call.args):
        if argument.keyword is not None:
            name = row.parameters[argument.keyword.value]
            made.append(argument.with_deep_changes(argument.keyword, value=name))
        else:
            made.append(argument if at < len(plain) else keyword(by_position[at], argument.value, argument))
    new = call.with_changes(func=expression(function), args=made)
    there = {*by_position, *(row.parameters[name] for name in named)}
    for name, text in keyworded.items():
        if name not in there:
            new = with_argument(new, name, cst.parse_expression(text))
    return new


def method(site: Site, call: cst.Call, value: cst.BaseExpression) -> Change | None:
    """``x.numpy().mean(axis=0)`` written as ``tf.reduce_mean(x, axis=0)``; None where nothing does quite the same."""
    given = site.arguments(call)
    row = replacement(f"numpy.{call.func.attr.value}") if isinstance(call.func, cst.Attribute) else None
    if given is None or row is None:
        return None
    arguments = row.translate([site.text(value), *given[0]], given[1])
    function = site.tensorflow(row.function, call)
    return None if arguments is None or function is None else Replace(call, _written(function, *arguments))


def _written(function: str, plain: Sequence[str], named: Mapping[str, str]) -> cst.Call:
    arguments = ", ".join([*plain, *(f"{key}={text}" for key, text in named.items())])
    made = expression(f"{function}({arguments})")
    assert isinstance(made, cst.Call)
    return made
