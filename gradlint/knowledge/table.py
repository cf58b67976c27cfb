"""The reader of the table of callables: what becomes of a gradient that enters one, by argument and by output.

The table is ``callables.tsv`` beside this module. It has one line a callable, sorted by name, and its columns are

``name``
    The canonical dotted name, with the head ``tensorflow``, ``keras`` or ``numpy``.
``kind``
    ``function``, ``class``, ``layer``, ``loss``, ``metric``, ``optimizer``, ...: see :data:`Kind`. The call of a
    class's instances has a line of its own, a ``method`` by the name of ``keras.layers.Dense.__call__``.
``effect``
    What happens to a gradient on its way through the callable as a whole: see :class:`Effect`. For a layer and a loss
    it is the call of the instance that counts, not the making of it.
``parameters``
    The signature in order, separated by spaces. ``axis`` takes no tensor; ``x=passes`` takes one, and so the gradient
    gets through; ``x=lookup:Lu`` names the operation that stops it; ``x=?`` takes one, but nobody knows. ``*`` and
    ``**`` begin as in Python, and parameters after a lone ``*`` go by keyword only.
``result``
    What comes back: see :attr:`Entry.result`.
``outputs``
    One word for each thing that comes back, ``name=dtype!effect``: the name where it has one, the dtype (see
    :class:`Output`) and the effect where it differs from that of the whole.
``facts``
    What else is known: ``trainable`` and ``state`` for a layer that owns trainable or other variables, and
    ``x>1=none`` for a way from a parameter to an output that is worse than either by itself.
``aliases``
    Further names of the same object, without their heads where that is the same; ``compat.v1`` says that
    ``tensorflow.compat.v1`` has the same object under the same names.

Lines are taken apart only when they are asked for, so that loading costs a dictionary.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal, get_args

TABLE = Path(__file__).with_name("callables.tsv")

Kind = Literal[
    "function",
    "method",
    "class",
    "layer",
    "model",
    "loss",
    "metric",
    "optimizer",
    "initializer",
    "regularizer",
    "constraint",
    "schedule",
]
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


class Effect(StrEnum):
    """What becomes of a gradient."""

    PASSES = "passes"
    """It gets through."""
    NONE = "none"
    """It is lost in silence: the source gets None though a float tensor comes out."""
    LOOKUP = "lookup"
    """``gradient()`` raises LookupError, since an operation on the way has no gradient registered."""
    ZERO = "zero"
    """It gets through and is zero whatever goes in."""
    NOTFLOAT = "notfloat"
    """What comes out is no float: integers, truth values, strings. The source gets None."""
    NOTENSOR = "notensor"
    """No tensor goes in here (for an argument), or none comes out (for a callable): an axis, a name, a shape."""
    STATE = "state"
    """It goes into a Variable's or another object's state and cannot be followed from there."""
    VARIABLE = "variable"
    """A new Variable is made of it: a leaf of its own."""
    RAISES = "raises"
    """``gradient()`` raises something else than LookupError."""
    MIXED = "mixed"
    """It depends on the argument; for a callable only."""
    UNKNOWN = "unknown"
    """Nobody knows."""


_LESS = (
    *(Effect.NOTENSOR, Effect.VARIABLE, Effect.STATE, Effect.NOTFLOAT, Effect.NONE, Effect.LOOKUP, Effect.RAISES),
    *(Effect.ZERO, Effect.MIXED, Effect.PASSES, Effect.UNKNOWN),
)
"""The effects from the one that lets least through on."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a callable.

    Attributes:
        name: Its name, without stars.
        effect: What becomes of a gradient that enters here.
        passing: ``positional`` (by position or keyword), ``keyword`` (by keyword only), ``variadic`` (``*x``) or
            ``keywords`` (``**x``).
        op: The operation that stops the gradient, by the name that TensorFlow's registry knows it by.
    """

    name: str
    effect: Effect = Effect.NOTENSOR
    passing: Literal["positional", "keyword", "variadic", "keywords"] = "positional"
    op: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that a callable gives.

    Attributes:
        name: Its name in a namedtuple, if it has one.
        dtype: ``same`` (the dtype of the float argument), ``real`` (of a complex one, its real counterpart),
            ``complex`` (of a real one, its complex counterpart), a dtype's name (``int64``, ``bool``, ``string``),
            ``argument:dtype:float32`` (what the parameter ``dtype`` says, and what it is by default, which may be one
            of the others) or ``?``.
        effect: What becomes of a gradient that leaves here.
    """

    name: str | None
    dtype: str
    effect: Effect

    @property
    def asked(self) -> str | None:
        """The parameter that decides the dtype, if one does."""
        return self.dtype.split(":")[1] if self.dtype.startswith("argument:") else None

    @property
    def default(self) -> str:
        """The dtype where no parameter decides it: ``same``, ``real``, ``complex``, ``?`` or a dtype's name."""
        return self.dtype.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one callable.

    Attributes:
        name: Its canonical name.
        kind: What sort of thing it is.
        effect: What becomes of a gradient on its way through the whole.
        parameters: The signature in order.
        result: ``tensor``, ``variable``, ``ndarray``, ``number`` (a Python or NumPy scalar), ``sparse``, ``ragged``,
            ``tuple`` / ``namedtuple`` / ``list`` / ``dict`` of tensors, ``none``, ``callable``, ``shape``, ``dtype``,
            ``string``, ``instance`` (of a class), ``object`` (something else) or ``?``.
        outputs: What comes back, one by one, where a tensor or several do. A list whose length depends on the
            arguments has one.
        op: The operation that stops the gradient, where there is one.
        facts: What else is known, in the table's words.
    """

    name: str
    kind: Kind
    effect: Effect
    parameters: tuple[Parameter, ...]
    result: str
    outputs: tuple[Output, ...]
    op: str | None = None
    facts: frozenset[str] = frozenset()

    def parameter(self, index_or_name: int | str) -> Parameter | None:
        """The parameter at a position or of a name, or None where the callable takes no such argument.

        Args:
            index_or_name: A position from 0, or a keyword.
        """
        position = 0
        for parameter in self.parameters:
            if isinstance(index_or_name, int):
                if parameter.passing == "variadic":
                    return parameter
                if parameter.passing != "positional":
                    continue
                if position == index_or_name:
                    return parameter
                position += 1
            elif parameter.passing == "keywords" or (
                parameter.name == index_or_name and parameter.passing != "variadic"
            ):
                return parameter
        return None

    def argument(self, index_or_name: int | str) -> Effect:
        """What becomes of a gradient that enters by an argument.

        Args:
            index_or_name: A position from 0, or a keyword.
        """
        parameter = self.parameter(index_or_name)
        return Effect.UNKNOWN if parameter is None else parameter.effect

    def way(self, index_or_name: int | str, output: int = 0) -> Effect:
        """What becomes of a gradient on its way from one argument to one output.

        Args:
            index_or_name: The argument, by position from 0 or by keyword.
            output: The output's position. A list whose length depends on the arguments has one output for all.
        """
        parameter = self.parameter(index_or_name)
        if parameter is None:
            return Effect.UNKNOWN
        if not self.outputs:
            return parameter.effect
        leaving = self.outputs[min(output, len(self.outputs) - 1)].effect
        for fact in self.facts:
            if fact.startswith(f"{parameter.name}>{output}="):
                return Effect(fact.rpartition("=")[2])
        if Effect.UNKNOWN in (parameter.effect, leaving):
            return Effect.UNKNOWN
        return min(parameter.effect, leaving, key=_LESS.index)

    @property
    def passes_input(self) -> bool:
        """Whether a gradient gets through from some argument to some output."""
        return self.effect in (Effect.PASSES, Effect.MIXED)


def lookup(name: str) -> Entry | None:
    """What is known of a callable, or None for one that the table does not have.

    Args:
        name: A dotted name whose head is ``tensorflow``, ``keras`` or ``numpy``. ``tensorflow.keras``,
            ``tensorflow.compat.v1`` and ``v2`` and the usual places under ``tensorflow.python`` are understood too.
    """
    lines = _lines()
    for candidate in _spellings(name):
        line = lines.get(candidate)
        if line is not None:
            return _entry(line)
    if name.startswith("tensorflow.compat.v1."):
        plain = name.replace(".compat.v1.", ".", 1)
        for candidate in _spellings(plain):
            line = lines.get(candidate)
            if line is not None and "compat.v1" in line.rpartition("\t")[2].split(" "):
                return _entry(line)
    return None


def names() -> list[str]:
    """The canonical names that the table has, sorted."""
    return [line.partition("\t")[0] for line in TABLE.read_text(encoding="utf-8").splitlines()]


_PYTHON_MODULES = {
    "tensorflow.python.ops.math_ops.": ("tensorflow.math.", "tensorflow."),
    "tensorflow.python.ops.array_ops.": ("tensorflow.",),
    "tensorflow.python.ops.nn_ops.": ("tensorflow.nn.",),
    "tensorflow.python.ops.nn.": ("tensorflow.nn.",),
    "tensorflow.python.ops.linalg_ops.": ("tensorflow.linalg.",),
    "tensorflow.python.ops.clip_ops.": ("tensorflow.",),
    "tensorflow.python.framework.ops.": ("tensorflow.",),
}
"""Where the functions of the modules that old code imports stand in the public API."""


def _spellings(name: str) -> tuple[str, ...]:
    """The names under which the table may have a callable, the likeliest first."""
    if name.startswith("tensorflow.keras."):
        return (name, name.removeprefix("tensorflow."))
    if name.startswith("keras."):
        return (name, f"tensorflow.{name}")
    if name.startswith("tensorflow.compat.v2."):
        return _spellings("tensorflow." + name.removeprefix("tensorflow.compat.v2."))
    if name.startswith("tensorflow.python."):
        for module, places in _PYTHON_MODULES.items():
            if name.startswith(module):
                return tuple(place + name.removeprefix(module) for place in places)
        if name.startswith("tensorflow.python.keras."):
            return ("keras." + name.removeprefix("tensorflow.python.keras."),)
    return (name,)


@cache
def _lines() -> dict[str, str]:
    """The table's lines by every name that they have."""
    lines: dict[str, str] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        lines[line.split("\t", 1)[0]] = line
        aliases = line.rsplit("\t", 1)[1]
        if aliases:
            for alias in aliases.split(" "):
                if alias != "compat.v1":
                    lines[alias] = line
    return lines


