"""TensorFlow functions that make a tensor or a Variable, or convert one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint.flow.causes import CastAway, NonDifferentiable, Rewrapped
from gradlint.flow.libraries.models import LibraryCall, models, tensors_in
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.numbers import rank
from gradlint.flow.values.program import Bound, Function, Partial
from gradlint.flow.values.values import (
    Array,
    Const,
    Join,
    Known,
    LibObject,
    Params,
    Seq,
    Storage,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours
from gradlint.knowledge.packages import root

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter


@models("make-variable")
def make_variable(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.Variable(...)`` and ``keras.Variable(...)``."""
    is_keras = root(call.name) == "keras"
    initial = call.argument(0, "initializer" if is_keras else "initial_value")
    dtype = _variable_dtype(machine, call, initial, is_keras=is_keras)
    made = Variable(dtype, span_of(call.node), trainable=_trainable(machine, call, is_keras=is_keras), keras=is_keras)
    made.born = machine.tick()
    made.state["known"] = _known_number(initial)
    made.state["initial"] = initial
    if not is_keras and _is_of_another_shape(initial, call.kwargs.get("shape")):
        machine.ends(f"{machine.callee(call.node)}(shape=...)", "ValueError")
    if initial is not None:
        parents = [leaf for leaf in machine.leaves(initial) if not isinstance(leaf, Const | Function | Bound)]
        machine.depend(made, parents, machine.cut(Rewrapped(*call.written(machine)), call.node))
    return made


@models("make-transformed-variable")
def make_transformed_variable(machine: Interpreter, call: LibraryCall) -> Value:
    """``tfp.util.TransformedVariable(...)``: a Variable, of whose value each reading computes."""
    made = make_variable(machine, replace(call, args=call.args[:1]))
    if isinstance(made, Variable):
        made.state["transformed"] = True
        made.state["known"] = None
    return made


def _is_of_another_shape(initial: Value | None, shape: Value | None) -> bool:
    """Whether a Variable is given one number and a shape of several dimensions, which it refuses."""
    number = isinstance(initial, Const) and isinstance(initial.value, int | float)
    return number and isinstance(shape, Seq) and shape.items.exact and bool(shape.items.values)


def _known_number(initial: Value | None) -> object:
    """The number that a new Variable holds, where the program fixes it."""
    if isinstance(initial, Const):
        return initial.value if isinstance(initial.value, int | float) else None
    return initial.known if isinstance(initial, Tensor) else None


def _variable_dtype(machine: Interpreter, call: LibraryCall, initial: Value | None, *, is_keras: bool) -> str | None:
    """The dtype of a new Variable."""
    given = call.kwargs.get("dtype") or (call.args[2] if is_keras and len(call.args) > 2 else None)
    if given is not None or initial is None:
        return dtypes.named(given) if given is not None else None
    if isinstance(initial, Function):
        return dtypes.of(machine.call(initial, [], {}, call.node))
    if is_keras:
        return "float32"
    return None if isinstance(initial, Bound | LibObject | Partial) else dtypes.of(initial)


def _trainable(machine: Interpreter, call: LibraryCall, *, is_keras: bool) -> bool | None:
    """Whether a new Variable is trainable; None where that is not known."""
    place = 3 if is_keras else 1
    flag = call.kwargs.get("trainable") or (call.args[place] if len(call.args) > place else None)
    if "synchronization" in call.kwargs and "ON_READ" in machine.text(call.node):
        return False
    if flag is None:
        return True
    if not isinstance(flag, Const) or flag.value is None:
        return None
    return bool(flag.value) if isinstance(flag.value, int) else True


