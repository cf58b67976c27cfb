"""NumPy functions: a tensor that goes in comes out as an array, and its gradient stays behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Function, Generator, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Items,
    Known,
    Number,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter

KEEPING = frozenset({"numpy.flip", "numpy.rollaxis", "numpy.trim_zeros"})
"""The functions that keep a tensor a tensor (NumPy 2.4)."""
DISCRETE = frozenset({
    "argmax", "argmin", "argsort", "argwhere", "nonzero", "searchsorted", "shape", "size", "ndim", "where", "unique",
    "digitize", "count_nonzero", "flatnonzero", "isnan", "isinf", "isfinite", "greater", "less", "equal", "any", "all",
    "allclose", "isclose", "array_equal", "logical_and", "logical_or", "logical_not", "arange", "bincount",
    "random.choice",
    "random.randint", "random.permutation", "lexsort", "not_equal", "greater_equal", "less_equal", "sign",
})  # fmt: skip
"""Functions whose values choose, count or compare, so that no gradient is expected of them."""
_FLOATING = frozenset(
    {
        "zeros",
        "ones",
        "linspace",
        "random.rand",
        "random.randn",
        "random.normal",
        "random.uniform",
        "empty",
        "eye",
        "identity",
        "logspace",
        "random.random",
        "random.standard_normal",
    }
)
_SCALARS = {
    "float32": "float32",
    "float64": "float64",
    "float16": "float16",
    "int32": "int32",
    "int64": "int64",
    "bool_": "bool",
    "int8": "int8",
    "uint8": "uint8",
}


def call(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call a NumPy function."""
    short = name.removeprefix("numpy.")
    if short == "sum" and args and isinstance(args[0], Generator):
        # Up to NumPy 2.3 this is Python's own ``sum``, which adds tensors as tensors; later NumPy raises TypeError.
        return machine.library_call("builtins.sum", args, kwargs, node)
    args = [machine.consumed(value, node) for value in args]
    values = [leaf for value in (*args, *kwargs.values()) for leaf in machine.leaves(value)]
    values = [leaf for leaf in values if not isinstance(leaf, Const)]
    if any(isinstance(leaf, Function) for leaf in values) or short == "vectorize":
        return machine.foreign("call", node, values)
    if name in KEEPING and args and isinstance(args[0], Tensor):
        return machine.tensor(node, [args[0]], dtype=args[0].dtype, op=name)
    if short in {"seterr", "set_printoptions", "random.seed", "save", "savez", "savetxt", "testing.assert_allclose"}:
        return Const(None)
    if short in {"load", "loadtxt", "genfromtxt"}:
        return Array(None, span_of(node))
    given = kwargs.get("dtype")
    holds_objects = isinstance(given, Known) and given.name in {"builtins.object", "numpy.object_"}
    if holds_objects:
        made_objects = Array("object", span_of(node))
        machine.depend(made_objects, values, sure=False)
        return made_objects
    objects = any(isinstance(leaf, Array) and leaf.dtype == "object" for leaf in values)
    if objects or any(isinstance(leaf, Instance) for leaf in values):
        return machine.unknown("call", node, values)
    dtype = _dtype(short, args, kwargs)
    known: object = None
    if short in _SCALARS or short in {"array", "asarray"}:
        first = args[0] if args else None
        if isinstance(first, Const) and isinstance(first.value, int | float):
            known = first.value
        elif isinstance(first, Seq):
            known = first
    made = Array(dtype, span_of(node), known)
    carried = [leaf for leaf in values if isinstance(leaf, Tensor | Variable | Unknown | Symbolic) or leaf.edges]
    if short in {"shape", "ndim", "size", "zeros_like", "ones_like", "empty_like"}:
        return made if short.endswith("like") else Number("int", span_of(node))
    if short == "meshgrid":
        made_seq = Seq(_twice(made), "list", span_of(node))
        machine.depend(made, carried, machine.cut(Kind.NUMPY, node, machine.callee(node), name))
        return made_seq
    out = kwargs.get("out")
    machine.depend(made, carried, machine.cut(Kind.NUMPY, node, machine.callee(node), name))
    symbolic = any(machine.symbolic(leaf) for leaf in values)
    if symbolic and not short.startswith("random"):
        machine.leaves_graph(made, node, machine.callee(node), name, "NotImplementedError", Kind.NUMPY)
    if isinstance(out, Array):
        machine.leaves_array(out, made, node)
    return made


def _twice(made: Array) -> Items:
    return Items((made, made), exact=False)


def _dtype(short: str, args: list[Value], kwargs: dict[str, Value]) -> str | None:
    given = kwargs.get("dtype")
    if given is not None:
        return dtypes.named(given)
    if short in _SCALARS:
        return _SCALARS[short]
    if short in {"array", "asarray", "asanyarray", "ascontiguousarray"} and args:
        if len(args) > 1:
            return dtypes.named(args[1])
        return dtypes.of(args[0], numpy=True)
    if short == "arange":
        found = [dtypes.of(value, numpy=True) for value in args]
        if not found or any(dtype is None for dtype in found):
            return None
        return next((dtype for dtype in found if dtypes.is_float(dtype)), "int64")
    if short in {"random.randint", "argmax", "argmin", "argsort"}:
        return "int64"
    if short in DISCRETE:
        return "bool" if short in {"isnan", "isinf", "isfinite", "greater", "less", "equal", "any", "all"} else "int64"
    if short in _FLOATING:
        return "float64"
    if short in {"full"} and len(args) > 1:
        return dtypes.of(args[1], numpy=True)
    if args:
        return dtypes.of(args[0], numpy=True) if isinstance(args[0], Array | Tensor | Variable) else None
    return None
