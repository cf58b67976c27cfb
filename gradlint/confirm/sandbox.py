"""Linux's namespaces: what a probe sees of the system is a view that it cannot change.

The worker leaves the system's namespaces before it imports TensorFlow: its mounts are a copy of the system's that are
read-only but for the scratch folder, its network has no interface, and no process outside of it can be named. Each
probe gets a namespace of processes of its own, which ends with it and takes with it whatever the probe has started, and
sees only its own scratch folder as writable; it has no capability left. See namespaces(7), user_namespaces(7) and
mount_setattr(2), from which the numbers come.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import platform
import signal
import subprocess
import sys
from typing import NoReturn

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_SETATTR = 442
"""A system call; the same number on every architecture that has the generic table, x86-64 and AArch64 among them."""
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 24, 38, 47
CAPABILITIES = 0x20080522
"""The third version of the structures of capset(2)."""
DEVICES = ("null", "zero", "full", "random", "urandom")
WAITING = ("/bin/sh", "-c", "read _")
"""What the first process of a namespace runs: it waits, and costs less than a copy of the worker."""
SIGNALLED = 128
"""What is added to a signal's number where an exit status tells of it."""


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("user", ctypes.c_uint64),
    )


class Sandbox:
    """The namespaces of one worker.

    Args:
        scratch: The folder that stays writable.

    Attributes:
        missing: Why there is no sandbox, as a clause; None where there is one.
    """

    def __init__(self, scratch: str) -> None:
        self.scratch = scratch
        self.missing: str | None = None
        self._own: int | None = None
        self._firsts: dict[int, subprocess.Popen[bytes]] = {}
        """The first process of each probe's namespace: where that ends, the namespace does."""

    def enter(self) -> None:
        """Leave the system's namespaces; returns in a child process, while this one waits and ends as that does."""
        try:
            if sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}:
                raise OSError(None, f"not available for {sys.platform} on {platform.machine()}")
            _unshare()
            _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
            self._close_off()
        except OSError as error:
            self.missing = str(error.strerror or error)
            return
        child = os.fork()
        if child:
            _follow(child)
        _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _mount_proc()
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def _close_off(self) -> None:
        """Let everything but the scratch folder be read alone."""
        kept = [self.scratch]
        for name in DEVICES:
            with contextlib.suppress(OSError):
                _bind(f"/dev/{name}")
                kept.append(f"/dev/{name}")
        _bind(self.scratch)
        _set("/", on=ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV, recursive=True)
        _set(self.scratch, off=ATTR_RDONLY)
        for path in kept[1:]:
            _set(path, off=ATTR_RDONLY | ATTR_NODEV)

    def fork(self, folder: str) -> int:
        """Fork a probe: gives the child 0, which may write in its own folder only, and the parent what to wait for.

        Args:
            folder: The probe's own folder, in the scratch folder.
        """
        if self.missing is not None:
            return os.fork()
        assert self._own is not None
        _call("unshare", NEWPID)
        first = subprocess.Popen(WAITING, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={})
        probe = os.fork()
        if probe:
            _call("setns", self._own, NEWPID)
            self._firsts[probe] = first
            return probe
        assert first.stdin is not None
        first.stdin.close()
        try:
            _call("unshare", NEWNS)
            _bind(folder)
            _set(self.scratch, on=ATTR_RDONLY)
            _set(folder, off=ATTR_RDONLY)
            _mount_proc()
        except OSError:
            os._exit(1)
        _drop()
        return 0

    def end(self, probe: int) -> None:
        """End a probe's namespace, and with it whatever the probe has started."""
        first = self._firsts.pop(probe, None)
        if first is not None:
            first.kill()
            first.communicate()

    def drop(self) -> None:
        """Give up, for good, what would let this process change its view."""
        if self.missing is None:
            _drop()


def read(status: int) -> int:
    """A wait status as an exit status or, negative, a signal, where another process has told of it."""
    code = os.waitstatus_to_exitcode(status)
    return SIGNALLED - code if code > SIGNALLED else code


def _follow(child: int) -> NoReturn:
    """Wait for a child, close what it must not be kept from, and end as it does."""
    with contextlib.suppress(OSError):
        os.closerange(3, 1 << 16)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            ended, status = os.wait()
        except ChildProcessError:
            os._exit(1)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(SIGNALLED - code if code < 0 else code)


def _unshare() -> None:
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEWUSER | NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _mount_proc() -> None:
    """Show the namespace's own processes; where the system hides part of its own, the old view stays."""
    with contextlib.suppress(OSError):
        _call("mount", b"proc", b"/proc", b"proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, None)


def _bind(path: str) -> None:
    _call("mount", os.fsencode(path), os.fsencode(path), None, MS_BIND, None)


def _set(path: str, *, on: int = 0, off: int = 0, recursive: bool = False) -> None:
    attributes = _Attributes(on, off, 0, 0)
    flags = ctypes.c_uint(AT_RECURSIVE if recursive else 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    where = ctypes.c_char_p(os.fsencode(path))
    _call("syscall", ctypes.c_long(MOUNT_SETATTR), ctypes.c_int(AT_FDCWD), where, flags, ctypes.byref(attributes), size)


def _drop() -> None:
    """Drop every capability, so that none is got back either."""
    for number in range(64):
        with contextlib.suppress(OSError):
            _call("prctl", PR_CAPBSET_DROP, number, 0, 0, 0)
    with contextlib.suppress(OSError):
        _call("prctl", PR_CAP_AMBIENT, 4, 0, 0, 0)
    _call("capset", (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)())
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


@functools.cache
def _libc() -> ctypes.CDLL:
    """The C library; looking it up takes a tenth of a millisecond, and a probe calls it a hundred times."""
    return ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> int:
    """Call a function of the C library.

    Raises:
        OSError: If it fails.
    """
    libc = _libc()
    long = [ctypes.c_ulong(one) if isinstance(one, int) and name == "mount" else one for one in arguments]
    result = int(getattr(libc, name)(*long))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
