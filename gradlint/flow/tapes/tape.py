"""What ``tf.GradientTape`` is: how a tape is made, and when it records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import BadCall
from gradlint.flow.libraries.models import LibraryCall, methods, models
from gradlint.flow.libraries.python import special
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Instance, Partial
from gradlint.flow.values.values import (
    Const,
    Join,
    LibObject,
    Number,
    Recording,
    StopRecording,
    Tape,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter


@models("gradient-tape")
def gradient_tape(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.GradientTape(...)``."""
    span = span_of(call.node)
    machine.recorder.made(span)
    given = dict(zip(("persistent", "watch_accessed_variables"), call.args, strict=False)) | call.kwargs
    for name in given:
        if name not in {"persistent", "watch_accessed_variables"} and not name.startswith("**"):
            machine.recorder.claim(BadCall(how="unknown-keyword", name=name), span, exception="TypeError")
            machine.raised("TypeError")
    persistent = flag(given.get("persistent"), default=False)
    accessed = flag(given.get("watch_accessed_variables"), default=True)
    tape = Tape(span, persistent, accessed)
    tape.born = machine.tick()
    tape.state["graphs"] = machine.graphs
    odd = given.get("persistent")
    if odd is not None and not isinstance(odd, Unknown | Number | Join) and persistent is None:
        tape.persistent_text = machine.text(call.node)
        tape.persistent = False
        machine.set(tape.state, "odd", True)
    machine.made_tapes.append(tape)
    return tape


def enter(machine: Interpreter, tape: Tape, node: ast.AST) -> None:
    """Begin a tape's recording, or go on with it."""
    recording = tape.state["recording"]
    if tape.state["open"] is True and tape.state["entered"] is True:
        machine.recorder.claim(BadCall(how="nested"), span_of(node), exception="ValueError")
        machine.raised("ValueError")
    if not isinstance(recording, Recording) or tape.state["used"] is not None:
        machine.recordings += 1
        recording = Recording(tape, machine.recordings, machine.tick())
        recording.where = machine.stack[-1] if machine.stack else None
        machine.set(tape.state, "recording", recording)
        machine.set(tape.state, "used", None)
    machine.set(tape.state, "open", True)
    machine.set(tape.state, "entered", True)
    machine.record_with((*machine.recording, recording))
    for leaf in tape.state.get("early", ()):
        machine.set(recording.watched, id(leaf), (leaf, machine.tick(), node, True))


def enter_class(machine: Interpreter, node: ast.AST) -> None:
    """``with tf.GradientTape as tape``: the class itself is no context manager."""
    machine.recorder.claim(BadCall(how="with-a-class"), span_of(node), exception="TypeError")
    machine.raised("TypeError")


def leave(machine: Interpreter, tape: Tape) -> None:
    """End a tape's block."""
    machine.set(tape.state, "open", False)
    machine.record_with(tuple(item for item in machine.recording if item.tape is not tape))


def pause(machine: Interpreter, tape: Tape) -> None:
    """Stop a tape's recording for a while."""
    machine.paused_spans.append((machine.tick(), 1 << 60))
    machine.set(tape.state, "paused", True)
    machine.record_with(tuple(item for item in machine.recording if item.tape is not tape))


def resume(machine: Interpreter, tape: Tape) -> None:
    """Go on with a tape's recording."""
    begin, _ = machine.paused_spans.pop()
    machine.paused_spans.insert(0, (begin, machine.tick()))
    machine.set(tape.state, "paused", False)
    if tape.state["open"] and tape.state["recording"] is not None and tape.state["used"] is None:
        machine.record_with((*machine.recording, tape.state["recording"]))


def reset(machine: Interpreter, tape: Tape, node: ast.AST) -> Value:
    """``tape.reset()``: what was recorded and watched is forgotten."""
    if tape.state["open"] is True:
        leave(machine, tape)
        machine.set(tape.state, "recording", None)
        machine.set(tape.state, "used", None)
        machine.set(tape.state, "reset", True)
        enter(machine, tape, node)
    return Const(None)


@methods(Tape, "reset")
def reset_method(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """``tape.reset()``."""
    return reset(machine, tape, call.node)


@methods(Tape, "stop_recording")
def stop_recording(_machine: Interpreter, tape: Tape, _call: LibraryCall) -> Value:
    """``tape.stop_recording()``."""
    return StopRecording(tape)


@methods(Tape, "__enter__", "_push_tape")
def enter_method(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """``tape.__enter__()``."""
    enter(machine, tape, call.node)
    return tape


@methods(Tape, "__exit__", "_pop_tape")
def exit_method(machine: Interpreter, tape: Tape, _call: LibraryCall) -> Value:
    """``tape.__exit__()``."""
    leave(machine, tape)
    return Const(None)


@methods(Tape, "gradients")
def no_such_method(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """``tape.gradients(...)``, which there is not."""
    cause = BadCall(how="unknown-method", name=call.name)
    machine.recorder.claim(cause, span_of(call.node), exception="AttributeError")
    machine.raised("AttributeError")
    return other_method(machine, tape, call)


@methods(Tape, "*")
def other_method(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """A method of a tape that is not followed."""
    return machine.unknown(call.name, call.node, [tape, *call.args], anything=True)


@methods("exit-stack", "enter_context")
def enter_context(machine: Interpreter, stack: LibObject, call: LibraryCall) -> Value:
    """``ExitStack.enter_context(manager)``."""
    entered = call.args[0] if call.args else None
    if isinstance(entered, Tape):
        enter(machine, entered, call.node)
        _at_exit(machine, stack, entered)
        return entered
    given = special.called(machine, entered, "__enter__", [], call.node) if isinstance(entered, Instance) else None
    if given is None or entered is None:
        return machine.foreign("call", call.node, [stack, *call.values])
    nothing = (Const(None),) * 3
    _at_exit(machine, stack, Partial(machine.attribute(entered, "__exit__", call.node), nothing, {}))
    return given


@methods("exit-stack", "callback")
def callback(machine: Interpreter, stack: LibObject, call: LibraryCall) -> Value:
    """``ExitStack.callback(function, *args)``."""
    if call.args:
        _at_exit(machine, stack, Partial(call.args[0], tuple(call.args[1:]), call.kwargs))
    return call.args[0] if call.args else Const(None)


def _at_exit(machine: Interpreter, stack: LibObject, step: Tape | Partial) -> None:
    machine.set(stack.state, "entered", (*stack.state.get("entered", ()), step))


def unwind(machine: Interpreter, stack: LibObject, node: ast.AST) -> None:
    """End an ``ExitStack``: what was entered is left, and what was registered is called, the last first."""
    for step in reversed(stack.state.get("entered", ())):
        if isinstance(step, Tape):
            leave(machine, step)
        else:
            machine.call(step, [], {}, node)
    machine.call_back()  # What a manager that is not followed does when it is left.


def flag(value: Value | None, *, default: bool) -> bool | None:
    """A flag's value, or None where it is not known or is no boolean."""
    if value is None:
        return default
    if isinstance(value, Const) and isinstance(value.value, bool):
        return value.value
    return None
