"""What is remembered of the documents that were looked at last, so that a keystroke costs what it changes."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gradlint.flow.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST = 6
"""Of how many texts something is remembered; each takes some megabytes."""


class Memories:
    """The memories of documents, those that were used last; may be used from any thread.

    A document with a fix in it, as it is analysed to prove the fix, is remembered apart: from one keystroke to the next
    it changes as little as the document does.

    Args:
        make: Makes an empty memory.
    """

    def __init__(self, make: Callable[[], Memory] = Memory) -> None:
        self._make = make
        self._known: OrderedDict[tuple[str, bool], Memory] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def of(self, uri: str, *, is_fixed: bool = False) -> Iterator[Memory]:
        """The memory of a document, or of it with a fix, for one look; another look meanwhile gets a fresh one."""
        key = unquote(uri), is_fixed
        with self._lock:
            memory = self._known.pop(key, None) or self._make()
        yield memory
        with self._lock:
            self._known[key] = memory
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def forget(self, uri: str) -> None:
        """Drop what is remembered of a document that was closed."""
        with self._lock:
            for is_fixed in (False, True):
                self._known.pop((unquote(uri), is_fixed), None)
