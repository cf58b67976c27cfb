"""What tapes watch, and what they refuse to watch."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.causes import RefusedWatch
from gradlint.flow.libraries.models import LibraryCall, methods
from gradlint.flow.tapes.question import tape_name
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Generator, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    LibObject,
    Number,
    Params,
    Recording,
    Seq,
    Storage,
    Symbolic,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.causes import NotWatched
    from gradlint.flow.interpreter import Interpreter


@methods(Tape, "watch")
def watch(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """``tape.watch(x)``."""
    node = call.node
    if len(call.args) > 1 and isinstance(node, ast.Call) and len(call.args) == len(node.args):
        together = ast.copy_location(ast.Tuple(elts=node.args, ctx=ast.Load()), node.args[0])
        together.end_lineno, together.end_col_offset = node.args[-1].end_lineno, node.args[-1].end_col_offset
        refuse(machine, tape, node, together, "two-arguments", "TypeError")
        watch_values(machine, tape, sequence(call.args, "tuple"), node)
    elif call.first is not None:
        watch_values(machine, tape, call.first, node)
    return Const(None)


def watch_values(machine: Interpreter, tape: Tape, value: Value, node: ast.AST) -> None:
    """``tape.watch(x)``."""
    machine.set(tape.state, "asked to watch", True)
    recording = tape.state["recording"]
    argument = node.args[0] if isinstance(node, ast.Call) and node.args else node
    if not isinstance(recording, Recording):
        if tape.state["entered"] is False and tape.state["escaped"] is False:
            machine.set(tape.state, "early", (*tape.state.get("early", ()), *watchable(machine, value)))
            refuse(machine, tape, node, argument, "not-entered", "AttributeError")
        return
    if isinstance(value, Generator):
        refuse(machine, tape, node, argument, "generator", "ValueError")
        value = sequence(machine.iterate(value, node)[0])
    if not is_whole(value):
        machine.set(tape.state, "watches more", True)
    there = _is_there(value)
    for leaf in watchable(machine, value):
        for option in _watched(leaf):
            if there or refused(option) is None:
                watch_one(machine, tape, recording, option, node, argument)
    if isinstance(value, Seq) and value.extra and value.extra.get("unknown") is not None:
        watch_one(machine, tape, recording, value.extra["unknown"], node, argument)


def is_whole(value: Value) -> bool:
    """Whether all that is watched with a value is in view: no variable stands in something that is not followed."""
    if isinstance(value, Seq):
        return value.items.exact and all(is_whole(item) for item in value.items.values)
    if isinstance(value, Join):
        return all(is_whole(option) for option in value.options)
    return not (isinstance(value, Unknown) and not value.computed)


def _is_there(value: Value) -> bool:
    """Whether what is seen of a value surely stands in it, and was not perhaps left out of a list."""
    if not isinstance(value, Seq):
        return True
    return not (value.extra or {}).get("filtered") and all(_is_there(item) for item in value.items.values)


def _watched(leaf: Value) -> tuple[Value, ...]:
    """What is watched of one of several values: those that a tape takes, or one where it surely takes none."""
    if not isinstance(leaf, Join):
        return (leaf,)
    reasons = [refused(option) for option in leaf.options]
    if None not in reasons and len(set(reasons)) == 1:
        return leaf.options[:1]
    return tuple(option for option, reason in zip(leaf.options, reasons, strict=True) if reason is None)


def watchable(machine: Interpreter, value: Value) -> list[Value]:
    """The leaves of what is watched, the storage of a ``keras.Variable`` told apart from the variable."""
    if isinstance(value, Seq):
        return [leaf for item in value.items.values for leaf in watchable(machine, item)]
    return [value] if isinstance(value, Storage) else list(machine.leaves(value))


def watch_one(
    machine: Interpreter, tape: Tape, recording: Recording, leaf: Value, node: ast.AST, argument: ast.AST
) -> None:
    """Watch one tensor or Variable."""
    reason = refused(leaf)
    if reason is not None and not (reason == "keras-variable" and machine.legacy_keras):
        machine.set(recording.watched, id(leaf), (leaf, machine.tick(), node, True))
        refuse(machine, tape, node, argument, reason, "ValueError")
        return
    if isinstance(leaf, Seq | Dict | Const):
        return
    if isinstance(leaf, Instance):
        for field in leaf.attrs.values():
            if isinstance(field, Tensor | Variable):
                watch_one(machine, tape, recording, field, node, argument)
    leaf = leaf.base if isinstance(leaf, Storage) else leaf
    if isinstance(leaf, Tensor) and machine.graphs > tape.state["graphs"]:
        return
    machine.set(recording.watched, id(leaf), (leaf, machine.tick(), node, tape.state["open"] is not False))
    machine.kept_alive.append(leaf)
    whole = leaf.extra.get("part of") if isinstance(leaf, Tensor) and leaf.extra else None
    if isinstance(whole, Tensor):
        machine.set(recording.watched, id(whole), (whole, machine.clock, node, True))


@methods(Tape, "watched_variables")
def watched_variables(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """``tape.watched_variables()``: the Variables that were used or watched, in the order of their making."""
    recording = tape.state["recording"]
    if not isinstance(recording, Recording) or tape.state["escaped"] is not False:
        return machine.unknown("watched variables", call.node, [tape], anything=True)
    found = [value for value in recording.used.values() if isinstance(value, Value)]
    found += [entry[0] for entry in recording.watched.values() if entry is not None]
    seen = {id(value): value for value in found if isinstance(value, Variable | Params)}
    whole = all(isinstance(value, Variable) for value in seen.values()) and not machine.escaped.edges
    values = sorted(seen.values(), key=lambda value: value.born)
    return Seq(Items(tuple(values), whole), "tuple", span_of(call.node))


def refuse(
    machine: Interpreter, tape: Tape, node: ast.AST, argument: ast.AST, what: NotWatched, exception: str
) -> None:
    """Note that TensorFlow refuses to watch something."""
    cause = RefusedWatch(what, machine.text(argument), tape_name(node), tape.call)
    machine.recorder.claim(cause, span_of(node), exception=exception)
    machine.raised(exception)


def refused_watch(tape: Tape, value: Value) -> bool:
    """Whether the program asked a tape to watch what it does not take, and so came no further."""
    recording = tape.state["recording"]
    return isinstance(recording, Recording) and id(value) in recording.watched and refused(value) is not None


def refused(leaf: Value) -> NotWatched | None:
    """Why TensorFlow refuses to watch a value, or None where it does not."""
    if isinstance(leaf, Variable):
        return "keras-variable" if leaf.keras is True else None
    if isinstance(leaf, Params):
        owner = leaf.owner
        is_keras = isinstance(owner, LibObject) and owner.name.startswith("keras.")
        return "keras-variable" if is_keras else None
    if isinstance(leaf, Array):
        return "ndarray"
    if isinstance(leaf, Const):
        return "none" if leaf.value is None else "string" if isinstance(leaf.value, str) else "number"
    if isinstance(leaf, Number) and leaf.kind in {"int", "float", "str"}:
        return "number"
    if isinstance(leaf, LibObject) and leaf.family in {"layer", "model"}:
        return "model" if leaf.family == "model" else "layer"
    if isinstance(leaf, Instance) and leaf.library.startswith("keras."):
        return "model"
    if isinstance(leaf, Symbolic):
        return "symbolic"
    return None
