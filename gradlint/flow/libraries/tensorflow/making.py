"""TensorFlow functions that make a tensor or a Variable, or convert one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.models import argument
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

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import Special


def make_variable(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.Variable(...)`` and ``keras.Variable(...)``."""
    is_keras = name.startswith("keras.")
    initial = argument(args, kwargs, 0, "initializer" if is_keras else "initial_value")
    given = kwargs.get("dtype") or (args[2] if is_keras and len(args) > 2 else None)
    dtype = dtypes.named(given) if given is not None else None
    known = None
    callable_initial = isinstance(initial, Function | Bound | LibObject | Partial)
    if initial is not None and given is None and not callable_initial:
        dtype = "float32" if is_keras else dtypes.of(initial)
    if callable_initial and given is None:
        assert initial is not None
        inner = machine.call(initial, [], {}, node) if isinstance(initial, Function) else None
        dtype = dtypes.of(inner) if inner is not None else "float32" if is_keras else None
    if isinstance(initial, Const) and isinstance(initial.value, int | float):
        known = initial.value
    elif isinstance(initial, Tensor):
        known = initial.known
    flag = kwargs.get("trainable") or (args[1] if not is_keras and len(args) > 1 else None)
    if flag is None and is_keras and len(args) > 3:
        flag = args[3]
    trainable = True if flag is None else flag.value if isinstance(flag, Const) else None
    if "synchronization" in kwargs:
        trainable = False if machine.text(node).find("ON_READ") >= 0 else trainable
    if isinstance(trainable, int):
        trainable = bool(trainable)
    if trainable is not None and not isinstance(trainable, bool):
        trainable = True
    made = Variable(dtype, span_of(node), trainable=trainable, keras=is_keras)
    made.born = machine.tick()
    made.state["known"] = known
    made.state["initial"] = initial
    if initial is not None:
        parents = [leaf for leaf in machine.leaves(initial) if not isinstance(leaf, Const | Function | Bound)]
        machine.depend(made, parents, machine.cut(Kind.REWRAPPED, node, machine.callee(node), name))
    if initial is None and not kwargs and not args:
        made.dtype = None
    return made


def constant(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.constant`` and ``tf.convert_to_tensor``: the very object for a tensor, a new one for all else."""
    value = argument(args, kwargs, 0, "value")
    if value is None:
        return machine.unknown("constant", node, kwargs.values())
    given = kwargs.get("dtype")
    if given is None and len(args) > 1:
        given = args[1]
    asked = dtypes.named(given)
    shaped = "shape" in kwargs or len(args) > 2
    is_constant = name == "tensorflow.constant"
    if isinstance(value, Storage):
        value = value.base
    if isinstance(value, Join):
        return machine.tensor(node, [value], dtype=asked or dtypes.of(value), op=name)
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, Tensor):
        if not shaped and (asked is None or asked == value.dtype):
            return value
        shape = argument(args, kwargs, 2, "shape")
        axes, had = (len(shape.items.values) if isinstance(shape, Seq) else None), rank(value)
        if is_constant and axes is not None and had is not None and axes != had:
            cut = machine.cut(Kind.REWRAPPED, node, machine.callee(node), name, reason="reshaped")
            return machine.tensor(node, [value], dtype=asked or value.dtype, op=name, cut=cut)
        made = machine.tensor(node, [value], dtype=asked or value.dtype, op=name, sure=False)
        made.copy_of = value
        return made
    if isinstance(value, Variable | Params):
        if is_constant:
            cut = machine.cut(Kind.REWRAPPED, node, machine.callee(node), name, reason="constant-of-variable")
            return machine.tensor(node, [value], dtype=asked or dtypes.of(value), op=name, cut=cut)
        made = machine.tensor(node, [value], dtype=asked or dtypes.of(value), op="read")
        made.copy_of = value
        return made
    if isinstance(value, Unknown):
        made = machine.tensor(node, [value], dtype=asked, op=name, sure=False)
        made.copy_of = value
        made.extra = {"maybe_same": value}
        return made
    known = None
    if isinstance(value, Const) and isinstance(value.value, int | float):
        known = value.value
    elif isinstance(value, Array):
        known = value.known if isinstance(value.known, int | float) else None
    parents = [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)]
    made = machine.tensor(node, parents, dtype=asked or dtypes.of(value), op=name, known=known)
    made.extra = {"args": (value,)}
    return made


def identity(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.identity`` and the like: a fresh tensor that is connected."""
    value = argument(args, kwargs, 0, "input") or next(iter(kwargs.values()), None)
    if value is None:
        return machine.unknown("identity", node)
    if isinstance(value, Symbolic):
        return value
    parents = [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)]
    made = machine.tensor(node, parents, dtype=dtypes.of(value), op=name)
    if not isinstance(value, Seq):
        made.copy_of = value
    return made


