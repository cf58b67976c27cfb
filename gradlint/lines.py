"""Line numbers in a message: marked when the message is worded, and named once its reader is known.

A rule knows the lines of the program; the reader of the message counts those of a cell, of a page or of another file.
So a rule writes ``line(9)``, which is a mark and not English, and whatever the program's own text says about lines
stays.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
"""Code points that no text contains: Unicode reserves them for internal use by programs."""
_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


_NAMES: ContextVar[Mapping[int, str] | None] = ContextVar("names", default=None)


def cell(index: int) -> str:
    """A notebook's cell as people know it: numbered from 1 over all cells, or as the running program names it."""
    return (_NAMES.get() or {}).get(index) or f"cell {index + 1}"


def short(index: int) -> str:
    """A notebook's cell in little space: ``4``, or ``[3]`` if it is called ``In [3]``."""
    return cell(index).rpartition(" ")[2]


@contextmanager
def called(names: Mapping[int, str]) -> Iterator[None]:
    """Call cells by other names for the time of a block, such as ``In [3]`` where they were run."""
    token = _NAMES.set(names)
    try:
        yield
    finally:
        _NAMES.reset(token)


def line(number: int | str) -> str:
    """A line of the program, to stand in a message: it becomes ``line 9``, ``line 2 of cell 4`` or the like."""
    return f"{_OPEN}{number}{_CLOSE}"


def named(message: str, name: Callable[[int], str] = lambda number: f"line {number}") -> str:
    """A message with its lines named; by default, as the program counts them."""
    return _MARK.sub(lambda found: name(int(found[1])), message)
