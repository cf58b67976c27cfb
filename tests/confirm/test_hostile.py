"""Programs that misbehave in every way known, each really run, between programs that do not."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from gradlint.confirm import Confirmer, Options
from tests.confirm.claims import claim, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from gradlint.finding import Confirmation

FRAME = """\
import ctypes, multiprocessing, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time
import numpy as np
import tensorflow as tf
HOME = {home!r}
def misbehave():
{body}
    return 1.0
x = tf.Variable(misbehave())
with tf.GradientTape() as tape:
    y = tf.Variable(x * x)
g = tape.gradient(y, x)
"""

GOOD = FRAME.format(home="", body="    pass")

TIME = "the time limit was reached"
SEGV = "SIGSEGV"
REFUSED = "refused: "
CHANGED = "refused: a change outside the scratch folder"
PROCESS = "refused: another process"
NETWORK = "refused: the network"

PROGRAMS: dict[str, tuple[str, str]] = {
    "infinite loop": ("while True:\n    pass", TIME),
    "waits for ever": ("threading.Event().wait()", TIME),
    "exits at once": ("os._exit(3)", "exit status 3"),
    "segmentation fault": ("ctypes.string_at(0)", SEGV),
    "abort": ("os.abort()", "SIGABRT"),
    "ends itself": ("os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    "ends its parent": ("os.kill(os.getppid(), signal.SIGKILL)", "refused: a signal to another process"),
    "ends its parent natively": (
        "print(ctypes.CDLL(None).kill(os.getppid(), signal.SIGKILL))\nraise ValueError('still here')",
        "raised ValueError",
    ),
    "fork bomb": ("while True:\n    os.fork()", PROCESS),
    "fork server": ("multiprocessing.get_context('spawn').Process(target=print).start()", PROCESS),
    "hundred gigabytes": ("np.ones(100 * 2**30, dtype='uint8')", "the memory limit was reached"),
    "hundred gigabytes of tensor": ("tf.ones([25, 2**30])", ""),
    "deep recursion": ("def deep(n):\n    return deep(n + 1)\ndeep(0)", "raised RecursionError"),
    "deep recursion without a bound": (
        "sys.setrecursionlimit(10**9)\ndef deep(n):\n    return [deep(n + 1) for _ in (1,)]\ndeep(0)",
        "",
    ),
    "deletes the home folder": ("shutil.rmtree(HOME)", CHANGED),
    "deletes the home folder quietly": ("shutil.rmtree(HOME, ignore_errors=True)\nraise ValueError('done')", CHANGED),
    "deletes with TensorFlow": ("tf.io.gfile.rmtree(HOME)", CHANGED),
    "deletes natively": (
        "ctypes.CDLL(None).unlink((HOME + '/precious.txt').encode())\nraise ValueError('done')",
        "raised ValueError",
    ),
    "overwrites": ("open(HOME + '/precious.txt', 'w')", CHANGED),
    "overwrites with os": ("os.open(HOME + '/precious.txt', os.O_WRONLY | os.O_TRUNC)", CHANGED),
    "overwrites with TensorFlow": ("tf.io.write_file(HOME + '/precious.txt', 'x')", ""),
    "renames": ("os.rename(HOME + '/precious.txt', 'mine.txt')", CHANGED),
    "makes a folder": ("made = os.makedirs(HOME + '/new')", CHANGED),
    "links in and writes through": (
        "os.symlink(HOME, 'link')\nopen('link/precious.txt', 'w')",
        CHANGED,
    ),
    "opens a socket": ("socket.create_connection(('127.0.0.1', 9), timeout=5)", NETWORK),
    "looks up a name": ("socket.getaddrinfo('localhost', 80)", NETWORK),
    "listens": ("socket.socket().bind(('127.0.0.1', 0))", NETWORK),
    "runs a command": ("subprocess.run(['true'])", PROCESS),
    "runs a shell": ("os.system('true')", PROCESS),
    "replaces itself": ("os.execv('/bin/true', ['true'])", PROCESS),
    "exits": ("sys.exit(0)", "sys.exit"),
    "writes a gigabyte to one file": (
        "with open('big', 'wb') as big:\n    for _ in range(1024):\n        big.write(bytes(1 << 20))",
        "OSError",
    ),
    "prints a gigabyte": (
        "for _ in range(1024):\n    sys.stdout.write('x' * (1 << 20))\n"
        "os.write(1, bytes(1 << 20))\nraise ValueError('done')",
        "",
    ),
    "writes into every pipe": (
        'for number in range(3, 64):\n    try:\n        os.write(number, b\'["", {"t": "call"}]\\n\')\n'
        "    except OSError:\n        pass\n"
        "raise ValueError('done')",
        "raised ValueError",
    ),
}
"""Each way to misbehave, and what the verdict on it must say."""

QUIET: dict[str, str] = {
    "replaces the tape's method": "tf.GradientTape.gradient = lambda *a, **k: None",
    "replaces the tape": "tf.GradientTape = None",
    "empties TensorFlow": "vars(tf).clear()",
    "changes the working directory": "os.chdir('/')",
    "changes the environment": "os.environ.clear()",
    "leaves threads running": (
        "for _ in range(8):\n    threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()"
    ),
    "leaves a thread that keeps the interpreter": "threading.Thread(target=time.sleep, args=(1000,)).start()",
    "closes the standard streams": "os.close(1); os.close(2); os.close(0)",
    "removes modules": "sys.modules.clear()",
    "ignores signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
}
"""Ways that leave traces in the process; whatever their own verdict, nothing else may feel them."""


def indented(body: str) -> str:
    return "\n".join("    " + line for line in body.split("\n"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder to be sacrificed."""
    folder = tmp_path / "home"
    (folder / "deep").mkdir(parents=True)
    (folder / "precious.txt").write_text("precious")
    (folder / "deep" / "too.txt").write_text("precious too")
    monkeypatch.setenv("HOME", str(folder))
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else "" for path in folder.rglob("*")}


