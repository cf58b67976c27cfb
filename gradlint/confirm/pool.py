"""The confirmer's side of the worker: jobs go in, reports come out, whatever becomes of the processes."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gradlint.confirm.observation import read, well_formed
from gradlint.confirm.options import ConfirmUnavailable, Options
from gradlint.confirm.protocol import Collector, Job, RunReport
from gradlint.confirm.sandbox import SIGNALLED

if TYPE_CHECKING:
    from collections.abc import Iterable

START = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("gradlint", {init!r})
sys.modules["gradlint"] = module = module_from_spec(spec)
spec.loader.exec_module(module)
from gradlint.confirm.worker import main
main({mode!r}, {scratch!r}, {side})
"""
"""What a worker runs: this very gradlint, whichever the Python that runs it has."""
GRACE = 30.0
"""Seconds beyond a job's own limit after which a worker that does not answer is given up."""


class Pool(Protocol):
    """Runs jobs apart from one another."""

    tensorflow: str | None
    room: int
    """How many jobs are best submitted before a report is taken: some that wait keep the processes busy."""

    def submit(self, number: int, job: Job) -> None:
        """Run a job; its number comes back with the report."""

    def take(self) -> tuple[int, RunReport] | None:
        """The next report, waited for; None once the pool is closed, by whatever thread."""

    def close(self) -> None:
        """End every process and delete the scratch folder."""


def make_pool(options: Options) -> Pool:
    """A pool of the kind that the system can have."""
    python = options.python or sys.executable
    if options.forks:
        return ForkingPool(python, options.workers, options.trusted)
    return FreshPool(python, options.workers, options.trusted)


NAMED = {
    *("CONDA_PREFIX", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "PATHEXT", "PYTHONHOME"),
    *("SYSTEMDRIVE", "SYSTEMROOT", "TZ", "USER", "USERPROFILE", "VIRTUAL_ENV", "WINDIR"),
}
TENSORFLOW = {
    *("TF2_BEHAVIOR", "TF_CPP_MAX_VLOG_LEVEL", "TF_CPP_VMODULE", "TF_CUDNN_DETERMINISTIC", "TF_DETERMINISTIC_OPS"),
    *("TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR", "TF_GPU_THREAD_MODE", "TF_NUM_INTEROP_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_USE_LEGACY_KERAS", "TF_XLA_FLAGS"),
}
"""What TensorFlow itself reads; Terraform's secrets begin with ``TF_`` too."""
PREFIX = "LC_"
"""What a program is given of the environment: those variables and those that begin so, and no other."""


def environment(scratch: str) -> dict[str, str]:
    """The worker's environment: a few named variables, no GPU, quiet, every cache in the scratch folder, no code there.

    The programs that are run may write into the scratch folder, which is the worker's working directory: no entry of
    its path may count from it.
    """
    path = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(place)]
    known = {name: value for name, value in os.environ.items() if name in NAMED | TENSORFLOW or name.startswith(PREFIX)}
    return {
        **known,
        **({"PYTHONPATH": os.pathsep.join(path)} if path else {}),
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(Path(scratch, "keras")),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": scratch,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TEMP": scratch,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TMP": scratch,
        "TMPDIR": scratch,
    }


