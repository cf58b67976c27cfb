"""Judges how each tape was used, once the whole program has run: inside its block, persistent for nothing, never."""

from __future__ import annotations

import ast
from bisect import bisect_left
from typing import TYPE_CHECKING

from gradlint.flow.account import pay
from gradlint.flow.causes import AskedOnce, GradientInside, NeverAsked
from gradlint.flow.facts import Asked
from gradlint.flow.tapes.question import tape_name
from gradlint.flow.values.making import span_of
from gradlint.flow.values.trees import children

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.values.values import Recording, Tape, Value


def judge(machine: Interpreter) -> None:
    """Note what the tapes' uses show."""
    by_place: dict[object, list[Tape]] = {}
    for tape in machine.made_tapes:
        by_place.setdefault(tape.call, []).append(tape)
    needless = []
    for tapes in by_place.values():
        if any(tape.state["escaped"] is not False or id(tape) in machine.used_elsewhere for tape in tapes):
            continue
        _inside(machine, tapes)
        if any(tape.uses for tape in tapes):
            if _asked_once_each(tapes):
                needless.append(tapes)
        elif all(tape.state["entered"] is True for tape in tapes):
            named = machine.tape_names.get(id(tapes[0]), "tape")
            machine.recorder.claim(NeverAsked(named), tapes[0].call, "info")
    if needless:
        _persistent_for_nothing(machine, needless)


def _asked_once_each(tapes: list[Tape]) -> bool:
    """Whether the tapes of one place are persistent, and each answered one question at most, by one call."""
    uses = [use for tape in tapes for use in tape.uses]
    return (
        all(tape.persistent is True and len(tape.uses) <= 1 for tape in tapes)
        and len({id(use[0]) for use in uses}) == 1
        and not any(use[1] or use[3].method != "gradient" for use in uses)
    )


def _persistent_for_nothing(machine: Interpreter, places: list[list[Tape]]) -> None:
    """The persistent tapes that no loop asks again.

    Args:
        machine: The run.
        places: The tapes of each place, of which one call asked each once.
    """
    called = [(tapes[0].call, next(use[0] for tape in tapes for use in tape.uses)) for tapes in places]
    loops = _loops(machine.tree, sorted({line for tape, call in called for line in (tape.line, call.lineno)}))
    for tape, call in called:
        if loops.get(span_of(call), ()) == loops.get(tape, ()):
            machine.recorder.claim(AskedOnce(tape_name(call)), tape, "info")


def _inside(machine: Interpreter, tapes: list[Tape]) -> None:
    """A persistent tape that is asked inside its own block, where nothing differentiates the answer again."""
    for tape in tapes:
        if tape.persistent is not True:
            continue
        for node, is_open, recording, _ in tape.uses:
            if is_open is not True:
                continue
            needed = any(
                _comes_from(leaf, span_of(node), recording)
                for other, _, other_recording, question in tape.uses
                if other is not node and other_recording is recording
                for leaf in machine.leaves(question.target)
            )
            if needed or machine.differentiated_again(node):
                continue
            first = min(
                (use[0] for use in tape.uses if use[1] is True), key=lambda call: (call.lineno, call.col_offset)
            )
            target = _target(machine, first)
            asked = Asked(span_of(first), tape=tape_name(node), target=target, tape_call=tape.call)
            machine.recorder.claim(GradientInside(), span_of(first), "warning", asked=asked)


def _target(machine: Interpreter, call: ast.Call) -> str:
    """The target of a gradient call, as it is written."""
    written = [one.value for one in call.keywords if one.arg == "target"] + call.args[:1]
    return machine.text(written[0]) if written else ""


def _comes_from(value: Value, call: object, recording: Recording) -> bool:
    """Whether a value was computed, in a recording, from the gradient that a call gave."""
    stack, seen = [value], set()
    while stack:
        node = stack.pop()
        if getattr(node, "gradient_of", None) == call or getattr(node, "span", None) == call:
            return True
        pay(1)
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(edge.parent for edge in node.edges if edge.cut is None and recording in edge.seen)
    return False


def _loops(tree: ast.AST, lines: list[int]) -> dict[object, tuple[int, ...]]:
    """The loops around each call, by the call's place.

    Args:
        tree: The program.
        lines: The lines on which the calls begin, in order; others may be left out.
    """
    found: dict[object, tuple[int, ...]] = {}
    pending: list[tuple[ast.AST, tuple[int, ...]]] = [(tree, ())]
    while pending:
        node, loops = pending.pop()
        if isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.ListComp | ast.GeneratorExp | ast.DictComp):
            loops = (*loops, id(node))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            loops = ()
        elif isinstance(node, ast.Call):
            found[span_of(node)] = loops
        pending.extend((child, loops) for child in children(node) if _holds(child, lines))
    return found


def _holds(node: ast.AST, lines: list[int]) -> bool:
    """Whether a node stands on one of some lines; what has no place of its own may."""
    first: int | None = getattr(node, "lineno", None)
    if first is None:
        return True
    at = bisect_left(lines, first)
    return at < len(lines) and lines[at] <= (getattr(node, "end_lineno", None) or first)
