"""The probe's own half, in the worker's process: it looks on while the program runs and reports what it sees.

The program cut out of the user's file calls it as ``__gradlint__``. It changes nothing that the gradient could
feel unless the run is a trial that asks for it.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import logging
import os
import re
import sys
import time
import warnings
from collections.abc import Sized
from typing import TYPE_CHECKING, Any, cast

from gradlint.confirm import protocol
from gradlint.confirm.values import STEP, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    from gradlint.confirm.protocol import Event, Job

PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*|\[\w+\]|\[(['\"])\w+\2\])*\Z")
"""Expressions that can be evaluated again without doing anything: names, attributes, subscripts by constants."""

FRUITFUL = 5
"""How many sets of invented arguments may reach the gradient call without bearing the claim out."""

PATIENCE = 2.0
"""Seconds in which a training loop may take more turns than its limit, as long as no claim has been settled."""

MANY = 64
"""How many turns a training loop takes at most."""

SHORT = 8
"""A loop over so few items is run to its end even where it trains."""

WARNINGS = 20
"""How many warnings are reported before the rest is left out."""


class _Warnings(logging.Handler):
    """Hands on the text of what is logged as a warning or worse."""

    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self.take = take

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on one record's text."""
        self.take(record.getMessage())


class Probe:
    """Looks on at the marked places of one program.

    Attributes:
        outcomes: What was seen at the gradient calls so far.
    """

    def __init__(self, job: Job, filename: str, report: Callable[[Event], None]) -> None:
        self.tf: Any = importlib.import_module("tensorflow")
        self.values = Values(self.tf)
        self.job = job
        self.filename = filename
        self.report = report
        self.unsettled = [want for want in job.wants if want.outcome != "partial"]
        self.open = len(job.wants) > len(self.unsettled) or job.trial.finish or not job.wants
        self.terms: dict[int, Any] = {}
        self.owners: dict[int, tuple[Any, Any]] = {}
        self.tapes: dict[int, list[dict[str, int]]] = {}
        self.rounds: dict[int, int] = {}
        self.ran: set[int] = set()
        self.started = time.monotonic()
        self.warned = 0
        self.inside = False

    def prepare(self) -> None:
        """Set up what the trial asks for, and listen to TensorFlow's warnings."""
        trial = self.job.trial
        if trial.eager:
            self.tf.config.run_functions_eagerly(True)
        if trial.persistent:
            self._make_tapes_persistent()
        if trial.shift == "inputs":
            self._shift_variables()
        handler = _Warnings(self._warn)
        for name in ("tensorflow", "absl"):
            logging.getLogger(name).addHandler(handler)
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, *_, **__: self._warn(str(message))

    # What the marked places of the program call.

    def call(self, mark: int, method: Callable[..., Any]) -> Callable[..., Any]:
        """Stand in for a gradient call's function: run it, and report what each source got."""
        frame = self._program_frame(sys._getframe(1))

        def recorded(*arguments: Any, **keywords: Any) -> Any:
            if self.inside:
                return method(*arguments, **keywords)
            return self._record(mark, method, frame, arguments, keywords)

        return self._opaque(recorded)

    def term(self, mark: int, value: Any) -> Any:
        """Keep the flagged expression's value, moved a little if this trial does so."""
        if self.job.trial.shift == "term":
            value = self.values.moved(value)
        self.terms[mark] = value
        return value

    def seen(self, mark: int, value: Any) -> Any:
        """The flagged expression was evaluated."""
        self.passed(mark)
        return value

    def leaf(self, mark: int, name: str, value: Any) -> Any:
        """An input of the program: fill it or move it if this trial does so."""
        if not self.values.floating(value):
            return value
        self.report({"t": "leaf", "n": mark, "name": name})
        trial = self.job.trial
        if trial.leaf in {mark, -1}:
            return self.values.filled(value, trial.fill)
        if trial.shift == "inputs" and not hasattr(value, "assign"):
            return self.values.moved(value)
        return value

    def turns(self, mark: int, items: Iterable[Any], limit: int) -> Iterable[Any]:
        """A training loop's items, as many as it is run for."""
        if self.tf.is_tensor(items) and not hasattr(items, "numpy"):
            return items
        if isinstance(items, self.tf.data.Dataset):
            return self._some(mark, items, limit) if self.tf.executing_eagerly() else items
        if isinstance(items, Sized) and len(items) <= SHORT:
            return items
        return self._some(mark, items, limit)

    def more(self, mark: int, limit: int) -> bool:
        """Whether a training loop without a count is run once more."""
        return self._another(mark, limit)

    def _some(self, mark: int, items: Iterable[Any], limit: int) -> Iterator[Any]:
        for item in items:
            if not self._another(mark, limit):
                return
            yield item

    def _another(self, mark: int, limit: int) -> bool:
        """Whether there is a turn left: those that every loop gets, or some of the time that quick ones may take."""
        turns = self.rounds.get(mark, 0)
        quick = turns < MANY and time.monotonic() - self.started < PATIENCE
        if turns >= limit and not quick:
            return False
        self.rounds[mark] = turns + 1
        return True

    def raised(self, mark: int, error: BaseException) -> None:
        """An exception left a marked statement."""
        self.reached += 1
        self._settle({"t": "raise", "n": mark, "at": "statement", **described(error)})

    def passed(self, mark: int) -> None:
        """A marked statement ran to its end."""
        if mark not in self.ran:
            self.ran.add(mark)
            self.report({"t": "passed", "n": mark})

    def bound(self, mark: int, when: str, read: Callable[[], Any]) -> None:
        """What a name holds before or after a marked statement."""
        try:
            value = read()
        except Exception:
            return
        if type(value).__name__ == "_UnreadVariable":
            kind = "result of an assignment"
        elif self.values.variable(value):
            kind = "variable"
        else:
            kind = "tensor" if self.tf.is_tensor(value) else type(value).__name__
        self.report({"t": "bound", "n": mark, "when": when, "kind": kind})

    def apply(self, mark: int, method: Callable[..., Any]) -> Callable[..., Any]:
        """Stand in for ``apply_gradients``: look whether each gradient goes to the variable it belongs to."""

        def applied(pairs: Any, *arguments: Any, **keywords: Any) -> Any:
            with contextlib.suppress(TypeError):
                pairs = list(pairs)
                self._look_at_pairs(mark, pairs)
            return method(pairs, *arguments, **keywords)

        return self._opaque(applied)

    def tape(self, mark: int, constructor: Callable[..., Any]) -> Callable[..., Any]:
        """Stand in for ``tf.GradientTape``: count what is asked of the tape."""

        def made(*arguments: Any, **keywords: Any) -> Any:
            self.reached += 1
            tape = constructor(*arguments, **keywords)
            count = {"entered": 0, "asked": 0, "persistent": int(bool(getattr(tape, "_persistent", False)))}
            self.tapes.setdefault(mark, []).append(count)
            for method in ("gradient", "jacobian", "batch_jacobian"):
                self._counted(tape, method, count)
            count["entered"] += 1
            return tape

        return self._opaque(made)

    def attempt(self, way: int, function: Callable[[], Any]) -> bool:
        """Call a function with invented arguments; True once the marked place was reached often enough."""
        reached = self.reached
        self.way = way
        try:
            function()
        except Exception as error:
            if self.reached == reached:
                self.report({"t": "attempt", **described(error, self.filename)})
                return False
        self.fruitful += self.reached > reached
        return self.fruitful >= FRUITFUL

    # What it makes of them.

    reached = 0
    """How often a marked place was reached."""

    fruitful = 0
    """How many sets of invented arguments reached one."""

    way: int | None = None
    """The set of invented arguments that is being tried."""

    def finish(self) -> None:
        """Report what is only known at the end."""
        counts = {str(mark): count for mark, count in self.rounds.items()}
        self.report({"t": "turns", "counts": counts, "way": self.way})
        for mark, tapes in self.tapes.items():
            self.report({"t": "tapes", "n": mark, "counts": tapes})

    def _program_frame(self, frame: FrameType | None) -> FrameType | None:
        while frame is not None:
            name = frame.f_code.co_filename
            if name == self.filename or "__autograph_generated_file" in name:
                return frame
            frame = frame.f_back
        return None

    def _record(
        self,
        mark: int,
        method: Callable[..., Any],
        frame: FrameType | None,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:
        self.reached += 1
        name = getattr(method, "__name__", "gradient")
        sources = keywords.get("sources", keywords.get("source", arguments[1] if len(arguments) > 1 else None))
        target = keywords.get("target", arguments[0] if arguments else None)
        flat = self.values.flat(sources)
        silent = name != "batch_jacobian" and self._silent(keywords.get("unconnected_gradients"))
        silent = silent and all(want.outcome != "error" for want in self.job.wants if want.mark == mark)
        asked = {key: value for key, value in keywords.items() if not (silent and key == "unconnected_gradients")}
        self.inside = True
        try:
            result = method(*arguments, **asked)
            gradients = self.values.flat(result)
        except Exception as error:
            self.inside = False
            self._settle({"t": "raise", "n": mark, "at": "call", **described(error)})
            raise
        finally:
            self.inside = False
        for gradient, source in zip(gradients, flat, strict=False):
            if gradient is not None:
                self.owners[id(gradient)] = (gradient, source)
        event: Event = {
            "t": "call",
            "n": mark,
            "outs": [self.values.outcome(gradient) for gradient in gradients],
            "counts": self.values.counts(sources),
            "same": self._same(frame, flat),
            "shown": [self.values.shown(gradient) for gradient in gradients[:8]],
            "names": [self.values.named(source) for source in flat[:40]],
            "symbolic": any(self.values.symbolic(gradient) for gradient in gradients),
            "size": self.values.size(target),
            "scaled": len(arguments) > 2 and self.values.variable(arguments[2]),
            "terms": self._terms(method, sources),
            "target": self.values.sum(target),
        }
        self._settle(event)
        if silent:
            return self.values.zeros_for_none(result, sources)
        return result

    def _settle(self, event: Event) -> None:
        self.report(event)
        self.unsettled = [want for want in self.unsettled if not protocol.settles(want, event)]
        if not self.open and not self.unsettled:
            self.finish()
            self.report({"t": "end", "how": "settled"})
            os._exit(0)

    def _terms(self, method: Callable[..., Any], sources: Any) -> dict[str, Any]:
        """For each flagged value: what it is, its sum, and which of the sources it is connected to."""
        seen = {}
        for mark, value in self.terms.items():
            record: dict[str, Any] = {"type": type(value).__name__, "sum": self.values.sum(value), "connected": None}
            tape = getattr(method, "__self__", None)
            if self.tf.is_tensor(value) and isinstance(tape, self.tf.GradientTape) and self.job.trial.persistent:
                try:
                    got = self.values.flat(type(tape).gradient(tape, value, sources))
                    record["connected"] = [gradient is not None for gradient in got]
                except Exception as error:
                    record["error"] = type(error).__name__
            elif not self.tf.is_tensor(value):
                record["connected"] = [False for _ in self.values.flat(sources)]
            seen[str(mark)] = record
        return seen

    def _look_at_pairs(self, mark: int, pairs: list[Any]) -> None:
        mismatched = nothing = 0
        for pair in pairs:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                continue
            gradient, variable = pair
            if gradient is None:
                nothing += 1
                continue
            known = self.owners.get(id(gradient))
            if known is not None and known[0] is gradient and known[1] is not variable:
                mismatched += 1
        self.reached += 1
        self.report({"t": "pairs", "n": mark, "pairs": len(pairs), "mismatched": mismatched, "none": nothing})

    def _counted(self, tape: Any, name: str, count: dict[str, int]) -> None:
        original = getattr(tape, name)

        def counted(*arguments: Any, **keywords: Any) -> Any:
            count["asked"] += 1
            return original(*arguments, **keywords)

        setattr(tape, name, self._opaque(counted))

    def _opaque(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that AutoGraph calls as it is."""
        return cast("Callable[..., Any]", self.tf.autograph.experimental.do_not_convert(function))

    def _warn(self, text: str) -> None:
        self.warned += 1
        if self.warned <= WARNINGS:
            self.report({"t": "warning", "text": text[:400]})

    # Values.

    def _same(self, frame: FrameType | None, flat: list[Any]) -> dict[str, list[int]]:
        """Where the claimed sources stand among the flattened ones, by identity."""
        places = {}
        for want in self.job.wants:
            if frame is None or not PLAIN.match(want.source):
                continue
            try:
                meant = self.values.flat(eval(want.source, frame.f_globals, frame.f_locals))
            except Exception:
                continue
            held = {id(value) for value in meant}
            places[want.source] = [place for place, source in enumerate(flat) if id(source) in held]
        return places

    def _silent(self, unconnected: Any) -> bool:
        return str(getattr(unconnected, "value", unconnected)).lower() == "zero"

    def _make_tapes_persistent(self) -> None:
        tape = self.tf.GradientTape
        original = tape.__init__

        def persistent(made: Any, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
            original(made, True, watch_accessed_variables)

        tape.__init__ = persistent

    def _shift_variables(self) -> None:
        module = importlib.import_module("tensorflow.python.ops.resource_variable_ops")
        kind: Any = module.ResourceVariable
        original = kind.__init__
        counter = itertools.count(1)

        def shifted(variable: Any, *arguments: Any, **keywords: Any) -> None:
            original(variable, *arguments, **keywords)
            with contextlib.suppress(Exception):
                if variable.dtype.is_floating and self.tf.executing_eagerly():
                    variable.assign_add(
                        self.tf.fill(variable.shape, self.tf.cast(STEP * next(counter), variable.dtype))
                    )

        kind.__init__ = shifted


def described(error: BaseException, filename: str | None = None) -> Event:
    """What is reported of an exception: its type and bases, its text, and the program's lines that it came through."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if filename is None or trace.tb_frame.f_code.co_filename == filename:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    try:
        text = str(error)
    except Exception:
        text = ""
    if filename is None:
        lines = []
    else:
        lines += [int(line) for line in re.findall(rf'File "{re.escape(filename)}", line (\d+)', text)]
    return {
        "type": type(error).__name__,
        "mro": [kind.__name__ for kind in type(error).__mro__],
        "text": text[-2000:] if "Error" in text[:200] and len(text) > 2000 else text[:2000],
        "lines": lines[:40],
        "module": getattr(error, "name", None) if isinstance(error, ImportError) else None,
        "file": str(getattr(error, "filename", None) or "") if isinstance(error, OSError) else None,
    }
