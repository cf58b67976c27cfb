"""TensorFlow functions that do more than pass a gradient on or lose it, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.models import argument
from gradlint.flow.libraries.tensorflow import control_flow as higher_order
from gradlint.flow.libraries.tensorflow import making as tensor_making
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Edge,
    Items,
    Join,
    Known,
    LibObject,
    Number,
    Pairs,
    Params,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import Special


def where(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.where``: connected to what is chosen from, never to the condition."""
    condition = argument(args, kwargs, 0, "condition")
    chosen = [value for value in (argument(args, kwargs, 1, "x"), argument(args, kwargs, 2, "y")) if value is not None]
    if name.startswith("keras."):
        chosen = [value for value in (argument(args, kwargs, 1, "x1"), argument(args, kwargs, 2, "x2")) if value]
    chosen = [value for value in chosen if not (isinstance(value, Const) and value.value is None)]
    steering = list(machine.leaves(condition)) if condition is not None else []
    if not chosen:
        cut = machine.cut(Kind.NON_DIFFERENTIABLE, node, machine.callee(node), name)
        return machine.tensor(node, steering, dtype="int64", op=name, cut=cut)
    parents = [leaf for value in chosen for leaf in machine.leaves(value)]
    floats = [dtypes.of(value) for value in chosen if isinstance(value, Tensor | Variable)]
    made = machine.tensor(node, parents, dtype=floats[0] if floats else dtypes.of(chosen[0]), op=name)
    made.extra = {"condition": condition, "args": tuple(chosen)}
    machine.depend(made, steering, machine.cut(Kind.CONDITION, node, machine.callee(node), name, reason="where"))
    return made


