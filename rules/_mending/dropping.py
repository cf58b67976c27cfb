"""Sources taken out of a gradient call, with the names that their gradients go to and the updates by these."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Span
from gradlint.rule import Replacement

from .edits import proposal, remove, replace
from .site import span_of, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.rule import Proposal

    from .site import Site

UPDATES = frozenset({"assign_add", "assign_sub", "assign"})


def without_sources(site: Site) -> Proposal | None:
    """The claim's lost sources taken out of the list or dict that its one gradient call asks for.

    None where all are lost, where their gradients are used for more than an update of these very sources, or where
    it is not plain what the result is used for.
    """
    calls = site.calls()
    asked = {call for _, call in calls}
    call = calls[0][1] if len(asked) == 1 else None
    statement = None if call is None else site.index.parents.get(call)
    if call is None or not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or len(call.args) != 2:
        return None
    if call.keywords or len(calls) != len(site.claim.gradients):
        return None
    lost = {lost.source_span for lost, _ in calls}
    target, sources = statement.targets[0], call.args[1]
    if isinstance(sources, ast.Dict) and isinstance(target, ast.Name):
        edits = _from_dict(site, sources, target.id, lost)
    elif isinstance(sources, (ast.List, ast.Tuple)) and isinstance(target, (ast.Tuple, ast.List)):
        edits = _from_list(site, sources, target, lost)
    elif isinstance(sources, (ast.List, ast.Tuple)) and isinstance(target, ast.Name):
        edits = _from_zipped(site, sources, target.id, lost)
    else:
        edits = None
    return None if edits is None else proposal("unsafe", "Ask only for what it depends on", *edits)


def _from_dict(site: Site, sources: ast.Dict, result: str, lost: set[Span | None]) -> list[Replacement] | None:
    at = [number for number, value in enumerate(sources.values) if span_of(value) in lost]
    if not at or len(at) == len(sources.values) or None in sources.keys:
        return None
    for use in site.uses(result):
        parent = site.index.parents.get(use)
        if not (isinstance(parent, ast.Attribute) and parent.attr in {"items", "values", "keys"}):
            return None
    places = [_joined(key, value) for key, value in zip(sources.keys, sources.values, strict=True) if key is not None]
    return [_cut(places, number) for number in at]


def _from_list(
    site: Site, sources: ast.List | ast.Tuple, target: ast.List | ast.Tuple, lost: set[Span | None]
) -> list[Replacement] | None:
    kept = [number for number, one in enumerate(sources.elts) if span_of(one) not in lost]
    gone = [number for number in range(len(sources.elts)) if number not in kept]
    if not kept or not gone or len(target.elts) != len(sources.elts):
        return None
    edits = []
    for number in gone:
        name, source = spelled(target.elts[number]), spelled(sources.elts[number])
        if name is None or source is None or "." in name:
            return None
        for use in site.uses(name):
            update = _update(site, use, source)
            if update is None:
                return None
            edits.append(remove(site, update))
    names, wanted = ([site.text(part.elts[number]) for number in kept] for part in (target, sources))
    if len(kept) == 1:
        return [replace(target, names[0]), replace(sources, wanted[0]), *dict.fromkeys(edits)]
    for part in (target, sources):
        places = [span_of(one) for one in part.elts]
        edits += [_cut(places, number) for number in gone]
    return list(dict.fromkeys(edits))


def _from_zipped(
    site: Site, sources: ast.List | ast.Tuple, result: str, lost: set[Span | None]
) -> list[Replacement] | None:
    gone = [number for number, one in enumerate(sources.elts) if span_of(one) in lost]
    if not gone or len(gone) == len(sources.elts):
        return None
    lists = [sources]
    for use in site.uses(result):
        parent = site.index.parents.get(use)
        zipped = isinstance(parent, ast.Call) and spelled(parent.func) == "zip" and len(parent.args) == 2
        others = [one for one in parent.args if one is not use] if isinstance(parent, ast.Call) and zipped else []
        other = others[0] if len(others) == 1 else None
        if not isinstance(other, (ast.List, ast.Tuple)) or site.text(other) != site.text(sources):
            return None
        lists.append(other)
    return [_cut([span_of(one) for one in part.elts], number) for part in lists for number in gone]


def _update(site: Site, use: ast.expr, source: str) -> ast.stmt | None:
    """The statement that does no more than to update a source, and reads a name for it."""
    statement = site.index.statement(use)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    return statement if call.func.attr in UPDATES and spelled(call.func.value) == source else None


def _joined(first: ast.expr, last: ast.expr) -> Span:
    one, other = span_of(first), span_of(last)
    return Span(one.line, one.column, other.end_line, other.end_column)


def _cut(places: Sequence[Span], at: int) -> Replacement:
    """An element of a list taken out with the comma before it, or behind the first."""
    one = places[at]
    if at:
        ahead = places[at - 1]
        return Replacement(Span(ahead.end_line, ahead.end_column, one.end_line, one.end_column), "")
    following = places[1]
    return Replacement(Span(one.line, one.column, following.line, following.column), "")
