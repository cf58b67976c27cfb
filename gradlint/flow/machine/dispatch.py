"""Calls of library functions by canonical name: TensorFlow, NumPy, Python's own, and what follows from the table."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.keras import calls as keras_calls
from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.libraries.keras.symbols import symbolic
from gradlint.flow.libraries.numpy import functions as numpy_calls
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.libraries.python import builtins as python_calls
from gradlint.flow.libraries.tensorflow import choosing as tensorflow_calls
from gradlint.flow.libraries.tensorflow import custom_gradients
from gradlint.flow.machine.imports import Imports
from gradlint.flow.tapes.tape import Tapes
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.names import LEAVING, SILENT, root
from gradlint.flow.values.program import Function, Generator, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Join,
    Known,
    LibObject,
    LostNone,
    Number,
    Params,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
    everywhere,
)
from gradlint.knowledge import options
from gradlint.knowledge.table import Effect, lookup

if TYPE_CHECKING:
    from gradlint.flow.values.values import Cut
    from gradlint.knowledge.table import Entry

_COMPARES = frozenset({
    "equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or", "logical_not",
    "logical_xor", "is_nan", "is_inf", "is_finite", "reduce_any", "reduce_all", "approximate_equal", "isclose",
    "is_non_decreasing", "is_strictly_increasing", "in_top_k", "where",
})  # fmt: skip

REAL_OF = {"complex64": "float32", "complex128": "float64"}
"""The dtype of a complex number's parts."""
MOST = 16
"""How long a list of tensors may be for each of them to be told apart."""
SOME = 3
"""How many items stand for those of a list of tensors whose length is not known."""


def _how_many(name: str, given: dict[str, Value]) -> int | None:
    """How many tensors a function gives a list of; None where that is not known."""
    parts = given.get("num_or_size_splits" if name.endswith(".split") else "num")
    if isinstance(parts, Seq):
        return len(parts.items.values) if parts.items.exact and len(parts.items.values) <= MOST else None
    number = parts.value if isinstance(parts, Const) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= MOST else None


