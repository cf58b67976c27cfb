"""What is looked at in one file: its gradient calls, the places of its findings, its inputs and its loops."""

from __future__ import annotations

import ast
import builtins
import contextlib
import itertools
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint import lines
from gradlint.confirm import families, inputs, marking
from gradlint.confirm.marking import Mark
from gradlint.confirm.names import DEFINITIONS, NamedProgram, last, root, targets
from gradlint.confirm.places import METHODS, NodePlaces, groups, sources_of
from gradlint.confirm.protocol import MADE
from gradlint.confirm.slicing import Slicer, callers, enclosing
from gradlint.confirm.turning import Turning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.confirm.options import Options
    from gradlint.finding import Finding, Gradient
    from gradlint.sources.source import Source

FLAG = 1_000
"""The number of the first flagged place; gradient calls count from 0, loops and inputs from beyond the places."""
LOOPS = 2_000_000
LEAVES = 3_000_000

TRAINING = METHODS | {"apply_gradients", "minimize", "fit", "train_on_batch", "train_step"}
HELD = frozenset({"GT111"})
"""Rules whose findings point at a variable that an object holds and does not list."""
LISTS = frozenset({"trainable_variables", "trainable_weights", "variables", "weights"})
ASSIGNING = ("assign", "scatter_", "batch_scatter_")
"""How the names of methods begin that give a variable another value."""
OF_A_KIND = re.compile(r"(?P<base>.+) \((?P<kind>[\w, .]+)\)\Z")
"""``model.trainable_variables (Dense)``: some of several sources, by what they belong to."""


@dataclass(frozen=True, slots=True)
class Want:
    """One gradient that is claimed lost, as it is looked for.

    Attributes:
        mark: The number of the gradient call.
        outcome: The claimed outcome.
        source: The source's text.
        base: The text that can be found in the call: without what tells some of several sources apart.
        kind: What tells them apart, or None.
        groups: Which elements of the call's list of sources are meant; None where the text tells nothing.
        named: Whether the call's sources speak of the source at all.
        exception: The claimed exception's type, or None.
    """

    mark: int
    outcome: str
    source: str
    base: str
    kind: str | None
    groups: tuple[int, ...] | None
    named: bool
    exception: str | None


@dataclass(slots=True)
class Case:
    """What is looked at for one finding.

    Attributes:
        finding: The finding.
        wants: The gradients that it claims lost.
        place: The number of its place, or None where the program has no such place.
        statement: The flagged statement.
        expression: The flagged expression, where it is one.
        inside: The gradient calls that the flagged place belongs to.
        missing: The gradient calls that were not found.
        called: What the flagged place calls.
    """

    finding: Finding
    wants: list[Want] = field(default_factory=list)
    place: int | None = None
    statement: ast.stmt | None = None
    expression: ast.expr | None = None
    inside: frozenset[int] = frozenset()
    missing: list[str] = field(default_factory=list)
    called: frozenset[str] = frozenset()

    @property
    def assigns(self) -> bool:
        """Whether the flagged expression gives a variable another value."""
        node = self.expression
        return isinstance(node, ast.Call) and (last(node.func) or "").startswith(ASSIGNING)

    @property
    def element(self) -> bool:
        """Whether the flagged expression is a part of what a statement binds, or of one of several that it binds."""
        value = getattr(self.statement, "value", None)
        return value is not None and self.expression is not None and self.expression is not value

    @property
    def lines(self) -> range:
        """The flagged statement's lines in the program; its header's where it has a body."""
        if self.statement is None:
            return range(0)
        node: ast.stmt | ast.expr = self.expression if self.expression is not None else self.statement
        body = getattr(node, "body", None)
        end = node.end_lineno or node.lineno
        if isinstance(body, list) and body:
            end = max(node.lineno, body[0].lineno - 1)
        return range(node.lineno, end + 1)


