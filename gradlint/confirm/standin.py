"""What stands in for data and weights that a probe would have to download: the same shapes, made up.

A claim is about the gradient, not about the data: images of handwritten digits may as well be noise.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = 64
"""How many samples a made-up data set holds; the real ones hold thousands."""

DATASETS = {
    "mnist": ((28, 28), 10, "uint8"),
    "fashion_mnist": ((28, 28), 10, "uint8"),
    "cifar10": ((32, 32, 3), 10, "uint8"),
    "cifar100": ((32, 32, 3), 100, "uint8"),
    "boston_housing": ((13,), 0, "float64"),
    "california_housing": ((8,), 0, "float32"),
}
"""For each data set of ``keras.datasets``: the shape of a sample, the number of classes (0: a number), its dtype."""


def install() -> None:
    """Put the stand-ins where programs look for the originals."""
    keras = importlib.import_module("keras")
    for name, (shape, classes, dtype) in DATASETS.items():
        with contextlib.suppress(AttributeError):
            module = getattr(keras.datasets, name)
            module.load_data = _loader(shape, classes, dtype, columns=name.startswith("cifar"))
    for name, value in list(vars(keras.applications).items()):
        if name[:1].isupper() and callable(value):
            setattr(keras.applications, name, _untrained(value))
        elif inspect.ismodule(value):
            for inner, function in list(vars(value).items()):
                if inner[:1].isupper() and callable(function) and "weights" in _parameters(function):
                    setattr(value, inner, _untrained(function))


def _loader(shape: tuple[int, ...], classes: int, dtype: str, *, columns: bool) -> Callable[..., Any]:
    def load_data(*_: Any, **__: Any) -> Any:
        import numpy as np

        rng = np.random.default_rng(0)

        def part() -> tuple[Any, Any]:
            x = rng.integers(0, 256, (SAMPLES, *shape)) if dtype == "uint8" else rng.normal(size=(SAMPLES, *shape))
            labels = (SAMPLES, 1) if columns else (SAMPLES,)
            y = rng.integers(0, classes, labels) if classes else rng.normal(size=SAMPLES)
            return x.astype(dtype), y.astype("uint8" if classes else dtype)

        return part(), part()

    return load_data


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def _untrained(constructor: Callable[..., Any]) -> Callable[..., Any]:
    if "weights" not in _parameters(constructor):
        return constructor

    def untrained(*arguments: Any, **keywords: Any) -> Any:
        bound = inspect.signature(constructor).bind(*arguments, **keywords)
        bound.arguments["weights"] = None
        return constructor(*bound.args, **bound.kwargs)

    return untrained
