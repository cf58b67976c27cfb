"""Every option of the table is tried under a tape, and applied to the entry that it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.knowledge.options import OptionRow, applied, options
from gradlint.knowledge.table import Effect, Entry, lookup

if TYPE_CHECKING:
    from collections.abc import Mapping


def effects(name: str, case: str) -> Mapping[str, tuple[str, ...]]:
    """What TensorFlow does with each argument of a call."""
    from tools.generator.probe import observe
    from tools.generator.scope import resolve

    return observe(resolve(name), case).effects


def entry_of(name: str) -> Entry:
    entry = lookup(name)
    assert entry is not None
    return entry


@pytest.mark.parametrize("option", options(), ids=lambda option: f"{option.name} {option.argument}")
def test_changes_what_the_table_says(option: OptionRow) -> None:
    seen = effects(option.name, option.case)[option.argument]
    worst = [verdict for verdict in seen if verdict.partition(":")[0] == option.effect]
    assert worst
    assert option.op is None or f"{option.effect}:{option.op}" in worst
    entry = entry_of(option.name)
    assert entry.parameter(option.argument) is not None
    assert entry.parameter(option.parameter) is not None
    assert entry.argument(option.argument) is not option.effect
    changed = applied(entry, {option.parameter: option.value})
    assert changed.argument(option.argument) is option.effect
    assert applied(entry, {}) == entry


@pytest.mark.parametrize(
    ("name", "argument", "given"),
    [
        ("tensorflow.cast", "x", {"dtype": "'int32'"}),
        ("tensorflow.cast", "x", {"dtype": "tensorflow.bool"}),
        ("keras.ops.cast", "x", {"dtype": "'uint8'"}),
        ("tensorflow.keras.backend.cast", "x", {"dtype": "'int32'"}),
    ],
)
def test_an_integer_dtype_cuts(name: str, argument: str, given: dict[str, str]) -> None:
    changed = applied(entry_of(name), given)
    assert changed.argument(argument) is Effect.NOTFLOAT
    assert changed.way(argument) is Effect.NOTFLOAT
    assert not changed.passes_input


def test_a_float_dtype_does_not() -> None:
    changed = applied(entry_of("tensorflow.cast"), {"dtype": "'float64'"})
    assert changed.argument("x") is Effect.PASSES
    assert changed.outputs[0].dtype == "float64"


@pytest.mark.parametrize(
    ("method", "effect"), [("'bilinear'", "passes"), ("'nearest'", "passes"), ("'area'", "lookup")]
)
def test_the_ways_of_resizing(method: str, effect: str) -> None:
    changed = applied(entry_of("tensorflow.image.resize"), {"method": method})
    assert changed.argument("images") == effect
    case = f"F(1, 4, 4, 3), [2, 2], method={method}"
    assert effects("tensorflow.image.resize", case)["images"][0].startswith(effect)
