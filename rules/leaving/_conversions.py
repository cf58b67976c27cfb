"""Conversions that take a value out of TensorFlow, and what stands in their place when it stays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gradlint.knowledge.instead import of_python
from gradlint.nodes.numpy_calls import method
from gradlint.nodes.reading import called, dotted, is_constant, only, positional, single_target
from gradlint.nodes.uses import converted, float_does, refuses_a_tensor
from gradlint.nodes.walking import walk
from gradlint.rule import Remove, Replace, cst, expression

if TYPE_CHECKING:
    from gradlint.rule import Change, Site


STEPS = {"round": "round", "math.floor": "floor", "math.ceil": "math.ceil"}


def dropped(site: Site, node: cst.BaseExpression) -> Change | None:
    """A conversion replaced by what it converts, or a function of ``math`` by TensorFlow's."""
    inner = converted(node)
    if inner is None:
        return _of_python(site, node, node)
    while (deeper := converted(inner)) is not None:
        inner = deeper
    if isinstance(inner, cst.Call) and (site.canonical(inner.func) or "").partition(".")[0] in sys.stdlib_module_names:
        return _of_python(site, node, inner)
    whole = _outermost(site, node)
    if called(whole) == "int" and any(float_does(site, read, set()) is False for read in _reads(site, whole)):
        return None
    node = whole
    attribute = site.parent(node)
    call = None if attribute is None else site.parent(attribute)
    if isinstance(attribute, cst.Attribute) and isinstance(call, cst.Call) and call.func is attribute:
        return method(site, call, inner)
    if refuses_a_tensor(site, node):
        return None
    statement = site.parent(node)
    if isinstance(statement, cst.Assign) and [dotted(one.target) for one in statement.targets] == [dotted(inner)]:
        return Remove(statement)
    return Replace(node, inner)


def _reads(site: Site, node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """Where the value of an expression is read: by the name that it is bound to, or where it stands."""
    name = dotted(single_target(site.parent(node)))
    return [node] if name is None else site.uses(name)


def _outermost(site: Site, node: cst.BaseExpression) -> cst.BaseExpression:
    """The last of several conversions that follow one another, as in ``x.numpy().item()``."""
    attribute = site.parent(node)
    outer = None if attribute is None else site.parent(attribute)
    if isinstance(attribute, cst.Attribute) and isinstance(outer, cst.Call) and converted(outer) is node:
        return _outermost(site, outer)
    return node


def _of_python(site: Site, whole: cst.BaseExpression, node: cst.BaseExpression) -> Change | None:
    """TensorFlow's function in the place of Python's, and of the conversions around it."""
    if not isinstance(node, cst.Call):
        return None
    last, written = called(node), dotted(node.func)
    if written in STEPS:
        return _step(site, whole, node, STEPS[written])
    same = of_python(f"math.{last}") if written == f"math.{last}" and last != "hypot" else None
    if same is None or only(node, 2 if last in {"pow", "atan2"} else 1) is None:
        return None
    function = site.tensorflow(same.removeprefix("tf."), node)
    if function is None:
        return None
    if whole is node:
        return Replace(node.func, expression(function))
    return Replace(whole, node.with_changes(func=expression(function)))


def call_of_model(node: cst.CSTNode | None) -> cst.Call | None:
    """``model(x)`` for ``model.predict(x)``; None for what is none."""
    if called(node) not in {"predict", "predict_on_batch"} or not isinstance(node, cst.Call):
        return None
    plain = positional(node)
    if not isinstance(node.func, cst.Attribute) or plain is None or len(plain) != 1:
        return None
    return cst.Call(node.func.value, [cst.Arg(plain[0])])


def rounds(site: Site, node: cst.BaseExpression) -> bool:
    """Whether a conversion, or one that follows it or stands in it, rounds its value."""
    inner: cst.BaseExpression | None = _outermost(site, node)
    while isinstance(inner, cst.Call):
        if dotted(inner.func) in {"int", *STEPS}:
            return True
        inner = converted(inner)
    return False


def _step(site: Site, whole: cst.BaseExpression, node: cst.Call, function: str) -> Change | None:
    """A step of Python's as TensorFlow's, with the gradient let straight through: alone it would lose it again."""
    given, spelled, stop = only(node, 1), site.tensorflow(function, node), site.tensorflow("stop_gradient", node)
    if given is None or spelled is None or stop is None or any(isinstance(one, cst.Call) for one in walk(given[0])):
        return None
    return Replace(whole, expression("{x} + {stop}({f}({x}) - {x})", x=given[0], stop=stop, f=spelled))


def gathered(site: Site, node: cst.BaseExpression) -> Change | None:
    """``x.numpy()[np.arange(n), columns]`` as ``tf.gather(x, columns, axis=1, batch_dims=1)``."""
    inner, whole = converted(node), site.parent(node)
    gather = site.tensorflow("gather", node)
    if inner is None or gather is None or not isinstance(whole, cst.Subscript) or len(whole.slice) != 2:
        return None
    rows, columns = (one.slice.value if isinstance(one.slice, cst.Index) else None for one in whole.slice)
    every = called(rows) in {"arange", "range"} and only(rows, 1) is not None
    if not every or columns is None or is_constant(columns) or isinstance(columns, cst.UnaryOperation):
        return None
    if isinstance(site.parent(whole), cst.AssignTarget):
        return None
    return Replace(whole, expression("{f}({x}, {at}, axis=1, batch_dims=1)", f=gather, x=inner, at=columns))
