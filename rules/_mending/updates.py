"""An update that binds a Variable's name anew, written as the Variable's own ``assign``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .edits import after, alone, bracketed, replace
from .site import names_in, spelled

if TYPE_CHECKING:
    from gradlint.rule import Replacement

    from .site import Site

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.MatMult: "@",
}
IN_PLACE = {ast.Add: "assign_add", ast.Sub: "assign_sub"}
ASSIGNS = frozenset({"assign", "assign_add", "assign_sub"})


def assigned_in_place(site: Site, statement: ast.stmt) -> list[Replacement] | None:
    """The edits that turn ``w = w - e`` into ``w.assign_sub(e)``, and the like.

    Known are augmented assignments, assignments of an expression that reads the name itself, ``w = w.assign_sub(e)``,
    tuples of these that do not read each other's names, and a list's comprehension over itself.
    """
    if isinstance(statement, ast.AugAssign):
        line = _augmented(site, statement)
        return None if line is None else [replace(statement, line)]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    if isinstance(value, ast.ListComp):
        loop = _each(site, statement, target, value)
        return None if loop is None else [replace(statement, loop)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return _tuple(site, statement, target, value)
    line = _assigned(site, target, value)
    return None if line is None else [replace(statement, line)]


def _tuple(site: Site, statement: ast.Assign, target: ast.Tuple, value: ast.Tuple) -> list[Replacement] | None:
    if not alone(site.module, statement):
        return None
    lines = []
    names = [names_in(one) for one in target.elts]
    for number, (one, new) in enumerate(zip(target.elts, value.elts, strict=True)):
        others = set().union(*names[:number], *names[number + 1 :]) - names[number]
        line = _assigned(site, one, new)
        if line is None or others & names_in(new):
            return None
        lines.append(line)
    rest = [after(site.module, statement, *lines[1:])] if len(lines) > 1 else []
    return [replace(statement, lines[0]), *rest]


def _each(site: Site, statement: ast.Assign, target: ast.expr, value: ast.ListComp) -> str | None:
    """``ws = [w - e for w in ws]`` as a loop that assigns to each element."""
    (turn, *others), name = value.generators, spelled(target)
    plain = not others and not turn.ifs and not turn.is_async and isinstance(turn.target, ast.Name)
    if name is None or not plain or spelled(turn.iter) != name or not alone(site.module, statement):
        return None
    line = _assigned(site, turn.target, value.elt)
    if line is None or name in names_in(value.elt) or "\n" in line:
        return None
    indent = site.module.indent(statement.lineno)
    step = "\t" if "\t" in indent else "    "
    return f"for {site.text(turn.target)} in {name}:\n{indent}{step}{line}"


def _augmented(site: Site, statement: ast.AugAssign) -> str | None:
    target, value = _target(site, statement.target), site.text(statement.value)
    method = IN_PLACE.get(type(statement.op))
    if target is None:
        return None
    if method is not None:
        return f"{target}.{method}({value})"
    sign = OPERATORS.get(type(statement.op))
    return None if sign is None else f"{target}.assign({target} {sign} {bracketed(statement.value, value)})"


def _assigned(site: Site, target: ast.expr, value: ast.expr) -> str | None:
    name = _target(site, target)
    if name is None:
        return None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr in ASSIGNS and site.text(value.func.value) == name:
            return site.text(value)
        if value.func.attr == "Variable" and len(value.args) == 1 and not value.keywords:
            return _assigned(site, target, value.args[0])
    if isinstance(value, ast.BinOp):
        method = IN_PLACE.get(type(value.op))
        if method is not None and site.text(value.left) == name:
            return f"{name}.{method}({site.text(value.right)})"
        if isinstance(value.op, ast.Add) and site.text(value.right) == name:
            return f"{name}.assign_add({site.text(value.left)})"
    if not isinstance(value, (ast.BinOp, ast.Call, ast.UnaryOp)):
        return None
    if not any(site.text(one) == name for one in ast.walk(value) if isinstance(one, type(target))):
        return None
    return f"{name}.assign({site.text(value)})"


def _target(site: Site, target: ast.expr) -> str | None:
    """What an update writes to: a name, a dotted name, or an element of one."""
    if spelled(target) is not None or (isinstance(target, ast.Subscript) and spelled(target.value) is not None):
        return site.text(target)
    return None
