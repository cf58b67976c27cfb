"""Tensors stored one by one in a NumPy array, collected in a list instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.reading import called, dotted, elements, index_of, last_name, only
from gradlint.rule import After, Replace, cst, statement, unsafe

if TYPE_CHECKING:
    from gradlint.rule import Proposal, Site

EMPTY = frozenset({"zeros", "empty", "ones"})


def collected(site: Site, store: cst.CSTNode | None) -> Proposal | None:
    """``a[i] = x`` in a loop over all of ``a`` as ``a.append(x)``, and ``a`` stacked behind the loop.

    None where the array has more than one dimension, is made otherwise than empty, or is read in the loop.
    """
    target = store.targets[0].target if isinstance(store, cst.Assign) and len(store.targets) == 1 else None
    index, name = index_of(target), dotted(target.value) if isinstance(target, cst.Subscript) else None
    loop = next((one for one in site.above(store) if isinstance(one, cst.For)), None) if store is not None else None
    stack, found = (None, None) if target is None else (site.tensorflow("stack", target), site.definition(name, target))
    if not isinstance(store, cst.Assign) or not isinstance(target, cst.Subscript) or name is None or found is None:
        return None
    if loop is None or stack is None or not any(one is store for one in site.body(loop)):
        return None
    if dotted(index) is None or dotted(index) != dotted(loop.target) or not _covers(site, loop, found[1]):
        return None
    uses = [use for use in site.uses(name) if use is not target.value]
    if any(site.is_inside(use, loop) or site.comes_before(use, loop) for use in uses) or not site.is_alone(store):
        return None
    return unsafe(
        "Collect them and stack them",
        Replace(found[1], cst.List([])),
        Replace(store, statement("{a}.append({x})", a=name, x=store.value)),
        After(loop, [statement("{a} = {f}({a})", a=name, f=stack)]),
    )


def _covers(site: Site, loop: cst.For, made: cst.BaseExpression) -> bool:
    """Whether a loop goes once through every place of an empty array of one dimension."""
    counted = only(loop.iter, 1) if called(loop.iter) == "range" else None
    if not counted or called(made) not in EMPTY or not isinstance(made, cst.Call) or not made.args:
        return False
    shape = made.args[0].value
    parts = elements(shape) or [shape]
    floats = len(made.args) == 1 or "float" in last_name(made.args[1].value)
    return floats and len(parts) == 1 and site.same(parts[0], counted[0])