def cast(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.cast``: passes between floats, loses everything else."""
    value = argument(args, kwargs, 0, "x")
    given = argument(args, kwargs, 1, "dtype")
    if name.rpartition(".")[2] != "cast" and name.rpartition(".")[2] not in {"saturate_cast"}:
        target = {"to_float": "float32", "to_int32": "int32", "to_int64": "int64", "to_double": "float64"}.get(
            name.rpartition(".")[2]
        )
    else:
        target = dtypes.named(given)
    if value is None:
        return machine.unknown("cast", node)
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, Tensor) and target is not None and value.dtype == target:
        return value
    source = dtypes.of(value)
    parents = [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)]
    if dtypes.is_discrete(target) and not dtypes.is_discrete(source):
        cut = machine.cut(Kind.CAST, node, machine.callee(node), name, dtype=str(target))
        return machine.tensor(node, parents, dtype=target, op=name, cut=cut)
    made = machine.tensor(
        node,
        parents,
        dtype=target,
        op=name,
        sure=target is not None,
        known=value.known if isinstance(value, Tensor) else None,
    )
    if not isinstance(value, Seq):
        made.copy_of = value
    return made


def image_dtype(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.image.convert_image_dtype``: a cast that scales."""
    return cast(machine, "tensorflow.cast", args, kwargs, node)


def filled(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.zeros``, ``tf.ones``, ``tf.eye``: constants."""
    given = kwargs.get("dtype") or (args[1] if len(args) > 1 and name.endswith(("zeros", "ones")) else None)
    dtype = dtypes.named(given) if given is not None else "float32"
    made = machine.tensor(node, [], dtype=dtype, op=name)
    made.extra = {"args": tuple(args) or tuple(value for key, value in kwargs.items() if key == "shape")}
    return made


def like(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.zeros_like``, ``tf.ones_like``: constants of another's shape."""
    value = args[0] if args else next(iter(kwargs.values()), Const(None))
    given = kwargs.get("dtype") or (args[1] if len(args) > 1 else None)
    cut = machine.cut(Kind.NON_DIFFERENTIABLE, node, machine.callee(node), name)
    dtype = dtypes.named(given) if given is not None else dtypes.of(value)
    return machine.tensor(
        node, [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)], dtype=dtype, op=name, cut=cut
    )


def number_range(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.range``: a constant, whatever its bounds."""
    values = [*args, *(kwargs[key] for key in ("start", "limit", "delta") if key in kwargs)]
    given = kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else dtypes.of(sequence(values))
    cut = machine.cut(Kind.NON_DIFFERENTIABLE, node, machine.callee(node), name)
    parents = [leaf for value in values for leaf in machine.leaves(value)]
    return machine.tensor(node, parents, dtype=dtype, op=name, cut=cut)


def random_values(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.random.normal`` and its kin: connected to their parameters, a constant otherwise."""
    given = kwargs.get("dtype")
    dtype = dtypes.named(given) if given is not None else None
    integers = name.endswith("uniform") and dtypes.is_discrete(dtype)
    if given is None:
        dtype = "float32"
    shape = ("shape", "dtype", "seed", "name")
    skip = 1
    if name.rpartition(".")[2].startswith("stateless_"):
        skip = 2
    parents = [leaf for value in args[skip:] for leaf in machine.leaves(value)]
    parents += [leaf for key, value in kwargs.items() if key not in shape for leaf in machine.leaves(value)]
    parents = [leaf for leaf in parents if not isinstance(leaf, Const | Known)]
    cut = machine.cut(Kind.NON_DIFFERENTIABLE, node, machine.callee(node), name) if integers else None
    made = machine.tensor(node, parents, dtype=dtype, op=name, cut=cut)
    made.extra = {"args": tuple(args) or tuple(value for key, value in kwargs.items() if key == "shape")}
    return made


def one_hot(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.one_hot``: a constant for its indices, its depth and its values."""
    parents = [leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value)]
    given = kwargs.get("dtype")
    cut = machine.cut(Kind.NON_DIFFERENTIABLE, node, machine.callee(node), name)
    parents = [leaf for leaf in parents if not isinstance(leaf, Const | Known)]
    return machine.tensor(
        node, parents, dtype=dtypes.named(given) if given is not None else "float32", op=name, cut=cut
    )


def keras_input(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``keras.Input(...)``: a symbolic tensor."""
    return Symbolic(span_of(node))


def slices(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``tf.IndexedSlices`` and ``tf.SparseTensor``: composites that are no source themselves."""
    given = [
        leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value) if not isinstance(leaf, Const)
    ]
    floats = [leaf for leaf in given if not dtypes.is_discrete(dtypes.of(leaf))]
    made = machine.tensor(node, given, dtype=dtypes.of(floats[0]) if floats else None, op=name)
    made.extra = {"composite": "sparse" if name.endswith("SparseTensor") else "slices"}
    return made


def parsed(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Functions that make a tensor of bytes or of a capsule."""
    given = [
        leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value) if not isinstance(leaf, Const)
    ]
    return machine.tensor(node, given, dtype=dtypes.named(argument(args, kwargs, 1, "out_type")), op=name)


CALLS: dict[str, Special] = {
    "tensorflow.Variable": make_variable, "keras.Variable": make_variable,
    "tensorflow.compat.v1.Variable": make_variable, "keras.backend.variable": make_variable,
    "tensorflow.constant": constant, "tensorflow.convert_to_tensor": constant,
    "keras.ops.convert_to_tensor": constant, "keras.backend.constant": constant, "tensorflow.identity": identity,
    "tensorflow.ensure_shape": identity, "tensorflow.debugging.check_numerics": identity, "tensorflow.cast": cast,
    "tensorflow.saturate_cast": cast, "keras.ops.cast": cast, "keras.backend.cast": cast,
    "tensorflow.compat.v1.to_float": cast, "tensorflow.compat.v1.to_int32": cast, "tensorflow.compat.v1.cast": cast,
    "tensorflow.zeros": filled, "tensorflow.ones": filled, "tensorflow.eye": filled, "keras.ops.zeros": filled,
    "keras.ops.ones": filled, "tensorflow.zeros_like": like, "tensorflow.ones_like": like,
    "keras.ops.zeros_like": like, "keras.ops.ones_like": like, "tensorflow.range": number_range,
    "keras.Input": keras_input, "tensorflow.one_hot": one_hot, "keras.ops.one_hot": one_hot,
    "keras.utils.to_categorical": one_hot, "tensorflow.random.normal": random_values,
    "tensorflow.random.uniform": random_values, "tensorflow.random.truncated_normal": random_values,
    "tensorflow.random.stateless_normal": random_values, "tensorflow.random.stateless_uniform": random_values,
    "tensorflow.random.stateless_truncated_normal": random_values, "keras.random.normal": random_values,
    "keras.random.uniform": random_values, "tensorflow.io.parse_tensor": parsed,
    "tensorflow.experimental.dlpack.from_dlpack": parsed, "tensorflow.image.convert_image_dtype": image_dtype,
    "tensorflow.IndexedSlices": slices, "tensorflow.SparseTensor": slices, "tensorflow.sparse.SparseTensor": slices,
}  # fmt: skip
"""What each of these functions gives, by its canonical name."""
