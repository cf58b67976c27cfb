"""Every replacement is run beside the NumPy function that it stands for."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import numpy as np
import pytest

from gradlint.knowledge.numpy_to_tensorflow import names, replacement, rounds_otherwise
from gradlint.knowledge.table import lookup

X = np.array([[0.3, 0.8, 0.5], [0.9, 0.2, 0.6]], np.float32)
Y = np.array([[0.7, 0.1, 0.4], [0.5, 0.6, 0.2]], np.float32)
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]], np.float32)
V, W = X[0], Y[1]
N, M = np.array([5, 3], np.int32), np.array([1, 2], np.int32)
B, C = np.array([True, False]), np.array([True, True])
_SAMPLES = """
acosh arccosh: X + 1
reciprocal ravel: X
logical_not: B
invert bitwise_not: N
logical_and logical_or logical_xor: B, C
bitwise_and bitwise_or bitwise_xor left_shift right_shift: N, M
sum mean max min amax amin prod std var: X; X, 1; X, axis=0, keepdims=True
all any: X > 0.5; X > 0.5, 1; X > 0.5, axis=0, keepdims=True
average: X; X, 1; X, axis=0
count_nonzero: X > 0.5; X > 0.5, axis=1
cumsum cumprod: X, 0; X, axis=1
argmax expand_dims: X, 1; X, axis=0
argmin: X, 1
sort: X; X, 0
argsort unstack: X; X, axis=0
reshape: X, (3, 2); X, shape=(-1,)
transpose: X; X, (1, 0)
permute_dims: X, (1, 0)
squeeze: X[None]; X[None], 0
broadcast_to: V, (2, 3)
tile: X, (2, 1)
repeat: X, 2; X, 2, 1
roll: X, 1, 1; X, 1, axis=0
concatenate: [X, Y]; [X, Y], 1
concat stack: [X, Y]; [X, Y], axis=1
split: X, 2; X, 3, 1
pad: X, [[1, 0], [0, 2]]
take: X, [0, 2], 1; X, M - 1, axis=0
where: X > 0.5, X, Y
clip: X, 0.4, 0.7; X, a_min=0.4, a_max=0.7
dot: V, W; X, S
matmul linalg.matmul: X, S
inner: V, W; X, Y
tensordot: X, Y.T, 1; X, Y; X, S, axes=[[1], [0]]
vdot outer kron polyval: V, W
cross linalg.cross: X, Y
trace diagonal triu tril linalg.pinv linalg.matrix_rank linalg.det: S
linalg.inv linalg.cholesky linalg.eigvalsh linalg.slogdet linalg.trace: S
linalg.diagonal linalg.matrix_transpose matrix_transpose: S
linalg.norm: X; X, axis=1; V, 1; X, axis=0, keepdims=True
linalg.vector_norm: X; X, axis=1
linalg.solve: S, S
linalg.tensordot: X, Y; X, Y.T, axes=1
zeros: (2, 3); (2, 3), 'float32'
ones: (2, 3)
full: (2, 3), 0.5
eye: 3; 2, 3
identity: 3; 3, 'float64'
linspace: 0.0, 1.0, 5; 0.0, 1.0, num=3
astype: X, 'float64'
searchsorted: np.sort(V), W; np.sort(V), W, 'right'
flip: V, [0]
moveaxis swapaxes: X, 0, 1
hstack vstack dstack: [X, Y]
append: V, W; X, Y, 0
diff: X; X, 1, 0
median ptp nanmean nansum: X; X, 1
quantile: X, 0.4; X, 0.4, 1
vander: V; V, 2
rot90: X; X, 2
take_along_axis: X, np.array([[0], [1]]), 1
diag: V; V, 1; S
diagflat: V
"""
"""The arguments that the functions are called with; ``X`` or ``X, Y`` for the others."""

SAMPLES = {
    name: arguments.split("; ")
    for line in _SAMPLES.strip().split("\n")
    for functions, _, arguments in [line.partition(": ")]
    for name in functions.split()
}


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


def samples(name: str) -> list[str]:
    found = replacement(name)
    assert found is not None
    return SAMPLES.get(name.removeprefix("numpy."), ["X, Y" if "x2" in found.parameters else "X"])


def split(text: str) -> tuple[list[str], dict[str, str]]:
    call = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    return [ast.unparse(a) for a in call.args], {k.arg or "": ast.unparse(k.value) for k in call.keywords}


CASES = [(name, text) for name in names() for text in samples(name)]


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize(("name", "text"), CASES)
def test_gives_what_numpy_gives(name: str, text: str) -> None:
    import tensorflow as tf

    space = {"X": X, "Y": Y, "S": S, "V": V, "W": W, "N": N, "M": M, "B": B, "C": C, "np": np, "tf": tf}
    found = replacement(name)
    assert found is not None
    translated = found.translate(*split(text))
    assert translated is not None
    arguments = ", ".join([*translated[0], *(f"{key}={value}" for key, value in translated[1].items())])
    expected = eval(f"np.{name.removeprefix('numpy.')}({text})", space)
    actual = eval(f"tf.{found.function}({arguments})", space)
    for one, other in zip(
        expected if isinstance(expected, list | tuple) else [expected],
        actual if isinstance(expected, list | tuple) else [actual],
        strict=True,
    ):
        assert np.shape(one) == tuple(other.shape)
        np.testing.assert_allclose(np.asarray(one, np.float64), np.asarray(other, np.float64), rtol=2e-3, atol=1e-5)


ARITHMETIC = "abs negative sqrt square sign floor ceil rint add subtract multiply divide maximum minimum max min"
ELEMENTWISE = [f"numpy.{name}" for name in ARITHMETIC.split()]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_bit_is_the_same(name: str) -> None:
    drawn = np.random.default_rng(1).uniform(0.01, 4.0, (2, 57, 33)).astype(np.float32)
    found = replacement(name)
    assert found is not None
    function = tensorflow_function(found.function)
    given = drawn[: 2 if "x2" in found.parameters else 1]
    assert not rounds_otherwise(name)
    np.testing.assert_array_equal(np.asarray(function(*given)), np.asarray(numpy_function(name)(*given)))


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
    found = replacement(name)
    assert found is not None
    assert found.translate(*split(text)) is None


def test_knows_nothing_of_others() -> None:
    assert replacement("numpy.fft.fft") is None
    assert replacement("scipy.special.erf") is None
