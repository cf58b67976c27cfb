"""Finds the gradient calls that stand behind their tape's block, and what their sources belong to."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.mutation.ways import dotted, named

if TYPE_CHECKING:
    from collections.abc import Iterator

HARMLESS = frozenset({"tf", "np", "numpy", "tensorflow", "keras", "K", "math", "range", "len", "zip", "sum", "float"})
"""Names that lead to no source: those of libraries and builtins."""
LOSS = ("loss", "criterion", "mse", "bce", "mae", "crossentropy", "cross_entropy")
"""What the name of an object has in it that computes a loss and owns no weights."""
LISTS = ("trainable_variables", "trainable_weights", "variables", "weights")


@dataclass(frozen=True)
class Asked:
    """A gradient call of one tape whose block stands before it in the same list of statements.

    Attributes:
        block: The tape's block.
        tape: The tape's name.
        call: The gradient call.
        statement: The statement that holds it.
        target: The target, a name.
        sources: The sources.
        rest: The statements behind the one that holds it.
        owner: The function that both stand in, where there is one.
        home: The class that the function is a method of, where there is one.
    """

    block: ast.With
    tape: str
    call: ast.Call
    statement: ast.stmt
    target: ast.expr
    sources: ast.expr
    rest: tuple[ast.stmt, ...]
    owner: ast.FunctionDef | None = None
    home: ast.ClassDef | None = None


def asked(tree: ast.Module) -> Iterator[Asked]:
    """The gradient calls whose target is a name, each behind its tape's block."""
    yield from _inside(tree, None, None)


def _inside(node: ast.AST, owner: ast.FunctionDef | None, home: ast.ClassDef | None) -> Iterator[Asked]:
    for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
        if isinstance(body, list):
            yield from _in_body(body, owner, home)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _inside(child, None, child)
        elif isinstance(child, ast.FunctionDef):
            yield from _inside(child, child, home)
        else:
            yield from _inside(child, owner, home)


def _in_body(body: list[ast.stmt], owner: ast.FunctionDef | None, home: ast.ClassDef | None) -> Iterator[Asked]:
    for index, block in enumerate(body):
        if not isinstance(block, ast.With):
            continue
        for item in block.items:
            if "GradientTape" not in ast.dump(item.context_expr) or not isinstance(item.optional_vars, ast.Name):
                continue
            found = _first_call(body[index + 1 :], item.optional_vars.id)
            if found is None:
                continue
            statement, call = found
            target, sources = arguments(call)
            at = body.index(statement)
            before, rest = body[index + 1 : at], tuple(body[at + 1 :])
            if dotted(target) and not _is_bound(before, dotted(target)):
                yield Asked(block, item.optional_vars.id, call, statement, target, sources, rest, owner, home)


def arguments(call: ast.Call) -> tuple[ast.expr, ast.expr]:
    """The target and the sources of a gradient call."""
    given = dict(zip(("target", "sources"), call.args, strict=False))
    given |= {one.arg: one.value for one in call.keywords if one.arg}
    return given["target"], given["sources"]


def _is_bound(body: list[ast.stmt], name: str) -> bool:
    stored = (node for one in body for node in ast.walk(one) if isinstance(getattr(node, "ctx", None), ast.Store))
    return any(dotted(node) == name for node in stored)


def _first_call(body: list[ast.stmt], tape: str) -> tuple[ast.stmt, ast.Call] | None:
    """The first gradient call of a tape behind its block, and its statement; what comes later may not be reached."""
    for statement in body:
        nodes = list(ast.walk(statement))
        if any(isinstance(node, ast.Name) and node.id == tape and isinstance(node.ctx, ast.Store) for node in nodes):
            return None
        for call in nodes:
            if isinstance(call, ast.Call) and is_gradient(call, tape):
                return statement, call
    return None


def is_gradient(node: ast.AST, tape: str) -> bool:
    """Whether some code asks a tape for the gradient of one target by its sources, and for nothing more."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "gradient"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == tape
        and len(node.args) + len(node.keywords) == 2
        and {one.arg for one in node.keywords} <= {"target", "sources"}
    )


@dataclass(frozen=True)
class Roots:
    """What the sources of a gradient call belong to.

    Attributes:
        names: ``self.model`` for ``self.model.trainable_variables``.
        opaque: Whether one of them is a list of Variables of which it is not seen where they come from.
    """

    names: frozenset[str]
    opaque: bool

    def meets(self, name: str) -> bool:
        """Whether a name may lead to one of them."""
        first, _, rest = name.partition(".")
        if first in HARMLESS or (rest and _is_a_loss(name)):
            return False
        if self.opaque:
            return True
        return any(
            name == root or f"{name}.".startswith(f"{root}.") or root.startswith(f"{name}.") for root in self.names
        ) or (first == "self" and any(root.startswith("self") for root in self.names) and name.count(".") < 2)


def _is_a_loss(name: str) -> bool:
    last = name.rpartition(".")[2].lower()
    return last != "losses" and any(part in last for part in LOSS)


def roots_of(tree: ast.Module, one: Asked) -> Roots:
    """What the sources of a gradient call belong to."""
    names, opaque = set[str](), False
    waiting, seen = list(named(one.sources)), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] in HARMLESS:
            continue
        seen.add(name)
        head, _, last = name.rpartition(".")
        if head and last.endswith(LISTS):
            names.add(head)
            continue
        names.add(name)
        given = _given(one.owner or tree, name)
        waiting += given
        opaque |= not given and not _is_watched(one, name)
    return Roots(frozenset(names), opaque)


def _given(scope: ast.AST, name: str) -> list[str]:
    """The names that a name's values are made of, where it is bound; the name of a Variable itself has none such."""
    made = [(node.targets, node.value) for node in ast.walk(scope) if isinstance(node, ast.Assign)]
    made += [([node.target], node.value) for node in ast.walk(scope) if isinstance(node, ast.AugAssign)]
    return [part for targets, value in made if name in map(dotted, targets) for part in named(value)]


def _is_watched(one: Asked, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "watch"
        and any(dotted(part) == name for given in node.args for part in ast.walk(given))
        for node in ast.walk(one.block)
    )  # fmt: skip