def start(python: str, mode: str, scratch: str, side: int = 1) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, so that a Ctrl-C is the confirmer's alone to handle.

    Args:
        python: The Python that runs it.
        mode: ``fork`` for a worker that forks a child for each job, ``once`` for one that runs a single job itself.
        scratch: The folder that it works in.
        side: How many jobs it runs side by side.

    Raises:
        ConfirmUnavailable: If there is no such Python.
    """
    init = str(Path(__file__).resolve().parents[1] / "__init__.py")
    try:
        return subprocess.Popen(
            [python, "-P", "-c", START.format(init=init, mode=mode, scratch=scratch, side=side)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(scratch),
            cwd=scratch,
            start_new_session=True,
        )
    except OSError as error:
        reason = f"{python} cannot be started: {error.strerror or error}"
        raise ConfirmUnavailable(reason, "the setting confirm.python names a Python that has it") from None


def greeting(process: subprocess.Popen[bytes], trusted: bool = False) -> str:
    """Wait until a worker has imported TensorFlow; gives TensorFlow's version.

    Args:
        process: The worker.
        trusted: Whether programs may run even where there is no sandbox for them.

    Raises:
        ConfirmUnavailable: If it could not, or there is no sandbox and the programs are not trusted.
    """
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
    except ValueError:  # Another thread has ended the worker and closed the pipe.
        line = b""
    record: dict[str, Any] = json.loads(line) if line else {}
    if "tensorflow" in record:
        if record.get("missing") and not trusted:
            raise ConfirmUnavailable(*unsafe(str(record["missing"])))
        return str(record["tensorflow"])
    reason = f"it cannot be imported ({record.get('unavailable', 'the import ended the interpreter')})"
    assert isinstance(process.args, list)
    python = str(process.args[0])
    cure = None if python == sys.executable else f"the setting confirm.python names {python}"
    raise ConfirmUnavailable(reason, cure)


def unsafe(missing: str) -> tuple[str, str]:
    """What is said where there is no sandbox: what is not held, and the cure."""
    held = f"there is no sandbox here ({missing}): native code is not kept from files, sockets and other processes"
    return held, "give --trust to run programs that you trust all the same"


class ForkingPool:
    """One worker that has imported TensorFlow and forks a child for each job."""

    def __init__(self, python: str, side: int, trusted: bool) -> None:
        self.python = python
        self.side = side
        self.room = 2 * side
        self.trusted = trusted
        self.scratch = os.path.realpath(tempfile.mkdtemp(prefix="gradlint-"))
        self.tensorflow: str | None = None
        self.waiting: dict[int, tuple[Job, float]] = {}
        self.lost: list[int] = []
        self.closed = False
        self.changing = threading.Lock()
        """Held while the pool closes or changes its worker, so that no worker is started behind a close."""
        self.answers: queue.Queue[bytes | None] = queue.Queue()
        self.process = start(self.python, "fork", self.scratch, self.side)

    def submit(self, number: int, job: Job) -> None:
        """Run a job; its number comes back with the report."""
        if self.tensorflow is None:
            self._greet()
        self.waiting[number] = (job, time.monotonic())
        if self.closed:
            return
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"number": number, "job": job.to_json()}).encode() + b"\n")
            self.process.stdin.flush()
        except (OSError, ValueError):
            self._restart()

    def take(self) -> tuple[int, RunReport] | None:
        """The next report, waited for; None once the pool is closed, by whatever thread."""
        while not self.closed:
            if self.lost:
                number = self.lost.pop()
                return number, RunReport(ending="lost")
            longest = max(job.timeout for job, _ in self.waiting.values())  # What waits does so for one job at most.
            limit = min(started for _, started in self.waiting.values()) + 2 * longest + GRACE
            try:
                line = self.answers.get(timeout=max(0.1, limit - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self._restart()
                continue
            record = json.loads(line)
            if record["number"] in self.waiting:
                del self.waiting[record["number"]]
                return record["number"], read(record["report"])
        return None

    def close(self) -> None:
        """End every process and delete the scratch folder."""
        with self.changing:
            self.closed = True
            end(self.process)
        self.answers.put(None)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _greet(self) -> None:
        try:
            self.tensorflow = greeting(self.process, self.trusted)
        except ConfirmUnavailable:
            if self.closed:
                return
            raise
        threading.Thread(target=self._listen, args=(self.process, self.answers), daemon=True).start()

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], answers: queue.Queue[bytes | None]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in process.stdout:
                answers.put(line)
        answers.put(None)

    def _restart(self) -> None:
        """A worker that is gone takes the jobs with it that it had begun; the next ones get a new worker."""
        with self.changing:
            if self.closed:
                return
            jobs = [(number, job) for number, (job, _) in self.waiting.items()]
            self.lost += [number for number, _ in jobs[: self.side]]  # They are begun in the order in which they came.
            self.waiting.clear()
            end(self.process)
            self.answers = queue.Queue()
            for entry in os.scandir(self.scratch):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
            self.process = start(self.python, "fork", self.scratch, self.side)
        self._greet()
        for number, job in jobs[self.side :]:
            self.submit(number, job)


class FreshPool:
    """A fresh interpreter for each job; a few are started ahead, so that TensorFlow's import is not waited for."""

    def __init__(self, python: str, spares: int, trusted: bool) -> None:
        self.python = python
        self.room = spares
        self.trusted = trusted
        self.scratch = os.path.realpath(tempfile.mkdtemp(prefix="gradlint-"))
        self.tensorflow: str | None = None
        self.reports: queue.Queue[tuple[int, RunReport] | ConfirmUnavailable | None] = queue.Queue()
        self.closed = False
        self.changing = threading.Lock()
        """Held while the pool closes or hands out a process, so that none is started behind a close."""
        self.running: set[subprocess.Popen[bytes]] = set()
        self.spares: queue.Queue[subprocess.Popen[bytes]] = queue.Queue()
        for _ in range(spares):
            self._prepare()

    def submit(self, number: int, job: Job) -> None:
        """Run a job; its number comes back with the report."""
        with self.changing:
            if self.closed:
                return
            process = self.spares.get()
            self._prepare()
        threading.Thread(target=self._run, args=(process, number, job), daemon=True).start()

    def take(self) -> tuple[int, RunReport] | None:
        """The next report, waited for; None once the pool is closed, by whatever thread."""
        report = self.reports.get()
        if isinstance(report, ConfirmUnavailable):
            raise report
        return report

    def close(self) -> None:
        """End every process and delete the scratch folder."""
        with self.changing:
            self.closed = True
            for process in list(self.running):
                end(process)
        self.reports.put(None)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _prepare(self) -> None:
        process = start(self.python, "once", self.scratch)
        self.running.add(process)
        self.spares.put(process)

    def _run(self, process: subprocess.Popen[bytes], number: int, job: Job) -> None:
        try:
            self.tensorflow = greeting(process, self.trusted)
        except ConfirmUnavailable as error:
            if not self.closed:
                self.reports.put(error)
            return
        nonce = secrets.token_hex(16)
        started = time.monotonic()
        collector = Collector()
        lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._listen, args=(process, lines), daemon=True).start()
        assert process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            record = {"number": number, "nonce": nonce, "job": job.to_json()}
            process.stdin.write(json.dumps(record).encode() + b"\n")
            process.stdin.close()
        ending = self._gather(lines, nonce, started + job.timeout, collector)
        if ending == "completed":
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
        status = process.poll() or 0
        status = SIGNALLED - status if status > SIGNALLED else status
        with self.changing:
            if self.closed:
                return
            end(process)
            self.running.discard(process)
        if ending == "completed" and not collector.ended:
            ending = "exited" if status >= 0 else "killed"
        self.reports.put((number, collector.report(ending, status, time.monotonic() - started)))

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in process.stdout:
                lines.put(line)
        lines.put(None)

    @staticmethod
    def _gather(lines: queue.Queue[bytes | None], nonce: str, deadline: float, collector: Collector) -> Any:
        from gradlint.confirm.worker import FLOOD, parse

        read = 0
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return "timeout"
            if line is None:
                return "completed"
            read += len(line)
            if read > FLOOD:
                return "flooded"
            event = parse(line, nonce)
            if event is not None and well_formed(event):
                collector.events.append(event)
            else:
                collector.strays += 1


def end(process: subprocess.Popen[bytes]) -> None:
    """End a worker and all that it started, and close the pipes to it."""
    import signal

    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                assert process.stdin is not None
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=2)
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    for stream in streams(process):
        with contextlib.suppress(OSError):
            stream.close()


def streams(process: subprocess.Popen[bytes]) -> Iterable[Any]:
    """The pipes to a process."""
    return [stream for stream in (process.stdin, process.stdout) if stream is not None]
