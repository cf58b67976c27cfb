"""Makes programs that lose one gradient on purpose, at a place from which it is known that it is lost.

The place is chosen so that every chain of names from the target to a source, in the tape's block, passes it.
"""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.sources.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator


CUTS = {
    "stop_gradient": "{tf}.stop_gradient({x})",
    "round": "{tf}.round({x})",
    "integer": "{tf}.cast({tf}.cast({x}, {tf}.int32), {tf}.float32)",
    "numpy": "{np}.asarray({x})",
}
"""What loses the gradient of a value, by the operator's name."""
_HARMLESS = frozenset({"tf", "np", "numpy", "tensorflow", "keras", "K", "math", "range", "len", "zip", "sum", "float"})
_LOSS = ("loss", "criterion", "mse", "bce", "mae", "crossentropy", "cross_entropy")


@dataclass(frozen=True)
class Edit:
    """A piece of a file's text that is replaced."""

    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Mutant:
    """One gradient, lost on purpose.

    Attributes:
        operator: What loses it.
        distance: Where that stands, as seen from the gradient call.
        edits: What is changed.
        call: The line of the gradient call in the mutant.
        blamed: The files and lines that are to blame; any place counts where there are none.
    """

    operator: str
    distance: str
    edits: tuple[Edit, ...]
    call: int
    blamed: frozenset[tuple[str, int]]


@dataclass
class File:
    """A program, its tree and its places."""

    path: str
    text: str
    tree: ast.Module = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.text)
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """The place in the text of a line and a column in UTF-8 bytes."""
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode(errors="ignore"))

    def span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """Where a node stands in the text."""
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno or 0, node.end_col_offset or 0)

    def source(self, node: ast.stmt | ast.expr) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def alias(self, module: str) -> str | None:
        """What the program calls a library's module; None where it does not import it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    if one.name == module:
                        return one.asname or one.name
        return None

    def imported(self) -> dict[str, tuple[str, int, str]]:
        """By name, the module, the dots before it and the name there that an import takes it from."""
        return {
            one.asname or one.name: (node.module or "", node.level, one.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for one in node.names
        }


@dataclass(frozen=True)
class Asked:
    """A gradient call of one tape whose block stands before it in the same list of statements."""

    block: ast.With
    tape: str
    call: ast.Call
    statement: ast.stmt
    target: str
    sources: ast.expr


def asked(tree: ast.Module) -> Iterator[Asked]:
    """The gradient calls whose target is a name, each after its tape's block."""
    for owner in ast.walk(tree):
        for body in (getattr(owner, "body", None), getattr(owner, "orelse", None)):
            if isinstance(body, list):
                yield from _in_body(body)


def _in_body(body: list[ast.stmt]) -> Iterator[Asked]:
    for index, block in enumerate(body):
        if not isinstance(block, ast.With):
            continue
        for item in block.items:
            if "GradientTape" not in ast.dump(item.context_expr) or not isinstance(item.optional_vars, ast.Name):
                continue
            found = _first_call(body[index + 1 :], item.optional_vars.id)
            if found is not None and isinstance(found[1].args[0], ast.Name):
                statement, call = found
                yield Asked(block, item.optional_vars.id, call, statement, found[1].args[0].id, call.args[1])


def _first_call(body: list[ast.stmt], tape: str) -> tuple[ast.stmt, ast.Call] | None:
    """The first gradient call of a tape behind its block, and its statement; what comes later may not be reached."""
    for statement in body:
        nodes = list(ast.walk(statement))
        if any(isinstance(node, ast.Name) and node.id == tape and isinstance(node.ctx, ast.Store) for node in nodes):
            return None
        for call in nodes:
            if isinstance(call, ast.Call) and _is_gradient(call, tape):
                return statement, call
    return None


def _is_gradient(node: ast.AST, tape: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "gradient"
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == tape
        and len(node.args) == 2
    )


def _dotted(node: ast.AST) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _named(node: ast.AST) -> set[str]:
    """The dotted names in an expression, each as long as it is written."""
    inner = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return {
        name
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute | ast.Name) and id(one) not in inner and (name := _dotted(one))
    }


def _roots(sources: ast.expr) -> set[str]:
    """What sources belong to: ``self.model`` for ``self.model.trainable_variables``."""
    found = set[str]()
    for name in _named(sources):
        head, _, last = name.rpartition(".")
        found.add(head if head and ("variables" in last or "weights" in last) else name)
    return found


