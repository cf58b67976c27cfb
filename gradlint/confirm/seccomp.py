"""Linux's seccomp: system calls that a probe has no need of, and that a view of the system does not hold, fail.

A socket of the UNIX domain leads to whoever listens on a file that can be seen, whatever the namespace of the network;
one of the VSOCK domain leads out of a virtual machine. io_uring makes other system calls by a way of its own. See
seccomp(2), the kernel's Documentation/userspace-api/seccomp_filter.rst and its include/uapi/linux/seccomp.h and
filter.h, from which the numbers come.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys
from typing import Final

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions: load a word of the call, compare it with a number, end."""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
NUMBER, ARCHITECTURE, FIRST = 0, 4, 16
"""Where a call's number, its architecture and its first argument stand."""
SET_MODE_FILTER, TO_EVERY_THREAD = 1, 1
PR_SET_NO_NEW_PRIVS = 38
X32 = 0x40000000
"""From here on x86-64 has the numbers of another way of calling."""

INTERNET: Final = (2, 10)
"""The domains of sockets that may be made, of the Internet's protocols: no such network is there."""

ARCHITECTURES: Final = {
    "x86_64": (0xC000003E, 317, 41),
    "aarch64": (0xC00000B7, 277, 198),
}
"""For each machine: its number, and those of ``seccomp`` and ``socket``."""

REFUSED: Final = {
    "x86_64": (101, 155, 161, 165, 166, 246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 321, 323),
    "aarch64": (39, 40, 41, 51, 97, 104, 117, 217, 218, 219, 241, 265, 268, 270, 271, 280, 282),
}
"""``ptrace``, ``process_vm_readv`` and ``writev``; ``mount``, ``umount2``, ``pivot_root``, ``chroot``, ``unshare``,
``setns``, ``open_by_handle_at``; ``add_key``, ``request_key``, ``keyctl``; ``bpf``, ``perf_event_open``,
``userfaultfd``, ``kexec_load``."""
EVERYWHERE: Final = (425, 426, 427, 428, 429, 430, 438, 442)
"""``io_uring_setup``, ``enter`` and ``register``, ``open_tree``, ``move_mount``, ``fsopen``, ``pidfd_getfd``,
``mount_setattr``: the same numbers on every machine."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def restrict() -> bool:
    """Let this process make no such calls any more, for good.

    Returns:
        Whether the kernel took it.
    """
    known = ARCHITECTURES.get(platform.machine())
    if known is None or sys.platform != "linux":
        return False
    instructions = _filter(known[0], known[2], (*REFUSED[platform.machine()], *EVERYWHERE))
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    flags = ctypes.c_uint(TO_EVERY_THREAD)
    return bool(libc.syscall(known[1], SET_MODE_FILTER, flags, ctypes.byref(program)) == 0)


def _filter(machine: int, socket: int, refused: tuple[int, ...]) -> list[_Instruction]:
    """The instructions; each comparison tells how many of the following are left out if it holds, and if not."""
    made = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, machine), (RETURN, 0, 0, REFUSE)]
    made += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32), (RETURN, 0, 0, REFUSE)]
    for number in refused:
        made += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    made += [(EQUAL, 1, 0, socket), (RETURN, 0, 0, ALLOW), (LOAD, 0, 0, FIRST)]
    for domain in INTERNET:
        made += [(EQUAL, 0, 1, domain), (RETURN, 0, 0, ALLOW)]
    return [_Instruction(*one) for one in (*made, (RETURN, 0, 0, REFUSE))]
