"""The worker: a process that imports TensorFlow once and runs each probe in a process of its own.

Where the system can fork, the worker warms TensorFlow up and forks a child for each probe; a child makes
itself a new TensorFlow context, because threads do not survive a fork. Elsewhere each probe gets a fresh
interpreter that imports TensorFlow itself. Jobs come in and reports go out as JSON lines; see
:mod:`gradlint.confirm.protocol`.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import linecache
import os
import random
import secrets
import selectors
import shutil
import signal
import sys
import tempfile
import time
import types
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradlint.confirm import guard, later, leading, pages, sandbox, standin
from gradlint.confirm.probe import Probe
from gradlint.confirm.protocol import Collector, Event, Job
from gradlint.confirm.relied import Relied
from gradlint.confirm.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

FLOOD = 4 << 20
"""Bytes that one probe may report before it is ended."""

LINKS = 500
"""How many neighbours of the user's file are linked into the scratch folder."""

FEW = 4
"""How many children are forked before the worker's memory is folded, which takes as long as it saves a few forks."""

NO_ERROR: Event = {"type": "", "mro": [], "text": "", "frames": [], "quoted": [], "module": None}
"""What stands in the place of an exception where there is none."""

WARM_UP = """
import tensorflow as tf
v = tf.Variable([1.0, 2.0])
with tf.GradientTape(persistent=True) as tape:
    y = tf.reduce_sum(v * v)
tape.gradient(y, v)
tape.jacobian(v * 1.0, v)
layers = tf.keras.layers
model = tf.keras.Sequential([tf.keras.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(tf.random.normal((2, 3)))))
tf.keras.optimizers.Adam().apply_gradients(
    zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
)
@tf.function
def f(x):
    if x > 0.0:
        return x * v
    return v
f(tf.constant(1.0))
for batch in tf.data.Dataset.range(4).batch(2):
    pass
"""


def run(job: Job, folder: str, report: Callable[[Event], None], relied: Relied) -> None:
    """Run one probe in this process, which is given up to it.

    Args:
        job: The probe.
        folder: The scratch folder, which holds the program and becomes the working directory.
        report: Told what is seen, as it is seen.
        relied: What is relied on, as it was before.
    """
    filename = os.path.join(folder, "probe.py")
    with open(filename, "w", encoding="utf-8", errors="surrogatepass") as program:
        program.write(job.text)
    linecache.checkcache(filename)
    seed()
    probe = Probe(job, filename, report, relied)
    module = types.ModuleType("__main__")
    path, text, compiled = job.path, job.text, filename
    if job.leader is None:
        module.__dict__["__gradlint__"] = probe.exposed()
    else:
        path, text = job.leader
        compiled = leading.prepare(job, folder, probe.exposed())
    module.__dict__["__file__"] = path
    if job.package:
        module.__package__ = job.package
    sys.modules["__main__"] = module
    sys.argv = [path]
    sys.path[:0] = job.folders
    sys.path += job.beside
    os.chdir(folder)
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder))
    tempfile.tempdir = folder
    with contextlib.suppress(KeyError, AttributeError):  # Absl's tests write where the worker had its files.
        sys.modules["absl.flags"].FLAGS["test_tmpdir"].value = folder
    guard.limit(job.timeout, job.memory, job.output)
    guard.harden(
        folder,
        lambda what: report({"t": "refused", "what": what[:1000]}),
        lambda what: report({"t": "tampered", "what": what}),
        filename,
    )
    standin.lend(job.text + text)
    probe.prepare()
    ending: Event = {"t": "end", "how": "completed", **NO_ERROR}
    try:
        exec(compile(text, compiled, "exec"), module.__dict__)
    except BaseException as error:  # However the program ends, `sys.exit` and Ctrl-C of its own too, is told.
        how = "exited" if isinstance(error, SystemExit) else "raised"
        ending = {"t": "end", "how": how, **probe.described.error(error)}
    probe.finish()
    report(ending)


def seed() -> None:
    """Make what is random the same in every run."""
    import numpy as np

    random.seed(0)
    np.random.seed(0)
    tensorflow().random.set_seed(0)


def tensorflow() -> Any:
    """TensorFlow; untyped, since it ships no types."""
    return importlib.import_module("tensorflow")


def reporter(descriptor: int, nonce: str) -> Callable[[Event], None]:
    """A function that writes events to a pipe, each with a word that the probe's program does not know."""
    write, packed = os.write, encoder()  # The program may replace what stands in the modules.

    def report(event: Event) -> None:
        data = packed([nonce, event]).encode() + b"\n"
        while data:
            data = data[write(descriptor, data) :]

    return report


def encoder() -> Callable[[Any], str]:
    """What makes JSON of a value, in C where Python has it so, where a program cannot change it."""
    made: Any = getattr(json.encoder, "c_make_encoder", None)
    if made is None:
        return lambda value: json.dumps(value, default=str)
    pack = made(None, str, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True)
    return lambda value: "".join(pack(value, 0))


