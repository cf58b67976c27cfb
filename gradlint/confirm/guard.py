"""What a probe may not do: the guard that is put up in its process before a line of it runs.

This is a guard and not a sandbox: an audit hook, resource limits and, on Linux, the kernel's Landlock keep a
program that was cut out of a training script from touching what it has no business with. They do not hold
someone who sets out to get past them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from gradlint.confirm import landlock, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable


NETWORK = frozenset(
    {
        "ftplib.connect",
        "http.client.connect",
        "imaplib.open",
        "poplib.connect",
        "smtplib.connect",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
        "telnetlib.Telnet.open",
        "urllib.Request",
        "webbrowser.open",
    }
)
PROCESS = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.startfile/2",
        "os.system",
        "pty.spawn",
        "subprocess.Popen",
    }
)
SIGNAL = frozenset({"os.kill", "os.killpg"})
CHANGE = frozenset(
    {
        "os.chflags",
        "os.chmod",
        "os.chown",
        "os.link",
        "os.lockf",
        "os.mkdir",
        "os.remove",
        "os.removexattr",
        "os.rename",
        "os.rmdir",
        "os.setxattr",
        "os.symlink",
        "os.truncate",
        "os.unlink",
        "os.utime",
        "shutil.chown",
        "shutil.move",
        "shutil.rmtree",
        "shutil.unpack_archive",
    }
)
"""Audit events whose arguments name what is written, moved or deleted (https://docs.python.org/3/library/audit_events.html)."""

PEEKING = frozenset(
    {
        "gc.get_objects",
        "gc.get_referents",
        "gc.get_referrers",
        "sys.monitoring.register_callback",
        "sys._current_frames",
        "sys._getframe",
        "sys.addaudithook",
        "sys.setprofile",
        "sys.settrace",
    }
)
"""Audit events of looking into the interpreter: what looks on at a program could be found and spoken for."""

TENSORFLOW_CHANGES = {
    "CopyFile": (1,),
    "CreateDir": (0,),
    "DeleteFile": (0,),
    "DeleteRecursively": (0,),
    "RecursivelyCreateDir": (0,),
    "RenameFile": (0, 1),
    "WritableFile": (0,),
    "WriteStringToFile": (0,),
}
"""TensorFlow's own functions that change files, and which of their arguments name one."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Refused(PermissionError):  # noqa: N818 - it is what happened, and programs print it
    """The probe asked for something that the guard refuses."""


def harden(scratch: str, report: Callable[[str], None], peeked: Callable[[str], None], program: str) -> None:
    """Refuse, from here on and for good, what a probe has no need of.

    Args:
        scratch: The one folder in which the process may write and delete.
        report: Told what was refused, once each time.
        peeked: Told when the program itself looks into the interpreter.
        program: The file that the program is compiled as.
    """
    inside = os.path.realpath(scratch)
    audit = _Audit(inside, report, peeked, program)
    _wrap_tensorflow_files(audit)
    _refuse_fork_exec(audit)
    if sys.platform == "linux":
        landlock.restrict(inside)
        seccomp.restrict()
    sys.addaudithook(audit)


class _Audit:
    """The audit hook; it raises :class:`Refused` for what is not allowed."""

    def __init__(self, inside: str, report: Callable[[str], None], peeked: Callable[[str], None], program: str) -> None:
        self.inside = inside
        self.report = report
        self.peeked = peeked
        self.program = program
        self.looking = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            if _writes(mode, flags):
                self.change("writing", path)
        elif event in CHANGE:
            for path in arguments[: 2 if event in {"os.rename", "os.link", "os.symlink", "shutil.move"} else 1]:
                self.change(event, path)
        elif event in NETWORK:
            self.refuse(f"the network ({event})")
        elif event in PROCESS:
            self.refuse(f"another process ({event})")
        elif event in PEEKING:
            self._look(event)
        elif event in SIGNAL and arguments[0] != os.getpid():
            self.refuse(f"a signal to another process ({event})")

    def _look(self, event: str) -> None:
        if self.looking:
            return
        self.looking = True
        try:
            if sys._getframe(2).f_code.co_filename == self.program:
                self.peeked(event)
        finally:
            self.looking = False

    def change(self, what: str, path: object) -> None:
        """Refuse a change to a path unless it lies in the scratch folder or is the null device."""
        if isinstance(path, int):
            return
        text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else str(path)
        if text.startswith("file://"):
            text = text.removeprefix("file://")
        folder, name = os.path.split(os.path.abspath(text))
        real = os.path.realpath(text) if what == "writing" else os.path.join(os.path.realpath(folder), name)
        if real == self.inside or real.startswith(self.inside + os.sep) or real == os.devnull:
            return
        self.refuse(f"a change outside the scratch folder ({what} {text})")

    def refuse(self, what: str) -> None:
        """Report and raise."""
        self.report(what)
        raise Refused(f"gradlint --confirm refuses {what}")


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str) and any(letter in mode for letter in "wax+"):
        return True
    return isinstance(flags, int) and bool(flags & WRITING)


def _refuse_fork_exec(audit: _Audit) -> None:
    """``multiprocessing`` starts processes without an audit event."""
    with contextlib.suppress(ImportError):
        import _posixsubprocess

        def fork_exec(*arguments: object) -> int:
            audit.refuse("another process (fork_exec)")
            return -1

        vars(_posixsubprocess)["fork_exec"] = fork_exec


def _wrap_tensorflow_files(audit: _Audit) -> None:
    """TensorFlow's own file system runs in C++, where no audit event is raised."""
    try:
        files = importlib.import_module("tensorflow.python.lib.io._pywrap_file_io")
    except ImportError:
        return
    for name, paths in TENSORFLOW_CHANGES.items():
        if hasattr(files, name):
            setattr(files, name, _checked(audit, getattr(files, name), name, paths))


def _checked(audit: _Audit, original: Callable[..., Any], name: str, paths: tuple[int, ...]) -> Callable[..., Any]:
    def checked(*arguments: Any, **keywords: Any) -> Any:
        for place in paths:
            if place < len(arguments):
                audit.change(name, arguments[place])
        return original(*arguments, **keywords)

    return checked


def limit(seconds: float, memory: int, output: int) -> None:
    """Bound what the process may take; where the system has no such limits, the time limit alone holds.

    Args:
        seconds: Wall-clock seconds that the probe has; its processor time is bounded by as much a core.
        memory: Bytes of address space beyond what is taken now.
        output: Bytes in one file.
    """
    try:
        import resource
    except ImportError:
        return
    cores = os.cpu_count() or 1
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, output)
    _lower(resource.RLIMIT_CPU, int(seconds * cores) + 5)
    taken = _address_space()
    if taken is not None:
        _lower(resource.RLIMIT_AS, taken + memory)
    tasks = _tasks()
    if tasks is not None:
        _lower(resource.RLIMIT_NPROC, tasks + 64 * cores)


def _lower(which: int, value: int) -> None:
    import resource

    _, hard = resource.getrlimit(which)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (bound, bound))


def _address_space() -> int | None:
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _tasks() -> int | None:
    """How many threads this user runs: the kernel counts them all against the limit."""
    mine, count = os.getuid(), 0
    try:
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if entry.stat().st_uid == mine:
                        count += len(os.listdir(f"{entry.path}/task"))
    except OSError:
        return None
    return count
