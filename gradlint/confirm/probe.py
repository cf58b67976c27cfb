"""The probe's own half, in the worker's process: it looks on while the program runs and reports what it sees.

The program cut out of the user's file calls it as ``__gradlint__``. It knows no claim and has no way to give a verdict:
it reports which gradient calls were made, what TensorFlow gave, and how the flagged places stand to them. It changes
nothing that the gradient could feel unless the run is a trial that asks for it.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import logging
import signal
import sys
import time
import warnings
from collections.abc import Sized
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from gradlint.confirm.asked import StandIn
from gradlint.confirm.observer import Observer
from gradlint.confirm.protocol import MADE
from gradlint.confirm.running import RunningOperations
from gradlint.confirm.standing import Evaluation
from gradlint.confirm.tapes import Births, RecordedAt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gradlint.confirm.protocol import Event, Job
    from gradlint.confirm.relied import Relied

FRUITFUL = 5
"""How many sets of invented arguments may reach a place that is looked at."""

PATIENCE = 1.5
"""Seconds in which a loop may take more turns than its limit, while no gradient call came after some place."""

MANY = 64
"""How many turns a training loop takes at most."""

SHORT = 8
"""A loop over so few items is run to its end even where it trains."""

LISTED = 64
"""A loop over so many items that the program lists one by one is run on while it is quick."""

WARNINGS = 20
"""How many warnings are reported before the rest is left out."""

EVENTS = 60
"""How many events of a flagged place are reported before the rest is left out."""


class _Warnings(logging.Handler):
    """Hands on the text of what is logged as a warning or worse."""

    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self.take = take

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on one record's text."""
        self.take(record.getMessage())


class TooLong(Exception):  # noqa: N818 - no error of the program's
    """A statement takes more than its share of the time."""


class Patience:
    """Ends a statement of the file that takes more than its share of the time, where the system can."""

    def __init__(self, timeout: float) -> None:
        self.share = max(0.5, timeout / 4)
        self.ready = False

    def begin(self) -> None:
        """A statement begins."""
        if not hasattr(signal, "setitimer"):
            return
        if not self.ready:
            self.ready = True
            signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self.share)

    def end(self) -> None:
        """A statement was left out."""
        if self.ready:
            signal.setitimer(signal.ITIMER_REAL, 0.0)

    def _ring(self, *_: Any) -> None:
        raise TooLong("it takes too long")


