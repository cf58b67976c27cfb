"""The programs that put a finding to the test: the file itself, another one that leads into it, a slice, a call with
invented arguments.
"""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gradlint.confirm import forgiving, invent, marking
from gradlint.confirm.slicing import Slicer, callers, enclosing
from gradlint.flow.facts import LED_BY
from gradlint.sources.project import stored

if TYPE_CHECKING:
    from gradlint.confirm.plan import Case, Plan


@dataclass(frozen=True, slots=True)
class Attempt:
    """One program to try.

    Attributes:
        tree: The program, with its marks.
        ways: The expressions that call the function with invented arguments, or nothing where the file calls it.
        kind: ``whole``, ``led``, ``lenient``, ``slice`` or ``invented``.
        leader: The whole path and the text of the program that is run and imports this one, or None.
    """

    tree: ast.Module
    ways: tuple[str, ...]
    kind: Literal["whole", "led", "lenient", "slice", "invented"]
    leader: tuple[str, str] | None = None

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


def whole(plan: Plan) -> Attempt:
    """The file as it is."""
    return Attempt(plan.program.tree, (), "whole")


def led(plan: Plan, case: Case) -> Attempt | None:
    """The file as it is, imported by the program whose call the finding is about; None where it is about no such."""
    path = next((step.path for step in case.finding.flow if step.note == LED_BY and step.path is not None), None)
    text = None if path is None or not path.endswith(".py") else stored(os.path.abspath(path))
    if path is None or not text:
        return None
    return Attempt(plan.program.tree, (), "led", (os.path.abspath(path), text))


def lenient(plan: Plan) -> Attempt:
    """The file as it is, but that it goes on after what fails or takes too long."""
    return Attempt(forgiving.module(plan.program.tree), (), "lenient")


def sliced(plan: Plan, case: Case) -> Attempt | None:
    """The smallest part of the file that comes to the finding's places as the file does; None where it never does."""
    anchor = _anchor(plan, case)
    if anchor is None:
        return None
    kept = _kept(plan, case)
    chain = enclosing(plan.program.tree, anchor)
    if chain:
        through = callers(plan.program, chain)
        if not through:
            return None
        kept += [id(place) for place in through]
    return Attempt(Slicer(plan.program, kept).module(), (), "slice")


def invented(plan: Plan, case: Case) -> Attempt | None:
    """Calls of the finding's function with invented arguments; None where the file itself may make the call."""
    anchor = _anchor(plan, case)
    chain = [] if anchor is None else enclosing(plan.program.tree, anchor)
    if not chain or callers(plan.program, chain):
        return None
    ways = invent.calls(plan.program, chain, plan.options.candidates)
    if not ways:
        return None
    tree = Slicer(plan.program, _kept(plan, case)).module({chain[0].name})
    return Attempt(tree, tuple(ways), "invented")


def _anchor(plan: Plan, case: Case) -> ast.AST | None:
    return plan.calls[case.wants[0].mark] if case.wants else case.statement


def _kept(plan: Plan, case: Case) -> list[int]:
    kept = [id(plan.calls[want.mark]) for want in case.wants]
    if case.statement is not None:
        kept.append(id(case.statement))
    if not case.wants:
        kept += [id(call) for call in plan.calls.values()]
    return kept
