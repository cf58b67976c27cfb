"""Runs programs one after the other in one process, each under a watcher, and prints what was observed as JSON lines.

Standard input has one JSON object a line: ``path`` and ``code``. For each, one object is printed: ``path``,
``observed`` (the loss's call line, source, outcome, reason and line) and ``failed`` (what the watcher itself raised).
"""

from __future__ import annotations

import contextlib
import io
import json
import linecache
import os
import sys
import tempfile
from typing import Any


def main() -> None:
    """Run what standard input names."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    here = os.getcwd()
    for line in sys.stdin:
        task = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            print(json.dumps(watch(task["path"], task["code"])), flush=True)
            os.chdir(here)


def watch(path: str, code: str) -> dict[str, Any]:
    """Run one program under a watcher."""
    import tensorflow as tf

    from gradlint.runtime.hooks import Hooks
    from gradlint.runtime.watcher import Watcher

    tf.random.set_seed(1)
    tf.keras.backend.clear_session()
    linecache.cache[path] = (len(code), None, code.splitlines(keepends=True), path)
    observed: list[Any] = []
    failures: list[str] = []
    watcher = Watcher(observed.append, failures.append)
    hooks = Hooks(watcher)
    raised = None
    hooks.install()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(code, path, "exec"), {"__name__": "__main__", "__file__": path})
    except BaseException as error:
        raised = f"{type(error).__name__}: {error}"[:200]
    finally:
        hooks.remove()
    return {"path": path, "observed": [_record(one) for one in observed], "failed": failures, "raised": raised}


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


if __name__ == "__main__":
    main()