def silence() -> None:
    """Discard whatever the process prints, and give it nothing to read."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def make_folder(scratch: str, number: int, path: str) -> str:
    """A scratch folder for one probe, with links to what lies beside the user's file, so that it can be read."""
    folder = os.path.join(scratch, str(number))
    os.mkdir(folder)
    with contextlib.suppress(OSError):
        beside = os.path.dirname(os.path.abspath(path))
        for count, entry in enumerate(os.scandir(beside)):
            if count >= LINKS:
                break
            if not entry.name.startswith(".") and not entry.name.endswith(".py"):
                os.symlink(entry.path, os.path.join(folder, entry.name))
    return folder


class Context:
    """TensorFlow's eager context, which a forked child must make anew."""

    def __init__(self) -> None:
        self.module: Any = importlib.import_module("tensorflow.python.eager.context")
        self.kept: list[Any] = []

    def renew(self) -> None:
        """Use a new context; the old one is kept, since its threads are gone and cannot be joined."""
        self.kept.append(self.module._context)
        self.module._set_context(self.module.Context())
        self.limit_threads()

    @staticmethod
    def limit_threads() -> None:
        """One thread an operation: probes are small and run side by side."""
        threading = tensorflow().config.threading
        threading.set_inter_op_parallelism_threads(1)
        threading.set_intra_op_parallelism_threads(1)


@dataclass(slots=True)
class Child:
    """A probe that runs."""

    number: int
    process: int
    pipe: int
    nonce: str
    folder: str
    started: float
    deadline: float
    end: int | None
    collector: Collector = field(default_factory=Collector)
    rest: bytes = b""
    read: int = 0

    def take(self, data: bytes) -> None:
        """Take what came through the pipe; only lines that carry the child's word count."""
        self.read += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            event = parse(line, self.nonce)
            if event is None:
                self.collector.strays += 1
            else:
                self.collector.events.append(event)


def parse(line: bytes, nonce: str) -> Any:
    """What a line from a probe's pipe reports, or None where it is no report of the probe's own."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record[1] if isinstance(record, list) and len(record) == 2 and record[0] == nonce else None


class Forker:
    """Forks a child for each job and watches over it.

    Args:
        box: What the children are kept in.
        jobs: Where jobs come from.
        answers: Where reports go.
        side: How many children run side by side; further jobs wait.
    """

    def __init__(self, box: Sandbox, jobs: int, answers: int, side: int) -> None:
        self.side = side
        self.started = 0
        self.waiting: deque[tuple[int, Job]] = deque()
        self.box = box
        self.scratch = box.scratch
        self.answers = answers
        self.context = Context()
        self.relied = Relied()
        self.children: dict[int, Child] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(jobs, selectors.EVENT_READ)
        self.jobs = jobs
        self.rest = b""

    def serve(self) -> None:
        """Run jobs until no more can come."""
        while True:
            wait = min((child.deadline - time.monotonic() for child in self.children.values()), default=None)
            for key, _ in self.selector.select(None if wait is None else max(0.0, min(wait, 0.1))):
                if key.fd == self.jobs:
                    if not self._accept():
                        self.stop()
                        return
                elif key.fd in self.children:
                    self._read(self.children[key.fd])
            for child in list(self.children.values()):
                self._look_after(child)
            while self.waiting and len(self.children) < self.side:
                self._start(*self.waiting.popleft())
                self.started += 1
                if self.started == FEW:
                    pages.fold()

    def stop(self) -> None:
        """End every child."""
        for child in list(self.children.values()):
            self._end(child, "killed")

    def _accept(self) -> bool:
        data = os.read(self.jobs, 1 << 20)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            record = json.loads(line)
            self.waiting.append((record["number"], Job.from_json(record["job"])))
        return bool(data)

    def _start(self, number: int, job: Job) -> None:
        folder = make_folder(self.scratch, number, job.program[0])
        later.lend("".join(job.program[1:]))
        read, write = os.pipe()
        nonce = secrets.token_hex(16)
        started = time.monotonic()
        process = self.box.fork(folder)
        if not process:
            self._become_probe(job, folder, write, nonce)
        os.close(write)
        os.set_blocking(read, False)
        end = _watch(process)
        self.children[read] = Child(number, process, read, nonce, folder, started, started + job.timeout, end)
        for descriptor in (read, end):
            if descriptor is not None:
                self.selector.register(descriptor, selectors.EVENT_READ)

    def _become_probe(self, job: Job, folder: str, write: int, nonce: str) -> None:
        """The child's life; it never returns."""
        try:
            os.setsid()
            for key in list(self.selector.get_map().values()):
                os.close(int(key.fd))
            os.close(self.answers)
            self.context.renew()
            run(job, folder, reporter(write, nonce), self.relied)
        finally:
            os._exit(0)

    def _read(self, child: Child) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(child.pipe, 1 << 16)
            if data:
                child.take(data)
            else:
                self.selector.unregister(child.pipe)

    def _look_after(self, child: Child) -> None:
        process, status = os.waitpid(child.process, os.WNOHANG)
        if process:
            self._end(child, "completed", sandbox.read(status))
        elif time.monotonic() > child.deadline:
            self._end(child, "timeout")
        elif child.read > FLOOD:
            self._end(child, "flooded")

    def _end(self, child: Child, how: Any, status: int | None = None) -> None:
        with contextlib.suppress(OSError):
            os.killpg(child.process, signal.SIGKILL)
        if status is None:
            status = sandbox.read(os.waitpid(child.process, 0)[1])
        elif status:
            how = "exited" if status > 0 else "killed"
        self.box.end(child.process)
        with contextlib.suppress(OSError):
            while data := os.read(child.pipe, 1 << 16):
                child.take(data)
                if child.read > 2 * FLOOD:
                    break
        for descriptor in (child.pipe, child.end):
            if descriptor is not None:
                with contextlib.suppress(KeyError, ValueError):
                    self.selector.unregister(descriptor)
                os.close(descriptor)
        del self.children[child.pipe]
        shutil.rmtree(child.folder, ignore_errors=True)
        if how == "completed" and not child.collector.ended:
            how = "exited"
        report = child.collector.report(how, status, time.monotonic() - child.started)
        self._answer({"number": child.number, "report": report_to_json(report)})

    def _answer(self, record: dict[str, Any]) -> None:
        data = json.dumps(record).encode() + b"\n"
        while data:
            data = data[os.write(self.answers, data) :]


