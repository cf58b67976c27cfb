"""One call under tapes, and what became of the gradients of its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tools.generator.guilty import guilty
from tools.generator.observation import Observation
from tools.generator.samples import TRIALS, Call, Sampler, Trial, bind, reset

_ORDER = ("passes", "unknown", "zero", "raises", "lookup", "none", "notfloat", "notensor")
"""The effects from the most connected on; what one trial shows connected is connected."""


_LEFT = ("ndarray", "number")
"""The kinds of result that no tape knows, whatever goes in."""


@dataclass(slots=True)
class _Run:
    """One evaluation: its outputs, the tapes that recorded each parameter's tensors, and what was made on the way."""

    value: Any
    inputs: dict[str, list[tf.Tensor]]
    tapes: dict[str, tf.GradientTape]
    facts: tuple[str, ...]
    call: Call


def observe(target: Callable[..., Any], text: str) -> Observation:
    """Make a call in several ways of drawing its floats, and say what became of the gradients.

    Args:
        target: The callable; for a class, the class.
        text: The arguments, as :class:`~tools.generator.samples.Sampler` reads them; for the call of an
            instance the constructor's arguments, ``=>`` and the call's.

    Raises:
        Exception: Whatever the call raises in the first trial.
    """
    first = _run(target, text, TRIALS[0])
    described = describe(first.value)
    effects: dict[str, tuple[str, ...]] = {}
    for trial in TRIALS:
        try:
            run = first if trial is TRIALS[0] else _run(target, text, trial)
        except Exception:
            continue
        seen = {name: _effects(run, name) for name in run.inputs}
        for name, verdicts in seen.items():
            known = effects.get(name, verdicts)
            effects[name] = tuple(map(better, known, verdicts)) if len(known) == len(verdicts) else known
        if described.kind in _LEFT or all(v not in ("zero", "none") for vs in effects.values() for v in vs):
            break
    named = effects
    if described.kind not in _LEFT:
        named = {name: tuple(_named(target, text, name, verdicts)) for name, verdicts in effects.items()}
    return Observation(described.kind, _dtypes(target, text, first, described), named, first.facts)


def _named(target: Callable[..., Any], text: str, parameter: str, verdicts: tuple[str, ...]) -> Iterable[str]:
    """The verdicts on one parameter, with the operation that stops the gradient where it is lost in silence."""
    if "none" not in verdicts:
        return verdicts
    try:
        with tf.Graph().as_default():
            run = _run(target, text, TRIALS[0])
            outputs = describe(run.value).outputs
            ops = [guilty(run.inputs[parameter], out) if tf.is_tensor(out) else None for out in outputs]
    except Exception:
        return verdicts
    if len(ops) != len(verdicts):
        return verdicts
    return [f"none:{op}" if verdict == "none" and op else verdict for verdict, op in zip(verdicts, ops, strict=True)]


def better(first: str, second: str) -> str:
    """Of two verdicts on the same way, the one that shows more of a connection."""
    return min(first, second, key=lambda verdict: _ORDER.index(verdict.partition(":")[0]))


def _run(target: Callable[..., Any], text: str, trial: Trial, dtype: str | None = None) -> _Run:
    """Evaluate a call with one tape for each parameter that floats go into."""
    reset(trial.seed)
    sampler = Sampler(trial)
    constructor, arrow, arguments = text.rpartition(" => ")
    facts: tuple[str, ...] = ()
    instance = None
    called = target
    if arrow:
        made = sampler.evaluate(constructor)
        instance = called = target(*made.args, **made.kwargs)
        sampler.tracked.clear()
    call = sampler.evaluate(arguments)
    if dtype is not None:
        call.kwargs[dtype.partition("=")[0]] = dtype.partition("=")[2]
    bound = bind(signature_of(called if instance is None else method_of(instance)), call)
    own = {id(tensor) for tensor in sampler.tracked}
    inputs = {name: [t for t in tensors(value) if id(t) in own] for name, value in bound.items()}
    inputs = {name: found for name, found in inputs.items() if found}
    tapes = {name: tf.GradientTape(persistent=True, watch_accessed_variables=False) for name in inputs}
    with ExitStack() as stack:
        for name, tape in tapes.items():
            stack.enter_context(tape)
            tape.watch(inputs[name])
        value = called(*call.args, **call.kwargs)
        if inspect.isgenerator(value):
            value = list(value)
    if instance is not None and hasattr(instance, "trainable_variables"):
        facts = tuple(
            word
            for word, owned in (
                ("trainable", instance.trainable_variables),
                ("state", [v for v in instance.non_trainable_variables if "seed" not in v.path]),
            )
            if owned
        )
    if isinstance(value, tf.Variable) and any(isinstance(argument, tf.Variable) for argument in bound.values()):
        facts = ("assigns",)
    return _Run(value, inputs, tapes, facts, call)


