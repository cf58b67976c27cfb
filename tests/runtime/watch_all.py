"""Runs programs one after the other in one process, each under a watcher, and prints what was observed as JSON lines.

Standard input has one JSON object a line: ``path`` and ``code``, where the program needs its neighbours ``folder``, in
which it runs, and ``alone`` where what reading the code knows is to be left out. For each, one object is printed:
``path``, ``observed`` (the loss's call line, source, outcome, reason and line), ``findings`` (what the user is shown),
``failed`` (what the watcher itself raised) and ``raised`` (what ended the program).
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import linecache
import os
import sys
import tempfile
import traceback
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.fixtures.running import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> None:
    """Run what standard input names."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    for line in sys.stdin:
        task = json.loads(line)
        with tempfile.TemporaryDirectory() as empty, in_folder(task.get("folder") or empty):
            print(json.dumps(watch(task["path"], task["code"], bool(task.get("alone")))), flush=True)


def watched(tasks: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was observed of each program, by its path; one process serves all calls."""
    worker = _worker()
    return {task["path"]: worker.run(task) for task in tasks}


@cache
def _worker() -> Worker:
    worker = Worker("tests.runtime.watch_all")
    atexit.register(worker.close)
    return worker


@contextlib.contextmanager
def in_folder(folder: str) -> Any:
    """Run a program as if it were started in its folder, and forget the modules that it took from there."""
    here, before, loaded = os.getcwd(), list(sys.path), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        os.chdir(here)
        sys.path[:] = before
        for name in set(sys.modules) - loaded:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(folder):
                del sys.modules[name]


def watch(path: str, code: str, alone: bool = False) -> dict[str, Any]:
    """Run one program under a watcher.

    Args:
        path: What it is called.
        code: Its text.
        alone: Whether to leave out what reading the code knows.
    """
    import tensorflow as tf

    from gradlint.runtime.session import Session

    tf.random.set_seed(1)
    tf.keras.backend.clear_session()
    linecache.cache[path] = (len(code), None, code.splitlines(keepends=True), path)
    failures: list[str] = []
    session = Session(lambda finding: None, failures.append)
    raised = None
    if alone:
        session.read = lambda path: []
    session.start()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(code, path, "exec"), {"__name__": "__main__", "__file__": path})
    except BaseException as error:
        lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == path]
        session.crashed(error)
        raised = f"{type(error).__name__} at {lines[-1:]}: {error}"[:200]
    finally:
        session.stop()
    return {
        "path": path,
        "observed": [_record(one) for one, _ in session.seen],
        "findings": [_finding(one) for one in session.findings.values()],
        "failed": failures,
        "raised": raised,
    }


def _record(one: Any) -> dict[str, Any]:
    cut = one.cut.place
    return {
        "line": one.place.line if one.place is not None else None,
        "source": one.source,
        "outcome": one.outcome,
        "reason": one.cut.reason,
        "operation": one.cut.operation,
        "at": cut.line if cut is not None else None,
        "in": cut.path if cut is not None else None,
    }


def _finding(one: Any) -> dict[str, Any]:
    return {
        "code": one.code,
        "path": one.path,
        "line": one.location.line,
        "calls": [gradient.line for gradient in one.gradients],
        "message": one.message,
    }


if __name__ == "__main__":
    main()
