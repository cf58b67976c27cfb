"""Sources taken out of a gradient call, with the names that their gradients go to and the updates by these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.make import without_elements
from gradlint.nodes.reading import called, dotted, elements, only, single_target
from gradlint.nodes.uses import ASKING
from gradlint.rule import Remove, Replace, cst, unsafe

from .updates import ASSIGNS

if TYPE_CHECKING:
    from gradlint.rule import Change, Proposal, Site


def without_sources(site: Site) -> Proposal | None:
    """The claim's lost sources taken out of the list or dict that its one gradient call asks for.

    None where all are lost, where their gradients are used for more than an update of these very sources, or where it
    is not plain what the result is used for.
    """
    asked = {call for _, call in site.calls}
    call = next(iter(asked)) if len(asked) == 1 else None
    target = None if call is None else single_target(site.parent(call))
    given = only(call, 2)
    if call is None or not isinstance(call.func, cst.Attribute) or call.func.attr.value not in ASKING:
        return None
    if given is None or target is None or len(site.calls) != len(site.claim.gradients):
        return None
    sources, names = given[1], elements(target)
    if isinstance(sources, cst.Dict) and isinstance(target, cst.Name):
        changes = _from_dict(site, sources, target.value)
    elif isinstance(sources, (cst.List, cst.Tuple)) and names is not None and isinstance(target, (cst.Tuple, cst.List)):
        changes = _from_list(site, sources, target, names)
    elif isinstance(sources, (cst.List, cst.Tuple)) and isinstance(target, cst.Name):
        changes = _from_zipped(site, sources, target.value)
    else:
        changes = None
    return None if changes is None else unsafe("Ask only for what it depends on", *changes)


def _lost(site: Site, values: list[cst.BaseExpression]) -> list[int]:
    """The numbers of the elements that are lost; none where all are, or none is."""
    lost = {site.source(one) for one, _ in site.calls}
    gone = [number for number, one in enumerate(values) if one in lost]
    return gone if len(gone) < len(values) else []


def _from_dict(site: Site, sources: cst.Dict, result: str) -> list[Change] | None:
    gone = _lost(site, [one.value for one in sources.elements])
    if not gone or any(isinstance(one, cst.StarredDictElement) for one in sources.elements):
        return None
    for use in site.uses(result):
        holder = site.holder(use)
        if not (isinstance(holder, cst.Attribute) and holder.attr.value in {"items", "values", "keys"}):
            return None
    return [Replace(sources, without_elements(sources, gone))]


def _from_list(
    site: Site, sources: cst.List | cst.Tuple, target: cst.Tuple | cst.List, names: list[cst.BaseExpression]
) -> list[Change] | None:
    values = elements(sources) or []
    gone = _lost(site, values)
    if not gone or len(names) != len(values):
        return None
    updates: dict[cst.CSTNode, Change] = {}
    for number in gone:
        name, source = dotted(names[number]), dotted(values[number])
        if name is None or source is None or "." in name:
            return None
        for use in site.uses(name):
            update = _update(site, use, source)
            if update is None:
                return None
            updates[update] = Remove(update)
    kept = [number for number in range(len(values)) if number not in gone]
    if len(kept) == 1:
        return [Replace(target, names[kept[0]]), Replace(sources, values[kept[0]]), *updates.values()]
    return [*(Replace(part, without_elements(part, gone)) for part in (target, sources)), *updates.values()]


def _from_zipped(site: Site, sources: cst.List | cst.Tuple, result: str) -> list[Change] | None:
    gone = _lost(site, elements(sources) or [])
    lists = [sources]
    for use in site.uses(result):
        zipped = site.holder(use)
        pair = only(zipped, 2) if called(zipped) == "zip" else None
        other = next((one for one in pair or [] if one is not use), None)
        if not isinstance(other, (cst.List, cst.Tuple)) or not site.same(other, sources):
            return None
        lists.append(other)
    return [Replace(part, without_elements(part, gone)) for part in lists] if gone else None


def _update(site: Site, use: cst.BaseExpression, source: str) -> cst.Expr | None:
    """The statement that does no more than to update a source, and reads a name for it."""
    node = site.statement_of(use)
    if not isinstance(node, cst.Expr) or not isinstance(node.value, cst.Call):
        return None
    owner, _, method = (dotted(node.value.func) or "").rpartition(".")
    return node if method in ASSIGNS and owner == source else None
