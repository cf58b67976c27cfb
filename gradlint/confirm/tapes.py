"""Looks on at TensorFlow's tapes from below Python: where its Python code calls into its C++ library.

``tensorflow.GradientTape`` is Python code that a program may subclass, wrap or replace. What it comes down to are a
few functions of ``tensorflow.python.pywrap_tfe``: a tape is made and put on the stack, watches a tensor, and is asked
for a gradient. What these were given and gave is what counts; a gradient that did not come from there is none of
TensorFlow's.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from gradlint.confirm.values import Serials

Known = Literal["told", "maybe", "nothing"]

WATCHED_BY = "TFE_Py_TapeGradient", "TFE_Py_TapeSetNew", "TFE_Py_TapeSetAdd", "TFE_Py_TapeSetRemove", "TFE_Py_TapeWatch"
"""The functions that are looked on at."""


@dataclass(slots=True)
class RunningCall:
    """One gradient call of the program while it runs.

    Attributes:
        tape: The C++ tape that it asked, or None.
        nothing: For each time that a tape was asked, whether each source got None.
        silent: Whether it asked for zeros in place of None.
        sources: The flat tensors that the tape was asked about.
    """

    tape: Any = None
    nothing: list[list[bool]] = field(default_factory=list)
    silent: bool = False
    sources: list[Any] = field(default_factory=list)


class Tapes:
    """The tapes of a program, by serial numbers.

    Args:
        serials: Numbers for objects.
        native: Whether tapes forget what they were asked about, as the program makes them; otherwise they remember, so
            that they can be asked about more than the program does.
        watch: Told of each tensor that a tape is made to watch: the tape's number and the tensor's.
    """

    def __init__(self, serials: Serials, *, native: bool, watch: Callable[[int, Any], None]) -> None:
        self.serials = serials
        self.native = native
        self.watch = watch
        self.library: Any = importlib.import_module("tensorflow.python.pywrap_tfe")
        self.record: Any = importlib.import_module("tensorflow.python.eager.record")
        self.backprop: Any = importlib.import_module("tensorflow.python.eager.backprop")
        self.original = {name: getattr(self.library, name) for name in WATCHED_BY}
        self.active: list[int] = []
        self.numbers: dict[int, int] = {}
        self.automatic: dict[int, bool] = {}
        """Whether each tape watches trainable variables without being told to."""
        self.told: dict[int, list[Any]] = {}
        """The tensors that each tape was told to watch."""
        self.early: list[Any] = []
        """What each tape watches from its beginning, in a trial that tries this."""
        self.asked: dict[int, int] = {}
        """How often each tape was asked by a call that is not looked on at."""
        self.pushed: weakref.WeakKeyDictionary[Any, list[int]] = weakref.WeakKeyDictionary()
        """The tapes that each ``GradientTape`` object has put on the stack."""
        self.made = 0
        self.running: list[RunningCall] = []
        self.depth = 0
        self.looking = False
        """Whether a tape is asked for what the program does not ask for."""
        self.mine: dict[str, Any] = {}
        self.variables: dict[int, Any] = {}
        """The variables by the identities of their handles, which is what TensorFlow's own tapes know of them."""

    def install(self) -> None:
        """Take the place of TensorFlow's functions."""
        self.mine = {
            "TFE_Py_TapeGradient": self._gradient,
            "TFE_Py_TapeSetNew": self._new,
            "TFE_Py_TapeSetAdd": self._add,
            "TFE_Py_TapeSetRemove": self._remove,
            "TFE_Py_TapeWatch": self._watch,
        }
        for name, function in self.mine.items():
            setattr(self.library, name, function)

    def replaced(self) -> str | None:
        """What the program has put in the place of something that is relied on, or None."""
        for name, function in self.mine.items():
            if getattr(self.library, name, None) != function:
                return name
        return None

    def number(self, tape: Any) -> int:
        """The serial number of a C++ tape; 0 where there is none."""
        return 0 if tape is None else self.numbers.get(id(tape), 0)

    def recording(self) -> tuple[int, ...]:
        """The numbers of the tapes that record at this moment."""
        # Each thread has tapes of its own, and another one's see nothing of what it does.
        unseen = self.library.TFE_Py_TapeSetIsStopped() or self.library.TFE_Py_TapeSetIsEmpty()
        return () if unseen else tuple(self.active)

    def gradient(self, tape: Any, target: Any, sources: Sequence[Any], weights: Any = None) -> list[Any]:
        """The gradient of one more target, or of what its elements come to with weights, which no tape records.

        Raises:
            Exception: Whatever TensorFlow raises.
        """
        self.depth += 1
        self.looking = True
        try:
            with self.record.stop_recording():
                given = None if weights is None else [weights]
                found = self.original["TFE_Py_TapeGradient"](tape, [target], list(sources), given, None, "none")
                return list(found)
        finally:
            self.depth -= 1
            self.looking = False

    def knows(self, tape: Any, source: Any) -> Known:
        """What a tape knows of a source: ``told`` to watch it, ``nothing`` for certain, or ``maybe`` something."""
        number = self.number(tape)
        if not number:
            return "maybe"
        variable = hasattr(source, "handle")
        if variable and self.automatic[number] and getattr(source, "trainable", False):
            return "maybe"
        watched = list(self.library.TFE_Py_TapeWatchedVariables(tape))
        if variable:
            return "maybe" if any(one is source for one in watched) else "nothing"
        told = self.told.get(number, [])
        if any(one is source for one in told):
            return "told"
        seen = [*map(self.backprop._handle_or_self, watched), *told]
        try:
            return "nothing" if all(one is None for one in self.gradient(tape, source, seen)) else "maybe"
        except Exception:  # A source may be anything, and a gradient's function may be the program's.
            return "maybe"

    @contextlib.contextmanager
    def asking(self) -> Iterator[RunningCall]:
        """While the program makes a gradient call: what it asks of TensorFlow's tapes goes to the object given."""
        asking = RunningCall()
        self.running.append(asking)
        try:
            yield asking
        finally:
            self.running.pop()
            if self.running:
                outer = self.running[-1]
                outer.nothing += asking.nothing
                outer.tape = asking.tape if outer.tape is None else outer.tape
                outer.silent = outer.silent or asking.silent
                outer.sources = outer.sources or asking.sources

    def _new(self, persistent: Any, watch: Any) -> Any:
        keeps = persistent is True or (persistent is False and not self.native)
        tape = self.original["TFE_Py_TapeSetNew"](keeps or persistent, watch)
        self.made += 1
        self.numbers[id(tape)] = self.made
        self.automatic[self.made] = bool(watch)
        for one in self.early:
            how = "TFE_Py_TapeWatchVariable" if hasattr(one, "handle") else "TFE_Py_TapeWatch"
            getattr(self.library, how)(tape, one)
        self.active.append(self.made)
        maker = self._maker()
        if maker is not None:
            self.pushed.setdefault(maker, []).append(self.made)
        return tape

    def _maker(self) -> Any:
        """The ``GradientTape`` object that puts a tape on the stack at this moment."""
        frame: FrameType | None = sys._getframe(2)
        code = self.backprop.GradientTape._push_tape.__code__
        for _ in range(4):
            if frame is None or frame.f_code is code:
                break
            frame = frame.f_back
        return frame.f_locals.get("self") if frame is not None and frame.f_code is code else None

    def asked_by_others(self, maker: Any) -> int:
        """How often a ``GradientTape`` object's tapes were asked by calls that are not looked on at."""
        return sum(self.asked.get(number, 0) for number in self.pushed.get(maker, ()))

    def _add(self, tape: Any) -> Any:
        result = self.original["TFE_Py_TapeSetAdd"](tape)
        self.active.append(self.number(tape))
        return result

    def _remove(self, tape: Any) -> Any:
        number = self.number(tape)
        if number in self.active:
            self.active.remove(number)
        return self.original["TFE_Py_TapeSetRemove"](tape)

    def _watch(self, tape: Any, tensor: Any) -> Any:
        result = self.original["TFE_Py_TapeWatch"](tape, tensor)
        self.told.setdefault(self.number(tape), []).append(tensor)
        self.watch(self.number(tape), tensor)
        return result

    def _gradient(self, tape: Any, target: Any, sources: Any, given: Any, raw: Any, unconnected: Any) -> Any:
        original = self.original["TFE_Py_TapeGradient"]
        outermost = self.depth == 0
        self.depth += 1
        try:
            if not outermost:
                return original(tape, target, sources, given, raw, unconnected)
            if not self.running:
                number = self.number(tape)
                self.asked[number] = self.asked.get(number, 0) + 1
            return self._asked(tape, target, sources, given, raw, unconnected)
        finally:
            self.depth -= 1

    def _asked(self, tape: Any, target: Any, sources: Any, given: Any, raw: Any, unconnected: Any) -> Any:
        original = self.original["TFE_Py_TapeGradient"]
        asking = self.running[-1] if self.running else None
        if asking is not None:
            asking.tape = tape
            asking.sources = list(sources)
            asking.silent = unconnected == "zero"
        again = unconnected == "zero" and not self.native
        if again:
            with self.record.stop_recording():
                found = original(tape, target, sources, given, raw, "none")
            result = original(tape, target, sources, given, raw, unconnected)
        else:
            found = result = original(tape, target, sources, given, raw, unconnected)
        if asking is not None and (again or unconnected != "zero"):
            asking.nothing.append([one is None for one in found])
        return result


