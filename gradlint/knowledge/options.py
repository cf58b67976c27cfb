"""Options that change what becomes of a gradient: a short table by hand, ``options.tsv``, and the dtype asked for.

A line has the callable's name, the parameter of the option, its value as Python writes it (or ``given`` for any value,
or ``real`` for an argument that is no complex tensor), the effect, the parameter whose gradient has it, and the
arguments of a call that shows it; the tests make each call under a tape.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint.knowledge.table import Effect, Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS = Path(__file__).with_name("options.tsv")

GIVEN = "given"
"""Any value."""

REAL = "real"
"""The value that stands for an argument that is known to be real."""


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One value of one parameter that changes what becomes of a gradient.

    Attributes:
        name: The callable's canonical name.
        parameter: The parameter that has the value.
        value: The value as Python writes it, :data:`GIVEN` or :data:`REAL`.
        effect: What becomes of the gradient then.
        op: The operation that stops it, or the type of what is raised.
        argument: The parameter whose gradient it is.
        case: The arguments of a call that shows it.
    """

    name: str
    parameter: str
    value: str
    effect: Effect
    op: str | None
    argument: str
    case: str


def applied(entry: Entry, given: Mapping[str, str]) -> Entry:
    """An entry as it holds for a call whose options are known.

    Args:
        entry: What is known of the callable.
        given: The known values by parameter, as Python writes them; a dtype by its name, ``'int32'``; :data:`REAL` for
            an argument that is known to be a real tensor. What is not known is left out.
    """
    for option in _by_name().get(entry.name, ()):
        value = given.get(option.parameter)
        if value is not None and option.value in (value, GIVEN):
            entry = _with(entry, option.argument, option.effect, option.op)
    if entry.outputs:
        asked = entry.outputs[0].dtype.split(":")
        dtype = given.get(asked[1], "").strip("'\"") if asked[0] == "argument" else ""
        if dtype:
            entry = _in_dtype(entry, dtype.rpartition(".")[2])
    return entry


def options() -> list[OptionRow]:
    """The whole table."""
    return [option for found in _by_name().values() for option in found]


def is_float(dtype: str) -> bool:
    """Whether a dtype can carry a gradient.

    Args:
        dtype: Its name, ``float32``.
    """
    return dtype.startswith(("float", "bfloat", "complex", "half", "double"))


def _in_dtype(entry: Entry, dtype: str) -> Entry:
    """The entry for a call that asks for a dtype."""
    first = replace(entry.outputs[0], dtype=dtype)
    if is_float(dtype):
        return replace(entry, outputs=(first, *entry.outputs[1:]))
    first = replace(first, effect=Effect.NOTFLOAT)
    if len(entry.outputs) > 1:
        return replace(entry, outputs=(first, *entry.outputs[1:]))
    parameters = tuple(
        parameter if parameter.effect is Effect.NOTENSOR else replace(parameter, effect=Effect.NOTFLOAT, op=None)
        for parameter in entry.parameters
    )
    return replace(entry, effect=Effect.NOTFLOAT, op=None, parameters=parameters, outputs=(first,))


def _with(entry: Entry, argument: str, effect: Effect, op: str | None) -> Entry:
    """The entry with another effect of one argument."""
    parameters = tuple(
        replace(parameter, effect=effect, op=op) if parameter.name == argument else parameter
        for parameter in entry.parameters
    )
    effects = {parameter.effect for parameter in parameters} - {Effect.NOTENSOR, Effect.UNKNOWN}
    whole = effects.pop() if len(effects) == 1 else Effect.MIXED
    outputs = entry.outputs
    if whole is effect:
        outputs = tuple(replace(output, effect=effect) for output in outputs)
    return replace(entry, effect=whole, op=op, parameters=parameters, outputs=outputs)


@cache
def _by_name() -> dict[str, list[OptionRow]]:
    found: dict[str, list[OptionRow]] = {}
    for line in OPTIONS.read_text(encoding="utf-8").splitlines():
        name, parameter, value, effect, argument, case = line.split("\t")
        plain, _, op = effect.partition(":")
        option = OptionRow(name, parameter, value, Effect(plain), op or None, argument, case)
        found.setdefault(name, []).append(option)
    return found
