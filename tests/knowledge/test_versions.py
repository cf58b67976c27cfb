"""What the table says is gone is gone, and which versions a requirement leaves."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from gradlint.knowledge import versions
from gradlint.knowledge.versions import Demand, admits, target

PLACES = {"tensorflow": ("tensorflow",), "keras": ("keras", "tensorflow.keras")}


def has(name: str) -> bool:
    package, *parts = name.split(".")
    return any(_reaches(importlib.import_module(place), parts) for place in PLACES[package])


def _reaches(held: Any, parts: list[str]) -> bool:
    for part in parts:
        try:
            held = getattr(held, part)
        except AttributeError:
            return False
    return True


def test_what_is_gone_is_not_there() -> None:
    assert [row.of for row in versions.rows("gone") if has(row.of)] == []


def test_what_is_there_is_not_gone() -> None:
    there = [
        "tensorflow.GradientTape",
        "tensorflow.compat.v1.Session",
        "keras.layers.Dense",
        "keras.backend.clear_session",
    ]
    assert [name for name in there if versions.gone(name)] == []
    assert all(has(name) for name in there if "compat" not in name)


def test_what_classes_refuse_they_refuse() -> None:
    import keras

    made = {"keras.optimizers.*": (keras.optimizers.Adam, {}), "keras.layers.*": (keras.layers.LSTM, {"units": 1})}
    for row in versions.rows("keyword"):
        cls, given = made.get(
            row.of, (getattr(keras.layers, row.of.rpartition(".")[2]), {}) if "*" not in row.of else ()
        )
        given = given or {
            "keras.layers.Conv2D": {"filters": 1, "kernel_size": 1},
            "keras.layers.Dense": {"units": 1},
        }.get(row.of, {})
        name, _, text = row.detail.partition("=")
        with pytest.raises((ValueError, TypeError)):
            cls(**given, **{name: f"a{text}b" if text else 1})


def test_objects_do_not_have_what_the_table_says() -> None:
    import keras

    layer = keras.layers.Dense(1)
    made = {
        "layer": layer,
        "model": keras.Sequential([layer]),
        "metric": keras.metrics.Mean(),
        "optimizer": keras.optimizers.Adam(),
    }
    assert [row for row in versions.rows("member") if hasattr(made[row.of], row.detail)] == []


@pytest.mark.parametrize(
    ("asked", "least", "admitted"),
    [
        ("", "2.16", True),
        ("==2.3.1", "2.16", False),
        ("==2.3.1", "2.0", True),
        ("==2.0.0b1", "2.0", True),
        ("==2.0.0rc0", "2.16", False),
        ("==2.16.0rc0", "2.16", True),
        ("==1.15", "2.0", False),
        (">=2.0", "2.16", True),
        (">=2.0,<2.16", "2.16", False),
        (">=2.0,<2.17", "2.16", True),
        ("~=2.4", "2.16", True),
        ("~=2.4.0", "2.16", False),
        ("==2.*", "2.16", True),
        ("==2.17.*", "2.16", True),
        ("!=2.5", "2.16", True),
        ("nonsense", "2.16", True),
    ],
)
def test_what_a_requirement_leaves(asked: str, least: str, *, admitted: bool) -> None:
    assert admits(asked, least) is admitted


@pytest.mark.parametrize(
    ("asked", "by"),
    [
        ([("tensorflow", "==2.3.1", "a")], "a"),
        ([("tensorflow-gpu", "<2.11", "a")], "a"),
        ([("python", "<3.9", "a")], "a"),
        ([("python", ">=3.7", "a")], ""),
        ([("keras", "<3", "a")], "a"),
        ([("tensorflow-addons", "", "a")], "a"),
        ([("tensorflow-probability", "==0.11", "a")], "a"),
        ([("numpy", "==1.19", "a")], ""),
        # Alternatives of one file: markers, extras.
        ([("tensorflow", "==2.3", "a"), ("tensorflow", ">=2.16", "a")], ""),
        ([("tensorflow", ">=2.0", "a"), ("tensorflow", "==2.3", "b")], "b"),
    ],
)
def test_what_excludes_keras_3(asked: list[tuple[str, str, str]], by: str) -> None:
    found = target(Demand(*one) for one in asked).excludes(versions.since("keras-3"))
    assert (found.place if found is not None else "") == by
