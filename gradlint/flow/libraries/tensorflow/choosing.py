"""TensorFlow functions that do more than pass a gradient on or lose it, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.causes import BadCall, NoGradient, NonDifferentiable, Steering, ToPython
from gradlint.flow.libraries import table
from gradlint.flow.libraries.models import LibraryCall, models, tensors_in
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    Known,
    LibObject,
    Pairs,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter


@models("where")
def where(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.where``: connected to what is chosen from, never to the condition."""
    condition = call.argument(0, "condition")
    chosen = [value for value in (call.argument(1, "x"), call.argument(2, "y")) if value is not None]
    if call.name.startswith("keras."):
        chosen = [value for value in (call.argument(1, "x1"), call.argument(2, "x2")) if value]
    chosen = [value for value in chosen if not (isinstance(value, Const) and value.value is None)]
    steering = list(machine.leaves(condition)) if condition is not None else []
    if not chosen:
        cut = machine.cut(NonDifferentiable(*call.written(machine)), call.node)
        return machine.tensor(call.node, steering, dtype="int64", op=call.name, cut=cut)
    parents = [leaf for value in chosen for leaf in machine.leaves(value)]
    floats = [dtypes.of(value) for value in chosen if isinstance(value, Tensor | Variable)]
    made = machine.tensor(call.node, parents, dtype=floats[0] if floats else dtypes.of(chosen[0]), op=call.name)
    made.extra = {"condition": condition, "args": tuple(chosen)}
    machine.depend(made, steering, machine.cut(Steering(*call.written(machine), "side"), call.node))
    return made