def _effects(run: _Run, name: str) -> tuple[str, ...]:
    """The effect of one parameter on each output."""
    return tuple(effect_on(run.tapes[name], run.inputs[name], out) for out in describe(run.value).outputs)


def effect_on(tape: tf.GradientTape, inputs: list[tf.Tensor], output: Any) -> str:
    """What a gradient from an output to any of some inputs is."""
    if not tf.is_tensor(output) or not hasattr(output, "_id"):
        return "none" if _dtype(output).startswith(("float", "complex")) else "notfloat"
    if not (output.dtype.is_floating or output.dtype.is_complex):
        return "notfloat"
    random = np.random.default_rng(7)
    weights = random.uniform(0.5, 1.5, output.shape)
    if output.dtype.is_complex:
        weights = weights + 1j * random.uniform(0.5, 1.5, output.shape)
    try:
        gradients = tape.gradient(output, inputs, output_gradients=tf.cast(weights, output.dtype))
    except LookupError as error:
        return "lookup:" + str(error).rpartition(": ")[2].strip() if "no entry for" in str(error) else "lookup"
    except Exception as error:
        return f"raises:{type(error).__name__}"
    found = [tf.convert_to_tensor(g) for g in gradients if g is not None]
    if not found:
        return "none"
    zero = all(bool(tf.reduce_all(tf.equal(g, tf.zeros_like(g)))) for g in found)
    return "zero" if zero else "passes"


@dataclass(frozen=True, slots=True)
class Described:
    """A value taken apart: its kind, and what of it can be a gradient's target, with the names that it has."""

    kind: str
    outputs: list[Any]
    names: list[str]


def describe(value: Any) -> Described:
    """What a callable gave, in the words of the table."""
    if value is None:
        return Described("none", [], [])
    if isinstance(value, tf.Variable) or type(value).__name__ == "Variable":
        return Described("variable", [], [])
    if isinstance(value, tf.SparseTensor):
        return Described("sparse", [value.values], [""])
    if isinstance(value, tf.RaggedTensor):
        return Described("ragged", [value.flat_values], [""])
    if isinstance(value, tf.IndexedSlices):
        return Described("slices", [value.values], [""])
    if tf.is_tensor(value) and hasattr(value, "_id"):
        return Described("tensor", [value], [""])
    if isinstance(value, np.ndarray):
        return Described("ndarray", [value], [""])
    if isinstance(value, bool | int | float | complex | np.generic):
        return Described("number", [value], [""])
    if isinstance(value, str | bytes):
        return Described("string", [], [])
    if isinstance(value, tf.TensorShape):
        return Described("shape", [], [])
    if isinstance(value, tf.DType):
        return Described("dtype", [], [])
    if isinstance(value, tuple | list | Mapping) and not _is_deep(value):
        return _several(value)
    if callable(value):
        return Described("callable", [], [])
    return Described("object", [], [])


def _is_deep(value: Iterable[Any]) -> bool:
    members = list(value.values() if isinstance(value, Mapping) else value)
    return not members or all(describe_flat(member) is None for member in members)