class Probe(Observer):
    """Looks on at the marked places of one program."""

    def __init__(self, job: Job, filename: str, report: Callable[[Event], None], relied: Relied) -> None:
        super().__init__(job, filename, report, relied)
        self.asked = StandIn(self, job)
        self.callbacks: Any = importlib.import_module("tensorflow.python.framework.op_callbacks")
        self.pending: dict[int, list[Any]] = {}
        self.operations = RunningOperations(self.tf)
        self.made: list[tuple[Any, int]] = []
        self.passed: dict[int, int] = {}
        self.events: dict[tuple[int, str], int] = {}
        self.turned: dict[int, int] = {}
        self.rounds: dict[int, int] = {}
        self.started = time.monotonic()
        self.warned = 0
        self.fruitful = 0
        self.cut = False
        """Whether a loop was ended before its end."""
        self.patience = Patience(job.timeout)

    def prepare(self) -> None:
        """Set up what the trial asks for, look on at the tapes, and listen to TensorFlow's warnings."""
        self.tapes.install()
        if self.job.trial.eager:
            self.tf.config.run_functions_eagerly(True)
        if self.job.trial.births:
            Births(self._at, self._born).install()
        if self.job.trial.early:
            self.callbacks.add_op_callback(self._used)
        self._number_variables()
        handler = _Warnings(self._warn)
        for name in ("tensorflow", "absl"):
            logging.getLogger(name).addHandler(handler)
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, *_, **__: self._warn(str(message))

    def exposed(self) -> SimpleNamespace:
        """What the program calls; AutoGraph leaves it as it is."""
        names = ("call", "apply", "operand", "place", "entered", "raised", "bound", "leaf", "turns", "more", "attempt")
        forgiving = ("part", "begins", "skipped")
        plain = self.tf.autograph.experimental.do_not_convert
        return SimpleNamespace(**{name: plain(getattr(self, name)) for name in (*names, *forgiving)})

    # What the marked places of the program call.

    def call(self, mark: int, method: Callable[..., Any]) -> Callable[..., Any]:
        """Stand in for a gradient call's function: run it, and report what it was asked and gave."""
        frame = self.described.program_frame(sys._getframe(1))
        return self.opaque(lambda *arguments, **keywords: self.asked.call(mark, method, frame, arguments, keywords))

    def operand(self, mark: int, value: Any) -> Any:
        """A value that a flagged expression is made of."""
        self.operations.begin(mark)
        held = self.pending.setdefault(mark, [])
        if len(held) < 40:
            held.append(value)
        return value

    def place(self, mark: int, value: Any) -> Any:
        """A flagged expression's value."""
        operands, ops = self.pending.pop(mark, []), self.operations.end(mark)
        trial = self.job.trial
        if trial.freeze == mark:
            value = self._frozen(mark, value)
        if trial.nudge == mark:
            value = self._nudged(mark, value)
        turn = self.turned[mark] = self.turned.get(mark, 0) + 1
        evaluation = Evaluation(mark, self.next(), value, operands, self.tapes.recording(), ops)
        self.standing.add(mark, evaluation)
        if self._may_report(mark, "place"):
            kept = self.values.packed(value) if trial.keep == mark and turn <= EVENTS else None
            kind, count = self.standing.kind(value), self.standing.count(value)
            held = self.serials.of(value) if isinstance(value, self.tf.GradientTape) else 0
            self.report(
                {
                    "t": "place",
                    "n": mark,
                    "seq": evaluation.seq,
                    "kind": kind,
                    "count": count,
                    "object": held,
                    "kept": kept,
                }
            )
        return value

    def part(self, mark: int, value: Any) -> Any:
        """What is taken at once out of a flagged expression's value."""
        self.standing.take(mark, value)
        return value

    def entered(self, marks: tuple[int, ...]) -> None:
        """A flagged statement begins."""
        self.place_now = marks[0]
        self.reached += 1
        for mark in marks:
            self.pending.pop(mark, None)
            self.operations.end(mark)
            if self._may_report(mark, "entered"):
                self.report({"t": "entered", "n": mark, "seq": self.next()})

    def raised(self, marks: tuple[int, ...], error: BaseException) -> None:
        """An exception left a flagged statement."""
        for mark in marks:
            nothing = sum(value is None for value in self.pending.get(mark, []))
            event = {"t": "raised", "n": mark, "seq": self.next(), "way": self.way, "nothing": nothing}
            self.report({**event, **self.described.error(error)})

    def bound(self, mark: int, when: str, read: Callable[[], Any]) -> None:
        """What a flagged statement binds holds, before or after it."""
        try:
            value = read()
        except Exception:  # An attribute may be a property of the program's, which raises what it likes.
            return
        if not self._may_report(mark, when):
            return
        if when == "after":
            self.standing.hold(mark, value)
        ids = self.standing.ids(value)
        kind = self.standing.kind(value)
        self.report({"t": "bound", "n": mark, "seq": self.next(), "when": when, "kind": kind, "ids": ids})

    def apply(self, mark: int, method: Callable[..., Any]) -> Callable[..., Any]:
        """Stand in for ``apply_gradients``: look whether each gradient goes to the variable it belongs to."""

        def applied(pairs: Any, *arguments: Any, **keywords: Any) -> Any:
            with contextlib.suppress(TypeError):
                pairs = list(pairs)
                self._look_at_pairs(mark, pairs)
            self.place_now = mark
            return method(pairs, *arguments, **keywords)

        return self.opaque(applied)

    def leaf(self, mark: int, name: str, value: Any) -> Any:
        """An input of the program: fill it or move it if this trial does so."""
        turn = self.passed[mark] = self.passed.get(mark, 0) + 1
        if not self.values.floating(value):
            return value
        trial = self.job.trial
        if trial.leaf == mark or (trial.leaf == -1 and mark < MADE):
            value = self.values.filled(value, trial.fill)
        if ("leaf", mark, turn) in trial.move:
            value = self.values.moved(value, trial.step)
        if not self.values.variable(value):
            self.origins[self.serials.of(value)] = ("leaf", mark, turn)
            if trial.early and mark < MADE and self.tf.is_tensor(value):
                self.tapes.early.append(value)
        return value

    def turns(self, mark: int, items: Iterable[Any], limit: int) -> Iterable[Any]:
        """A training loop's items, as many as it is run for."""
        if self.tf.is_tensor(items) and not hasattr(items, "numpy"):
            return items
        if isinstance(items, self.tf.data.Dataset):
            return self._some(mark, items, limit) if self.tf.executing_eagerly() else items
        if isinstance(items, Sized) and len(items) <= SHORT:
            return items
        if isinstance(items, (list, tuple, dict, type({}.items()), type({}.values()))) and len(items) <= LISTED:
            limit = max(limit, MANY) if time.monotonic() - self.started < PATIENCE else limit
        return self._some(mark, items, limit)

    def more(self, mark: int, limit: int) -> bool:
        """Whether a training loop without a count is run once more."""
        return self._another(mark, limit)

    def attempt(self, way: int, function: Callable[[], Any]) -> bool:
        """Call a function with invented arguments; True once the marked places were reached often enough."""
        reached = self.reached
        self.way = way
        try:
            function()
        except Exception as error:  # It is the program's function, with arguments that it may never have seen.
            if self.reached == reached:
                self.report({"t": "attempt", "way": way, **self.described.error(error)})
                return False
        self.fruitful += self.reached > reached
        return self.fruitful >= FRUITFUL

    def begins(self) -> None:
        """A statement of the file begins that is left out where it fails or takes too long."""
        self.patience.begin()

    def skipped(self, line: int, dirty: bool, error: BaseException, nested: bool) -> None:
        """A statement of the file is left out."""
        if nested and isinstance(error, TooLong):
            raise error
        self.patience.end()
        if self._may_report(line, "skipped"):
            self.report({"t": "skipped", "line": line, "dirty": dirty, **self.described.error(error)})

    # What it makes of them.

    def finish(self) -> None:
        """Report what is only known at the end."""
        counts = {str(mark): count for mark, count in self.rounds.items()}
        self.report({"t": "turns", "counts": counts, "cut": self.cut, "way": self.way})
        for held in self.standing.tapes():
            asked = self.asked.by_object.get(self.serials.of(held), 0) + self.tapes.asked_by_others(held)
            persistent = bool(getattr(held, "_persistent", False))
            self.report({"t": "tape", "object": self.serials.of(held), "asked": asked, "persistent": persistent})
        self.intact()

    def opaque(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that AutoGraph calls as it is."""
        made: Callable[..., Any] = self.tf.autograph.experimental.do_not_convert(function)
        return made

    def _may_report(self, mark: int, kind: str) -> bool:
        seen = self.events[(mark, kind)] = self.events.get((mark, kind), 0) + 1
        return seen <= EVENTS

    def _some(self, mark: int, items: Iterable[Any], limit: int) -> Iterator[Any]:
        for item in items:
            if not self._another(mark, limit):
                return
            yield item

    def _another(self, mark: int, limit: int) -> bool:
        """Whether there is a turn left: those that every loop gets, and more while not all was seen."""
        turns = self.rounds.get(mark, 0)
        waits = not self.asked.covers(self.job.places) and turns < MANY and time.monotonic() - self.started < PATIENCE
        if turns >= limit and not waits and not self.job.trial.full:
            self.cut = True
            return False
        self.rounds[mark] = turns + 1
        return True

    def _frozen(self, mark: int, value: Any) -> Any:
        turn = self.turned.get(mark, 0)
        frozen = self.job.trial.frozen
        if turn < len(frozen) and frozen[turn] is not None and not isinstance(value, self.tf.data.Dataset):
            with contextlib.suppress(*self.values.unreadable):
                kept = self.values.unpacked(str(frozen[turn]), value)
                return self._assigned(value, kept) if self.values.assigned(value) else kept
        return value

    def _assigned(self, variable: Any, value: Any) -> Any:
        """A variable that has just been assigned to, with another value, of which no tape knows."""
        with self.tapes.record.stop_recording():
            variable.assign(value)
        return variable

    def _nudged(self, mark: int, value: Any) -> Any:
        moved, step = None, self.job.trial.step
        with contextlib.suppress(*self.values.unreadable):
            if self.values.assigned(value):
                moved = self._assigned(value, self.values.moved(self.tf.convert_to_tensor(value), step))
            else:
                moved = self.values.nudged(value, step)
        if self._may_report(mark, "nudged"):
            self.report({"t": "nudged", "n": mark, "moved": moved is not None})
        return value if moved is None else moved

    def _used(self, _kind: Any, inputs: Any, *_rest: Any, **_named: Any) -> None:
        """Report an operation that takes what a tape was told to watch, while a tape records."""
        told = {id(one) for some in self.tapes.told.values() for one in some} if self.tapes.recording() else ()
        for source in (self.serials.of(one) for one in inputs or () if id(one) in told):
            if self._may_report(source, "used"):
                self.report({"t": "used", "seq": self.next(), "source": source})

    def _at(self) -> RecordedAt:
        return RecordedAt(self.described.running(), self.described.span())

    def _born(self, kind: str, place: RecordedAt) -> None:
        if self.tapes.looking:
            return
        self.report({"t": "birth", "op": kind[:80], "lines": place.lines[:8], "span": place.span})

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
            if known is not None and known[0] is gradient and self.serials.of(known[1]) != self.serials.of(variable):
                mismatched += 1
        self.reached += 1
        self.report({"t": "pairs", "n": mark, "pairs": len(pairs), "mismatched": mismatched, "none": nothing})

    def _warn(self, text: str) -> None:
        self.warned += 1
        if self.warned <= WARNINGS:
            self.report({"t": "warning", "text": text[:400], "n": self.place_now})

    def _number_variables(self) -> None:
        """Number variables in the order of their making, and move the ones that the trial moves."""
        kind: Any = importlib.import_module("tensorflow.python.ops.resource_variable_ops").ResourceVariable
        original = kind.__init__
        counter = itertools.count(1)
        trial = self.job.trial

        def numbered(variable: Any, *arguments: Any, **keywords: Any) -> None:
            original(variable, *arguments, **keywords)
            origin = ("variable", next(counter), 0)
            with contextlib.suppress(*self.values.unreadable):
                self.tapes.variables[id(variable.handle)] = variable
                if variable.dtype.is_floating:
                    self.origins[self.serials.of(variable)] = origin
                    self.tapes.early += [variable] if trial.early else []
                    if origin in trial.move and self.tf.executing_eagerly():
                        with self.tapes.record.stop_recording():
                            self.values.moved(variable, trial.step)

        kind.__init__ = numbered
