"""Spreads work over processes: the largest task first, and a process that dies only loses the task it died of."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import BaseContext

T = TypeVar("T")

MOST = 61
"""The most processes that are started: Windows cannot wait for more, and settings must not start thousands."""


def cores() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    function: Callable[..., T], tasks: Sequence[tuple[Any, ...]], jobs: int, size: Callable[[tuple[Any, ...]], int]
) -> Iterator[tuple[int, T | None]]:
    """Call a function for each task, in processes.

    Args:
        function: A module's function.
        tasks: The arguments of each call.
        jobs: How many processes to use.
        size: How much work a task is; the largest is begun first.

    Yields:
        A task's index and the function's result, as they finish; None if its process died of it.
    """
    order = sorted(range(len(tasks)), key=lambda index: -size(tasks[index]))
    left = set(order)
    with _safe_path():
        pool = _pool(min(jobs, len(tasks), MOST))
        futures = {pool.submit(function, *tasks[index]): index for index in order}
    with pool:
        try:
            for future in as_completed(futures):
                try:
                    result = future.result()
                except BrokenProcessPool:
                    break
                left.discard(futures[future])
                yield futures[future], result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    for index in sorted(left):
        yield index, _alone(function, tasks[index])


def _alone(function: Callable[..., T], task: tuple[Any, ...]) -> T | None:
    with _safe_path():
        pool = _pool(1)
        future = pool.submit(function, *task)
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
    """Leave the modules to themselves: the collector need not look at what never goes away."""
    gc.freeze()