def describe_flat(value: Any) -> Any:
    """The tensor, array or number that stands for one member of what came back, or None for something else."""
    if isinstance(value, tf.SparseTensor | tf.IndexedSlices):
        return value.values
    if isinstance(value, tf.RaggedTensor):
        return value.flat_values
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray) or hasattr(value, "_id"):
        return value
    if isinstance(value, tuple | list) and value:
        return describe_flat(value[0])
    return None


def _several(value: Any) -> Described:
    """A tuple, list or dictionary of things."""
    if isinstance(value, Mapping):
        kind, names, members = "dict", [str(key) for key in value], list(value.values())
    else:
        names = list(getattr(value, "_fields", ()))
        kind = "namedtuple" if names else "list" if isinstance(value, list) else "tuple"
        members = list(value)
    flat = [describe_flat(member) for member in members]
    return Described(kind, flat, names or ["" for _ in flat])


def _dtype(value: Any) -> str:
    """The dtype of a tensor, an array or a number, by name."""
    if value is None:
        return "?"
    if hasattr(value, "dtype"):
        return str(getattr(value.dtype, "name", value.dtype))
    return type(value).__name__


def _dtypes(target: Callable[..., Any], text: str, first: _Run, described: Described) -> tuple[tuple[str, str], ...]:
    """How the dtypes of what comes back hang on those of what goes in."""
    wide: list[str] | None = None
    if first.inputs:
        try:
            wide = [_dtype(v) for v in describe(_run(target, text, Trial(0.1, 0.9, "float64")).value).outputs]
        except Exception:
            wide = None
    plain = [_dtype(v) for v in described.outputs]
    complex_in = any(t.dtype.is_complex for found in first.inputs.values() for t in found)
    asked, default = _asked(target, text, first, plain)
    words = []
    for place, (name, dtype) in enumerate(zip(described.names, plain, strict=True)):
        other = wide[place] if wide and place < len(wide) else dtype
        word = dtype
        if (dtype, other) == ("float32", "float64"):
            word = "real" if complex_in else "same"
        elif (dtype, other) == ("complex64", "complex128"):
            word = "same" if complex_in else "complex"
        if asked and place == 0:
            word = f"argument:{asked}:{default or word}"
        words.append((name, word))
    return tuple(words)


def _asked(target: Callable[..., Any], text: str, first: _Run, plain: list[str]) -> tuple[str | None, str | None]:
    """The parameter that decides the dtype of the first output, if one does, and its default where it is a dtype."""
    signature = signature_of(target)
    if signature is None or not plain or " => " in text:
        return None, None
    given = set(bind(signature, first.call))
    for name in ("dtype", "out_type", "output_type", "Tout", "type"):
        if name not in signature.parameters:
            continue
        if name in given:
            return name, "?"
        for wanted in ("float64", "int64", "int32", "float16"):
            if wanted == plain[0]:
                continue
            try:
                value = _run(target, text, TRIALS[0], f"{name}={wanted}").value
            except Exception:
                continue
            outputs = describe(value).outputs
            if outputs and _dtype(outputs[0]) == wanted:
                return name, None
    return None, None


def method_of(instance: Any) -> Callable[..., Any]:
    """The method whose signature the call of an instance has."""
    method: Callable[..., Any] = instance.__call__
    if isinstance(instance, keras.layers.Layer):
        method = instance.call
    elif isinstance(instance, keras.metrics.Metric):
        method = instance.update_state
    return method


def signature_of(target: Callable[..., Any]) -> inspect.Signature | None:
    """A callable's signature, or None where it does not tell."""
    try:
        return inspect.signature(target)
    except (ValueError, TypeError):
        return None


def tensors(value: Any) -> list[tf.Tensor]:
    """The tensors in an argument, within lists, tuples, dictionaries and composite tensors."""
    if isinstance(value, list | tuple):
        return [t for member in value for t in tensors(member)]
    if isinstance(value, dict):
        return [t for member in value.values() for t in tensors(member)]
    if isinstance(value, tf.SparseTensor):
        return [value.values]
    if isinstance(value, tf.RaggedTensor):
        return [value.flat_values]
    return [value] if tf.is_tensor(value) and hasattr(value, "_id") else []
