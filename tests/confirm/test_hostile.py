"""Programs that misbehave in every way known, each really run, between programs that do not."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gradlint.confirm import Confirmer, Options
from tests.confirm.claims import claim, source_of
from tests.confirm.hostile import ESCAPES, TALKERS
from tests.sampling import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Confirmation

FRAME = """\
import ctypes, multiprocessing, os, shutil, signal, socket, subprocess, sys, tempfile, threading, time
import numpy as np
import tensorflow as tf
HOME = {home!r}
LIBC = ctypes.CDLL(None)
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
        "",
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
        "wrote into the pipe",
    ),
}
"""Each way to misbehave, and what the verdict on it must say."""

LOOKS = "the program tampers with what observes it"
SPEAKS = "the program refers to what observes it"
FORGED = """{'t': 'call', 'n': 0}"""

SANDBOXED: dict[str, str] = {
    "changes a mode": "os.chmod(HOME + '/precious.txt', 0o777)",
    "changes a mode natively": "LIBC.chmod((HOME + '/precious.txt').encode(), 0o777)",
    "changes a mode through a link": "os.symlink(HOME, 'way')\nLIBC.chmod(b'way/precious.txt', 0o777)",
    "changes a time": "os.utime(HOME + '/precious.txt', (1, 1))",
    "changes a time natively": "LIBC.utimes((HOME + '/precious.txt').encode(), bytes(32))",
    "changes an owner natively": "LIBC.chown((HOME + '/precious.txt').encode(), 1, 1)",
    "changes an attribute": "os.setxattr(HOME + '/precious.txt', 'user.mine', b'x')",
    "empties a file": "os.truncate(HOME + '/precious.txt', 0)",
    "empties a file natively": "LIBC.truncate((HOME + '/precious.txt').encode(), ctypes.c_long(0))",
    "empties by a link": "os.symlink(HOME + '/precious.txt', 'own')\nLIBC.truncate(b'own', ctypes.c_long(0))",
    "opens to write natively": "LIBC.open((HOME + '/precious.txt').encode(), 1 | 512)",
    "links natively": "LIBC.link((HOME + '/precious.txt').encode(), (HOME + '/other').encode())",
    "renames natively": "LIBC.rename((HOME + '/precious.txt').encode(), (HOME + '/other').encode())",
    "makes a folder natively": "LIBC.mkdir((HOME + '/new').encode(), 0o777)",
    "makes a pipe natively": "LIBC.mkfifo((HOME + '/pipe').encode(), 0o777)",
    "writes a database": "import sqlite3\nsqlite3.connect(HOME + '/base.db').execute('create table t (x)')",
    "writes with TensorFlow": "tf.io.write_file(HOME + '/precious.txt', 'x')",
    "writes records": "tf.io.TFRecordWriter(HOME + '/records').write(b'x')",
    "writes a summary": "tf.summary.create_file_writer(HOME + '/logs').flush()",
    "saves a checkpoint": "tf.train.Checkpoint(x=tf.Variable(1.0)).write(HOME + '/saved')",
    "mounts over it": "LIBC.mount(b'none', HOME.encode(), b'tmpfs', 0, None)",
    "makes it writable again": "LIBC.mount(None, b'/', None, 32 | 4096, None)",
    "makes another namespace": "LIBC.unshare(0x10020000)\nopen(HOME + '/precious.txt', 'w')",
    "becomes another user": "LIBC.setuid(0)\nLIBC.unlink((HOME + '/precious.txt').encode())",
    "sends a datagram": (
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "assert LIBC.sendto(s.fileno(), b'x', 1, 0, bytes([2, 0, 0, 9, 8, 8, 8, 8]) + bytes(8), 16) == -1"
    ),
    "sends one to itself": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "forks natively and stays": "LIBC.fork() or (LIBC.setsid(), LIBC.fork() or time.sleep(1000))",
    "stops every process": "LIBC.kill(-1, 19)",
    "ends every process": "LIBC.kill(-1, 9)",
    "writes into its parent's memory": "open(f'/proc/{os.getppid()}/mem', 'r+b')",
    "writes into its own memory": "open('/proc/self/mem', 'r+b')",
    "fills its folder": "[open(f'file{n}', 'wb').write(bytes(1 << 16)) for n in range(64)]",
    "prints to the terminal": "open('/dev/tty', 'w').write('x')",
    "reports an event that is none": "__gradlint__.report({})",
    "reports a call that was none": f"__gradlint__.report({FORGED})",
    "finds what looks on by its frames": "sys._getframe(1).f_locals['report']({})",
    "finds what looks on among all objects": (
        "import gc\n[o for o in gc.get_objects() if type(o).__name__ == 'Probe'][0].report({})"
    ),
    "finds what looks on in a closure": "globals()['__grad' + 'lint__'].call.__closure__",
    "finds the library's function": (
        "from tensorflow.python import pywrap_tfe\npywrap_tfe.TFE_Py_TapeGradient = lambda *a: [None]"
    ),
    "tells a secret": "raise ValueError(str(dict(os.environ)))",
    "tells a secret of its parent": "raise ValueError(open(f'/proc/{os.getppid()}/environ').read())",
    "speaks to the terminal": "raise ValueError('\x1b]0;owned\x07\x1b[2J')",
}
"""Ways that the kernel refuses, that are of no use, or that are found out; nobody else may feel any of them."""

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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder to be sacrificed, and a secret in the environment."""
    folder = tmp_path_factory.mktemp("hostile") / "home"
    (folder / "deep").mkdir(parents=True)
    (folder / "precious.txt").write_text("precious")
    (folder / "deep" / "too.txt").write_text("precious too")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        for name in ("SECRET_TOKEN", "TF_VAR_password", "TF_TOKEN_app_terraform_io"):
            patch.setenv(name, "a-secret-of-the-environment")
        yield folder


@pytest.fixture(scope="module")
def judge(home: Path) -> Iterator[Confirmer]:
    """One judge for all that does no harm to the judge: importing TensorFlow takes longest."""
    with Confirmer(Options(timeout=6, jobs=2)) as shared:
        yield shared


@pytest.fixture(scope="module")
def single(home: Path) -> Iterator[Confirmer]:
    """A judge that runs one program at a time and may be ended."""
    with Confirmer(Options(timeout=10, jobs=1)) as shared:
        yield shared


def contents(folder: Path) -> dict[str, tuple[str, int, int, int, int]]:
    """Each file below a folder, with its bytes, mode, owner and times."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        text = path.read_text() if path.is_file() else ""
        times = status.st_mtime_ns, status.st_ctime_ns
        found[str(path.relative_to(folder))] = (text, status.st_mode, status.st_uid, *times)
    return found