def _meets(name: str, roots: set[str]) -> bool:
    """Whether a name may lead to one of the roots."""
    first, _, rest = name.partition(".")
    if first in _HARMLESS or (rest and any(part in name.lower() for part in _LOSS)):
        return False
    return any(name == root or name.startswith(root + ".") or root.startswith(name + ".") for root in roots) or (
        first == "self" and any(root.startswith("self") for root in roots) and name.count(".") < 2
    )


class Program:
    """One program and the mutants that can be made of it."""

    def __init__(self, path: str, text: str) -> None:
        self.file = File(path, text)
        self.tf = self.file.alias("tensorflow")
        self.np = self.file.alias("numpy")
        self.count = 0

    def mutants(self) -> Iterator[Mutant]:
        """All of them."""
        if self.tf is None:
            return
        for one in asked(self.file.tree):
            if any(isinstance(inner, ast.With) for inner in ast.walk(one.block) if inner is not one.block):
                continue
            yield from self._on_the_way(one)
            yield from self._of_the_tape(one)
            yield from self._of_the_sources(one)

    def _cut(self, graph: bool = False) -> str:
        """The next operator that loses a value's gradient."""
        usable = [name for name in CUTS if not (name == "numpy" and (graph or self.np is None))]
        self.count += 1
        return usable[self.count % len(usable)]

    def _wrapped(self, operator: str, text: str, file: File | None = None) -> str:
        tf = self.tf if file is None else file.alias("tensorflow")
        np = self.np if file is None else file.alias("numpy")
        return CUTS[operator].format(tf=tf, np=np, x=text)

    # -- on the way from the target ------------------------------------------------------------------------------

    def _on_the_way(self, one: Asked) -> Iterator[Mutant]:
        roots, name, distance = _roots(one.sources), one.target, 0
        bound = {
            target.id
            for statement in one.block.body
            for node in ast.walk(statement)
            for target in [node]
            if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
        }
        while distance < 4:
            found = self._binding(one, name)
            if found is None:
                return
            yield self._after(one, found, name, "the target" if distance == 0 else f"{min(distance, 3)} upstream")
            yield from self._called(one, found.value, roots)
            beside = _named(found.value) - bound
            within = {item.partition(".")[0] for item in _named(found.value)} & bound
            if len(within) != 1 or any(_meets(item, roots) for item in beside):
                return
            if isinstance(found.value, ast.Call) and not self._is_clean(found.value, roots):
                return
            name, distance = within.pop(), distance + 1

    def _binding(self, one: Asked, name: str) -> ast.Assign | None:
        """The statement of the block that alone binds a name, where there is one."""
        stores = [
            node
            for node in ast.walk(one.block)
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
        ]
        for statement in one.block.body:
            if isinstance(statement, ast.Assign) and statement.targets == stores and len(stores) == 1:
                return statement
        return None

    def _after(self, one: Asked, found: ast.Assign, name: str, distance: str) -> Mutant:
        """A statement behind the binding, which loses the value's gradient."""
        operator = self._cut()
        line = (found.end_lineno or 0) + 1
        text = " " * found.col_offset + f"{name} = {self._wrapped(operator, name)}\n"
        at = self.file.starts[line - 1] if line - 1 < len(self.file.starts) else len(self.file.text)
        text = text if at == 0 or self.file.text[at - 1] == "\n" else "\n" + text
        edit = Edit(self.file.path, at, at, text)
        # A target that is no tensor any more is told at the call.
        blamed = frozenset({(self.file.path, line), (self.file.path, one.call.lineno + 1)})
        return Mutant(operator, distance, (edit,), one.call.lineno + 1, blamed)

    def _called(self, one: Asked, value: ast.expr, roots: set[str]) -> Iterator[Mutant]:
        """What a function of the project returns, where it is called in a statement on the way."""
        if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
            return
        home, node = self._definition(value.func.id)
        if home is None or node is None or home.alias("tensorflow") is None:
            return
        place = "another file" if home.path != self.file.path else "a function"
        if isinstance(node, ast.ClassDef):
            method = next(
                (m for m in node.body if isinstance(m, ast.FunctionDef) and m.name in {"call", "__call__"}), None
            )
            if method is None:
                return
            node, place = method, place if place == "another file" else "a model's call"
        returns = [part for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
        if len(returns) != 1 or isinstance(returns[0].value, ast.Tuple | ast.Dict | ast.List) or _yields(node):
            return
        given = returns[0].value
        assert given is not None
        operator = self._cut(graph=True)
        edit = Edit(home.path, *home.span(given), self._wrapped(operator, home.source(given), home))
        lines = range(given.lineno, (given.end_lineno or 0) + 1)
        yield Mutant(operator, place, (edit,), one.call.lineno, frozenset((home.path, line) for line in lines))

    def _definition(self, name: str) -> tuple[File | None, ast.FunctionDef | ast.ClassDef | None]:
        """The function or class of the project that a name stands for; an object's class where the name holds one."""
        made = next(
            (
                node.value.func.id
                for node in ast.walk(self.file.tree)
                if isinstance(node, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
                and isinstance(node.value, ast.Call)
                and isinstance(node.value.func, ast.Name)
            ),
            name,
        )
        own = _defined(self.file.tree, made)
        if own is not None:
            return self.file, own
        module = self.file.imported().get(made)
        if module is None:
            return None, None
        found = Project(self.file.path).find(module[0], module[1], None)
        if found is None or not found.code:
            return None, None
        try:
            other = File(os.path.abspath(found.path), found.code)
        except (SyntaxError, ValueError):
            return None, None
        return other, _defined(other.tree, module[2])

    def _is_clean(self, value: ast.Call, roots: set[str]) -> bool:
        """Whether a call brings no way of its own to the roots: one of a library, of a loss, of a plain function."""
        name = _dotted(value.func)
        if name.partition(".")[0] in _HARMLESS or any(part in name.lower() for part in _LOSS if "." in name):
            return True
        own = _defined(self.file.tree, name)
        return isinstance(own, ast.FunctionDef) and not any(_meets(item, roots) for item in _named(own))

    # -- the tape and the sources --------------------------------------------------------------------------------

    def _of_the_tape(self, one: Asked) -> Iterator[Mutant]:
        make = next(
            item.context_expr
            for item in one.block.items
            if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == one.tape
        )
        if not isinstance(make, ast.Call):
            return
        calls = sum(_is_gradient(node, one.tape) for node in ast.walk(self.file.tree))
        text = self.file.source(one.statement)
        if not make.keywords and not make.args and isinstance(one.statement, ast.Assign) and calls == 1:
            end = self.file.span(one.statement)[1]
            again = "\n" + " " * one.statement.col_offset + text
            line = one.call.lineno + text.count("\n") + 1
            yield Mutant("asked twice", "the tape", (Edit(self.file.path, end, end, again),), line, frozenset())
        watches = any(isinstance(n, ast.Attribute) and n.attr == "watch" for n in ast.walk(one.block))
        listed = any(word in self.file.source(one.sources) for word in ("trainable", "variables", "weights"))
        if not watches and listed and not make.keywords and not make.args:
            end = self.file.span(make)[1] - 1
            edit = Edit(self.file.path, end, end, "watch_accessed_variables=False")
            place = frozenset({(self.file.path, make.lineno)})
            yield Mutant("watches nothing", "the tape", (edit,), one.call.lineno, place)
        last = one.block.body[-1]
        moved = self._binding(one, one.target)
        if moved is last and len(one.block.body) > 1 and isinstance(last.value, ast.Call | ast.BinOp):
            start = self.file.at(last.lineno, 0)
            dedented = " " * one.block.col_offset + self.file.source(last)
            edit = Edit(self.file.path, start, self.file.span(last)[1], dedented)
            lines = frozenset((self.file.path, n) for n in range(last.lineno, (last.end_lineno or 0) + 1))
            yield Mutant("computed behind the block", "the tape", (edit,), one.call.lineno, lines)

    def _of_the_sources(self, one: Asked) -> Iterator[Mutant]:
        start, end = self.file.span(one.sources)
        text = self.file.text[start:end]
        place = frozenset((self.file.path, n) for n in range(one.statement.lineno, (one.call.end_lineno or 0) + 1))
        if any(word in text for word in ("trainable_variables", "trainable_weights")):
            for operator, form in (
                ("copies", "[{tf}.identity(v) for v in {x}]"),
                ("arrays", "[v.numpy() for v in {x}]"),
            ):
                edit = Edit(self.file.path, start, end, form.format(tf=self.tf, x=text))
                yield Mutant(operator, "the sources", (edit,), one.call.lineno, place)
            first = self.file.span(one.call.args[0])
            edits = (Edit(self.file.path, start, end, one.target), Edit(self.file.path, *first, text))
            yield Mutant("swapped", "the sources", edits, one.call.lineno, place)


def _defined(tree: ast.Module, name: str) -> ast.FunctionDef | ast.ClassDef | None:
    """The one function or class of a program's top level of a name."""
    found = [one for one in tree.body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == name]
    return found[0] if len(found) == 1 else None


def _yields(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node))
