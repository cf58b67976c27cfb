"""A call of a NumPy function, or of an array's method, written with TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.knowledge.numpy_to_tensorflow import replacement
from gradlint.nodes.changes import Replace
from gradlint.nodes.lazy import cst
from gradlint.nodes.make import expression, keyword, with_argument
from gradlint.nodes.reading import called, dotted, elements, keywords, only, positional, string_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradlint.nodes.changes import Change
    from gradlint.nodes.site import Site


SCALARS = frozenset({"float16", "float32", "float64"})


def translated(site: Site, call: cst.Call) -> cst.Call | None:
    """A call of NumPy as one of TensorFlow; None where nothing does quite the same.

    The arguments stay as they are written; a parameter that TensorFlow calls otherwise is renamed.
    """
    name = site.canonical(call.func) or ""
    if name.removeprefix("numpy.") in SCALARS:
        return _cast(site, call, name.removeprefix("numpy."))
    if name == "numpy.einsum":
        return _summed(site, call)
    if name in OF_MATRICES and not all(is_matrix(site, one.value) for one in call.args[:2]):
        return _multiplied(site, call)
    return _by_the_table(site, call, name)


def _by_the_table(site: Site, call: cst.Call, name: str) -> cst.Call | None:
    row = replacement(name)
    given = site.arguments(call)
    if row is None or given is None:
        return None
    args, named = given
    arguments = row.translate(args, named)
    function = site.tensorflow(row.function, call.func)
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


def applied(site: Site, call: cst.Call) -> cst.Call | None:
    """``tf.numpy_function(np.square, [x], dtype)`` as TensorFlow's own function of ``x``."""
    given = positional(call) or []
    named = keywords(call)
    function = given[0] if given else named.get("func")
    arguments = elements(given[1] if len(given) > 1 else named.get("inp"))
    name = None if function is None else site.canonical(function)
    if name is None or arguments is None or function is None:
        return None
    texts = [site.text(one) for one in arguments]
    if name.startswith("tensorflow."):
        return _written(site.text(function), texts, {})
    row = replacement(name)
    made = None if row is None else row.translate(texts, {})
    spelled = None if row is None else site.tensorflow(row.function, call)
    return None if made is None or spelled is None else _written(spelled, *made)


def _cast(site: Site, call: cst.Call, dtype: str) -> cst.Call | None:
    """``np.float32(x)`` as a cast."""
    given, spelled, kind = only(call, 1), site.tensorflow("cast", call), site.tensorflow(dtype, call)
    if given is None or spelled is None or kind is None:
        return None
    return _written(spelled, [site.text(given[0]), kind], {})


def _multiplied(site: Site, call: cst.Call) -> cst.Call | None:
    """A product of what may be vectors, by the function that takes them."""
    function = site.tensorflow("experimental.numpy.matmul", call)
    return None if function is None or only(call, 2) is None else call.with_changes(func=expression(function))


OF_MATRICES = frozenset({"numpy.matmul", "numpy.linalg.matmul"})
"""Functions that take vectors too, while those of TensorFlow take none."""
FILLED = frozenset({"ones", "zeros", "empty", "full", "fill", "normal", "uniform", "truncated_normal", "random_normal"})


def is_matrix(site: Site, node: cst.BaseExpression, depth: int = 3) -> bool:
    """Whether an expression plainly has two dimensions: as it is made, or as the name is that it is bound to."""
    if isinstance(node, cst.List):
        return bool(node.elements) and all(isinstance(one.value, cst.List) for one in node.elements)
    if isinstance(node, cst.Call) and node.args:
        last = called(node)
        if last == "reshape":
            shape = node.args[-1].value
        elif last in FILLED:
            shape = keywords(node).get("shape", node.args[0].value)
        else:
            carries = last in {"Variable", "constant", "array", "asarray", "convert_to_tensor"}
            return carries and is_matrix(site, node.args[0].value, depth)
        return len(elements(shape) or ()) == 2
    found = site.definition(dotted(node), node) if depth else None
    return found is not None and is_matrix(site, found[1], depth - 1)


def _summed(site: Site, call: cst.Call) -> cst.Call | None:
    """``np.einsum`` of an equation as ``tf.einsum``."""
    plain, function = positional(call), site.tensorflow("einsum", call)
    equation = None if not plain else string_value(plain[0])
    if plain is None or function is None or equation is None or keywords(call) or "..." in equation:
        return None
    return call.with_changes(func=expression(function))


def method_of_array(site: Site, call: cst.Call) -> cst.Call | None:
    """``array.dot(x)`` as TensorFlow's function of both."""
    if not isinstance(call.func, cst.Attribute):
        return None
    made = method(site, call, call.func.value)
    return made.new if isinstance(made, Replace) and isinstance(made.new, cst.Call) else None


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
