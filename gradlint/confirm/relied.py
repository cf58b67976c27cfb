"""What the observer calls while it looks on, and whether the program has put anything else in its place.

A program may replace any function that Python code can name. What is observed through a replaced one says nothing, so
the observer notes beforehand what it relies on and compares at every gradient call.
"""

from __future__ import annotations

import builtins
import importlib
import operator
import sys
from typing import Any

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "json": ("JSONEncoder.default", "JSONEncoder.encode", "JSONEncoder.iterencode", "dumps", "loads"),
    "json.encoder": ("c_make_encoder", "encode_basestring_ascii"),
    "numpy": ("arange", "array2string", "asarray", "cos", "float64", "full_like", "isfinite", "load", "prod", "savez"),
    "os": ("write",),
    "sys": ("_getframe",),
    "tensorflow": (
        *("Module", "Tensor", "Variable", "as_dtype", "cast", "constant", "convert_to_tensor", "data.Dataset"),
        *("executing_eagerly", "fill", "is_tensor", "nest.flatten", "nest.pack_sequence_as", "shape", "size"),
    ),
    "tensorflow.python.eager.backprop": (
        *("GradientTape.batch_jacobian", "GradientTape.gradient", "GradientTape.jacobian", "GradientTape.watch"),
        *("GradientTape.__enter__", "GradientTape.__exit__", "GradientTape._pop_tape", "GradientTape._push_tape"),
        *("_gradient_function", "_handle_or_self", "imperative_grad"),
    ),
    "tensorflow.python.eager.imperative_grad": ("imperative_grad",),
    "tensorflow.python.framework.ops": ("EagerTensor", "_EagerTensorBase.__array__", "_EagerTensorBase.numpy"),
    "tensorflow.python.ops.resource_variable_ops": ("BaseResourceVariable.numpy", "BaseResourceVariable.handle"),
    "tensorflow.python.util.nest": ("flatten", "pack_sequence_as"),
}
"""For each module the dotted names of what is relied on; of a method of Python's, its code counts."""

OWN = "gradlint.confirm"
"""The observer's own modules: every function and method of theirs is relied on."""


class Relied:
    """What is relied on, as it was before the program began."""

    def __init__(self) -> None:
        self.places = [
            (f"{module}.{name}", *_reader(module, name)) for module, names in FUNCTIONS.items() for name in names
        ]
        self.kept = [_read(module, read) for _, module, read in self.places]
        self.builtins = {name: value for name, value in vars(builtins).items() if name != "_"}
        self.own = [
            (vars(kind).get, name, value) for kind in _own() for name, value in vars(kind).items() if callable(value)
        ]

    def replaced(self) -> str | None:
        """What the program has put in the place of something that is relied on, or None."""
        for (name, module, read), value in zip(self.places, self.kept, strict=True):
            if _read(module, read) is not value:
                return name
        known = vars(builtins)
        for name, value in self.builtins.items():
            if known.get(name) is not value:
                return f"builtins.{name}"
        for get, name, value in self.own:
            if get(name) is not value:
                return "what looks on"
        return None


def _reader(module: str, name: str) -> tuple[Any, Any]:
    """A module, and what reads a dotted name in it, neither of which the program's own changes can touch."""
    try:
        return importlib.import_module(module), operator.attrgetter(name)
    except ImportError:
        return None, operator.attrgetter(name)


def _read(module: Any, read: Any) -> Any:
    """What a dotted name leads to: a function's code, and anything else as it is."""
    try:
        found = read(module)
    except AttributeError:
        return None
    return getattr(found, "__code__", found)


def _own() -> list[type]:
    """The observer's classes."""
    modules = [module for name, module in sys.modules.items() if name.startswith(OWN)]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__.startswith(OWN)
    ]
