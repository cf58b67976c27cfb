"""Keeps each open document's result up to date, off the event loop, and drops what has been overtaken.

A document that changes is looked at when it has rested for a moment, or at once when a request waits for its result.
While it is being looked at no second look begins; a result whose document has changed meanwhile is thrown away and the
newest state is looked at instead. So what is delivered is never stale, and a burst of edits costs one look or two.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.server.documents import Documents, Snapshot
    from gradlint.server.results import Result

    Compute = Callable[[Snapshot], Result]
    Deliver = Callable[[Result], None]

logger = logging.getLogger(__name__)

T = TypeVar("T")

REST = 0.5
"""How many seconds of rest there are before what the last looks left behind is collected."""
LOOKS = 25
"""How many looks there are at most before it is, so that memory stays bounded in a long burst of typing."""


@dataclass
class _Unit:
    """What is known and under way for one document or notebook."""

    uri: str
    due: float = 0.0
    others: int = 0
    """How often other files have changed that the result may depend on."""
    changes: dict[str, str | None] = field(default_factory=dict)
    """The other files that have changed since the last look began, by their whole path, with what they hold now."""
    generation: tuple[int, int] | None = None
    """Under which settings, and after how many such changes, the result was made."""
    result: Result | None = None
    task: asyncio.Task[None] | None = None
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[asyncio.Future[Result | None]] = field(default_factory=list)


class Checker:
    """Looks at documents in worker threads.

    Args:
        documents: What the client has open.
        compute: Looks at a snapshot; called in a worker thread.
        deliver: Takes each new result that is not stale; called on the event loop.
    """

    def __init__(self, documents: Documents, compute: Compute, deliver: Deliver) -> None:
        self._documents = documents
        self._compute = compute
        self._deliver = deliver
        self._pool = ThreadPoolExecutor(2, "gradlint")
        self._units: dict[str, _Unit] = {}
        self._generation = 0
        self._looks = 0
        self._rest: asyncio.TimerHandle | None = None

    def changed(self, unit: str, delay: float) -> None:
        """Look at a document anew once it has rested for so many seconds."""
        state = self._unit(unit)
        state.due = asyncio.get_running_loop().time() + delay
        self._start(state)

    def others_changed(self, uri: str, path: str, text: str | None, delay: float) -> bool:
        """Look anew at the documents whose result depends on a file that has changed; False where there are none.

        Args:
            uri: The file's URI.
            path: The file's whole path.
            text: What it holds now; None where there is none any more.
            delay: How many seconds they rest first.
        """
        found = False
        for unit in list(self._documents.units()):
            state = self._units.get(unquote(unit))
            if state is None or unquote(unit) == unquote(uri):
                continue
            # What is being looked at just now may have read the file before it changed.
            state.changes[path] = text
            if state.result is not None and state.result.depends_on(path, text):
                state.others += 1
                self.changed(unit, delay)
                found = True
        return found

    def invalidate(self) -> None:
        """Look at every open document anew: the settings have changed."""
        self._generation += 1
        for unit in self._documents.units():
            self.changed(unit, 0)

    def forget(self, unit: str) -> None:
        """Drop a document that was closed; whoever waits for its result gets None."""
        state = self._units.pop(unquote(unit), None)
        if state is not None:
            self._answer(state, None)

    async def result(self, unit: str) -> Result | None:
        """The result of the document's present state; None where it is closed meanwhile."""
        if self._documents.revision(unit) is None:
            return None
        state = self._unit(unit)
        if state.result is not None and self._fresh(state, state.result):
            return state.result
        future: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
        state.waiting.append(future)
        state.hurry.set()
        self._start(state)
        return await future

    def replace(self, result: Result) -> bool:
        """Put another result in the place of one for the same state; False where that state is gone."""
        state = self._units.get(unquote(result.snapshot.uri))
        if state is None or not self._fresh(state, result):
            return False
        state.result = result
        return True

    def begin(self, work: Callable[[], object]) -> None:
        """Run something in a worker thread before the first look."""
        self._pool.submit(work)

    async def run(self, work: Callable[[], T]) -> T:
        """Run something that takes long in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _tidy_later(self) -> None:
        """Collect garbage while nobody types: a collection in the middle of a look would double its time."""
        self._looks += 1
        if self._rest is not None:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(0 if self._looks >= LOOKS else REST, self._tidy)

    def _tidy(self) -> None:
        self._looks = 0
        self._rest = None
        self._pool.submit(gc.collect)

    def close(self) -> None:
        """Begin nothing more, and let nobody wait."""
        if self._rest is not None:
            self._rest.cancel()
        for state in self._units.values():
            if state.task is not None:
                state.task.cancel()
            self._answer(state, None)
        self._units.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _unit(self, uri: str) -> _Unit:
        return self._units.setdefault(unquote(uri), _Unit(uri))

    def _fresh(self, state: _Unit, result: Result) -> bool:
        revision = self._documents.revision(state.uri)
        return result.snapshot.revision == revision and state.generation == (self._generation, state.others)

    def _start(self, state: _Unit) -> None:
        if state.task is None or state.task.done():
            state.task = asyncio.get_running_loop().create_task(self._look(state))

    async def _look(self, state: _Unit) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while (left := state.due - loop.time()) > 0 and not state.waiting:
                state.hurry.clear()
                try:
                    await asyncio.wait_for(state.hurry.wait(), left)
                except TimeoutError:
                    continue
            generation = (self._generation, state.others)
            state.changes.clear()
            snapshot = self._documents.snapshot(state.uri)
            if snapshot is None or self._units.get(unquote(state.uri)) is not state:
                self._answer(state, None)
                return
            try:
                result = await loop.run_in_executor(self._pool, self._compute, snapshot)
            except Exception:
                logger.exception("%s: no result", state.uri)
                self._answer(state, None)
                return
            self._tidy_later()
            state.others += any(result.depends_on(*change) for change in state.changes.items())
            state.generation = generation
            if self._units.get(unquote(state.uri)) is state and self._fresh(state, result):
                state.result = result
                self._answer(state, result)
                try:
                    self._deliver(result)
                except Exception:
                    logger.exception("%s: the result could not be delivered", state.uri)
                return

    @staticmethod
    def _answer(state: _Unit, result: Result | None) -> None:
        waiting, state.waiting = state.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(result)