def running() -> set[int]:
    """The processes that the kernel has, by number."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def workers(scratch: Path) -> list[str]:
    """The command lines of the workers that have their scratch folders in a folder, and of what they have forked."""
    found = []
    for number in running():
        try:
            line = Path(f"/proc/{number}/cmdline").read_text()
        except OSError:
            continue
        if str(scratch) in line:
            found.append(line)
    return found


def run_all(programs: dict[str, str], home: Path, judge: Confirmer) -> dict[str, Confirmation]:
    """The verdicts on the programs by name, and on an innocent one run after each as ``after NAME``."""
    work, names = [], []
    for name, body in programs.items():
        for title, code in ((name, FRAME.format(home=str(home), body=indented(body))), (f"after {name}", GOOD)):
            work.append((source_of(code), [claim(code)]))
            names.append(title)
    return {names[number]: verdict for number, _, verdict in judge.confirm_all(work)}


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


def test_each_is_kept_from_harm_and_told(home: Path, judge: Confirmer, whole: bool) -> None:
    chosen = {name: PROGRAMS[name] for name in sample(PROGRAMS, 4, whole=whole)}
    before = contents(home)
    verdicts = run_all({name: body for name, (body, _) in chosen.items()}, home, judge)
    assert contents(home) == before
    check(verdicts, chosen)


def test_what_one_changes_no_other_feels(home: Path, judge: Confirmer, whole: bool) -> None:
    chosen = {name: QUIET[name] for name in sample(QUIET, 3, whole=whole)}
    before = contents(home)
    verdicts = run_all(chosen, home, judge)
    assert contents(home) == before
    assert {name: verdicts[f"after {name}"].status for name in chosen} == dict.fromkeys(chosen, "confirmed")


LEAVES = "open('left.txt', 'w').write('x')\nthreading.Thread(target=time.sleep, args=(99,)).start()"


def test_the_sandbox_holds_what_is_native_and_nothing_of_it_stays(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(home / "socket"))
    listening.listen()
    listening.setblocking(False)
    known = {**SANDBOXED, **ESCAPES}
    before, shared = contents(home), set(os.listdir("/dev/shm"))
    programs = {name: known[name] for name in sample(known, 6, whole=whole)} | {"leaves a file and a thread": LEAVES}
    with Confirmer(Options(timeout=6, jobs=2)) as own:
        verdicts = run_all(programs, home, own)
    assert contents(home) == before
    assert not {name for name in set(os.listdir("/dev/shm")) - shared if "hostile" in name}
    with pytest.raises(BlockingIOError):
        listening.accept()
    listening.close()
    (home / "socket").unlink()
    assert workers(scratch) == []
    assert list(scratch.iterdir()) == []
    harmed = {name: verdicts[f"after {name}"] for name in programs if verdicts[f"after {name}"].status != "confirmed"}
    assert harmed == {}
    told = "".join(verdict.detail for verdict in verdicts.values())
    assert "a-secret" not in told
    assert told.isprintable()


FORGERIES: dict[str, str] = {
    "reports": SANDBOXED["reports a call that was none"],
    "by its frames": SANDBOXED["finds what looks on by its frames"],
    "among all objects": SANDBOXED["finds what looks on among all objects"],
    "in a closure": SANDBOXED["finds what looks on in a closure"],
    "replaces the tape's method": "tf.GradientTape.gradient = lambda *a, **k: None",
    "replaces the function of the library": SANDBOXED["finds the library's function"],
    **TALKERS,
    "wraps the tape's method": (
        "kept = tf.GradientTape.gradient\n"
        "def gradient(*a, **k):\n    kept(*a, **k)\ntf.GradientTape.gradient = gradient"
    ),
}
"""Ways to make a gradient that arrives look lost."""


def test_no_program_talks_the_judge_into_a_verdict(home: Path, judge: Confirmer) -> None:
    frame = FRAME.replace("y = tf.Variable(x * x)", "y = x * x")
    work = []
    for body in FORGERIES.values():
        guarded = f"try:\n{indented(body)}\nexcept Exception:\n    pass"
        code = frame.format(home=str(home), body=indented(guarded))
        work.append((source_of(code), [claim(code)]))
    verdicts = {number: verdict for number, _, verdict in judge.confirm_all(work)}
    talked = {name: verdicts[number] for number, name in enumerate(FORGERIES) if verdicts[number].status == "confirmed"}
    assert talked == {}


@pytest.mark.sweep(every=3)
def test_fresh_processes_are_kept_from_harm_too(home: Path, whole: bool) -> None:
    """A quick run, since each process imports TensorFlow, takes one that would do harm."""
    names = ["deletes the home folder"]
    if whole:
        names += ["infinite loop", "exits at once", "segmentation fault", "runs a command"]
    before = contents(home)
    with Confirmer(Options(timeout=15, jobs=1, fork=False)) as fresh:
        verdicts = run_all({name: PROGRAMS[name][0] for name in names}, home, fresh)
    assert contents(home) == before
    check(verdicts, {name: PROGRAMS[name] for name in names})


@pytest.mark.sweep(every=3, name="workers that are ended")
def test_a_worker_that_is_ended_is_replaced(single: Confirmer) -> None:
    ((_, first),) = single.confirm(source_of(GOOD), [claim(GOOD)])
    assert first.status == "confirmed"
    os.killpg(vars(single)["_pool"].process.pid, 9)
    time.sleep(0.2)
    statuses = [verdict.status for _ in range(2) for _, verdict in single.confirm(source_of(GOOD), [claim(GOOD)])]
    assert statuses[-1] == "confirmed"


@pytest.mark.sweep(every=3, name="workers that are ended")
def test_a_worker_that_is_ended_takes_only_what_it_had_begun(single: Confirmer) -> None:
    work = [(source_of(GOOD, f"{number}.py"), [claim(GOOD)]) for number in range(5)]
    statuses = []
    for _, _, verdict in single.confirm_all(work):
        if not statuses:
            os.killpg(vars(single)["_pool"].process.pid, 9)
        statuses.append(verdict.status)
    assert len(statuses) == 5
    assert statuses.count("confirmed") >= 4