def _watch(process: int) -> int | None:
    """A descriptor that can be read once a child has ended, so that its end is seen at once; None without pidfds."""
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError):
        return None


def report_to_json(report: Any) -> dict[str, Any]:
    """A report as it is sent."""
    return {
        "events": list(report.events),
        "ending": report.ending,
        "status": report.status,
        "seconds": report.seconds,
        "strays": report.strays,
    }


def serve_forked(box: Sandbox, jobs: int, answers: int, side: int) -> None:
    """Be the worker that forks: import TensorFlow, warm it up, run jobs."""
    gc.disable()  # Nothing of what an import makes is garbage, and looking for some takes a fifth of its time.
    with later.imported():
        module = tensorflow()
    standins()
    Context.limit_threads()
    gc.freeze()  # What no collection touches, no child has to copy.
    gc.enable()
    filename = os.path.join(box.scratch, "warm_up.py")
    with open(filename, "w") as program:
        program.write(WARM_UP)
    exec(compile(WARM_UP, filename, "exec"), {"__name__": "warm_up"})
    importlib.import_module("keras").backend.clear_session()
    greet(answers, module.__version__, box)
    forker = Forker(box, jobs, answers, side)
    gc.freeze()
    forker.serve()


def serve_once(box: Sandbox, jobs: int, answers: int) -> None:
    """Be a worker for a single probe: import TensorFlow, wait for the job, run it in this process."""
    module = tensorflow()
    standins()
    Context.limit_threads()
    greet(answers, module.__version__, box)
    with os.fdopen(jobs, "rb") as stream:
        record = json.loads(stream.readline() or b"null")
    if record is not None:
        job = Job.from_json(record["job"])
        folder = make_folder(box.scratch, record["number"], job.program[0])
        box.drop()
        run(job, folder, reporter(answers, record["nonce"]), Relied())
    os._exit(0)


def standins() -> None:
    """Put made-up data where programs would download real data."""
    with contextlib.suppress(ImportError, AttributeError):
        standin.install()


def greet(answers: int, version: str, box: Sandbox) -> None:
    """Say that TensorFlow is there, and which, and why there is no sandbox if there is none."""
    os.write(answers, json.dumps({"tensorflow": version, "missing": box.missing}).encode() + b"\n")


def main(mode: str, scratch: str, side: int) -> None:
    """Serve on what were the standard streams; the streams themselves then lead nowhere.

    Args:
        mode: ``fork`` to fork a child for each job, ``once`` to run a single job in this process.
        scratch: The folder to work in.
        side: How many children run side by side.
    """
    sys.dont_write_bytecode = True
    jobs, answers = os.dup(0), os.dup(1)
    silence()
    box = Sandbox(scratch)
    box.enter()
    try:
        if mode == "fork":
            serve_forked(box, jobs, answers, side)
        else:
            serve_once(box, jobs, answers)
    except ImportError as error:
        os.write(answers, json.dumps({"unavailable": str(error)}).encode() + b"\n")
    finally:
        os._exit(0)
