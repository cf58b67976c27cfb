"""Variables that a model holds, that the target depends on, and that its list of variables leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.causes import Untracked
from gradlint.flow.facts import Note
from gradlint.flow.values import dtypes
from gradlint.flow.values.values import LibObject, Params, Seq, Value, Variable

if TYPE_CHECKING:
    from gradlint.finding import Severity
    from gradlint.flow.facts import Asked
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.tapes.question import Asking


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A variable that a list of sources leaves out although the target reaches it.

    Attributes:
        variable: The variable.
        cause: What is claimed of it.
        asked: The gradient call.
    """

    variable: Variable | Params
    cause: Untracked
    asked: Asked


def note(asking: Asking, asked: list[Value]) -> None:
    """Remember what one gradient call asks for, and what its lists of variables leave out."""
    machine, call = asking.machine, asking.call
    if machine.ended is not None:
        return
    for source in asked:
        machine.asked_for[id(source)] = source
    held = (call.sources.extra or {}).get("untracked", ()) if isinstance(call.sources, Seq) else ()
    for variable in held:
        reached = all(variable in reach and id(variable) in reach.sure for reach in asking.reaches)
        if not _learns(variable) or (asked and not reached):
            continue
        cause = Untracked(name_of(asking, variable), isinstance(variable, Variable), not asked)
        asked_here = asking.written(machine.text(call.sources_node), call.sources_node, variable.span)
        machine.untracked.append(LeftOut(variable, cause, asked_here))


def _learns(variable: Variable | Params) -> bool:
    """Whether a variable is meant to learn, and is no state that the program writes itself."""
    if variable.span is None or variable.state.get("assigned"):
        return False
    return variable.trainable is True and not dtypes.is_discrete(dtypes.of(variable))


def name_of(asking: Asking, variable: Variable | Params) -> str:
    """How the program names a variable that an object holds: ``self.gain``."""
    owner = (asking.call.sources.extra or {}).get("owner") if isinstance(asking.call.sources, Seq) else None
    sought: Value = variable.owner if isinstance(variable, Params) else variable
    for name, held in (getattr(owner, "attrs", None) or {}).items():
        if held is sought:
            return f"self.{name}"
    if isinstance(variable, Params) and isinstance(variable.owner, LibObject):
        return asking.machine.text(variable.owner.span)
    return asking.machine.text(variable.span)


def judge(machine: Interpreter) -> None:
    """Claim those that no gradient call of the program asks for otherwise."""
    for one in machine.untracked:
        if id(one.variable) in machine.asked_for or one.variable.state.get("assigned") or one.variable.span is None:
            continue
        story = (
            Note(one.variable.span, f"`{one.cause.variable}` is made here"),
            Note(one.asked.span, "asks for the variables that are tracked"),
        )
        severity: Severity = "error" if one.cause.empty else "warning"
        machine.recorder.claim(one.cause, one.variable.span, severity, story=story, asked=one.asked)
