"""What a run shows though nothing was found: gradient calls that give None, NaN or an exception."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.confirm import exceptions
from gradlint.confirm.judge import untrusted
from gradlint.confirm.places import sources_of
from gradlint.confirm.reasons import first
from gradlint.finding import Confirmation, Finding, Gradient

if TYPE_CHECKING:
    from gradlint.confirm.plan import Plan
    from gradlint.confirm.protocol import Event, RunReport
    from gradlint.finding import Outcome

CODE, NAME = "GT000", "observed"


def findings(plan: Plan, report: RunReport, tensorflow: str | None) -> list[Finding]:
    """A finding for each gradient call that lost something in a file's run, where none of its findings speaks of it."""
    if untrusted(report) is not None:
        return []
    spoken = {want.mark for case in plan.cases for want in case.wants} | {
        mark for case in plan.cases for mark in case.inside
    }
    found = []
    for mark, call in sorted(plan.calls.items()):
        events = [] if mark in spoken else [*report.of("call", mark), *report.of("failed", mark)]
        lost = [gradient for event in events for gradient in _lost(plan, call, event)]
        if lost:
            found.append(_finding(plan, call, tuple(dict.fromkeys(lost)), tensorflow))
    return found


def _lost(plan: Plan, call: ast.Call, event: Event) -> list[Gradient]:
    if event["t"] == "failed":
        if not exceptions.borne_out(event["type"], event):
            return []
        return [_gradient(plan, call, _text(call), "error", event["type"])]
    outcomes: dict[str, Outcome] = {"none": "none", "nan": "nan"}
    texts = _texts(call, event)
    return [
        _gradient(plan, call, texts[place], outcomes[out], None)
        for place, out in enumerate(event["outs"])
        if out in outcomes and place < len(texts)
    ]


def _gradient(plan: Plan, call: ast.Call, source: str, outcome: Outcome, exception: str | None) -> Gradient:
    cell, start = plan.places.start(call)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else "gradient"
    target = ast.unparse(call.args[0]) if call.args else ""
    return Gradient(cell, start.line, start.column, method, target, source, outcome, exception)


def _text(call: ast.Call) -> str:
    argument = sources_of(call)
    return ast.unparse(argument) if argument is not None else ""


def _texts(call: ast.Call, event: Event) -> list[str]:
    """What each flattened source is called: its own text in a list of them, else that of the whole."""
    argument = sources_of(call)
    if isinstance(argument, (ast.List, ast.Tuple)) and len(argument.elts) == len(event["counts"]):
        pairs = zip(argument.elts, event["counts"], strict=True)
        return [ast.unparse(element) for element, count in pairs for _ in range(count)]
    return [_text(call)] * len(event["outs"])


def _finding(plan: Plan, call: ast.Call, lost: tuple[Gradient, ...], tensorflow: str | None) -> Finding:
    cell, start = plan.places.start(call)
    given = ", ".join(f"{_spoken(one)} for `{one.source}`" for one in lost)
    message = f"observed when the file was run, and not read from its code: this `{lost[0].method}` call gives {given}."
    detail = f"TensorFlow gave {_spoken(lost[0])} for {lost[0].source}"
    return Finding(
        CODE,
        NAME,
        "warning",
        message,
        plan.source.path,
        cell,
        start,
        plan.places.end(call),
        lost,
        confirmation=Confirmation("confirmed", first(detail), tensorflow),
        headline=f"this `{lost[0].method}` call lost a gradient when the file was run",
        happens=f"it gives {given}, which was not read from the code",
    )


def _spoken(gradient: Gradient) -> str:
    return {"none": "None", "nan": "NaN"}.get(gradient.outcome) or f"{gradient.exception}"