class Plan:
    """What is looked at in one file.

    Attributes:
        cases: Its findings, in their order.
        meddles: What in the program refers to what observes it, or None.
        calls: The gradient calls by number.
        leaves: The inputs by number, with the names that they are given.
    """

    def __init__(self, source: Source, findings: Sequence[Finding], options: Options) -> None:
        """Parse the file and mark what is to be looked at.

        Raises:
            SyntaxError, ValueError, RecursionError: If it cannot be parsed.
        """
        self.source = source
        self.options = options
        tree = ast.parse(source.code)
        self.program = NamedProgram(tree)
        self.meddles = _meddles(tree)
        self.places = NodePlaces(source, tree)
        self.calls: dict[int, ast.Call] = {}
        self.leaves: dict[int, str] = {}
        self._numbers: dict[int, int] = {}
        self._known: dict[int, int] = {}
        self._slices: dict[int, frozenset[int]] = {}
        self._mark_calls()
        self.cases = [self._case(finding) for finding in findings]
        self._mark_loops()
        self._mark_leaves()

    def line(self, line: int) -> str:
        """A line of the program, for the user."""
        cell, position = self.source.locate(line, 0)
        return f"line {position.line}" if cell is None else f"{lines.cell(cell)}, line {position.line}"

    def texts(self) -> tuple[tuple[int, tuple[str, ...]], ...]:
        """For each gradient call that is claimed to lose something, the sources' texts."""
        found: dict[int, list[str]] = {}
        for case in self.cases:
            for want in case.wants:
                found.setdefault(want.mark, []).append(want.base)
        return tuple((mark, tuple(dict.fromkeys(texts))) for mark, texts in sorted(found.items()))

    def held(self) -> tuple[tuple[int, int, str], ...]:
        """The places that are claimed to make variables of which an object's ``trainable_variables`` know nothing."""
        places = [case.place for case in self.cases if case.finding.code in HELD and case.place is not None]
        owners = [(number, sources_of(call)) for number, call in sorted(self.calls.items())]
        return tuple(
            (place, number, ast.unparse(argument.value))
            for place in dict.fromkeys(places)
            for number, argument in owners
            if isinstance(argument, ast.Attribute) and argument.attr in LISTS
        )

    def each(self, mark: int) -> bool:
        """Whether the target of a gradient call is what a loop or a comprehension around it goes through."""
        call = self.calls[mark]
        name = call.args[0].id if call.args and isinstance(call.args[0], ast.Name) else None
        loops = [
            node
            for node in self.places.nodes()
            if isinstance(node, (ast.For, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp))
            and any(inner is call for inner in ast.walk(node))
        ]
        bound = [
            [node.target] if isinstance(node, ast.For) else [one.target for one in node.generators] for node in loops
        ]
        return name is not None and any(name in targets(target) for some in bound for target in some)

    def leads(self, case: Case, mark: int) -> bool:
        """Whether the target or the sources of a gradient call may depend on the flagged statement."""
        return case.statement is not None and not self.needed(mark).isdisjoint(self._leading(case))

    def needed(self, mark: int) -> frozenset[int]:
        """The lines of the statements that the target or the sources of a gradient call may depend on."""
        if mark not in self._slices:
            call = self.calls[mark]
            chain = enclosing(self.program.tree, call)
            kept = [id(call), *(id(place) for place in (callers(self.program, chain) if chain else ()))]
            tree = Slicer(self.program, kept).module()
            self._slices[mark] = frozenset(
                node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt) and hasattr(node, "lineno")
            )
        return self._slices[mark]

    @cached_property
    def turning(self) -> Turning:
        """What differs from turn to turn."""
        return Turning(self.program.tree)

    def _leading(self, case: Case) -> set[int]:
        """The lines that lead to the loss: the flagged one, and where it lies in another file each that leads there."""
        assert case.statement is not None
        lines = {case.statement.lineno}
        if isinstance(case.expression, ast.Call) and any(step.path is not None for step in case.finding.flow):
            called = ast.unparse(case.expression.func)
            lines |= {
                node.lineno for node in self.places.nodes() if isinstance(node, ast.stmt) and called in _called_in(node)
            }
        return lines

    # Marks.

    def _mark_calls(self) -> None:
        found = [
            node
            for node in self.places.nodes()
            if isinstance(node, ast.Call) and last(node.func) in METHODS and not self._of_library(node.func)
        ]
        found.sort(key=lambda node: (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset))
        for number, node in enumerate(found):
            self._number(node, number)

    def _number(self, node: ast.Call, number: int) -> int:
        self.calls[number] = node
        self._numbers[id(node)] = number
        marking.put(node, Mark("call", number))
        return number

    def _of_library(self, function: ast.expr) -> bool:
        """``np.gradient`` is no gradient of TensorFlow's; ``tf.gradients`` has another name."""
        return isinstance(function, ast.Attribute) and root(function) in self.program.libraries

    def _case(self, finding: Finding) -> Case:
        case = Case(finding)
        for gradient in finding.gradients:
            call = self.places.call(gradient)
            if call is None:
                case.missing.append(f"{gradient.method} on line {gradient.line}")
                continue
            number = self._numbers.get(id(call))
            if number is None:
                number = self._number(call, len(self.calls))
            case.wants.append(_want(number, call, gradient))
        case.expression, case.statement = self.places.flagged(finding)
        if case.statement is not None:
            self._mark_place(case)
        return case

    def _mark_place(self, case: Case) -> None:
        statement, expression = case.statement, case.expression
        assert statement is not None
        key = expression if expression is not None else statement
        case.inside = self._inside(key)
        case.called = families.called(expression or getattr(statement, "value", None), self.program)
        number = self._known.get(id(key))
        if number is None:
            number = self._known[id(key)] = FLAG + len(self._known)
            self._watch(number, statement, expression)
        case.place = number

    def _inside(self, key: ast.expr | ast.stmt) -> frozenset[int]:
        """The gradient calls that hold a place in themselves, or that make up most of it."""
        if isinstance(key, ast.stmt):
            value = getattr(key, "value", None)
            within = set(map(id, ast.walk(value))) if isinstance(value, ast.expr) else set()
            return frozenset(number for number, call in self.calls.items() if id(call) in within)
        return frozenset(number for number, call in self.calls.items() if any(inner is key for inner in ast.walk(call)))

    def _watch(self, number: int, statement: ast.stmt, expression: ast.expr | None) -> None:
        value = expression if expression is not None else getattr(statement, "value", None)
        if expression is None and isinstance(statement, ast.AugAssign) and (bound := _binds(statement)) is not None:
            marking.put(statement, Mark("updated", number, ast.unparse(bound)))
            marking.put(statement.value, Mark("operand", number))
        elif isinstance(value, ast.expr) and _loaded(value):
            marking.put(value, Mark("place", number))
            for node in _operands(value):
                if self._is_value(node):
                    marking.put(node, Mark("operand", number))
            for node in self.places.taken(value):
                marking.put(node, Mark("part", number))
        if isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
            return
        marking.put(statement, Mark("watched", number))
        bound = _binds(statement)
        if bound is not None:
            marking.put(statement, Mark("bound", number, ast.unparse(bound)))
        for inner in ast.walk(expression if expression is not None else statement):
            if isinstance(inner, ast.Call) and last(inner.func) == "apply_gradients":
                marking.put(inner, Mark("apply", number))

    def _is_value(self, node: ast.expr) -> bool:
        """Whether an operand may be a value of the program's, and not a library's name or a constant."""
        if isinstance(node, ast.Name):
            names = (self.program.libraries, _BUILTINS, self.program.definitions)
            return not any(node.id in known for known in names)
        if isinstance(node, ast.Attribute):
            return root(node) not in self.program.libraries
        if any(isinstance(inner, ast.Slice) for inner in ast.iter_child_nodes(node)):
            return False
        return isinstance(
            node, (ast.Call, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.List, ast.Tuple, ast.IfExp, ast.Compare)
        )

    def _mark_loops(self) -> None:
        """Loops that train, or that a flagged place stands in, are run for a few turns."""
        kept = {id(call) for call in self.calls.values()}
        training = self._training()
        numbers = itertools.count(LOOPS)
        for node in ast.walk(self.program.tree):
            if not isinstance(node, (ast.For, ast.While)):
                continue
            if any(id(inner) in kept or _trains(inner, training) for inner in ast.walk(node)):
                sort: marking.Sort = "turns" if isinstance(node, ast.For) else "more"
                marking.put(node, Mark(sort, next(numbers), limit=self.options.turns))
        for node in ast.walk(self.program.tree):
            if isinstance(node, ast.Call) and last(node.func) == "fit":
                for keyword in node.keywords:
                    if keyword.arg == "epochs":
                        keyword.value = ast.copy_location(ast.Constant(1), keyword.value)

    def _training(self) -> set[str]:
        """The functions that train: they ask for gradients, or call one that does."""
        found = set(TRAINING)
        while True:
            grown = found | {
                name
                for name, definitions in self.program.definitions.items()
                for definition in definitions
                if not isinstance(definition, ast.ClassDef)
                and any(_trains(inner, found) for inner in ast.walk(definition))
            }
            if grown == found:
                return found
            found = grown

    def _mark_leaves(self) -> None:
        numbers, made = itertools.count(LEAVES), itertools.count(MADE)
        for node in ast.walk(self.program.tree):
            if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                continue
            target = node.targets[0]
            if not isinstance(target, (ast.Name, ast.Attribute)):
                continue
            if inputs.is_input(node.value, self.program):
                number = next(numbers)
                self.leaves[number] = ast.unparse(target)
                marking.put(node.value, Mark("leaf", number, self.leaves[number]))
            elif isinstance(node.value, ast.Call) and inputs.makes_tensor(node.value.func, self.program):
                marking.put(node.value, Mark("leaf", next(made), ast.unparse(target)))


