"""Linux's Landlock: the kernel itself keeps the process from changing files outside one folder and from TCP.

It also holds for C++ code and for system calls that raise no audit event. See the kernel's
Documentation/userspace-api/landlock.rst, from which the numbers come.
"""

from __future__ import annotations

import ctypes
import os
import platform

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls; the same numbers on every architecture that has the generic table, x86-64 and AArch64 among them."""

PR_SET_NO_NEW_PRIVS = 38
VERSION_FLAG = 1
RULE_PATH_BENEATH = 1

WRITE_FILE, REFER, TRUNCATE = 1 << 1, 1 << 13, 1 << 14
CHANGES = sum(1 << bit for bit in range(4, 13))
"""Removing files and folders, and making files, folders, links, sockets, pipes and devices."""
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABSTRACT_SOCKETS, SCOPE_SIGNALS = 1 << 0, 1 << 1


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def restrict(folder: str) -> bool:
    """Let this thread and those it starts change files beneath one folder only, for good.

    Returns:
        Whether the kernel took it; False where it has no Landlock.
    """
    if platform.machine() not in {"x86_64", "aarch64"}:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG))
    if version < 1:
        return False
    files = WRITE_FILE | CHANGES | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    ruleset = _Ruleset(
        files,
        BIND_TCP | CONNECT_TCP if version >= 4 else 0,
        SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS if version >= 6 else 0,
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        _allow(libc, rules, folder, files)
        _allow(libc, rules, os.devnull, WRITE_FILE | (TRUNCATE if version >= 3 else 0))
        if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            return False
        return bool(libc.syscall(RESTRICT_SELF, rules, ctypes.c_uint32(0)) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, access: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        beneath = _PathBeneath(access, parent)
        libc.syscall(ADD_RULE, rules, RULE_PATH_BENEATH, ctypes.byref(beneath), ctypes.c_uint32(0))
    finally:
        os.close(parent)
