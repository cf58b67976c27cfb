"""What a callable of the measured table gives: what becomes of a gradient goes by argument and by output."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gradlint.flow.causes import (
    Assigned,
    Compared,
    NoGradient,
    NonDifferentiable,
    Rewrapped,
    Stopped,
    ToNumpy,
    ToPython,
)
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Function, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Join,
    Known,
    LostNone,
    Number,
    Params,
    Seq,
    Tensor,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours, options
from gradlint.knowledge.table import Effect, lookup

if TYPE_CHECKING:
    from gradlint.flow.facts import Cause, Cut
    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.libraries.models import LibraryCall
    from gradlint.knowledge.table import Entry, Output

REAL_OF = {"complex64": "float32", "complex128": "float64"}
"""The dtype of a complex number's parts."""
MOST = 16
"""How long a list of tensors may be for each of them to be told apart."""
SOME = 3
"""How many items stand for those of a list of tensors whose length is not known."""


@dataclass(slots=True)
class Passage:
    """One argument on its way through a callable.

    Attributes:
        value: The argument.
        effect: What becomes of its gradient.
        op: The operation that stops it, where there is one.
    """

    value: Value
    effect: Effect
    op: str | None


@dataclass(slots=True)
class TableCall:
    """A call of a callable of the table.

    Attributes:
        call: The call.
        entry: What is known of the callable, with the options that the call gives.
        passages: The arguments, in their order.
        named: The arguments by their parameters' names.
        inputs: What stands for tensors in the arguments that take any.
        doubtful: Whether a tensor goes in of which nothing is known.
    """

    call: LibraryCall
    entry: Entry
    passages: list[Passage]
    named: dict[str, Value]
    inputs: list[Value] = field(default_factory=list)
    doubtful: bool = False


def call(machine: Interpreter, entry: Entry, given: LibraryCall) -> Value:
    """What a call of a callable of the table gives."""
    entry = options.applied(entry, _known_options(entry, given))
    made = _table_call(machine, entry, given)
    _none_goes_in(machine, made)
    plain = _plain_result(machine, made)
    if plain is not None:
        return plain
    made.named = _named(entry, given)
    if entry.result in {"tuple", "namedtuple"} and entry.outputs:
        return _several(machine, made)
    if entry.result == "list" and entry.outputs and ".atleast_" not in given.name:
        return _list(machine, made)
    return _one(machine, made)


def by_name(machine: Interpreter, given: LibraryCall) -> Value:
    """What a call of a callable gives, whether the table has it or not."""
    entry = lookup(given.name)
    if entry is not None:
        return call(machine, entry, given)
    leaves = given.leaves(machine)
    if any(isinstance(leaf, Function | Instance) for leaf in leaves):
        return machine.foreign("call", given.node, leaves)
    return machine.unknown("call", given.node, leaves)


def _arguments(given: LibraryCall) -> list[tuple[int | str, Value]]:
    return [*enumerate(given.args), *given.kwargs.items()]


def _named(entry: Entry, given: LibraryCall) -> dict[str, Value]:
    """The arguments by name, as far as their parameters have one."""
    names = [parameter.name for parameter in entry.parameters if parameter.passing == "positional"]
    return dict(zip(names, given.args, strict=False)) | given.kwargs


def _table_call(machine: Interpreter, entry: Entry, given: LibraryCall) -> TableCall:
    passages: list[Passage] = []
    for key, value in _arguments(given):
        parameter = entry.parameter(key)
        effect = parameter.effect if parameter is not None else Effect.UNKNOWN
        if effect is Effect.NOTENSOR and _may_be_float(machine, value):
            effect = Effect.UNKNOWN
        passages.append(Passage(value, effect, parameter.op if parameter is not None else None))
    doubtful = any(one.effect is Effect.UNKNOWN and _may_be_float(machine, one.value) for one in passages)
    inputs = [leaf for one in passages if one.effect is not Effect.NOTENSOR for leaf in machine.leaves(one.value)]
    return TableCall(given, entry, passages, {}, inputs, doubtful)