def _called_in(statement: ast.stmt) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(statement) if isinstance(node, ast.Call)}


_BUILTINS = frozenset(dir(builtins))


INWARD = frozenset(
    {"__closure__", "__wrapped__", "f_back", "f_locals", "f_globals", "gi_frame", "tb_frame", "cr_frame"}
)
"""Attributes through which a program finds the frames and closures of what looks on at it."""


def _meddles(tree: ast.Module) -> str | None:
    for node in ast.walk(tree):
        words = [str(value) for _, value in ast.iter_fields(node) if isinstance(value, str)]
        if isinstance(node, ast.alias):
            words = [node.name]
        for word in words:
            if marking.PROBE in word or word in INWARD or word.partition(".")[0] == "gradlint":
                return word[:80]
    return None


def _want(number: int, call: ast.Call, gradient: Gradient) -> Want:
    found = OF_A_KIND.match(gradient.source)
    base, kind = (found["base"], found["kind"]) if found else (gradient.source, None)
    return Want(
        number,
        gradient.outcome,
        gradient.source,
        base,
        kind,
        groups(call, base),
        names_source(call, base),
        gradient.exception,
    )


def names_source(call: ast.Call, text: str) -> bool:
    """Whether a gradient call's sources, as they are written, may be or hold what a text names.

    Sources that are a plain name or a call may hold anything; a list of them holds its elements alone.
    """
    argument = sources_of(call)
    if last(call.func) not in METHODS:
        return _speaks_of(call, text)  # One that asks for gradients by itself, as `fit` does, names no sources.
    if argument is None:
        return False
    with contextlib.suppress(SyntaxError, ValueError):
        text = ast.unparse(ast.parse(text, mode="eval"))
    whole = _same(argument, text)
    if isinstance(argument, (ast.List, ast.Tuple, ast.Set)):
        return whole or any(_may_be(element, text) for element in argument.elts)
    if isinstance(argument, ast.Dict):
        return whole or any(_may_be(element, text) for element in argument.values)
    return whole or _may_be(argument, text)