def indexed(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.gather`` and its kin: connected to the values, not to the indices."""
    first = argument(args, kwargs, 0, "params") or next(iter(kwargs.values()), Const(None))
    rest = [value for value in (*args[1:], *kwargs.values()) if value is not first]
    steering = [leaf for value in rest for leaf in machine.leaves(value) if not isinstance(leaf, Const | Known)]
    parents = [leaf for leaf in machine.leaves(first) if not isinstance(leaf, Const)]
    made = machine.tensor(node, parents, dtype=dtypes.of(first), op=name)
    made.copy_of = first if not isinstance(first, Seq) else None
    if steering:
        machine.depend(made, steering, machine.cut(Kind.CONDITION, node, machine.callee(node), name, reason="index"))
    return made


def resize(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.image.resize``: every method but ``area`` passes."""
    image = argument(args, kwargs, 0, "images")
    method = argument(args, kwargs, 2, "method")
    text = method.value if isinstance(method, Const) else method.name if isinstance(method, Known) else ""
    cut = None
    if str(text).lower().endswith("area"):
        cut = machine.cut(Kind.NO_GRADIENT, node, machine.callee(node), name, op="ResizeArea")
    parents = [leaf for leaf in machine.leaves(image) if not isinstance(leaf, Const)] if image is not None else []
    nearest = str(text).lower().endswith(("nearest", "nearest_neighbor"))
    dtype = dtypes.of(image) if nearest and image is not None else "float32"
    return machine.tensor(node, parents, dtype=dtype, op=name, cut=cut)


def nest(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.nest.flatten``, ``map_structure`` and ``pack_sequence_as``."""
    last = name.rpartition(".")[2]
    if last == "flatten" and args:
        exact = all(isinstance(value, Seq | Dict | Tensor | Variable | Const) for value in args)
        return sequence(list(machine.leaves(args[0])), exact=exact and _exact(args[0]), node=node)
    if last == "map_structure" and len(args) > 1:
        made = _mapped(machine, args[0], args[1:], node)
        if made is not None:
            return made
    return machine.unknown("nest", node, [*args, *kwargs.values()])


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


def clip_norm(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.clip_by_global_norm(list, norm)``: the list again, and the norm."""
    values = argument(args, kwargs, 0, "t_list")
    if not isinstance(values, Seq):
        given = [leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value)]
        return sequence(
            [machine.unknown("clipped", node, given), machine.tensor(node, given, dtype="float32")], "tuple"
        )
    made: list[Value] = []
    for item in values.items.values:
        if isinstance(item, Const):
            made.append(item)
            continue
        clipped = machine.tensor(
            node,
            [leaf for leaf in machine.leaves(values) if not isinstance(leaf, Const)],
            dtype=dtypes.of(item),
            op=name,
        )
        made.append(clipped)
    out = Seq(Items(tuple(made), values.items.exact), "list", span_of(node))
    out.extra = values.extra
    norm = machine.tensor(
        node, [leaf for leaf in machine.leaves(values) if not isinstance(leaf, Const)], dtype="float32", op=name
    )
    return sequence([out, norm], "tuple", node=node)


def scope(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.init_scope()``."""
    return LibObject("tensorflow.init_scope", "scope", span_of(node))


def assigned(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.compat.v1.assign(v, x)`` and its kin."""
    if args and isinstance(args[0], Variable):
        return assign(machine, args[0], args[1:], node, machine.callee(node))
    return machine.unknown("assign", node, args)


def assign(machine: Interpreter, variable: Variable | Params, given: list[Value], node: ast.AST, callee: str) -> Value:
    """A value goes into a Variable: its state cuts the way to what was assigned."""
    parents = [leaf for value in given for leaf in machine.leaves(value) if not isinstance(leaf, Const)]
    parents = [leaf for leaf in parents if leaf is not variable]
    machine.set(variable.state, "known", None)
    machine.set(variable.state, "assigned", True)
    if parents:
        holder = Number("", span_of(node))
        holder.born = machine.tick()
        cut = machine.cut(Kind.ASSIGNED, node, callee, variable=machine.name_of(variable))
        machine.depend(holder, parents, cut)
        variable.edges = (*variable.edges, *(Edge(edge.parent, edge.cut, seen=edge.seen) for edge in holder.edges))
    if isinstance(variable, Params) or variable.keras is not False:
        return variable
    made = machine.tensor(node, [variable], dtype=variable.dtype, op="read")
    made.copy_of = variable
    return made


def dataset(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """A ``tf.data`` pipeline: what goes in comes out as data."""
    made = LibObject(
        "tensorflow.data.Dataset", "dataset", span_of(node), tuple(v for v in args if not isinstance(v, Const))
    )
    if name.endswith(("from_tensor_slices", "from_tensors")) and args:
        made.state["element"] = args[0]
    elif name.endswith("zip") and args:
        parts = args[0].items.values if isinstance(args[0], Seq) else args
        elements = [part.state.get("element") for part in parts if isinstance(part, LibObject)]
        if elements and all(isinstance(element, Value) for element in elements):
            made.state["element"] = Seq(Items(tuple(e for e in elements if isinstance(e, Value))), "tuple")
    elif name.endswith("range"):
        made.state["element"] = Tensor("int64")
    return made


def leaves(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Functions that hand a tensor's value over to something else than TensorFlow's gradients."""
    given = [
        leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value) if not isinstance(leaf, Const)
    ]
    made = Array(None, span_of(node))
    machine.depend(made, given, machine.cut(Kind.PYTHON, node, machine.callee(node), name))
    return made


def unsupported(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.gradients`` in eager mode."""
    return machine.unknown("gradients", node, [*args, *kwargs.values()])


def unregistered(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Raw operations that forbid differentiation."""
    given = [
        leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value) if not isinstance(leaf, Const)
    ]
    op = name.rpartition(".")[2]
    return machine.tensor(
        node,
        given,
        dtype=dtypes.of(given[0]) if given else None,
        op=name,
        cut=machine.cut(Kind.NO_GRADIENT, node, machine.callee(node), name, op=op),
    )


RAW_NONE = frozenset({"Round", "Rint", "Floor", "Ceil", "FloorDiv", "Bucketize", "ArgMax", "ArgMin", "OnesLike",
                      "ZerosLike", "LogicalAnd", "Equal", "Greater", "Less", "NotEqual", "StopGradient"})  # fmt: skip
"""Raw operations whose gradient TensorFlow registers as none."""


def raw(machine: Interpreter, name: str, kwargs: dict[str, Value], node: ast.AST) -> Value:
    """A raw operation: those that TensorFlow knows to have no gradient lose it; of the others nothing is said."""
    op = name.rpartition(".")[2]
    given = {
        key: [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)] for key, value in kwargs.items()
    }
    parents = [leaf for leaves_ in given.values() for leaf in leaves_]
    if op in RAW_NONE:
        dtype = dtypes.of(parents[0]) if parents and op in {"Round", "Rint", "Floor", "Ceil"} else None
        cut = machine.cut(Kind.NON_DIFFERENTIABLE, node, machine.callee(node), name, op=op)
        return machine.tensor(node, parents, dtype=dtype, op=name, cut=cut)
    if op.startswith("ImageProjectiveTransform"):
        made = machine.tensor(node, given.get("images", []), op=name)
        cut = machine.cut(Kind.NON_DIFFERENTIABLE, node, machine.callee(node), name, op=op, reason="argument")
        machine.depend(made, given.get("transforms", []), cut)
        return made
    return machine.unknown("raw operation", node, parents)


SPECIAL: dict[str, Special] = {
    **tensor_making.CALLS, **higher_order.CALLS, "tensorflow.where": where,
    "keras.ops.where": where, "tensorflow.compat.v1.where": where, "tensorflow.experimental.numpy.where": where,
    "tensorflow.compat.v1.where_v2": where, "tensorflow.init_scope": scope, "tensorflow.compat.v1.assign": assigned,
    "tensorflow.compat.v1.assign_add": assigned, "tensorflow.compat.v1.assign_sub": assigned,
    "tensorflow.nest.flatten": nest, "tensorflow.nest.map_structure": nest, "tensorflow.nest.pack_sequence_as": nest,
    "tensorflow.clip_by_global_norm": clip_norm, "tensorflow.gradients": unsupported,
    "tensorflow.compat.v1.gradients": unsupported, "tensorflow.gather": indexed, "tensorflow.gather_nd": indexed,
    "tensorflow.nn.embedding_lookup": indexed, "tensorflow.boolean_mask": indexed, "keras.ops.take": indexed,
    "keras.ops.take_along_axis": indexed, "tensorflow.image.resize": resize,
    "tensorflow.compat.v1.image.resize": resize, "tensorflow.get_static_value": leaves,
    "tensorflow.make_ndarray": leaves, "tensorflow.experimental.dlpack.to_dlpack": leaves,
    "tensorflow.make_tensor_proto": leaves, "keras.backend.get_value": leaves, "keras.backend.eval": leaves,
    "keras.ops.convert_to_numpy": leaves, "tensorflow.raw_ops.PreventGradient": unregistered,
    "tensorflow.raw_ops.GuaranteeConst": unregistered,
}  # fmt: skip
"""What calls of these functions give, by canonical name."""
