"""A process that has imported gradlint and run nothing of it, and forks whenever the command is to be run.

A run is a process of its own with its own arguments, folder, environment and standard files, and ends as any process
does; what it saves is the interpreter's start and the imports. What is told of them, or of a variable that Python
itself reads at its start, is tested with a process that is started anew.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from typing import Any

LOADED = ("gradlint.checking", "gradlint.commands.check", "gradlint.engine", "gradlint.registry")
"""What nearly every run of the command needs."""


def _become(asked: dict[str, Any]) -> None:
    """Turn this process into one that was started with some arguments."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    for number, (path, flags) in enumerate(asked["files"]):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["gradlint", *asked["arguments"]]


def _forked(asks: int, answers: int) -> bool:
    """Fork for each line of a pipe and write how the process ended; True in a process that is to run the command."""
    with open(asks, "rb") as lines:
        for line in lines:
            asked = json.loads(line)
            process = os.fork()
            if not process:
                os.close(answers)
                _become(asked)
                return True
            _, status = os.waitpid(process, 0)
            os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
    return False


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    from gradlint.__main__ import main

    gc.freeze()
    if _forked(int(sys.argv[1]), int(sys.argv[2])):
        main()
