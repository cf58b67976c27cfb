"""Linux's huge pages: a worker whose memory lies in a few large pages is quick to fork, and its children to end.

A fork copies the tables that lead to a process's memory, and the end of a child takes them down again: an entry for
each small page, tens of thousands for a worker that has imported TensorFlow, and a single one for a huge page. A child
that writes into a huge page gets copies of the small ones that it writes to, as ever. See madvise(2), from which the
number comes.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

COLLAPSE = 25
"""The advice to put a range into one huge page; Linux has it since 6.1, and fails without harm before."""
HUGE = 2 << 20
"""The size of a huge page, and what its address is a multiple of; other sizes fail without harm."""


def fold() -> None:
    """Put this process's own memory into huge pages, where the system has them."""
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    with contextlib.suppress(OSError):
        for start, end in _ranges():
            for place in range(-(-start // HUGE) * HUGE, end // HUGE * HUGE, HUGE):
                advise(ctypes.c_void_p(place), ctypes.c_size_t(HUGE), COLLAPSE)


def _ranges() -> list[tuple[int, int]]:
    """The ranges of addresses of what was allocated: private, writable, and of no file."""
    found = []
    with open("/proc/self/maps") as maps:
        for line in maps:
            place, rights, _, _, file = line.split()[:5]
            start, _, end = place.partition("-")
            if rights == "rw-p" and file == "0":
                found.append((int(start, 16), int(end, 16)))
    return found
