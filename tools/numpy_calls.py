"""Calls of NumPy's functions, and what TensorFlow is to be called with in their place.

The arguments are texts over a few names: ``X`` and ``Y``, floats of two dimensions and the same shape; ``V`` and ``W``,
rows of them; ``S``, a symmetric positive matrix; ``N`` and ``M``, whole numbers; ``B`` and ``C``, truth values.
"""

from __future__ import annotations

import ast

from gradlint.knowledge.numpy_to_tensorflow import replacement

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


def samples(name: str) -> list[str]:
    """The arguments that a function is called with, one text a call."""
    found = replacement(name)
    if found is None:
        return ["X"]
    return SAMPLES.get(name.removeprefix("numpy."), ["X, Y" if "x2" in found.parameters else "X"])


def written(name: str, arguments: str) -> tuple[str, str] | None:
    """A call of NumPy's function and the one of TensorFlow's, as texts; None where the call has no replacement."""
    numpys = f"np.{name.removeprefix('numpy.')}({arguments})"
    if name in CASTS:
        return numpys, f"tf.cast({arguments}, tf.{name.removeprefix('numpy.')})"
    found = replacement(name)
    call = ast.parse(f"f({arguments})", mode="eval").body
    assert isinstance(call, ast.Call)
    named = {one.arg or "": ast.unparse(one.value) for one in call.keywords}
    translated = None if found is None else found.translate([ast.unparse(one) for one in call.args], named)
    if found is None or translated is None:
        return None
    given = ", ".join([*translated[0], *(f"{key}={value}" for key, value in translated[1].items())])
    return numpys, f"tf.{found.function}({given})"


CASTS = ("numpy.float16", "numpy.float32", "numpy.float64")
"""Calls of a dtype, which are written as casts."""