def run_all(programs: dict[str, str], home: Path, options: Options) -> dict[str, Confirmation]:
    """The verdicts on the programs by name, and on an innocent one run after each as ``after NAME``."""
    work, names = [], []
    for name, body in programs.items():
        for title, code in ((name, FRAME.format(home=str(home), body=indented(body))), (f"after {name}", GOOD)):
            work.append((source_of(code), [claim(code)]))
            names.append(title)
    with Confirmer(options) as confirmer:
        return {names[number]: verdict for number, _, verdict in confirmer.confirm_all(work)}


def check(verdicts: dict[str, Confirmation], programs: dict[str, tuple[str, str]]) -> None:
    """Each program's verdict gives the true reason, and the innocent one after it is confirmed."""
    wrong = {
        name: verdicts[name]
        for name, (_, detail) in programs.items()
        if verdicts[name].status != "inconclusive" or detail not in verdicts[name].detail
    }
    assert wrong == {}
    harmed = {name: verdicts[f"after {name}"] for name in programs if verdicts[f"after {name}"].status != "confirmed"}
    assert harmed == {}


def test_each_is_kept_from_harm_and_told(home: Path) -> None:
    before = contents(home)
    verdicts = run_all({name: body for name, (body, _) in PROGRAMS.items()}, home, Options(timeout=6, jobs=2))
    assert contents(home) == before
    check(verdicts, PROGRAMS)


def test_what_one_changes_no_other_feels(home: Path) -> None:
    before = contents(home)
    verdicts = run_all(QUIET, home, Options(timeout=6, jobs=2))
    assert contents(home) == before
    assert {name: verdicts[f"after {name}"].status for name in QUIET} == dict.fromkeys(QUIET, "confirmed")


def test_fresh_processes_are_kept_from_harm_too(home: Path, whole: bool) -> None:
    """A quick run, since each process imports TensorFlow, takes one that never ends and one that would do harm."""
    names = ["infinite loop", "deletes the home folder"]
    if whole:
        names += ["exits at once", "segmentation fault", "runs a command"]
    before = contents(home)
    verdicts = run_all({name: PROGRAMS[name][0] for name in names}, home, Options(timeout=15, jobs=1, fork=False))
    assert contents(home) == before
    check(verdicts, {name: PROGRAMS[name] for name in names})


def test_nothing_of_it_stays(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    run_all(
        {"leaves": "open('left.txt', 'w').write('x')\nthreading.Thread(target=time.sleep, args=(99,)).start()"},
        home,
        Options(),
    )
    assert list(scratch.iterdir()) == []


def test_a_worker_that_is_ended_is_replaced(home: Path) -> None:
    with Confirmer(Options(timeout=10, jobs=1)) as confirmer:
        ((_, first),) = confirmer.confirm(source_of(GOOD), [claim(GOOD)])
        assert first.status == "confirmed"
        pool = vars(confirmer)["_pool"]
        os.killpg(pool.process.pid, 9)
        time.sleep(0.2)
        statuses = [
            verdict.status for _ in range(2) for _, verdict in confirmer.confirm(source_of(GOOD), [claim(GOOD)])
        ]
    assert statuses[-1] == "confirmed"