@dataclass(frozen=True, slots=True)
class RecordedAt:
    """Where in the program an operation was recorded.

    Attributes:
        lines: The lines that ran, the innermost first.
        span: The part of the innermost one's text that ran: first line and column, last line and column.
    """

    lines: list[int] = field(default_factory=list)
    span: list[int] = field(default_factory=list)


class Births:
    """Finds where gradients cease to be finite: the operations to which finite ones come and which give others.

    TensorFlow's C++ tape calls one Python function for each operation on its way back; the operations themselves are
    seen by its callbacks for operations (``tensorflow.python.framework.op_callbacks``) on the way forth.

    Args:
        place: Where the program is at this moment.
        report: Told of each operation, and where it was recorded.
    """

    def __init__(self, place: Callable[[], RecordedAt], report: Callable[[str, RecordedAt], None]) -> None:
        self.place = place
        self.report = report
        self.library: Any = importlib.import_module("tensorflow.python.pywrap_tfe")
        self.backprop: Any = importlib.import_module("tensorflow.python.eager.backprop")
        self.callbacks: Any = importlib.import_module("tensorflow.python.framework.op_callbacks")
        self.by_inputs: dict[tuple[str, tuple[int, ...]], RecordedAt] = {}
        self.by_output: dict[int, RecordedAt] = {}
        self.kept: list[Any] = []
        """Tensors whose places are known: while they live no other object has their identity."""

    def install(self) -> None:
        """Begin to look on; nothing takes it away again."""
        self.callbacks.add_op_callback(self._ran)
        original = self.backprop._gradient_function

        def back(name: Any, attributes: Any, count: Any, inputs: Any, outputs: Any, given: Any, *rest: Any) -> Any:
            found = original(name, attributes, count, inputs, outputs, given, *rest)
            gave = found if isinstance(found, (list, tuple)) else [found]
            unneeded = set(rest[0] or ()) if rest else set()  # The inputs that no source is reached through.
            needed = [one for place, one in enumerate(gave) if place not in unneeded]
            if all(map(_finite, given)) and not all(map(_finite, needed)):
                self.report(str(name), self._recorded(str(name), inputs or (), outputs or ()))
            return found

        self.library.TFE_Py_RegisterGradientFunction(back)

    def _ran(
        self, kind: Any, inputs: Any, attributes: Any, outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        place = self.place()
        self.kept += [*(inputs or ()), *(outputs or ())]
        self.by_inputs.setdefault((str(kind), tuple(map(id, inputs or ()))), place)
        for one in outputs or ():
            self.by_output[id(one)] = place

    def _recorded(self, kind: str, inputs: Any, outputs: Any) -> RecordedAt:
        """Where an operation was recorded, by what it was given or gave: TensorFlow keeps what it needs."""
        found = self.by_inputs.get((kind, tuple(map(id, inputs)))) if inputs else None
        if found is not None:
            return found
        return next((self.by_output[id(one)] for one in outputs if id(one) in self.by_output), RecordedAt())


def _finite(value: Any) -> bool:
    import numpy as np

    for name in ("values", "flat_values"):
        if type(value).__name__ in {"IndexedSlices", "SparseTensor", "RaggedTensor"} and hasattr(value, name):
            value = getattr(value, name)
            break
    if value is None or not hasattr(value, "numpy"):
        return True
    try:
        array = np.asarray(value.numpy())
        return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
    except Exception:  # On TensorFlow's way back no look may fail, whatever the value.
        return True