@models("constant")
def constant(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.constant`` and ``tf.convert_to_tensor``: the very object for a tensor, a new one for all else."""
    value = call.argument(0, "value")
    if value is None:
        return machine.unknown("constant", call.node, call.kwargs.values())
    asked = dtypes.named(call.kwargs.get("dtype") or call.argument(1, "dtype"))
    if isinstance(value, Storage):
        value = value.base
    if isinstance(value, Join):
        return machine.tensor(call.node, [value], dtype=asked or dtypes.of(value), op=call.name)
    if isinstance(value, Symbolic):
        return value
    refused = _refused_by_constant(machine, call, value)
    if refused is not None:
        return refused
    if isinstance(value, Tensor):
        return _constant_of_tensor(machine, call, value, asked)
    if isinstance(value, Variable | Params):
        return _constant_of_variable(machine, call, value, asked)
    if isinstance(value, Unknown):
        made = machine.tensor(call.node, [value], dtype=asked, op=call.name, sure=False)
        made.copy_of = value
        made.extra = {"maybe_same": value}
        return made
    held = value.value if isinstance(value, Const) else value.known if isinstance(value, Array) else None
    known = held if isinstance(held, int | float) else None
    parents = tensors_in(machine, value)
    made = machine.tensor(call.node, parents, dtype=asked or dtypes.of(value), op=call.name, known=known)
    made.extra = {"args": (value,)}
    return made


def _refused_by_constant(machine: Interpreter, call: LibraryCall, value: Value) -> Value | None:
    """What stands for the result where ``tf.constant`` raises: on Tensors in a list, and on what a graph computes.

    Observed with TensorFlow 2.21: ValueError for a list, TypeError for a Tensor and NotImplementedError for a Variable
    in a graph. ``tf.convert_to_tensor`` takes them all.
    """
    if not behaviours.has(call.name, "turns-constant"):
        return None
    if isinstance(value, Variable | Params) and machine.symbolic(value):
        cause = Rewrapped(*call.written(machine), "symbolic")
        made = machine.tensor(
            call.node, [value], dtype=dtypes.of(value), op=call.name, cut=machine.cut(cause, call.node)
        )
        machine.leaves_graph(made, call.node, cause, "NotImplementedError")
        return made
    held = [value] if isinstance(value, Tensor) else tensors_in(machine, value) if isinstance(value, Seq) else []
    of_graph = [one for one in held if isinstance(one, Tensor) and machine.symbolic(one)]
    in_list = [one for one in held if isinstance(one, Tensor | Variable)] if isinstance(value, Seq) else []
    if (not of_graph and not in_list) or (machine.in_graph and machine.mentions("run_functions_eagerly")):
        return None
    if machine.in_graph and not of_graph:
        return None
    cause = Rewrapped(*call.written(machine), "symbolic" if isinstance(value, Tensor) else "list")
    made = machine.tensor(call.node, held, dtype=dtypes.of(value), op=call.name, cut=machine.cut(cause, call.node))
    machine.doom(made, call.node, "TypeError" if of_graph else "ValueError")
    return made


def _constant_of_tensor(machine: Interpreter, call: LibraryCall, value: Tensor, asked: str | None) -> Value:
    """The tensor itself, unless it gets another dtype or shape."""
    shaped = "shape" in call.kwargs or len(call.args) > 2
    if not shaped and (asked is None or asked == value.dtype):
        return value
    shape = call.argument(2, "shape")
    axes, had = (len(shape.items.values) if isinstance(shape, Seq) else None), rank(value)
    if behaviours.has(call.name, "turns-constant") and axes is not None and had is not None and axes != had:
        cut = machine.cut(Rewrapped(*call.written(machine)), call.node)
        return machine.tensor(call.node, [value], dtype=asked or value.dtype, op=call.name, cut=cut)
    made = machine.tensor(call.node, [value], dtype=asked or value.dtype, op=call.name, sure=False)
    made.copy_of = value
    return made


def _constant_of_variable(
    machine: Interpreter, call: LibraryCall, value: Variable | Params, asked: str | None
) -> Value:
    """A Variable's value, which ``tf.constant`` takes away from it and ``tf.convert_to_tensor`` reads."""
    dtype = asked or dtypes.of(value)
    if behaviours.has(call.name, "turns-constant"):
        cut = machine.cut(Rewrapped(*call.written(machine)), call.node)
        return machine.tensor(call.node, [value], dtype=dtype, op=call.name, cut=cut)
    made = machine.tensor(call.node, [value], dtype=dtype, op="read")
    made.copy_of = value
    return made


@models("identity")
def identity(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.identity`` and the like: a fresh tensor that is connected."""
    value = call.argument(0, "input") or next(iter(call.kwargs.values()), None)
    if value is None:
        return machine.unknown("identity", call.node)
    if isinstance(value, Symbolic):
        return value
    parents = tensors_in(machine, value)
    made = machine.tensor(call.node, parents, dtype=dtypes.of(value), op=call.name)
    if not isinstance(value, Seq):
        made.copy_of = value
    return made


@models("cast")
def cast(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.cast``: passes between floats, loses everything else."""
    value = call.argument(0, "x")
    given = call.argument(1, "dtype")
    if call.last != "cast" and call.last not in {"saturate_cast"}:
        target = {"to_float": "float32", "to_int32": "int32", "to_int64": "int64", "to_double": "float64"}.get(
            call.last
        )
    else:
        target = dtypes.named(given)
    if value is None:
        return machine.unknown("cast", call.node)
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, Tensor) and (value.dtype == target or _may_keep(value, target)):
        return value
    source = dtypes.of(value)
    parents = tensors_in(machine, value)
    if dtypes.is_discrete(target) and not dtypes.is_discrete(source):
        cut = machine.cut(CastAway(*call.written(machine), str(target)), call.node)
        return machine.tensor(call.node, parents, dtype=target, op=call.name, cut=cut)
    made = machine.tensor(
        call.node,
        parents,
        dtype=target,
        op=call.name,
        sure=target is not None,
        known=value.known if isinstance(value, Tensor) else None,
    )
    if not isinstance(value, Seq):
        made.copy_of = value
    if isinstance(value, Tensor) and (target is None or value.dtype is None):
        # A tensor that is of the type already is given back as it is (TensorFlow 2.21).
        made.extra = {**(made.extra or {}), "same": value}
    return made


def _may_keep(value: Tensor, target: str | None) -> bool:
    """Whether a cast may have nothing to do, so that it gives the very tensor: it is open which object stands there."""
    if target is None:
        return not dtypes.is_discrete(value.dtype)
    return value.dtype is None and not dtypes.is_discrete(target)


@models("image-dtype")
def image_dtype(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.image.convert_image_dtype``: a cast that scales."""
    return cast(machine, replace(call, name=behaviours.the("cast")))


@models("filled")
def filled(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.zeros``, ``tf.ones``, ``tf.eye``: constants."""
    given = call.kwargs.get("dtype") or (
        call.args[1] if len(call.args) > 1 and call.name.endswith(("zeros", "ones")) else None
    )
    dtype = dtypes.named(given) if given is not None else "float32"
    made = machine.tensor(call.node, [], dtype=dtype, op=call.name)
    made.extra = {"args": tuple(call.args) or tuple(value for key, value in call.kwargs.items() if key == "shape")}
    return made


@models("constant-like")
def like(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.zeros_like``, ``tf.ones_like``: constants of another's shape."""
    value = call.args[0] if call.args else next(iter(call.kwargs.values()), Const(None))
    given = call.kwargs.get("dtype") or (call.args[1] if len(call.args) > 1 else None)
    cut = machine.cut(NonDifferentiable(*call.written(machine)), call.node)
    dtype = dtypes.named(given) if given is not None else dtypes.of(value)
    return machine.tensor(
        call.node,
        tensors_in(machine, value),
        dtype=dtype,
        op=call.name,
        cut=cut,
    )


@models("range")
def number_range(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.range``: a constant, whatever its bounds."""
    values = [*call.args, *(call.kwargs[key] for key in ("start", "limit", "delta") if key in call.kwargs)]
    given = call.kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else dtypes.of(sequence(values))
    cut = machine.cut(NonDifferentiable(*call.written(machine)), call.node)
    parents = [leaf for value in values for leaf in machine.leaves(value)]
    return machine.tensor(call.node, parents, dtype=dtype, op=call.name, cut=cut)


@models("random-values")
def random_values(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.random.normal`` and its kin: connected to their parameters, a constant otherwise."""
    given = call.kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else None
    integers = call.name.endswith("uniform") and dtypes.is_discrete(dtype)
    if given is None:
        dtype = "float32"
    shape = ("shape", "dtype", "seed", "name")
    skip = 1
    if call.last.startswith("stateless_"):
        skip = 2
    parents = [leaf for value in call.args[skip:] for leaf in machine.leaves(value)]
    parents += [leaf for key, value in call.kwargs.items() if key not in shape for leaf in machine.leaves(value)]
    parents = [leaf for leaf in parents if not isinstance(leaf, Const | Known)]
    cut = machine.cut(NonDifferentiable(*call.written(machine)), call.node) if integers else None
    made = machine.tensor(call.node, parents, dtype=dtype, op=call.name, cut=cut)
    made.extra = {"args": tuple(call.args) or tuple(value for key, value in call.kwargs.items() if key == "shape")}
    return made


@models("one-hot")
def one_hot(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.one_hot``: a constant for its indices, its depth and its values."""
    parents = call.leaves(machine)
    given = call.kwargs.get("dtype")
    cut = machine.cut(NonDifferentiable(*call.written(machine)), call.node)
    parents = [leaf for leaf in parents if not isinstance(leaf, Const | Known)]
    return machine.tensor(
        call.node, parents, dtype=dtypes.named(given) if given is not None else "float32", op=call.name, cut=cut
    )


@models("keras-input")
def keras_input(_machine: Interpreter, call: LibraryCall) -> Value:
    """``keras.Input(...)``: a symbolic tensor."""
    return Symbolic(span_of(call.node))


@models("slices")
def slices(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.IndexedSlices`` and ``tf.SparseTensor``: composites that are no source themselves."""
    given = call.tensors(machine)
    floats = [leaf for leaf in given if not dtypes.is_discrete(dtypes.of(leaf))]
    made = machine.tensor(call.node, given, dtype=dtypes.of(floats[0]) if floats else None, op=call.name)
    is_sparse = call.name.endswith("SparseTensor")
    made.extra = {"composite": "sparse" if is_sparse else "slices"}
    _hold_values(made, call.argument(1 if is_sparse else 0, "values"))
    return made


@models("ragged-of")
def ragged_of(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.RaggedTensor.from_row_splits`` and its siblings: rows of values, which the whole goes on holding."""
    values = call.argument(0, "flat_values" if ".from_nested_" in call.name else "values")
    made = machine.tensor(call.node, call.tensors(machine), dtype=dtypes.of(values) if values else None, op=call.name)
    _hold_values(made, values)
    return made


def _hold_values(made: Tensor, values: Value | None) -> None:
    """The values of a composite are the very tensor that it was made of; of a Variable they are what it held."""
    if not isinstance(values, Tensor):
        return
    flat = (values.extra or {}).get("part flat_values", values)
    made.extra = {**(made.extra or {}), "part values": values, "part flat_values": flat}


@models("unknown-tensor")
def parsed(machine: Interpreter, call: LibraryCall) -> Value:
    """Functions that make a tensor of bytes or of a capsule."""
    given = call.tensors(machine)
    return machine.tensor(call.node, given, dtype=dtypes.named(call.argument(1, "out_type")), op=call.name)