@models("indexed")
def indexed(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.gather`` and its kin: connected to the values, not to the indices."""
    first = call.argument(0, "params") or next(iter(call.kwargs.values()), Const(None))
    limit = call.argument(2, "max_norm") if call.last == "embedding_lookup" else None
    rest = [value for value in (*call.args[1:], *call.kwargs.values()) if value is not first and value is not limit]
    steering = [leaf for value in rest for leaf in machine.leaves(value) if not isinstance(leaf, Const | Known)]
    parents = tensors_in(machine, first, *([limit] if limit is not None else []))
    made = machine.tensor(call.node, parents, dtype=dtypes.of(first), op=call.name)
    made.copy_of = first if not isinstance(first, Seq) else None
    if steering:
        machine.depend(made, steering, machine.cut(Steering(*call.written(machine), "element"), call.node))
    return made


@models("resize")
def resize(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.image.resize``: every method but ``area`` passes."""
    image = call.argument(0, "images")
    method = call.argument(2, "method")
    text = method.value if isinstance(method, Const) else method.name if isinstance(method, Known) else ""
    cut = None
    if str(text).lower().endswith("area"):
        cut = machine.cut(NoGradient(*call.written(machine), "ResizeArea"), call.node)
    parents = tensors_in(machine, image) if image is not None else []
    nearest = str(text).lower().endswith(("nearest", "nearest_neighbor"))
    dtype = dtypes.of(image) if nearest and image is not None else "float32"
    return machine.tensor(call.node, parents, dtype=dtype, op=call.name, cut=cut)


@models("nest")
def nest(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.nest.flatten``, ``map_structure`` and ``pack_sequence_as``."""
    last = call.last
    if last == "flatten" and call.args:
        exact = all(isinstance(value, Seq | Dict | Tensor | Variable | Const) for value in call.args)
        return sequence(list(machine.leaves(call.args[0])), exact=exact and _exact(call.args[0]), node=call.node)
    if last == "map_structure" and len(call.args) > 1:
        made = _mapped(machine, call.args[0], call.args[1:], call.node)
        if made is not None:
            return made
    return machine.unknown("nest", call.node, call.values)


def _mapped(machine: Interpreter, function: Value, nests: list[Value], node: ast.AST) -> Value | None:
    """A nest of the same shape, with what a function gives for its leaves; None where the shape is not known."""
    first = nests[0]
    if isinstance(first, Unknown | Join | Instance):
        return None
    if isinstance(first, Seq):
        columns = [value.items.values for value in nests if isinstance(value, Seq)]
        if len(columns) != len(nests):
            return None
        parts = [_mapped(machine, function, list(row), node) for row in zip(*columns, strict=False)]
        values = tuple(part for part in parts if part is not None)
        return Seq(Items(values, first.items.exact), first.kind, span_of(node)) if len(values) == len(parts) else None
    if isinstance(first, Dict):
        entries: list[tuple[Any, Value]] = []
        for key, _ in first.pairs.entries:
            row = [value.pairs.get(key) for value in nests if isinstance(value, Dict)]
            held = [value for value in row if value is not None]
            part = _mapped(machine, function, held, node) if len(held) == len(nests) else None
            if part is None:
                return None
            entries.append((key, part))
        return Dict(Pairs(tuple(entries), first.pairs.exact), span_of(node)) if first.pairs.exact else None
    return machine.call(function, nests, {}, node)


def _exact(value: Value) -> bool:
    if isinstance(value, Seq):
        return value.items.exact and all(_exact(item) for item in value.items.values)
    if isinstance(value, Dict):
        return value.pairs.exact
    return not isinstance(value, Unknown | Join)


@models("clip-norm")
def clip_norm(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.clip_by_global_norm(list, norm)``: the list again, and the norm."""
    values = call.argument(0, "t_list")
    if not isinstance(values, Seq):
        given = call.leaves(machine)
        return sequence(
            [machine.unknown("clipped", call.node, given), machine.tensor(call.node, given, dtype="float32")], "tuple"
        )
    made: list[Value] = []
    for item in values.items.values:
        if isinstance(item, Const):
            made.append(item)
            continue
        clipped = machine.tensor(
            call.node,
            tensors_in(machine, *call.values),
            dtype=dtypes.of(item),
            op=call.name,
        )
        made.append(clipped)
    out = Seq(Items(tuple(made), values.items.exact), "list", span_of(call.node))
    out.extra = values.extra
    norm = machine.tensor(
        call.node,
        tensors_in(machine, values),
        dtype="float32",
        op=call.name,
    )
    return sequence([out, norm], "tuple", node=call.node)


@models("scope")
def scope(_machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.init_scope()``."""
    return LibObject(call.name, "scope", span_of(call.node))


@models("leaves-tensorflow")
def leaves(machine: Interpreter, call: LibraryCall) -> Value:
    """Functions that hand a tensor's value over to something else than TensorFlow's gradients."""
    given = call.tensors(machine)
    made = Array(None, span_of(call.node))
    machine.depend(made, given, machine.cut(ToPython(*call.written(machine)), call.node))
    return made


@models("graph-only")
def unsupported(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.gradients``, which raises in eager mode."""
    if not machine.in_graph and not machine.alone and not machine.mentions("as_default", "map", "wrap_function"):
        cause = BadCall(*call.written(machine), how="tf.gradients")
        machine.recorder.claim(cause, span_of(call.node), exception="RuntimeError")
        machine.raised("RuntimeError")
    return machine.unknown("gradients", call.node, call.values)


@models("forbids-gradient")
def unregistered(machine: Interpreter, call: LibraryCall) -> Value:
    """Raw operations that forbid differentiation."""
    given = call.tensors(machine)
    op = call.last
    return machine.tensor(
        call.node,
        given,
        dtype=dtypes.of(given[0]) if given else None,
        op=call.name,
        cut=machine.cut(NoGradient(*call.written(machine), op), call.node),
    )


@models("raw-operation")
def raw(machine: Interpreter, call: LibraryCall) -> Value:
    """A raw operation: those that TensorFlow knows to have no gradient lose it; of the others nothing is said."""
    op = call.last
    given = {key: tensors_in(machine, value) for key, value in call.kwargs.items()}
    parents = [leaf for held in given.values() for leaf in held]
    if behaviours.has(call.name, "raw-none"):
        dtype = dtypes.of(parents[0]) if parents and behaviours.has(call.name, "raw-float") else None
        cut = machine.cut(NonDifferentiable(*call.written(machine), op), call.node)
        return machine.tensor(call.node, parents, dtype=dtype, op=call.name, cut=cut)
    if op.startswith("ImageProjectiveTransform"):
        made = machine.tensor(call.node, given.get("images", []), op=call.name)
        cut = machine.cut(NonDifferentiable(*call.written(machine), op, "argument"), call.node)
        machine.depend(made, given.get("transforms", []), cut)
        return made
    return machine.unknown("raw operation", call.node, parents)


@models("says-nothing")
def quiet(machine: Interpreter, call: LibraryCall) -> Value:
    """What reads, shows or sets something and gives no tensor that a gradient could pass."""
    if behaviours.has(call.last, "computes"):
        return table.by_name(machine, call)
    made = Unknown("call", span_of(call.node))
    machine.depend(made, call.tensors(machine), machine.cut(NonDifferentiable(*call.written(machine)), call.node))
    return made