class Library(Tapes, Imports):
    """The part of the machine that knows what library functions do."""

    def library_call(
        self, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
    ) -> Value:
        """Call something from a library."""
        package = root(name)
        passes = self.wrappers.passes(name)
        if passes is not None:
            given = [leaf for value in (*args, *kwargs.values()) for leaf in self.leaves(value)]
            cut = None if passes else self.cut(Kind.OPAQUE, node, self.callee(node), name, reason="library")
            return symbolic(self.tensor(node, given, op=name, cut=cut))
        if package in {"tensorflow", "keras"}:
            args = [self.consumed(value, node) for value in args]
            return symbolic(self.tensorflow_call(name, args, kwargs, node))
        if package == "numpy":
            return numpy_calls.call(self, name, args, kwargs, node)
        if package in SILENT:
            return Unknown("call", span_of(node))
        if package in LEAVING:
            made = Array(None, span_of(node))
            given = [leaf for value in (*args, *kwargs.values()) for leaf in self.leaves(value)]
            cut = self.cut(Kind.OPAQUE, node, self.callee(node), name, reason="library")
            if any(isinstance(leaf, Function | Unknown | Instance | LibObject) for leaf in given) or not given:
                return self.foreign("call", node, given)
            self.depend(made, given, cut)
            return made
        return python_calls.call(self, name, args, kwargs, node)

    def consumed(self, value: Value, node: ast.AST) -> Value:
        """What a library's function gets of an argument: of a generator its items, which it computes now."""
        if not isinstance(value, Generator):
            return value
        items, exact = self.iterate(value, node)
        return sequence(items, exact=exact, node=node)

    def callee(self, node: ast.AST) -> str:
        """What is called in a call, as it is written."""
        if isinstance(node, ast.Call):
            return self.text(node.func)
        return self.text(node)

    def tensorflow_call(self, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call something from TensorFlow or Keras."""
        if name == "tensorflow.GradientTape":
            return self.make_tape(args, kwargs, node)
        entry = lookup(name)
        if entry is not None:
            name = entry.name
        special = tensorflow_calls.SPECIAL.get(name)
        if special is not None:
            return special(self, name, args, kwargs, node)
        if name == "keras.models.clone_model":
            return keras.cloned(self, name, args, kwargs, node)
        kind = keras.family(name)
        if kind and kind != "dataset":
            return keras.make(self, name, kind, args, kwargs, node)
        if kind == "dataset" or name.startswith("tensorflow.data."):
            return tensorflow_calls.dataset(self, name, args, kwargs, node)
        if name.startswith("keras.applications."):
            return keras.make(self, name, "model", args, kwargs, node)
        if name.startswith("tensorflow.raw_ops."):
            return tensorflow_calls.raw(self, name, kwargs, node)
        given = [leaf for value in (*args, *kwargs.values()) for leaf in self.leaves(value)]
        if name.startswith(
            (
                "tensorflow.debugging.",
                "tensorflow.summary.",
                "tensorflow.config.",
                "tensorflow.print",
                "tensorflow.random.set_seed",
                "tensorflow.io.",
                "tensorflow.profiler.",
            )
        ) and not name.endswith(("check_numerics", "decode_csv", "decode_raw", "parse_tensor", "serialize_tensor")):
            return Unknown("call", span_of(node))
        if entry is None:
            functions = [leaf for leaf in given if isinstance(leaf, Function | Instance)]
            if functions:
                return self.foreign("call", node, given)
            return self.unknown("call", node, given)
        return self.by_table(entry, name, args, kwargs, node)

    # -- what follows from the table -------------------------------------------------------------------------------

    def by_table(self, entry: Entry, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call a function of the table: what becomes of a gradient goes by argument and by output."""
        entry = options.applied(entry, self.known_options(entry, args, kwargs))
        groups: list[tuple[Value, Effect, str | None]] = []
        given: list[tuple[int | str, Value]] = [*enumerate(args), *kwargs.items()]
        for key, value in given:
            parameter = entry.parameter(key)
            effect = parameter.effect if parameter is not None else Effect.UNKNOWN
            if effect is Effect.NOTENSOR and any(self.is_float_tensor(leaf) for leaf in self.leaves(value)):
                effect = Effect.UNKNOWN
            groups.append((value, effect, parameter.op if parameter is not None else None))
        for value, effect, _ in groups:
            if isinstance(value, LostNone) and effect is not Effect.NOTENSOR:
                self.none_used(value, node, "operation", "ValueError")
        doubtful = any(
            effect is Effect.UNKNOWN and any(self.is_float_tensor(leaf) for leaf in self.leaves(value))
            for value, effect, _ in groups
        )
        inputs = [leaf for value, effect, _ in groups if effect is not Effect.NOTENSOR for leaf in self.leaves(value)]
        if entry.result in {"ndarray", "number"}:
            made: Array | Number = (
                Array(None, span_of(node)) if entry.result == "ndarray" else Number("", span_of(node))
            )
            kind = Kind.NUMPY if entry.result == "ndarray" else Kind.PYTHON
            self.depend(made, inputs, self.cut(kind, node, self.callee(node), name))
            return made
        if entry.result in {"none", "string", "shape", "dtype"}:
            return Number("str" if entry.result == "string" else "", span_of(node))
        if entry.result in {"callable", "object", "instance", "variable"}:
            return self.foreign("call", node, inputs)
        names = [parameter.name for parameter in entry.parameters if parameter.passing == "positional"]
        kwargs = dict(zip(names, args, strict=False)) | kwargs
        outputs = entry.outputs
        if entry.result in {"tuple", "namedtuple"} and outputs:
            tensors = [
                self.output(entry, groups, node, name, output.effect, self.output_dtype(output.dtype, inputs, kwargs))
                for output in outputs
            ]
            made_seq = sequence(tensors, "tuple", node=node)
            made_seq.extra = {
                output.name: tensor for output, tensor in zip(outputs, tensors, strict=True) if output.name
            }
            return made_seq
        if entry.result == "list" and outputs and ".atleast_" not in name:
            count = _how_many(name, kwargs)
            described = [outputs[min(index, len(outputs) - 1)] for index in range(SOME if count is None else count)]
            parts = [
                self.output(entry, groups, node, name, output.effect, self.output_dtype(output.dtype, inputs, kwargs))
                for output in described
            ]
            made_list = sequence(parts, exact=count is not None, node=node)
            made_list.extra = {"alike": True}
            return made_list
        whole = outputs[0] if outputs else None
        dtype = self.output_dtype(whole.dtype, inputs, kwargs) if whole is not None and not doubtful else None
        if entry.effect is Effect.NOTFLOAT and dtypes.is_float(dtype):
            groups = [(value, Effect.UNKNOWN if given is Effect.NOTFLOAT else given, op) for value, given, op in groups]
        effect = whole.effect if whole is not None and len(outputs) == 1 else entry.effect
        return self.output(entry, groups, node, name, effect, dtype, kwargs)

    @staticmethod
    def known_options(entry: Entry, args: list[Value], kwargs: dict[str, Value]) -> dict[str, str]:
        """What is known of a call's arguments, as the table of options spells it."""
        given: list[tuple[int | str, Value]] = [*enumerate(args), *kwargs.items()]
        known: dict[str, str] = {}
        for key, value in given:
            parameter = entry.parameter(key)
            if parameter is None:
                continue
            dtype = dtypes.named(value) if isinstance(value, Known) else None
            if dtype is not None:
                known[parameter.name] = repr(dtype)
            elif isinstance(value, Const):
                known[parameter.name] = repr(value.value)
            elif isinstance(value, Tensor | Variable) and dtypes.is_float(value.dtype):
                known[parameter.name] = options.REAL if not str(value.dtype).startswith("complex") else options.GIVEN
        return known

    @staticmethod
    def is_float_tensor(value: Value) -> bool:
        """Whether a value may be a tensor that a tape differentiates."""
        if isinstance(value, Tensor | Variable):
            return not dtypes.is_discrete(value.dtype)
        return isinstance(value, Join | Params)

    def output(
        self,
        entry: Entry,
        groups: list[tuple[Value, Effect, str | None]],
        node: ast.AST,
        name: str,
        effect: Effect,
        dtype: str | None,
        named: dict[str, Value] | None = None,
    ) -> Tensor:
        """One tensor that a function of the table gives."""
        made = Tensor(dtype, span_of(node), name)
        for value, argument, op in groups:
            if argument is Effect.NOTENSOR:
                continue
            worse = effect in {Effect.NOTFLOAT, Effect.NONE, Effect.STATE} and len(entry.outputs) > 1
            chosen = effect if worse and argument is not Effect.UNKNOWN else argument
            leaves = [leaf for leaf in self.leaves(value) if not isinstance(leaf, Const)]
            cut, sure = self.effect_cut(chosen, node, name, op or entry.op, dtype)
            self.depend(made, leaves, cut, sure=sure)
        if not made.born:
            made.born = self.tick()
        made.extra = {"args": tuple(value for value, _, _ in groups), "named": named or {}}
        if self.compiled:
            made.extra["compiled"] = True
        if entry.result == "sparse":
            made.extra["composite"] = "sparse"
        return made

    def effect_cut(
        self, effect: Effect, node: ast.AST, name: str, op: str | None, dtype: str | None
    ) -> tuple[Cut | None, bool]:
        """The cut that an effect is, and whether what passes surely does."""
        callee = self.callee(node)
        if effect in {Effect.PASSES, Effect.ZERO}:
            return None, True
        if effect is Effect.RAISES and op:
            return self.cut(Kind.NO_GRADIENT, node, callee, name, exception=op), True
        if effect in {Effect.UNKNOWN, Effect.MIXED, Effect.RAISES}:
            return None, False
        if effect is Effect.LOOKUP:
            return self.cut(Kind.NO_GRADIENT, node, callee, name, op=op or ""), True
        if effect is Effect.STATE:
            return self.cut(Kind.ASSIGNED, node, callee, name), True
        if effect is Effect.VARIABLE:
            return self.cut(Kind.REWRAPPED, node, callee, name), True
        if effect is Effect.NOTFLOAT and (dtype == "bool" or name.rpartition(".")[2] in _COMPARES):
            return self.cut(Kind.COMPARISON, node, callee, name), True
        if name.endswith(".stop_gradient"):
            return self.cut(Kind.STOPPED, node, callee, name), True
        return self.cut(Kind.NON_DIFFERENTIABLE, node, callee, name, op=op or ""), True

    def output_dtype(self, described: str, inputs: list[Value], kwargs: dict[str, Value]) -> str | None:
        """The dtype of an output, as the table describes it."""
        if described in {"same", "real"}:
            found = None
            for leaf in inputs:
                if isinstance(leaf, Tensor | Variable | Array):
                    found = dtypes.of(leaf)
                    if found is None or dtypes.is_float(found):
                        break
                elif not isinstance(leaf, Const | Number):
                    return None
            if found is None and inputs and all(isinstance(leaf, Const | Number) for leaf in inputs):
                found = dtypes.of(sequence(inputs))
            return REAL_OF.get(str(found), found) if described == "real" else found
        if described.startswith("argument:"):
            _, parameter, *default = described.split(":")
            if parameter in kwargs:
                return dtypes.named(kwargs[parameter])
            return self.output_dtype(default[0], inputs, {}) if default else None
        return None if described == "?" else described

    # -- deferred to the modules of single libraries ---------------------------------------------------------------

    def object_call(self, value: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call an object of a library's class."""
        if value.family == "custom-gradient":
            return custom_gradients.call(self, value, args, kwargs, node)
        if value.family == numpy_objects.FAMILY:
            given = [leaf for arg in (*args, *kwargs.values()) for leaf in self.leaves(arg)]
            return numpy_objects.called(self, value, given, node, self.callee(node))
        return keras_calls.call_object(self, value, args, kwargs, node)

    def leaves_array(self, array: Array, value: Value, node: ast.AST) -> None:
        """A store into an array: what is stored leaves TensorFlow."""
        parents = [leaf for leaf in self.leaves(value) if not isinstance(leaf, Const)]
        if parents:
            holder = Array(array.dtype, span_of(node))
            self.depend(holder, parents, self.cut(Kind.NUMPY, node, "a store into an ndarray"))
            array.edges = (*array.edges, *everywhere(holder))

    def augment_variable(self, node: ast.AugAssign, left: Variable, right: Value) -> bool:
        """``v += x`` on a Variable: gives whether the name still holds it."""
        refused = isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow)
        detail = {"variable": self.text(node.target), "bound_line": str(node.lineno)}
        places = {"binding": span_of(node), "statement": span_of(node)}
        if left.keras is False and refused:
            self.recorder.claim(
                Kind.UPDATE_REBINDS,
                span_of(node),
                "error",
                detail={**detail, "reason": "augmented-variable", "exception": "RuntimeError"},
                places=places,
            )
            self.raised("RuntimeError")
            return True
        if left.keras is True:
            self.recorder.claim(
                Kind.UPDATE_REBINDS,
                span_of(node),
                "error",
                detail={**detail, "reason": "augmented-keras-variable"},
                places=places,
            )
        return False
