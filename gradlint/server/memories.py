"""What is remembered of the documents that were looked at last, so that a keystroke costs what it changes."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gradlint.flow.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 4
"""Of how many documents something is remembered; each takes some megabytes."""


class Memories:
    """The memories of documents, those that were used last; may be used from any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Memory] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def of(self, uri: str) -> Iterator[Memory]:
        """The memory of a document, for one look at it; another look meanwhile gets a fresh one."""
        with self._lock:
            memory = self._known.pop(unquote(uri), None) or Memory()
        yield memory
        with self._lock:
            self._known[unquote(uri)] = memory
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def forget(self, uri: str) -> None:
        """Drop what is remembered of a document that was closed."""
        with self._lock:
            self._known.pop(unquote(uri), None)
