"""The ways from a target to the sources, name by name, through a tape's block: what all of them pass.

The block is read as it stands: each binding of a name is a point, each expression another, and an edge leads from what
is computed to what it is computed from. A point that all ways pass is one at which the gradient is lost as a whole.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(eq=False)
class Point:
    """Something that the block computes.

    Attributes:
        node: The expression; None for a binding, and for what a statement does that is not looked into.
        name: The name that is bound; empty for an expression.
        statement: The statement that binds it, where a line may be put behind it.
        below: What it is computed from.
        above: The expression that it is a part of.
        reaches: Whether it leads to a source by itself.
    """

    node: ast.expr | None = None
    name: str = ""
    statement: ast.stmt | None = None
    below: list[Point] = field(default_factory=list)
    above: ast.expr | None = None
    reaches: bool = False


def dotted(node: ast.AST) -> str:
    """A name with its attributes; empty for what is no such thing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def named(node: ast.AST) -> set[str]:
    """The dotted names in an expression, each as long as it is written."""
    inner = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return {
        name
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute | ast.Name) and id(one) not in inner and (name := dotted(one))
    }


class Block:
    """What a tape's block computes.

    Args:
        body: Its statements.
        reaches: Whether a name that the block does not bind leads to a source, and whether it is called there.
    """

    def __init__(self, body: list[ast.stmt], reaches: Callable[[str, bool], bool]) -> None:
        self._reaches = reaches
        self._names: dict[str, Point] = {}
        for statement in body:
            self._take(statement)

    def chain(self, target: ast.expr) -> list[Point]:
        """What all ways from the target to a source pass, from the target on; empty where none is seen."""
        top = self._of(target, None)
        points = list(_all(top))
        if not any(point.reaches for point in points):
            return []
        return [point for point in points if point is not top and not leads(top, point)]

    # -- statements ----------------------------------------------------------------------------------------------

    def _take(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.With):
            for inner in statement.body:
                self._take(inner)
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self._bind(statement.targets[0], self._of(statement.value, None), statement)
        elif isinstance(statement, ast.AugAssign) and (name := dotted(statement.target)):
            before = self._names.get(name) or self._leaf(name, called=False)
            both = Point(below=[before, self._of(statement.value, None)])
            self._names[name] = Point(name=name, statement=statement, below=[both])
        else:
            self._whole(statement)

    def _bind(self, target: ast.expr, value: Point, statement: ast.stmt) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self._bind(part, value, statement)
        elif name := dotted(target):
            self._names[name] = Point(name=name, statement=statement, below=[value])
        else:
            self._whole(statement)

    def _whole(self, statement: ast.stmt) -> None:
        """A statement that is not looked into: what it touches is computed from all that it names."""
        touched = {dotted(node) for node in ast.walk(statement) if _is_stored(node)} - {""}
        touched |= {name for name in map(_changed, ast.walk(statement)) if name in self._names}
        below = [self._leaf(name, called=True) for name in sorted(named(statement))]
        for name in touched:
            self._names[name] = Point(name=name, statement=statement, below=list(below))

    # -- expressions ---------------------------------------------------------------------------------------------

    def _of(self, node: ast.expr, above: ast.expr | None) -> Point:
        name = dotted(node)
        if name:
            return self._leaf(name, called=False)
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            return Point(node, above=above, below=[self._leaf(name, called=True) for name in sorted(named(node))])
        below = [self._of(child, node) for child in _parts(node)]
        if isinstance(node, ast.Call) and (called := dotted(node.func)):
            below.append(self._leaf(called, called=True))
        elif isinstance(node, ast.Call):
            below.append(self._of(node.func, node))
        return Point(node, above=above, below=below)

    def _leaf(self, name: str, called: bool) -> Point:
        held = name
        while held:
            if held in self._names:
                return Point(below=[self._names[held]], reaches=called and self._reaches(name, called))
            held = held.rpartition(".")[0]
        return Point(reaches=self._reaches(name, called))


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.keyword):
            yield child.value
        elif isinstance(child, ast.expr) and not (isinstance(node, ast.Call) and child is node.func):
            yield child


def _changed(node: ast.AST) -> str:
    """What a call of a method, or an assignment to an item, may put something into."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return dotted(node.func.value)
    return dotted(node.value) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) else ""


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)


def _all(top: Point) -> Iterator[Point]:
    seen, waiting = set[int](), [top]
    while waiting:
        point = waiting.pop(0)
        if id(point) not in seen:
            seen.add(id(point))
            yield point
            waiting.extend(point.below)


def leads(top: Point, without: Point | None = None) -> bool:
    """Whether a way leads from something to a source, without passing a point."""
    seen, waiting = {id(without)}, [top]
    while waiting:
        point = waiting.pop()
        if id(point) in seen:
            continue
        seen.add(id(point))
        if point.reaches:
            return True
        waiting.extend(point.below)
    return False