def _speaks_of(call: ast.Call, text: str) -> bool:
    """Whether a call has to do with what a text names: the model that it trains, or what it is given."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return True
    asked, there = ({one.id for one in ast.walk(part) if isinstance(one, ast.Name)} for part in (tree, call))
    return not asked or "super" in there or bool(asked & there)


def _same(node: ast.expr, text: str) -> bool:
    return "".join(ast.unparse(node).split()) == "".join(text.split())


def _may_be(node: ast.expr, text: str) -> bool:
    """Whether one element of the sources may be, or hold, what the text names."""
    written = "".join(ast.unparse(node).split())
    asked = "".join(text.split())
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(_may_be(element, text) for element in node.elts)
    return asked == written or asked.startswith((f"{written}[", f"{written}."))


def _binds(statement: ast.stmt) -> ast.expr | None:
    """What a statement binds, where it can be read again without doing anything."""
    if isinstance(statement, ast.Assign):
        found: ast.expr = statement.targets[0]
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign, ast.For)):
        found = statement.target
    else:
        return None
    named = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant)
    plain = (*named, ast.Tuple, ast.List, ast.Load, ast.Store, ast.Starred)
    if not all(isinstance(node, plain) for node in ast.walk(found)):
        return None
    if isinstance(found, (ast.Tuple, ast.List)) and not list(targets(found)):
        return None
    return ast.parse(ast.unparse(found), mode="eval").body


def _operands(value: ast.expr) -> Iterator[ast.expr]:
    """The expressions inside an expression that give it its values, outside of f-strings and of what is called."""
    waiting: list[ast.AST] = [value]
    while waiting:
        node = waiting.pop()
        called = node.func if isinstance(node, ast.Call) else None
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.JoinedStr, ast.expr_context)):
                continue
            waiting.append(child)
            if not isinstance(child, ast.expr) or not _loaded(child):
                continue
            if child is not called or isinstance(child, ast.Name):
                yield child


def _loaded(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and not isinstance(
        node, (ast.Starred, ast.Slice, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
    )


def _trains(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in names
