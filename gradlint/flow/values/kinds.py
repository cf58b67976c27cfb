"""Functions that are chosen by the class of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.values.values import Value

Chosen = TypeVar("Chosen", bound="Callable[..., Any]")


class ByKind(Generic[Chosen]):
    """One function for each class of values; a class that has none is handled as the nearest one above it.

    Args:
        default: What handles the values of all other classes.
    """

    def __init__(self, default: Chosen) -> None:
        self._default = default
        self._chosen: dict[type[Value], Chosen] = {}

    def of(self, *kinds: type[Value]) -> Callable[[Chosen], Chosen]:
        """Register a function for some classes."""

        def register(function: Chosen) -> Chosen:
            self._chosen.update(dict.fromkeys(kinds, function))
            return function

        return register

    def for_value(self, value: Value) -> Chosen:
        """The function that handles a value."""
        kind = type(value)
        found = self._chosen.get(kind)
        if found is None:
            found = next((self._chosen[base] for base in kind.__mro__ if base in self._chosen), self._default)
            self._chosen[kind] = found
        return found