@cache
def _entry(line: str) -> Entry:
    """Take a line of the table apart."""
    name, kind, effect, parameters, result, outputs, facts, _ = line.split("\t")
    whole, _, op = effect.partition(":")
    return Entry(
        name=name,
        kind=_KINDS[kind],
        effect=Effect(whole),
        parameters=tuple(_parameters(parameters)),
        result=result,
        outputs=tuple(_output(word, Effect(whole)) for word in outputs.split()),
        op=op or None,
        facts=frozenset(facts.split()),
    )


def _parameters(words: str) -> list[Parameter]:
    """The parameters of the table's fourth column."""
    parameters: list[Parameter] = []
    passing: Literal["positional", "keyword"] = "positional"
    for word in words.split():
        name, _, verdict = word.partition("=")
        effect, _, op = verdict.partition(":")
        known = Effect.NOTENSOR if not effect else Effect.UNKNOWN if effect == "?" else Effect(effect)
        if name == "*":
            passing = "keyword"
        elif name.startswith("**"):
            parameters.append(Parameter(name[2:], known, "keywords", op or None))
        elif name.startswith("*"):
            parameters.append(Parameter(name[1:], known, "variadic", op or None))
            passing = "keyword"
        else:
            parameters.append(Parameter(name, known, passing, op or None))
    return parameters


def _output(word: str, whole: Effect) -> Output:
    """One word of the table's outputs."""
    described, _, effect = word.partition("!")
    name, equals, dtype = described.rpartition("=")
    plain = Effect.PASSES if whole is Effect.MIXED else whole
    return Output(name if equals else None, dtype, Effect(effect) if effect else plain)
