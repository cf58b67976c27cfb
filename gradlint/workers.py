"""Spreads work over processes: the largest task first, and a process that dies only loses the task it died of."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gradlint.garbage import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from multiprocessing.context import BaseContext

T = TypeVar("T")

AHEAD = 1
"""How many tasks are handed over before a process is free for them."""
MOST = 61
"""The most processes that are started: Windows cannot wait for more, and settings must not start thousands."""


def cores() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    function: Callable[..., T], tasks: Iterable[tuple[Any, ...]], jobs: int, size: Callable[[tuple[Any, ...]], int]
) -> Iterator[tuple[int, T | None]]:
    """Call a function for each task, in processes, which begin while the tasks are still being drawn.

    Args:
        function: A module's function.
        tasks: The arguments of each call.
        jobs: How many processes to use.
        size: How much work a task is; of those that wait the largest is begun first.

    Yields:
        A task's index and the function's result, as they finish; None if its process died of it.
    """
    work = _Work(function, min(jobs, MOST))
    drawn = iter(enumerate(tasks))
    try:
        for index, task in drawn:
            heappush(work.waiting, (-size(task), index, task))
            yield from work.go_on()
        while work.begun:
            wait(work.begun, return_when=FIRST_COMPLETED)
            yield from work.go_on()
    except BrokenProcessPool:
        pass
    finally:
        work.pool.shutdown(cancel_futures=True)
    left = dict([*work.begun.values(), *((index, task) for _, index, task in work.waiting), *drawn])
    for index in sorted(left):
        yield index, _alone(function, left[index])


class _Work(Generic[T]):
    """The tasks that wait, and those that processes have begun or are about to."""

    def __init__(self, function: Callable[..., T], jobs: int) -> None:
        self.waiting: list[tuple[int, int, tuple[Any, ...]]] = []
        self.begun: dict[Future[T], tuple[int, tuple[Any, ...]]] = {}
        with _safe_path():
            self.pool = _pool(jobs)
        self._function = function
        self._most = jobs + AHEAD

    def go_on(self) -> Iterator[tuple[int, T]]:
        """Begin what can be begun, and give what has finished.

        Raises:
            BrokenProcessPool: If a process died.
        """
        for future in [one for one in self.begun if one.done()]:
            result = future.result()
            yield self.begun.pop(future)[0], result
        with _safe_path():
            while self.waiting and len(self.begun) < self._most:
                _, index, task = heappop(self.waiting)
                try:
                    future = self.pool.submit(_tidily, self._function, *task)
                except BrokenProcessPool:
                    heappush(self.waiting, (0, index, task))
                    raise
                self.begun[future] = index, task


def _alone(function: Callable[..., T], task: tuple[Any, ...]) -> T | None:
    with _safe_path():
        pool = _pool(1)
        future = pool.submit(_tidily, function, *task)
    with pool:
        try:
            return future.result()
        except BrokenProcessPool:
            return None


@contextmanager
def _safe_path() -> Iterator[None]:
    """Start processes that do not import from the working directory.

    A process that is not forked begins as ``python -c``, which would take a ``multiprocessing`` from there.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _pool(jobs: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_begin)


def _context() -> BaseContext:
    """Forked processes where that is safe, since they share imported modules; fresh ones elsewhere."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" and _threads() == 1 else "spawn")


def _threads() -> int:
    """How many threads this process has, including those of native libraries if the system reports them."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _begin() -> None:
    """Leave the modules to themselves, and what is made to :func:`tidy`: the collector need not look at what stays."""
    gc.freeze()
    gc.disable()


def _tidily(function: Callable[..., T], *task: Any) -> T:
    result = function(*task)
    tidy()
    return result