def _none_goes_in(machine: Interpreter, made: TableCall) -> None:
    """A gradient that is None goes in where a tensor is wanted."""
    for one in made.passages:
        if isinstance(one.value, LostNone) and one.effect is not Effect.NOTENSOR:
            machine.none_used(one.value, made.call.node, "operation", "ValueError")


def _plain_result(machine: Interpreter, made: TableCall) -> Value | None:
    """What comes out where it is no tensor; None where one or several do."""
    result, given = made.entry.result, made.call
    if result in {"ndarray", "number"}:
        span = span_of(given.node)
        value: Array | Number = Array(None, span) if result == "ndarray" else Number("", span)
        cause = ToNumpy if result == "ndarray" else ToPython
        machine.depend(value, made.inputs, machine.cut(cause(*given.written(machine)), given.node))
        return value
    if result in {"none", "string", "shape", "dtype"}:
        return Number("str" if result == "string" else "", span_of(given.node))
    if result in {"callable", "object", "instance", "variable"}:
        return machine.foreign("call", given.node, made.inputs)
    return None


def _several(machine: Interpreter, made: TableCall) -> Seq:
    """A tuple of tensors."""
    outputs = made.entry.outputs
    tensors = [_output(machine, made, output.effect, _dtype(made, output)) for output in outputs]
    result = sequence(tensors, "tuple", node=made.call.node)
    result.extra = {output.name: tensor for output, tensor in zip(outputs, tensors, strict=True) if output.name}
    return result


def _list(machine: Interpreter, made: TableCall) -> Seq:
    """A list of tensors, whose length may be known."""
    outputs = made.entry.outputs
    count = _how_many(made.call.name, made.named)
    described = [outputs[min(index, len(outputs) - 1)] for index in range(SOME if count is None else count)]
    parts = [_output(machine, made, output.effect, _dtype(made, output)) for output in described]
    result = sequence(parts, exact=count is not None, node=made.call.node)
    result.extra = {"alike": True}
    return result


def _one(machine: Interpreter, made: TableCall) -> Tensor:
    """One tensor."""
    entry = made.entry
    whole = entry.outputs[0] if entry.outputs else None
    dtype = _dtype(made, whole) if whole is not None and not made.doubtful else None
    if entry.effect is Effect.NOTFLOAT and dtypes.is_float(dtype):
        made.passages = [
            replace(one, effect=Effect.UNKNOWN if one.effect is Effect.NOTFLOAT else one.effect)
            for one in made.passages
        ]
    effect = whole.effect if whole is not None and len(entry.outputs) == 1 else entry.effect
    result = _output(machine, made, effect, dtype)
    result.extra = {**(result.extra or {}), "named": made.named}
    return result


def _how_many(name: str, given: dict[str, Value]) -> int | None:
    """How many tensors a function gives a list of; None where that is not known."""
    parts = given.get("num_or_size_splits" if name.endswith(".split") else "num")
    if isinstance(parts, Seq):
        return len(parts.items.values) if parts.items.exact and len(parts.items.values) <= MOST else None
    number = parts.value if isinstance(parts, Const) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= MOST else None


def _known_options(entry: Entry, given: LibraryCall) -> dict[str, str]:
    """What is known of a call's arguments, as the table of options spells it."""
    known: dict[str, str] = {}
    for key, value in _arguments(given):
        parameter = entry.parameter(key)
        spelling = _spelling(value) if parameter is not None else None
        if parameter is not None and spelling is not None:
            known[parameter.name] = spelling
    return known


def _spelling(value: Value) -> str | None:
    """An argument as the table of options spells it; None where nothing is known of it."""
    dtype = dtypes.named(value) if isinstance(value, Known) else None
    if dtype is not None:
        return repr(dtype)
    if isinstance(value, Const):
        return repr(value.value)
    if isinstance(value, Tensor | Variable) and dtypes.is_float(value.dtype):
        return options.GIVEN if str(value.dtype).startswith("complex") else options.REAL
    return None


def _may_be_float(machine: Interpreter, value: Value) -> bool:
    """Whether an argument may hold a tensor that a tape differentiates."""
    return any(_is_float_tensor(leaf) for leaf in machine.leaves(value))


