"""Where in the user's code something happens: the innermost frame that is not a library's."""

from __future__ import annotations

import os
import re
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

GENERATED = "__autograph_generated_file"
"""What the file of a function that AutoGraph has converted is called; TensorFlow maps its lines back."""

_LIBRARY_PARTS = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", GENERATED)


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code.

    Attributes:
        path: The file as Python names it; a cell of a notebook has a name of its own.
        line: The line, from 1.
        function: The name of the function that it stands in; ``<module>`` at the top.
    """

    path: str
    line: int
    function: str


@lru_cache(maxsize=1)
def _roots() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib") if name in paths}
    found.add(str(Path(__file__).resolve().parents[1]))
    return tuple(str(Path(path)) + os.sep for path in found) + tuple(
        os.path.realpath(path) + os.sep for path in found if os.path.realpath(path) != path
    )


@lru_cache(maxsize=1)
def _commands() -> frozenset[str]:
    """The scripts that the commands are started by, gradlint's own and pytest's."""
    folder = sysconfig.get_paths()["scripts"]
    return frozenset(
        os.path.join(path, name + ending)
        for path in (folder, os.path.realpath(folder))
        for name in ("gradlint", "pytest", "py.test")
        for ending in ("", ".exe", "-script.py")
    )


@lru_cache(maxsize=4096)
def of_user(path: str) -> bool:
    """Whether a file is the user's own rather than the standard library's, an installed package's or gradlint's."""
    if path.startswith(("<frozen", "<__array", "<decorator")) or path in _commands():
        return False
    return not (path.startswith(_roots()) or any(part in path for part in _LIBRARY_PARTS))


@lru_cache(maxsize=1024)
def of_gradlint(path: str) -> bool:
    """Whether a file is one of gradlint's own."""
    return path.startswith(str(Path(__file__).resolve().parents[1]) + os.sep) or "/click/" in path


_users: dict[str, bool] = {}
_stacks: dict[tuple[str, int, str], tuple[Place, ...]] = {}
_NOWHERE: tuple[Place, ...] = ()


def innermost(frame: FrameType | None) -> tuple[Place, ...]:
    """The innermost line of the user's on the stack below a frame, as a stack of one; empty where there is none.

    It runs for every operation, so what was found out of a file or a line is remembered.
    """
    known = _users.get
    while frame is not None:
        code = frame.f_code
        path = code.co_filename
        users = known(path)
        if users is None:
            users = _users[path] = of_user(path)
        if users:
            key = (path, frame.f_lineno, code.co_name)
            found = _stacks.get(key)
            if found is None:
                found = _stacks[key] = (Place(*key),)
            return found
        frame = frame.f_back
    return _NOWHERE


def user_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """The user's frames below a frame, from the innermost outwards."""
    known = _users.get
    while frame is not None:
        path = frame.f_code.co_filename
        users = known(path)
        if users is None:
            users = _users[path] = of_user(path)
        if users:
            yield frame
        frame = frame.f_back


def stack(frame: FrameType | None, most: int = 8) -> tuple[Place, ...]:
    """The user's lines on the stack below a frame, from the innermost outwards, at most so many."""
    found = _NOWHERE
    for one in islice(user_frames(frame), most):
        found += innermost(one)
    return found


def mapped_stack(most: int = 8) -> tuple[Place, ...]:
    """The user's lines on the stack while a ``tf.function`` is traced, mapped back from what AutoGraph generated.

    Source: ``tensorflow.python.util.tf_stack.extract_stack`` (TensorFlow 2.16 to 2.21).
    """
    from tensorflow.python.util import tf_stack

    return of_traceback(tf_stack.extract_stack(), most)


def of_exception(error: BaseException) -> tuple[Place, ...]:
    """The user's lines that an exception came through, from the innermost outwards."""
    import traceback

    frames = [Place(one.filename, one.lineno or 1, one.name) for one in traceback.extract_tb(error.__traceback__)]
    frames += [Place(path, int(line), name) for path, line, name in _CONVERTED.findall(str(error)[:20_000])]
    return tuple(one for one in reversed(frames) if of_user(one.path))


def of_traceback(frames: object, most: int = 8) -> tuple[Place, ...]:
    """The user's lines of a traceback of TensorFlow's, from the innermost outwards."""
    found: list[Place] = []
    for frame in reversed(list(frames)):  # type: ignore[call-overload]
        if of_user(frame.filename):
            found.append(Place(frame.filename, frame.lineno, frame.name))
            if len(found) == most:
                break
    return tuple(found)


_CONVERTED = re.compile(r'File "([^"\n]+)", line (\d+), in (\S+)')
"""How AutoGraph names the lines of a traced function in the text of what it raises."""
_METRICS = (f"{os.sep}keras{os.sep}src{os.sep}metrics{os.sep}", f"{os.sep}tf_keras{os.sep}src{os.sep}metrics{os.sep}")


def of_metric(frame: FrameType | None) -> bool:
    """Whether what runs was called by a Keras metric, between it and the user's own line."""
    while frame is not None and not of_user(frame.f_code.co_filename):
        if any(part in frame.f_code.co_filename for part in _METRICS):
            return True
        frame = frame.f_back
    return False


def current(depth: int = 1) -> tuple[Place, ...]:
    """The user's lines on the present stack; in a traced function TensorFlow's map from generated code is used."""
    frame = sys._getframe(depth)
    look: FrameType | None = frame
    while look is not None:
        if GENERATED in look.f_code.co_filename:
            return mapped_stack()
        look = look.f_back
    return stack(frame)
