"""Where a claim stands in the program: the statements, blocks, names and tapes around a place, for the fixes.

A question that the program's text does not surely answer is answered with None, and the fix is then none.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar

from gradlint.flow.facts import Span
from gradlint.rule import Replacement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.flow.facts import Claim, LostGradient
    from gradlint.rule import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
With = ast.With | ast.AsyncWith
Loop = ast.For | ast.AsyncFor | ast.While
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Module)
_Node = TypeVar("_Node", bound=ast.AST)


class Index:
    """A program's syntax tree with the way up, and its nodes by place."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.parents: dict[ast.AST, ast.AST] = {}
        self.by_span: dict[Span, list[ast.AST]] = {}
        for node in ast.walk(module.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
            if isinstance(node, (ast.expr, ast.stmt)):
                self.by_span.setdefault(span_of(node), []).append(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that hold a node, from the nearest to the module."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def enclosing(self, node: ast.AST, kind: type[_Node] | tuple[type[_Node], ...]) -> _Node | None:
        """The nearest node of a kind that holds a node, or is it."""
        for one in (node, *self.above(node)):
            if isinstance(one, kind):
                return one
        return None

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement that a node stands in."""
        return self.enclosing(node, ast.stmt)

    def scope(self, node: ast.AST) -> ast.AST:
        """The function, lambda, class or module whose names a node sees first."""
        return next((one for one in self.above(node) if isinstance(one, SCOPES)), self.module.tree)

    def suite(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements of the block that a statement stands in."""
        parent = self.parents.get(statement)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and any(one is statement for one in block):
                return block
        return [statement]

    def own(self, scope: ast.AST) -> Iterator[ast.AST]:
        """The nodes of a scope, without those of the functions and classes in it."""
        pending = [scope]
        while pending:
            node = pending.pop()
            for child in ast.iter_child_nodes(node):
                yield child
                if not isinstance(child, SCOPES):
                    pending.append(child)


def index(module: Module) -> Index:
    """The program's index, made once and kept with the program, so that both are forgotten together."""
    known = vars(module).get("index")
    if not isinstance(known, Index):
        known = vars(module)["index"] = Index(module)
    return known


def span_of(node: ast.expr | ast.stmt) -> Span:
    """A node's place; a decorated definition's begins at its first decorator's ``@`` line."""
    return Span(node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def spelled(node: ast.AST) -> str | None:
    """A name or a dotted name as it is written, without white space; None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = spelled(node.value)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


def names_in(node: ast.AST) -> set[str]:
    """The plain names that a node reads or binds."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def bound_names(node: ast.AST) -> set[str]:
    """The names and dotted names that a node binds, with what it holds."""
    return {name for one in ast.walk(node) for name in _binds(one)} - {""}


class Site:
    """A claim's surroundings in its program."""

    def __init__(self, claim: Claim, module: Module, *, may_import: bool = False) -> None:
        """Look at a claim.

        Args:
            claim: The claim.
            module: The program.
            may_import: Whether ``imports`` becomes part of the fix, so that TensorFlow may be imported for it.
        """
        self.claim = claim
        self.module = module
        self.index = index(module)
        self.may_import = may_import
        self.imports: list[Replacement] = []

    def at(self, span: Span | None) -> ast.expr | None:
        """The expression that stands exactly at a place."""
        found = [one for one in self.index.by_span.get(span, []) if isinstance(one, ast.expr)] if span else []
        return found[-1] if found else None

    def expression(self) -> ast.expr | None:
        """The expression that the claim points at; the value or the call of a statement that does no more."""
        found = self.at(self.claim.span)
        if found is not None:
            return found
        for one in self.index.by_span.get(self.claim.span, []):
            if isinstance(one, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)):
                return one.value
        return None

    def statement(self) -> ast.stmt | None:
        """The statement that the claim points at, or into."""
        for one in self.index.by_span.get(self.claim.span, []):
            return self.index.statement(one)
        inner = self.innermost(self.claim.span)
        return self.index.statement(inner) if inner is not None else None

    def innermost(self, span: Span) -> ast.AST | None:
        """The smallest node that covers a place."""
        best: tuple[Span, ast.AST] | None = None
        start, end = (span.line, span.column), (span.end_line, span.end_column)
        for place, nodes in self.index.by_span.items():
            covers = (place.line, place.column) <= start and end <= (place.end_line, place.end_column)
            if covers and (best is None or _within(place, best[0])):
                best = (place, nodes[-1])
        return None if best is None else best[1]

    def text(self, node: ast.expr | ast.stmt) -> str:
        """A node's text as it is written."""
        return self.module.text(span_of(node))

    def calls(self) -> list[tuple[LostGradient, ast.Call]]:
        """The gradient calls of the claim, with what is lost at each."""
        found = []
        for lost in self.claim.gradients:
            node = self.at(lost.call)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                found.append((lost, node))
        return found

    def blocks(self) -> list[With]:
        """The blocks that recorded what the claim's gradient calls ask for."""
        return [block for _, call in self.calls() if (block := self.block_of(call)) is not None]

    def tape_of(self, call: ast.Call) -> str | None:
        """How a gradient call names its tape."""
        return spelled(call.func.value) if isinstance(call.func, ast.Attribute) else None

    def block_of(self, call: ast.Call) -> With | None:
        """The ``with`` statement that recorded what a gradient call asks for.

        It is the last one before the call, or around it, in the call's own scope, that enters the call's tape.
        """
        tape = self.tape_of(call)
        if tape is None:
            return None
        scope = self.index.scope(call)
        best: With | None = None
        for node in self.index.own(scope):
            if isinstance(node, (ast.With, ast.AsyncWith)) and self.item_of(node, tape) is not None:
                before = (node.lineno, node.col_offset) <= (call.lineno, call.col_offset)
                if before and (best is None or node.lineno > best.lineno):
                    best = node
        return best

    @staticmethod
    def item_of(block: With, tape: str) -> ast.withitem | None:
        """The item of a ``with`` statement that enters a tape of a name."""
        for item in block.items:
            if item.optional_vars is not None and spelled(item.optional_vars) == tape:
                return item
            if item.optional_vars is None and spelled(item.context_expr) == tape:
                return item
        return None

    def tape_call(self, call: ast.Call) -> ast.Call | None:
        """The ``tf.GradientTape(...)`` that made a gradient call's tape."""
        block, tape = self.block_of(call), self.tape_of(call)
        if tape is None:
            return None
        item = None if block is None else self.item_of(block, tape)
        made: ast.expr | None = None
        if item is not None and item.optional_vars is not None:
            made = item.context_expr
        else:
            values = [value for statement, value in self.bindings(tape, call) if statement.lineno <= call.lineno]
            made = values[0] if len(values) == 1 else None
        return made if isinstance(made, ast.Call) and self.is_tape(made) else None

    def is_tape(self, call: ast.Call) -> bool:
        """Whether a call makes a tape, by its class's name or by where the program imports it from."""
        name = self.canonical(call.func) or spelled(call.func) or ""
        return name.endswith("Tape")

    def bindings(self, name: str, near: ast.AST) -> list[tuple[ast.stmt, ast.expr | None]]:
        """The statements of a node's scope that bind a name, each with the value where it is plainly one."""
        found: dict[ast.stmt, ast.expr | None] = {}
        for node in self.index.own(self.index.scope(near)):
            if name in _binds(node):
                statement = self.index.statement(node)
                if statement is not None:
                    found[statement] = _value_of(statement, name)
        return sorted(found.items(), key=lambda pair: (pair[0].lineno, pair[0].col_offset))

    def definition(self, name: str, near: ast.AST) -> tuple[ast.stmt, ast.expr] | None:
        """The one statement that binds a name to a value, in a node's scope or else in the module's own."""
        for scope_of in (near, self.module.tree.body[0]):
            found = self.bindings(name, scope_of)
            if found:
                statement, value = found[0]
                return (statement, value) if len(found) == 1 and value is not None else None
            if name in _parameters(self.index.scope(near)):
                return None
        return None

    def attribute_definition(self, name: str, near: ast.AST) -> tuple[ast.stmt, ast.expr] | None:
        """The one statement of a class that binds an attribute of its own object, such as ``self.w``, to a value."""
        owner = self.index.enclosing(near, ast.ClassDef)
        if owner is None or not name.startswith("self.") or name.count(".") != 1:
            return None
        made = [
            (statement, _value_of(statement, name))
            for node in ast.walk(owner)
            if name in _binds(node) and (statement := self.index.statement(node)) is not None
        ]
        if len(made) != 1 or made[0][1] is None:
            return None
        return made[0][0], made[0][1]

    def uses(self, name: str) -> list[ast.expr]:
        """Every place of the program that reads a name or a dotted name."""
        return [
            node
            for node in ast.walk(self.module.tree)
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and spelled(node) == name
        ]

    def reads_attribute_elsewhere(self, attribute: str, known: Iterable[ast.expr]) -> bool:
        """Whether the program reads an attribute of a name at any place besides the known ones."""
        those = set(known)
        return any(
            isinstance(one, ast.Attribute)
            and one.attr == attribute
            and isinstance(one.ctx, ast.Load)
            and one not in those
            for one in ast.walk(self.module.tree)
        )

    def free_name(self, wish: str) -> str:
        """A name that the program does not use: the wish itself, or the wish with a number."""
        used = names_in(self.module.tree)
        number, name = 2, wish
        while name in used:
            name, number = f"{wish}_{number}", number + 1
        return name

    def tensorflow(self, function: str, near: ast.AST) -> str | None:
        """How the program at a node spells a function of TensorFlow; None where it cannot.

        ``tensorflow("nn.softmax", node)`` gives ``tf.nn.softmax`` after ``import tensorflow as tf``, or the function's
        own name after ``from tensorflow import softmax``.
        """
        package, _, last = f"tensorflow.{function}".rpartition(".")
        for node in self._imports(near):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in TENSORFLOW or (alias.asname is None and alias.name.startswith("tensorflow.")):
                        return f"{alias.asname or alias.name.partition('.')[0]}.{function}"
        for node in self._imports(near):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                for alias in node.names:
                    if node.module == package and alias.name == last:
                        return alias.asname or alias.name
                    if node.module and f"{node.module}.{alias.name}" in TENSORFLOW:
                        return f"{alias.asname or alias.name}.{function}"
                    if f"{node.module}.{alias.name}" == package:
                        return f"{alias.asname or alias.name}.{last}"
        return self._imported(function) if self.may_import else None

    def _imported(self, function: str) -> str | None:
        """A function's name after ``import tensorflow as tf``, put in before the names that come from TensorFlow."""
        for node in self.module.tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "tensorflow" and node.level == 0:
                if "tf" in names_in(self.module.tree) or node.col_offset:
                    return None
                place = Span(node.lineno, 0, node.lineno, 0)
                self.imports = [Replacement(place, "import tensorflow as tf\n")]
                return f"tf.{function}"
        return None

    def canonical(self, node: ast.expr) -> str | None:
        """A library's name for a function: ``numpy.mean`` for ``np.mean``, however the program imports it."""
        written = spelled(node)
        if written is None:
            return None
        root, _, rest = written.partition(".")
        for one in self._imports(node):
            for alias in one.names:
                if (alias.asname or alias.name.partition(".")[0]) != root:
                    continue
                if isinstance(one, ast.ImportFrom):
                    owner = f"{one.module}.{alias.name}"
                else:
                    owner = alias.name if alias.asname else root
                return f"{owner}.{rest}" if rest else owner
        return None

    def _imports(self, near: ast.AST) -> Iterable[ast.Import | ast.ImportFrom]:
        """The imports that hold at a node: those of its functions, then the module's."""
        scopes = [one for one in self.index.above(near) if isinstance(one, (*Function.__args__, ast.Module))]
        for scope in scopes:
            for node in self.index.own(scope):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    yield node


TENSORFLOW = frozenset({"tensorflow", "tensorflow.compat.v2", "tensorflow.compat.v1"})


def _within(inner: Span, outer: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (
        outer.end_line,
        outer.end_column,
    )


def _value_of(statement: ast.stmt, name: str) -> ast.expr | None:
    """What a simple assignment binds to a name."""
    if isinstance(statement, ast.Assign):
        if any(spelled(target) == name for target in statement.targets):
            return statement.value
        for target in statement.targets:
            if (
                isinstance(target, ast.Tuple)
                and isinstance(statement.value, ast.Tuple)
                and len(target.elts) == len(statement.value.elts)
                and not any(isinstance(one, ast.Starred) for one in (*target.elts, *statement.value.elts))
            ):
                for one, value in zip(target.elts, statement.value.elts, strict=True):
                    if spelled(one) == name:
                        return value
    if isinstance(statement, ast.AnnAssign) and spelled(statement.target) == name:
        return statement.value
    return None


def _binds(node: ast.AST) -> set[str]:
    """The names that a node binds by itself, without what it holds."""
    if isinstance(node, (ast.Name, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
        return {spelled(node) or ""}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return {node.name or ""}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return set(node.names)
    return set()


def _parameters(scope: ast.AST) -> set[str]:
    arguments = getattr(scope, "args", None)
    if not isinstance(arguments, ast.arguments):
        return set()
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {one.arg for one in given if one is not None}
