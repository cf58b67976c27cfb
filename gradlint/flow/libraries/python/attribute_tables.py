"""The table of an object's attributes, ``x.__dict__`` or ``vars(x)``: what is written into it is an attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.state.store import MISSING
from gradlint.flow.values.making import ANY_ATTRIBUTE, span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import Dict, Pairs, Value

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from gradlint.flow.interpreter import Interpreter

_ATTRIBUTES_OF = "attributes of"
"""In a table's state: the object whose attributes it holds."""


def table_of(value: Instance, node: ast.AST) -> Dict | None:
    """The table of an object's attributes; None where nothing is known of them."""
    held = tuple((key, held) for key, held in value.attrs.items() if isinstance(held, Value))
    closed = not value.open and not value.library
    if not held and not closed:
        return None
    made = Dict(Pairs(held, exact=closed), span_of(node))
    made.state[_ATTRIBUTES_OF] = value
    return made


def written_back(machine: Interpreter, table: Dict, before: Pairs, node: ast.AST) -> None:
    """Let an object have what was written into the table of its attributes.

    Args:
        machine: What runs the program.
        table: A dictionary, which may be such a table.
        before: What it held before.
        node: What wrote into it.
    """
    owner, after = table.state.get(_ATTRIBUTES_OF), table.pairs
    if not isinstance(owner, Instance) or after is before:
        return
    for name, _ in before.entries:
        if after.get(name) is None:
            machine.set(owner.attrs, name, MISSING)
    for name, value in after.entries:
        if before.get(name) is not value:
            machine.set(owner.attrs, name, value)
    if after.rest != before.rest or after.exact != before.exact:
        set_any(machine, owner, after.rest, node)


def set_any(machine: Interpreter, owner: Instance, values: Iterable[Value], node: ast.AST) -> None:
    """Set an attribute of an object whose name is not known: any may be another from now on."""
    given = [*values]
    machine.set(owner.state, ANY_ATTRIBUTE, True)
    for key in list(owner.attrs):
        machine.set(owner.attrs, key, machine.unknown(str(key), node, given, anything=True))
