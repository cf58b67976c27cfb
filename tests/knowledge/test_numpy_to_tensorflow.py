"""Every replacement is run beside the NumPy function that it stands for."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from gradlint.knowledge.numpy_to_tensorflow import measured, names, replacement, same_bits
from gradlint.knowledge.table import lookup
from tools.numpy_calls import CASTS, samples, written

X = np.array([[0.3, 0.8, 0.5], [0.9, 0.2, 0.6]], np.float32)
Y = np.array([[0.7, 0.1, 0.4], [0.5, 0.6, 0.2]], np.float32)
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]], np.float32)
V, W = X[0], Y[1]
N, M = np.array([5, 3], np.int32), np.array([1, 2], np.int32)
B, C = np.array([True, False]), np.array([True, True])


def numpy_function(name: str) -> Any:
    value: Any = np
    for part in name.split(".")[1:]:
        value = getattr(value, part)
    return value


def tensorflow_function(name: str) -> Any:
    import tensorflow

    value: Any = tensorflow
    for part in name.split("."):
        value = getattr(value, part)
    return value


CASES = [(name, text) for name in names() for text in samples(name)]


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize(("name", "text"), CASES)
def test_gives_what_numpy_gives(name: str, text: str) -> None:
    import tensorflow as tf

    space = {"X": X, "Y": Y, "S": S, "V": V, "W": W, "N": N, "M": M, "B": B, "C": C, "np": np, "tf": tf}
    calls = written(name, text)
    assert calls is not None
    expected, actual = (eval(call, space) for call in calls)
    for one, other in zip(
        expected if isinstance(expected, list | tuple) else [expected],
        actual if isinstance(expected, list | tuple) else [actual],
        strict=True,
    ):
        assert np.shape(one) == tuple(other.shape)
        np.testing.assert_allclose(np.asarray(one, np.float64), np.asarray(other, np.float64), rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("name", [*names(), *CASTS])
def test_knows_of_each_whether_its_bits_are_the_same(name: str) -> None:
    assert name.removeprefix("numpy.") in measured()


def test_every_bit_is_the_same_where_it_says_so() -> None:
    from tools.rounding import difference

    same = [name for name in [*names(), *CASTS] if same_bits(name)]
    assert len(same) >= 60
    differing = {name: difference(name, 1, 2, [(2, 3), (33, 17)], [0.0, -0.0, float("nan")]) for name in same}
    assert {name: where for name, where in differing.items() if where is not None} == {}


@pytest.mark.parametrize("name", ["exp", "sum", "mean", "log", "cos", "std", "matmul"])
def test_what_each_library_rounds_in_its_own_way_is_not_the_same(name: str) -> None:
    assert not same_bits(f"numpy.{name}")


def test_what_was_not_measured_is_not_the_same() -> None:
    assert not same_bits("numpy.einsum")
    assert not same_bits("numpy.fft.fft")


@pytest.mark.parametrize("name", names())
def test_names_parameters_that_exist(name: str) -> None:
    found = replacement(name)
    assert found is not None
    there = list(inspect.signature(tensorflow_function(found.function)).parameters)
    assert {*found.parameters.values(), *found.constants} <= set(there)
    plain = [one for key, one in found.parameters.items() if key not in found.by_keyword]
    assert there[: len(plain)] == plain
    try:
        numpys = list(inspect.signature(numpy_function(name)).parameters)
    except ValueError:
        return
    assert set(found.positional) <= set(numpys)
    in_order = [one for one in numpys if one in found.positional]
    assert list(found.positional) == in_order


def test_there_are_more_than_a_hundred() -> None:
    assert len(names()) >= 100


def test_most_let_a_gradient_through() -> None:
    entries = [lookup(f"tensorflow.{found.function}") for name in names() if (found := replacement(name))]
    assert sum(entry is not None and entry.passes_input for entry in entries) >= 100


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("numpy.argmax", "X"),
        ("numpy.cumsum", "X"),
        ("numpy.where", "X > 0"),
        ("numpy.std", "X, ddof=1"),
        ("numpy.mean", "X, None, 'float32'"),
        ("numpy.sum", "X, where=B"),
        ("numpy.exp", "X, out=Y"),
        ("numpy.exp", "X, Y"),
    ],
)
def test_refuses_what_means_something_else(name: str, text: str) -> None:
    assert written(name, text) is None


def test_knows_nothing_of_others() -> None:
    assert replacement("numpy.fft.fft") is None
    assert replacement("scipy.special.erf") is None
