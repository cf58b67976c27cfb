"""Packages whose objects are known by name, and the one spelling of each of their names."""

from __future__ import annotations

LIBRARIES = frozenset(
    {
        "tensorflow",
        "numpy",
        "keras",
        "math",
        "functools",
        "itertools",
        "operator",
        "contextlib",
        "copy",
        "collections",
        "pickle",
        "random",
        "dataclasses",
        "types",
        "cmath",
        "statistics",
        "threading",
        "builtins",
        "importlib",
        "weakref",
    }
)
"""Packages whose objects are followed by name."""

LEARNING = frozenset({"tensorflow", "keras"})
"""The packages whose calls a tape records."""

SILENT = frozenset(
    {
        "matplotlib",
        "seaborn",
        "plotly",
        "IPython",
        "tqdm",
        "logging",
        "wandb",
        "absl",
        "pprint",
        "warnings",
        "time",
        "os",
        "sys",
        "pathlib",
        "json",
        "csv",
        "argparse",
        "datetime",
        "re",
        "string",
        "typing",
        "abc",
        "enum",
        "gc",
        "shutil",
        "glob",
        "mlflow",
        "neptune",
        "psutil",
        "pytest",
    }
)
"""Packages that show, store or measure what they are given and hand no gradient back."""

_PREFIXES = (
    ("tensorflow.compat.v2.", "tensorflow."),
    ("tensorflow.python.keras.", "keras."),
    ("tensorflow.keras.", "keras."),
    ("tensorflow.compat.v1.keras.", "keras."),
    ("tf_keras.", "keras."),
    ("keras_nlp.", "keras_hub."),
    ("keras.src.", "keras."),
    ("keras.layers.experimental.preprocessing.", "keras.layers."),
    ("keras.layers.experimental.preprocessing.", "keras.layers."),
)
_WHOLE = {
    "tensorflow.keras": "keras",
    "tensorflow.compat.v1.keras": "keras",
    "tensorflow.python.keras": "keras",
    "tf_keras": "keras",
    "keras_nlp": "keras_hub",
    "tensorflow.compat.v2": "tensorflow",
    "tensorflow.autodiff.GradientTape": "tensorflow.GradientTape",
    "tensorflow.compat.v1.GradientTape": "tensorflow.GradientTape",
    "tensorflow.python.eager.backprop.GradientTape": "tensorflow.GradientTape",
    "tensorflow.python.framework.ops.convert_to_tensor": "tensorflow.convert_to_tensor",
    "keras.models.Model": "keras.Model",
    "keras.models.Sequential": "keras.Sequential",
    "keras.layers.Input": "keras.Input",
    "keras.engine.training.Model": "keras.Model",
    "tensorflow.contrib.eager.GradientTape": "tensorflow.GradientTape",
}


def canonical(name: str) -> str:
    """The one name for a library object.

    Args:
        name: A dotted name as the imports spell it out, ``tensorflow.keras.layers.Dense``.
    """
    for prefix, instead in _PREFIXES:
        if name.startswith(prefix):
            name = instead + name[len(prefix) :]
    return _WHOLE.get(name, name)


def root(name: str) -> str:
    """The package that a dotted name begins with."""
    return name.partition(".")[0]
