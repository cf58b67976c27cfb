"""Modules that importing TensorFlow brings along and few programs use: each is imported by the program that uses it.

Keras's wrappers for scikit-learn import scikit-learn, a fifth of the time and of the shared libraries of the whole. A
worker that leaves it out starts sooner and is quicker to fork.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

LATER = frozenset({"keras.wrappers"})
LEFT_OUT = ("sklearn",)
"""What they would have imported."""


class _Later(importlib.abc.MetaPathFinder):
    """Finds such modules where Python finds them, and has them run when something of them is asked for."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The module's specification, if it is one of them."""
        found = importlib.machinery.PathFinder.find_spec(name, path, target) if name in LATER else None
        if found is not None and found.loader is not None:
            found.loader = _Loader(found.loader)
        return found


class _Loader(importlib.abc.Loader):
    """Runs a module when a name of it is asked for that is not there.

    ``inspect`` asks every module for its file: that is no use of it, as :class:`importlib.util.LazyLoader` has it.
    """

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module as it is until then."""

        def asked(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            vars(module).pop("__getattr__", None)
            self.loader.exec_module(module)
            return getattr(module, name)

        vars(module)["__getattr__"] = asked


@contextlib.contextmanager
def imported() -> Iterator[None]:
    """While this is entered, such modules are imported only in so far as they are used."""
    finder = _Later()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def lend(text: str) -> None:
    """Import what was left out and a program names, once for all of its runs and for the programs after it."""
    for name in LEFT_OUT:
        if name in text and name not in sys.modules:
            with contextlib.suppress(Exception):  # An import that fails does so in the program, too.
                importlib.import_module(name)
            gc.freeze()
