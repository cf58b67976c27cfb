"""``python -m tools.rounding``: measure of which NumPy functions TensorFlow gives every bit, and write it down.

A function counts as the same if on no array that was tried, of single and double precision, of many shapes, of usual
and of extreme numbers, every two of the latter side by side too, a bit of the result, its shape or its dtype was
another one. Anything else, and what could not be called, differs. Numbers below the normal range are left out:
TensorFlow takes them as zero in whatever it computes.

What IEEE 754 does not settle is not measured: it differs, since another processor's instructions may give other bits.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from gradlint.knowledge.numpy_to_tensorflow import names
from tools.numpy_calls import CASTS, samples, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TABLE = Path(__file__).parent.parent / "gradlint" / "knowledge" / "rounding.tsv"
SHAPES = ((2, 3), (1, 1), (5, 1), (3, 64), (16, 16), (57, 33), (4, 1021), (40, 40), (129, 215))
"""The shapes of ``X`` and ``Y``: small ones, and ones on which a sum or a vector instruction has a rest."""
EXTREMES = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 1e30, 88.9, -103.5, 0.5, -0.5, 2.5)
_UNSETTLED = {
    "each library's own approximation": """
        acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh cos cosh exp expm1
        float_power hypot log log10 log1p log2 logaddexp pow power sin sinc sinh tan tanh""",
    "either of two zeros of unlike sign": "amax amin max maximum min minimum ptp",
    "a product and a difference, rounded once or twice": "cross linalg.cross",
}
UNSETTLED = {name: why for why, names in _UNSETTLED.items() for name in names.split()}
"""The functions whose last bit IEEE 754 leaves to the library or the processor, and what it leaves."""
DRAWS = 4
"""How many times each shape is drawn by default."""


def difference(
    name: str,
    draws: int,
    seed: int,
    shapes: Sequence[tuple[int, int]] = SHAPES,
    extremes: Sequence[float] = EXTREMES,
) -> str | None:
    """The first call on which a function of NumPy and that of TensorFlow differ, or why they may; None otherwise.

    Args:
        name: The function's canonical name.
        draws: How often each shape is drawn, of each sort of numbers.
        seed: Where the drawing begins.
        shapes: The shapes of the arrays.
        extremes: The numbers of which every two are tried side by side.
    """
    if reason := UNSETTLED.get(name.removeprefix("numpy.")):
        return reason
    tried = 0
    for numbers, space in _spaces(np.random.default_rng(seed), draws, shapes, extremes):
        for arguments in samples(name):
            calls = written(name, arguments)
            if calls is None:
                return "no call"
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                alike = _alike(calls, space)
            tried += alike is not None
            if alike is False:
                return f"{calls[0]} of {numbers}"
    return None if tried else "no call"


def _spaces(
    random: np.random.Generator, draws: int, shapes: Sequence[tuple[int, int]], extremes: Sequence[float]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for _ in range(draws):
        for shape in shapes:
            for dtype in (np.float32, np.float64):
                for sort in ("unit", "signed", "wide", "extreme"):
                    x, y = _drawn(random, shape, dtype, sort), _drawn(random, shape, dtype, sort)
                    yield f"{dtype.__name__} {shape} {sort}", _space(random, x, y)
    for dtype in (np.float32, np.float64):
        for pair in itertools.product(extremes, repeat=2):
            for x in (np.array([pair], dtype), np.tile(np.array(pair, dtype), (17, 1))):
                yield f"{dtype.__name__} {x.shape} of {pair}", _space(random, x, x[:, ::-1].copy())


def _drawn(random: np.random.Generator, shape: tuple[int, int], dtype: Any, sort: str) -> Any:
    with np.errstate(all="ignore"):
        if sort == "extreme":
            return random.choice(np.array(EXTREMES), shape).astype(dtype)
        if sort == "wide":
            return (random.normal(size=shape) * 10.0 ** random.uniform(-12, 12, shape)).astype(dtype)
        return (random.uniform(0, 1, shape) if sort == "unit" else random.normal(0, 3, shape)).astype(dtype)


def _space(random: np.random.Generator, x: Any, y: Any) -> dict[str, Any]:
    shape, dtype = x.shape, x.dtype
    square = random.normal(size=(min(shape), min(shape)))
    symmetric = (square @ square.T + len(square) * np.eye(len(square))).astype(dtype)
    whole = random.integers(0, 20, (2, shape[1]), dtype=np.int32)
    truth = random.integers(0, 2, (2, shape[1])).astype(bool)
    space = {"X": x, "Y": y, "V": x[0], "W": y[-1], "S": symmetric, "np": np, "tf": tf}
    return {**space, "N": whole[0], "M": np.minimum(whole[1], 2), "B": truth[0], "C": truth[1]}


def _alike(calls: tuple[str, str], space: dict[str, Any]) -> bool | None:
    """Whether two calls give the same; None where NumPy refuses the arguments."""
    numpys, tensorflows = calls
    try:
        expected = eval(numpys, dict(space))
    except Exception:  # NumPy's refusals are of many types; the call is one of a text that fits other shapes.
        return None
    try:
        actual = eval(tensorflows, dict(space))
    except Exception:  # What TensorFlow refuses, whatever it raises, is not the same.
        return False
    if not isinstance(expected, (list, tuple)):
        expected, actual = [expected], [actual]
    return len(expected) == len(actual) and all(map(_same, expected, actual))


def _same(one: Any, other: Any) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.kind not in "fc":
        return bool((one == other).all())
    numbers = (one == other) & (np.signbit(one) == np.signbit(other)) if one.dtype.kind == "f" else one == other
    return bool((numbers | (np.isnan(one) & np.isnan(other))).all())


def main() -> None:
    """Measure every function and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.rounding", description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"how often each shape is drawn (default: {DRAWS})")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    lines = []
    for name in sorted({*names(), *CASTS}):
        where = difference(name, options.draws, options.seed)
        lines.append(
            "\t".join([name.removeprefix("numpy."), "same" if where is None else "differs", where or ""]).rstrip()
        )
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    same = sum(line.endswith("\tsame") for line in lines)
    print(f"{same} of {len(lines)} functions give the same bits")


if __name__ == "__main__":
    main()
