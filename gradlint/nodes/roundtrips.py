"""A value that is put into another form and taken back: pickled and unpickled, written as text and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.knowledge.instead import HANDING_ON, ROUND_TRIPS
from gradlint.nodes.changes import Replace
from gradlint.nodes.lazy import cst
from gradlint.nodes.reading import called, dotted, last_name

if TYPE_CHECKING:
    from gradlint.nodes.site import Site


def itself(site: Site, node: cst.BaseExpression | None) -> Replace | None:
    """The value in the place of all that puts it into another form and takes it back; None for anything else.

    Args:
        site: The program.
        node: The call, or the f-string, that puts the value into the other form or takes it back.
    """
    if node is None:
        return None
    form = _function(site, node)
    inner = _given(node)
    if form in HANDING_ON and inner is not None and _is_float(node):
        return Replace(node, inner)
    if inner is not None and form in {taker for takers in ROUND_TRIPS.values() for taker in takers}:
        made = itself(site, inner)
        if made is not None and made.old is node:
            return made
    back = ROUND_TRIPS.get(form, frozenset())
    outer, found = node, None
    while isinstance(holder := site.holder(outer), cst.Call) and _given(holder) is outer:
        function = _function(site, holder)
        if function in back and _is_float(holder):
            found = holder
        elif function not in ROUND_TRIPS:
            break
        outer = holder
    return None if found is None or inner is None else Replace(found, inner)


def _function(site: Site, node: cst.BaseExpression) -> str:
    if isinstance(node, cst.FormattedString):
        return "str"
    return site.canonical(node.func) or dotted(node.func) or "" if isinstance(node, cst.Call) else ""


def _given(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """What a call takes first, or what an f-string consists of."""
    if isinstance(node, cst.FormattedString):
        part = node.parts[0] if len(node.parts) == 1 else None
        return part.expression if isinstance(part, cst.FormattedStringExpression) else None
    return node.args[0].value if isinstance(node, cst.Call) and node.args and not node.args[0].star else None


def _is_float(call: cst.BaseExpression) -> bool:
    """Whether a call that is given a dtype is given one of floats."""
    dtypes = [one.value for one in call.args[1:]] if isinstance(call, cst.Call) else []
    return all("float" in last_name(one) for one in dtypes) and (bool(dtypes) or called(call) != "frombuffer")
