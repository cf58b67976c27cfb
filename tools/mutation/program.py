"""One program and the mutants that can be made of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tools.mutation.asked import HARMLESS, Asked, Roots, asked, roots_of
from tools.mutation.file import Edit, File, Mutant, moved
from tools.mutation.homes import Home, Homes
from tools.mutation.tape import of_the_sources, of_the_tape
from tools.mutation.ways import Block, Point, dotted, leads, named

if TYPE_CHECKING:
    from collections.abc import Iterator

CUTS = {
    "stop_gradient": "{tf}.stop_gradient({x})",
    "round": "{tf}.round({x})",
    "integer": "{tf}.cast({tf}.cast({x}, {tf}.int32), {tf}.float32)",
    "comparison": "{tf}.where({x} > 0.0, 1.0, 0.0)",
    "numpy": "{np}.asarray({x})",
}
"""What loses the gradient of a value, by the operator's name."""
DEEPEST = 3
"""How many calls the places are followed into."""
PARTS_OF_TENSORS = frozenset({"shape", "dtype", "numpy", "get_shape", "ndim", "device", "name", "set_shape"})
MADE = ast.List | ast.Tuple | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.Lambda | ast.Constant


class Program:
    """One program and the mutants that can be made of it."""

    def __init__(self, path: str, text: str) -> None:
        self.file = File(path, text)

    def mutants(self) -> Iterator[Mutant]:
        """All of them."""
        if self.file.alias("tensorflow") is None:
            return
        for one in asked(self.file.tree):
            if any("GradientTape" in ast.dump(inner) for item in one.block.body for inner in _withs(item)):
                continue
            roots = roots_of(self.file.tree, one)
            homes = Homes(self.file, one.home, one.owner)
            yield from _Ways(self.file, one).of_body(one.block.body, one.target, _Reaching(roots, homes), homes, "", 0)
            if "watched_variables" not in self.file.source(one.sources):
                yield from of_the_tape(self.file, one)
            yield from of_the_sources(self.file, one)


def _withs(node: ast.stmt) -> Iterator[ast.expr]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.With):
            yield from (item.context_expr for item in inner.items)


class _Reaching:
    """Whether a name that a block does not bind leads to a source."""

    def __init__(self, roots: Roots, homes: Homes, given: dict[str, bool] | None = None, own: bool = False) -> None:
        self.roots, self.homes, self.given, self.own = roots, homes, given, own

    def __call__(self, name: str, called: bool) -> bool:
        first = name.partition(".")[0]
        if self.given is not None:
            if first in self.given:
                return self.given[first]
            if first == "self":
                return self.own
        if called and first not in HARMLESS:
            home = self.homes.of(name)
            if home is not None and home.node.name not in {"call", "__call__"}:
                return any(self.roots.meets(inner) for inner in named(home.node) if "." in inner) or self.roots.opaque
            if home is None and "." not in name:
                return True
        return self.roots.meets(name) if self.given is None else first not in HARMLESS


class _Ways:
    """The mutants of one gradient call on the way from its target."""

    def __init__(self, file: File, one: Asked) -> None:
        self.file, self.one = file, one
        self.seen = {id(one.owner)}

    def of_body(
        self, body: list[ast.stmt], target: ast.expr, reaches: _Reaching, homes: Homes, place: str, depth: int
    ) -> Iterator[Mutant]:
        """Those of a list of statements, of which one expression is the target."""
        bound = 0
        tensors = _Tensors(body)
        for point in Block(body, reaches).chain(target):
            distance = place or ("the target" if bound == 0 else f"{min(bound, 3)} upstream")
            if point.name:
                bound += 1
                if tensors.may_be(point.name) and isinstance(point.statement, ast.stmt):
                    yield from self._behind(homes.file, point, distance, graph=depth > 0)
            elif point.node is not None:
                if _takes_tensors(point.above) and isinstance(point.node, ast.Call | ast.BinOp):
                    yield from self._wrapped(homes.file, [point.node], distance, graph=depth > 0)
                if isinstance(point.node, ast.Call):
                    yield from self._called(point, reaches, homes, depth)

    def _behind(self, file: File, point: Point, distance: str, graph: bool) -> Iterator[Mutant]:
        """A statement behind the binding, which loses the value's gradient."""
        assert point.statement is not None
        line = (point.statement.end_lineno or 0) + 1
        for operator, form in _usable(file, graph):
            text = " " * point.statement.col_offset + f"{point.name} = {form.replace('{x}', point.name)}\n"
            at = file.starts[line - 1] if line - 1 < len(file.starts) else len(file.text)
            text = text if at == 0 or file.text[at - 1] == "\n" else "\n" + text
            yield self._made(operator, distance, (Edit(file.path, at, at, text),), {(file.path, line)})

    def _wrapped(self, file: File, nodes: list[ast.expr], distance: str, graph: bool) -> Iterator[Mutant]:
        """An operator around expressions."""
        lines = {(file.path, line) for node in nodes for line in range(node.lineno, (node.end_lineno or 0) + 1)}
        for operator, form in _usable(file, graph):
            edits = [Edit(file.path, *file.span(node), form.replace("{x}", file.source(node))) for node in nodes]
            yield self._made(operator, distance, tuple(edits), lines)

    def _made(self, operator: str, distance: str, edits: tuple[Edit, ...], lines: set[tuple[str, int]]) -> Mutant:
        call = moved(edits, self.file, self.one.call.lineno)
        # A target that is no tensor any more is told at the call.
        return Mutant(operator, distance, edits, call, frozenset(lines | {(self.file.path, call)}))

    def _called(self, point: Point, reaches: _Reaching, homes: Homes, depth: int) -> Iterator[Mutant]:
        """What a function of the project does and returns, where it is called on the way."""
        assert isinstance(point.node, ast.Call)
        home = homes.of(dotted(point.node.func)) if depth < DEEPEST else None
        if home is None or home.file.alias("tensorflow") is None or id(home.node) in self.seen:
            return
        self.seen.add(id(home.node))
        returns = [part for part in ast.walk(home.node) if isinstance(part, ast.Return) and part.value is not None]
        if not returns or any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(home.node)):
            return
        place = _place(home, self.file)
        values = [part.value for part in returns if part.value is not None]
        parts = [inner for value in values for inner in (value.elts if isinstance(value, ast.Tuple) else [value])]
        if not any(isinstance(part, MADE | ast.Starred) for part in parts):
            yield from self._wrapped(home.file, parts, place, graph=True)
        if len(values) == 1 and home.node.body[-1] is returns[0]:
            inner = Homes(home.file, home.owner, home.node)
            inside = _Reaching(reaches.roots, inner, _given(point, home), own=_is_own(home, point.node, reaches))
            yield from self.of_body(home.node.body[:-1], values[0], inside, inner, place, depth + 1)


