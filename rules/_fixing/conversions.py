"""Conversions that take a value out of TensorFlow, and what stands in their place when it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.knowledge.instead import of_python
from gradlint.nodes.reading import called, dotted, is_constant, only
from gradlint.nodes.uses import converted, refuses_a_tensor
from gradlint.rule import Remove, Replace, cst, expression

from .numpy import method

if TYPE_CHECKING:
    from gradlint.rule import Change, Site


def dropped(site: Site, node: cst.BaseExpression) -> Change | None:
    """A conversion replaced by what it converts, or a function of ``math`` by TensorFlow's."""
    inner = converted(node)
    if inner is None:
        return _of_math(site, node)
    while (deeper := converted(inner)) is not None:
        inner = deeper
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


def _of_math(site: Site, node: cst.BaseExpression) -> Change | None:
    if not isinstance(node, cst.Call):
        return None
    last = called(node)
    same = of_python(f"math.{last}") if dotted(node.func) == f"math.{last}" and last not in {"fsum", "hypot"} else None
    if same is None or only(node, 2 if last in {"pow", "atan2"} else 1) is None:
        return None
    function = site.tensorflow(same.removeprefix("tf."), node)
    return None if function is None else Replace(node.func, expression(function))


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
