"""The probes of one finding: what to look at, and the programs to try until one of them reaches it."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.confirm import invent, marking
from gradlint.confirm.marking import Mark
from gradlint.confirm.names import DEFINITIONS, Program, last, parts, targets
from gradlint.confirm.places import METHODS, Places, groups
from gradlint.confirm.protocol import Want
from gradlint.confirm.slicing import Slicer, callers, enclosing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.confirm.options import Options
    from gradlint.finding import Finding
    from gradlint.sources.source import Source

FLAG = 1_000
"""The number of the mark on the flagged statement; gradient calls count from 0, the rest from beyond it."""

TRAINING = METHODS | {"apply_gradients", "minimize", "fit", "train_on_batch", "train_step"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One program to try.

    Attributes:
        tree: The sliced program, with its marks.
        ways: The expressions that call the function with invented arguments, or nothing where the file calls it.
        kind: ``slice``, ``whole`` or ``invented``.
    """

    tree: ast.Module
    ways: tuple[str, ...]
    kind: str

    def rendered(self, only: int | None = None) -> tuple[str, dict[int, int]]:
        """The program for the worker, and the user's lines of its lines.

        Args:
            only: The one way to try, by its place; all of them, one after the other, where None.
        """
        text, lines = marking.rendered(self.tree)
        if self.ways:
            ways = [way for way in enumerate(self.ways) if only in {None, way[0]}]
            tries = "".join(f"    or __gradlint__.attempt({place}, lambda: {way})\n" for place, way in ways)
            text += f"{self.preamble()}(\n    False\n{tries})\n"
        return text, lines

    def preamble(self) -> str:
        """The imports that invented arguments need."""
        bound = {
            alias.asname or alias.name
            for node in self.tree.body
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        names = {"tf": "import tensorflow as tf\n", "np": "import numpy as np\n"}
        return "".join(line for name, line in names.items() if name not in bound)


@dataclass(slots=True)
class Plan:
    """What is looked at for one finding.

    Attributes:
        finding: The finding.
        wants: The gradients that it claims lost.
        wanted: For each want, the finding's gradient.
        calls: The marked gradient calls by number.
        leaves: The program's inputs by number, where a trial may change them.
        flagged: The statement that the finding points at.
    """

    finding: Finding
    source: Source
    options: Options
    wants: list[Want] = field(default_factory=list)
    calls: dict[int, ast.Call] = field(default_factory=dict)
    leaves: dict[int, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    flagged: ast.stmt | None = None
    has_term: bool = False
    watched: bool = False
    program: Program = field(init=False)
    kept: list[ast.AST] = field(default_factory=list)
    whole_only: bool = False

    def __post_init__(self) -> None:
        tree = ast.parse(self.source.code)
        self.program = Program(tree)
        places = Places(self.source, tree)
        self._mark_calls(places)
        self._mark_flagged(places)
        self._mark_loops()
        if {want.outcome for want in self.wants} & {"nan", "partial"} or self.finding.code.startswith("GT6"):
            self._mark_leaves()

    @property
    def numbers_only(self) -> bool:
        """Whether the finding is about numbers and names no gradient: any gradient that is not finite bears it out."""
        return self.finding.code.startswith("GT6") and not self.finding.gradients

    def line(self, line: int) -> str:
        """A line of the program, for the user."""
        cell, position = self.source.locate(line, 0)
        return f"line {position.line}" if cell is None else f"cell {cell}, line {position.line}"

    def attempts(self) -> Iterator[Attempt]:
        """The programs to try, the smallest that is true to the file first."""
        anchor = next(iter(self.calls.values()), self.flagged)
        if anchor is None:
            return
        kept = [id(node) for node in self.kept]
        chain = enclosing(self.program.tree, anchor)
        if not chain:
            if not self.whole_only:
                yield Attempt(Slicer(self.program, kept).module(), (), "slice")
            yield Attempt(Slicer(self.program, kept, whole=True).module(), (), "whole")
            return
        through = callers(self.program, chain)
        if through:
            kept_too = kept + [id(place) for place in through]
            if not self.whole_only:
                yield Attempt(Slicer(self.program, kept_too).module(), (), "slice")
            yield Attempt(Slicer(self.program, kept_too, whole=True).module(), (), "whole")
        ways = invent.calls(self.program, chain, self.options.candidates)
        if ways:
            tree = Slicer(self.program, kept).module({chain[0].name})
            yield Attempt(tree, tuple(ways), "invented")

    def _mark_calls(self, places: Places) -> None:
        numbers: dict[int, int] = {}
        for gradient in self.finding.gradients:
            call = places.call(gradient)
            if call is None:
                self.missing.append(f"{gradient.method} on line {gradient.line}")
                continue
            number = numbers.setdefault(id(call), len(numbers))
            if number not in self.calls:
                self.calls[number] = call
                marking.put(call, Mark("call", number))
                self.kept.append(call)
            found = groups(call, gradient.source)
            self.wants.append(Want(number, gradient.outcome, gradient.source, found, gradient.exception))

    def _mark_flagged(self, places: Places) -> None:
        expression, statement = places.flagged(self.finding)
        self.flagged = statement
        if statement is None:
            return
        self.kept.append(statement)
        if any(want.outcome == "partial" for want in self.wants) and expression is not None and _loaded(expression):
            marking.put(expression, Mark("term", FLAG))
            self.has_term = True
        if not isinstance(statement, (*DEFINITIONS, ast.Import, ast.ImportFrom)):
            seen = expression is not None and _loaded(expression)
            if expression is not None and seen:
                marking.put(expression, Mark("seen", FLAG))
            marking.put(statement, Mark("raised", FLAG, limit=int(not seen)))
            self.watched = True
        self._mark_evidence(expression, statement)

    def _mark_evidence(self, expression: ast.expr | None, statement: ast.stmt) -> None:
        """Marks for findings that claim no gradient lost."""
        inside = list(ast.walk(statement)) if expression is None else list(ast.walk(expression))
        if not self.wants:
            inside = list(ast.walk(statement))
            for node in inside:
                if isinstance(node, ast.Call) and last(node.func) in METHODS and not _is_marked(node):
                    number = len(self.calls)
                    self.calls[number] = node
                    marking.put(node, Mark("call", number))
        for node in inside:
            if isinstance(node, ast.Call) and last(node.func) == "apply_gradients":
                marking.put(node, Mark("apply", FLAG + 1))
        if self.finding.code in {"GT403", "GT406"}:
            self._mark_tape(statement, expression)
        if self.finding.code == "GT505" and isinstance(statement, (ast.Assign, ast.AugAssign)):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            marking.put(statement, Mark("bound", FLAG + 3, ast.unparse(target)))
        if self.finding.code in {"GT109", "GT502"} or self.numbers_only:
            for node in ast.walk(self.program.tree):
                if isinstance(node, ast.Call) and last(node.func) in METHODS and not _is_marked(node):
                    marking.put(node, Mark("call", FLAG + 4))
                    self.kept += [] if self.finding.code == "GT502" else [node]

    def _mark_tape(self, statement: ast.stmt, flagged: ast.expr | None) -> None:
        """Count what is asked of a tape; the program must run on as far as the tape is spoken of."""
        self.whole_only = True
        header: list[ast.AST] = [statement]
        names = set[str]()
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            header = [item.context_expr for item in statement.items]
            for item in statement.items:
                names |= set(targets(item.optional_vars)) if item.optional_vars is not None else set()
        elif isinstance(statement, ast.Assign):
            names |= {name for target in statement.targets for name in targets(target)}
        for part in header:
            for node in ast.walk(part):
                if node is flagged or (isinstance(node, ast.Call) and (last(node.func) or "").endswith("GradientTape")):
                    marking.put(node, Mark("tape", FLAG + 2))
                    self.kept.append(node)
        for part in self.program.tree.body:
            if any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(part)):
                self.kept.append(part)

    def _mark_loops(self) -> None:
        marked = {id(node) for node in self.kept}
        training = self._training()
        numbers = itertools.count(2 * FLAG)
        for node in ast.walk(self.program.tree):
            if not isinstance(node, (ast.For, ast.While)):
                continue
            inside = list(ast.walk(node))
            if any(id(inner) in marked or _trains(inner, training) for inner in inside):
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
        numbers = itertools.count(3 * FLAG)
        for node in ast.walk(self.program.tree):
            if isinstance(node, ast.Assign) and self._is_input(node.value):
                target = node.targets[0]
                if len(node.targets) == 1 and isinstance(target, ast.Name):
                    number = next(numbers)
                    self.leaves[number] = target.id
                    marking.put(node.value, Mark("leaf", number, target.id))

    def _is_input(self, value: ast.expr) -> bool:
        """Whether an expression makes a value out of nothing that the program computed."""
        if isinstance(value, ast.Constant):
            return isinstance(value.value, float)
        if isinstance(value, ast.UnaryOp):
            return self._is_input(value.operand)
        if not isinstance(value, ast.Call):
            return False
        names = parts(value.func)
        if not names or self.program.modules.get(names[0], "").partition(".")[0] not in {
            "tensorflow",
            "numpy",
            "keras",
        }:
            return False
        if names[-1] in {"GradientTape", "Sequential", "Model", "Input"}:
            return False
        reads = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
        return reads <= self.program.libraries


def _is_marked(call: ast.Call) -> bool:
    return any(mark.sort == "call" for mark in marking.marks(call))


def _loaded(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load) and not isinstance(node, (ast.Starred, ast.Slice))


def _trains(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and last(node.func) in names
