"""What is reported of an exception, and where in the program something happens."""

from __future__ import annotations

import itertools
import os
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from gradlint.confirm.protocol import Event

GENERATED = "__autograph_generated_file"
TEXT = 200_000
"""How many characters of an exception's text are looked at."""
FRAMES = 60
"""How many frames of an exception are reported: the innermost."""
OWN = os.path.dirname(os.path.abspath(__file__))


class Described:
    """Tells the program's code from TensorFlow's.

    Args:
        tf: TensorFlow.
        filename: The file that the program is compiled as.
    """

    def __init__(self, tf: Any, filename: str) -> None:
        self.filename = filename
        packages = os.path.dirname(os.path.dirname(os.path.abspath(tf.__file__)))
        self.libraries = tuple(os.path.join(packages, name) + os.sep for name in ("tensorflow", "keras", "tf_keras"))

    def error(self, error: BaseException) -> Event:
        """An exception's type and bases, its text, and the frames that it came through."""
        frames: list[list[Any]] = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            line = -1 if GENERATED in code.co_filename else int(trace.tb_lineno or 0)
            frames.append([self.owner(code.co_filename), line, code.co_name[:100]])
            trace = trace.tb_next
        try:
            text = str(error)[:TEXT]
        except Exception:  # The exception's class is the program's, and so is what its text raises.
            text = ""
        quoted = [int(line) for line in re.findall(rf'File "{re.escape(self.filename)}", line (\d+)', text)]
        return {
            "type": type(error).__name__[:100],
            "mro": [kind.__name__[:100] for kind in type(error).__mro__][:30],
            "text": text[-2000:] if "Error" in text[:200] and len(text) > 2000 else text[:2000],
            "frames": frames[-FRAMES:],
            "quoted": quoted[:40],
            "module": str(getattr(error, "name", None) or "")[:200] if isinstance(error, ImportError) else None,
        }

    def owner(self, filename: str) -> str:
        """Whose code a file holds: ``program``, ``tensorflow``, ``probe`` or ``other``."""
        if filename == self.filename or GENERATED in filename:
            return "program"
        if filename.startswith(self.libraries):
            return "tensorflow"
        return "probe" if filename.startswith(OWN) else "other"

    def program_frame(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of the program's own code, as it is or as AutoGraph has converted it."""
        while frame is not None:
            name = frame.f_code.co_filename
            if name == self.filename or GENERATED in name:
                return frame
            frame = frame.f_back
        return None

    def running(self) -> list[int]:
        """The lines of the program that run at this moment, the innermost first."""
        return [frame.f_lineno or 0 for frame in self._program_frames()]

    def span(self) -> list[int]:
        """Which part of the program's text runs at this moment: first and last line and column; empty where unknown."""
        for frame in self._program_frames()[:1]:
            found = next(itertools.islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), ())
            line, end, column, end_column = (*found, None, None, None, None)[:4]
            if line is not None and end is not None and column is not None and end_column is not None:
                return [line, column, end, end_column]
        return []

    def context(self) -> list[int]:
        """Where in the program a call is made: two calls that only differ in the turn of a loop have the same."""
        return [frame.f_lasti for frame in self._program_frames()]

    def _program_frames(self) -> list[FrameType]:
        frames: list[FrameType] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and len(frames) < 8:
            if frame.f_code.co_filename == self.filename:
                frames.append(frame)
            frame = frame.f_back
        return frames
