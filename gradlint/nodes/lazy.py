"""LibCST, imported when it is first used: a run in which no rule looks at a node does without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst
    import libcst.matchers as m
else:
    from importlib import import_module
    from types import ModuleType

    class _Deferred(ModuleType):
        def __getattr__(self, name: str) -> object:
            value = getattr(import_module(self.__name__), name)
            setattr(self, name, value)
            return value

    cst = _Deferred("libcst")
    m = _Deferred("libcst.matchers")

__all__ = ["cst", "m"]