def _place(home: Home, file: File) -> str:
    if home.file.path != file.path:
        return "another file"
    return "a model's call" if home.owner is not None and home.node.name in {"call", "__call__"} else "a function"


def _given(point: Point, home: Home) -> dict[str, bool]:
    """By parameter, whether the argument that goes to it leads to a source; a default does not."""
    assert isinstance(point.node, ast.Call)
    names, call = home.parameters, point.node
    given = dict.fromkeys((part.arg for part in ast.walk(home.node.args) if isinstance(part, ast.arg)), False)
    given.pop("self", None)
    for argument, below in zip([*call.args, *(one.value for one in call.keywords)], point.below, strict=False):
        index = call.args.index(argument) if argument in call.args else -1
        keyword = next((one.arg for one in call.keywords if one.value is argument), None)
        name = names[index] if 0 <= index < len(names) else keyword
        if isinstance(argument, ast.Starred) or name is None:
            return dict.fromkeys(given, True)
        given[name] = leads(below)
    return given


def _is_own(home: Home, call: ast.Call, reaches: _Reaching) -> bool:
    """Whether what a method finds on its object may lead to a source."""
    return home.owner is not None and reaches(dotted(call.func), True)


def _usable(file: File, graph: bool) -> Iterator[tuple[str, str]]:
    tf, np = file.alias("tensorflow"), file.alias("numpy")
    for operator, form in CUTS.items():
        if operator != "numpy" or (np is not None and not graph):
            yield operator, form.replace("{tf}", tf or "").replace("{np}", np or "")


def _takes_tensors(node: ast.expr | None) -> bool:
    """Whether what stands in an expression surely is a tensor."""
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        return name.partition(".")[0] in {"tf", "tensorflow", "keras", "K"} and not name.endswith(
            ("_n", "stack", "concat")
        )
    return isinstance(node, ast.BinOp | ast.UnaryOp)


class _Tensors:
    """Which names of some statements may hold a tensor, as far as their uses show."""

    def __init__(self, body: list[ast.stmt]) -> None:
        self.others = set[str]()
        for statement in body:
            for node in ast.walk(statement):
                self.others |= set(_others(node))

    def may_be(self, name: str) -> bool:
        """Whether nothing shows that a name holds something else."""
        return name not in self.others


def _others(node: ast.AST) -> Iterator[str]:
    """The names of which a piece of code shows that they hold no tensor."""
    if isinstance(node, ast.Assign):
        if isinstance(node.value, MADE):
            yield from map(dotted, node.targets)
        if any(isinstance(target, ast.Tuple | ast.List) for target in node.targets):
            yield dotted(node.value)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant | ast.UnaryOp):
        yield dotted(node.value)
    elif isinstance(node, ast.For | ast.comprehension):
        yield from named(node.iter)
    elif isinstance(node, ast.Starred | ast.Attribute) and getattr(node, "attr", "") not in PARTS_OF_TENSORS:
        yield dotted(node.value)
    elif isinstance(node, ast.Call) and dotted(node.func) in {"zip", "len", "sum", "enumerate", "list", "tuple"}:
        yield from map(dotted, node.args)