def _is_float_tensor(value: Value) -> bool:
    if isinstance(value, Tensor | Variable):
        return not dtypes.is_discrete(value.dtype)
    return isinstance(value, Join | Params)


def _output(machine: Interpreter, made: TableCall, effect: Effect, dtype: str | None) -> Tensor:
    """One tensor that a callable of the table gives.

    Args:
        machine: What runs the program.
        made: The call.
        effect: What becomes of a gradient on its way to this output.
        dtype: The output's dtype.
    """
    entry, given = made.entry, made.call
    result = Tensor(dtype, span_of(given.node), given.name)
    worse = effect in {Effect.NOTFLOAT, Effect.NONE, Effect.STATE} and len(entry.outputs) > 1
    for one in made.passages:
        if one.effect is Effect.NOTENSOR:
            continue
        chosen = effect if worse and one.effect is not Effect.UNKNOWN else one.effect
        leaves = [leaf for leaf in machine.leaves(one.value) if not isinstance(leaf, Const)]
        cut, sure = _effect_cut(machine, chosen, given, one.op or entry.op, dtype)
        machine.depend(result, leaves, cut, sure=sure)
    if not result.born:
        result.born = machine.tick()
    result.extra = {"args": tuple(one.value for one in made.passages), "named": made.named}
    if machine.compiled:
        result.extra["compiled"] = True
    if entry.result == "sparse":
        result.extra["composite"] = "sparse"
    return result


_CAUSES: dict[Effect, type[Assigned | Rewrapped]] = {Effect.STATE: Assigned, Effect.VARIABLE: Rewrapped}


def _effect_cut(
    machine: Interpreter, effect: Effect, given: LibraryCall, op: str | None, dtype: str | None
) -> tuple[Cut | None, bool]:
    """The cut that an effect is, and whether what passes surely does."""
    if effect in {Effect.PASSES, Effect.ZERO}:
        return None, True
    if effect in {Effect.UNKNOWN, Effect.MIXED} or (effect is Effect.RAISES and not op):
        return None, False
    return machine.cut(_cause(effect, given.written(machine), given, op or "", dtype), given.node), True


def _cause(effect: Effect, written: tuple[str, str], given: LibraryCall, op: str, dtype: str | None) -> Cause:
    """The cause that an effect is."""
    if effect is Effect.RAISES:
        return NoGradient(*written, exception=op)
    if effect is Effect.LOOKUP:
        return NoGradient(*written, op)
    if effect in _CAUSES:
        return _CAUSES[effect](*written)
    if effect is Effect.NOTFLOAT and (dtype == "bool" or behaviours.has(given.name, "compares")):
        return Compared(*written)
    if given.name.endswith(".stop_gradient"):
        return Stopped(*written)
    return NonDifferentiable(*written, op)


def _dtype(made: TableCall, output: Output) -> str | None:
    """The dtype of an output, as the table describes it."""
    return _described_dtype(output.dtype, made.inputs, made.named)


def _described_dtype(described: str, inputs: list[Value], named: dict[str, Value]) -> str | None:
    if described == "same":
        return _common_dtype(inputs)
    if described == "real":
        common = _common_dtype(inputs)
        return REAL_OF.get(str(common), common)
    if described.startswith("argument:"):
        _, parameter, *default = described.split(":")
        if parameter in named:
            return dtypes.named(named[parameter])
        return _described_dtype(default[0], inputs, {}) if default else None
    return None if described == "?" else described


def _common_dtype(inputs: list[Value]) -> str | None:
    """The dtype that the inputs have together: that of the first float one, else that of the last."""
    found = None
    for leaf in inputs:
        if isinstance(leaf, Tensor | Variable | Array):
            found = dtypes.of(leaf)
            if found is None or dtypes.is_float(found):
                break
        elif not isinstance(leaf, Const | Number):
            return None
    if found is None and inputs and all(isinstance(leaf, Const | Number) for leaf in inputs):
        return dtypes.of(sequence(inputs))
    return found
