"""What stands in for data and weights that a probe would have to download: the same shapes, made up.

A claim is about the gradient, not about the data: images of handwritten digits may as well be noise.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any

from gradlint.confirm.names import PRESENTATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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

HOUSING = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude")
"""The columns of scikit-learn's houses in California."""


def install() -> None:
    """Put the stand-ins where programs look for the originals."""
    sys.meta_path.append(_Showing())
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


def lend(text: str) -> None:
    """Put made-up data where a program would have scikit-learn download some; it is imported only for such programs."""
    if "fetch_california_housing" not in text:
        return
    with contextlib.suppress(ImportError):
        vars(importlib.import_module("sklearn.datasets"))["fetch_california_housing"] = _housing


def _housing(*_: Any, return_X_y: bool = False, as_frame: bool = False, **__: Any) -> Any:  # noqa: N803
    """Houses in scikit-learn's form; more of them than the other data sets have samples, since they are split twice."""
    import numpy as np

    bunch = importlib.import_module("sklearn.utils").Bunch
    rng = np.random.default_rng(0)
    data, target = rng.normal(size=(4 * SAMPLES, len(HOUSING))), rng.uniform(0.2, 5.0, size=4 * SAMPLES)
    if return_X_y:
        return data, target
    if not as_frame:
        return bunch(data=data, target=target, feature_names=[*HOUSING], target_names=["MedHouseVal"], DESCR="")
    frame = importlib.import_module("pandas").DataFrame(data, columns=[*HOUSING])
    whole = frame.assign(MedHouseVal=target)
    return bunch(data=frame, target=whole["MedHouseVal"], frame=whole, feature_names=[*HOUSING])


class Shown:
    """Stands in for whatever a module that only shows things has: it may be called, asked and drawn on for nothing."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __call__(self, *_: Any, **__: Any) -> Shown:
        """Nothing, whatever is drawn."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return {"subplots": _subplots}.get(name) or Shown()

    def __getitem__(self, _: Any) -> Shown:
        return self

    def __setitem__(self, *_: Any) -> None: ...

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, *_: Any) -> None: ...


def _subplots(*_: Any, **__: Any) -> tuple[Shown, Shown]:
    return Shown(), Shown()


class Progress(Shown):
    """Stands in for a progress bar: it goes through its items."""

    def __init__(self, items: Any = None, *_: Any, total: int | None = None, **__: Any) -> None:
        self.items = items if items is not None else range(total or 0)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def _progress_range(*arguments: int, **__: Any) -> Progress:
    return Progress(range(*arguments))


class _Showing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules that only show things where they are not installed: it stands last."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The module's specification, if it is one of them."""
        if name.partition(".")[0] not in PRESENTATION:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: Any) -> types.ModuleType:
        """A module that has whatever is asked of it."""
        module = types.ModuleType(spec.name)
        shown = Shown()
        known = {"tqdm": Progress, "tqdm_notebook": Progress, "trange": _progress_range, "tnrange": _progress_range}
        own = known if spec.name.partition(".")[0] == "tqdm" else {}

        def found(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return own.get(name) or getattr(shown, name)

        vars(module)["__getattr__"] = found
        return module

    def exec_module(self, module: Any) -> None:
        """There is nothing to run."""


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
