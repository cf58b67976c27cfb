"""One gradient call of the program: what it was asked, what TensorFlow's tape gave, and what the program got."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gradlint.confirm.places import METHODS
from gradlint.confirm.values import canonical

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from gradlint.confirm.observer import Observer
    from gradlint.confirm.protocol import Event, Job
    from gradlint.confirm.tapes import RunningCall

PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*|\[\w+\]|\[(['\"])\w+\2\])*\Z")
"""Expressions that can be evaluated again without doing anything: names, attributes, subscripts by constants."""

CALLS = 120
"""How many runs of one gradient call are reported before the rest is left out."""


class StandIn:
    """Stands in for the program's gradient calls.

    Attributes:
        made: How many there were.
        by_object: How often each ``GradientTape`` object was asked, by its number.
    """

    def __init__(self, probe: Observer, job: Job) -> None:
        self.probe = probe
        self.texts = dict(job.texts)
        self.made = 0
        self.by_object: dict[int, int] = {}
        self.held = job.held
        self.asked: dict[int, int] = {}
        self.covered: set[int] = set()
        self.outs: dict[int, set[tuple[str, ...]]] = {}
        """What each call has given so far."""

    def _other(self, mark: int, result: Any) -> bool:
        """Whether a call gives what it has not given before."""
        values = self.probe.values
        outs = tuple([values.outcome(gradient) for gradient in values.flat(result)[:400]])
        known = self.outs.setdefault(mark, set())
        new = outs not in known
        known.add(outs)
        return new

    def covers(self, places: tuple[int, ...]) -> bool:
        """Whether a gradient was asked for after each of some places was passed."""
        return bool(self.made) and self.covered.issuperset(places)

    def call(
        self,
        mark: int,
        method: Callable[..., Any],
        frame: FrameType | None,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:
        """Make the call, and report it.

        Raises:
            Exception: What the call raises.
        """
        probe = self.probe
        probe.reached += 1
        self.made += 1
        self.covered |= probe.standing.reached
        times = self.asked[mark] = self.asked.get(mark, 0) + 1
        asked = _Question(self, mark, method, frame, arguments, keywords)
        probe.place_now = mark
        failure: Exception | None = None
        with probe.tapes.asking() as asking:
            try:
                result = method(*arguments, **keywords)
            except Exception as error:  # Whatever the call raises is raised again, for the program.
                failure = error
        if times > CALLS and (failure is not None or not self._other(mark, result)):
            if failure is not None:
                raise failure
            return result
        event = asked.event(asking)
        if failure is not None:
            reached = bool(asking.nothing) or asking.tape is not None
            probe.report({"t": "failed", **event, "reached": reached, **probe.described.error(failure)})
            raise failure
        answer = asked.answer(result, asking)
        self.outs.setdefault(mark, set()).add(tuple(answer["outs"]))
        probe.report({"t": "call", **event, **answer})
        for place, owner in [(place, owner) for place, call, owner in self.held if call == mark]:
            probe.report(
                {"t": "left", "n": place, "call": mark, "seq": probe.next(), **asked.left(place, owner, asking)}
            )
        probe.intact()
        return result


class _Question:
    """What one gradient call was asked."""

    def __init__(
        self,
        asked: StandIn,
        mark: int,
        method: Callable[..., Any],
        frame: FrameType | None,
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        self.asked = asked
        self.probe = asked.probe
        self.mark = mark
        self.frame = frame
        self.name = str(getattr(method, "__name__", "gradient"))[:40]
        self.target = keywords.get("target", arguments[0] if arguments else None)
        self.sources = keywords.get("sources", keywords.get("source", arguments[1] if len(arguments) > 1 else None))
        self.scaled = len(arguments) > 2 and self.probe.values.variable(arguments[2])
        self.object = getattr(method, "__self__", None)
        inner = getattr(getattr(self.object, "_tape", None), "_tape", None)
        self.tape = inner
        number = self.probe.tapes.number(inner)
        self.recording = bool(number) and number in self.probe.tapes.recording()
        self.persistent = bool(getattr(self.object, "_persistent", False))
        if self.object is not None:
            serial = self.probe.serials.of(self.object)
            asked.by_object[serial] = asked.by_object.get(serial, 0) + 1
        self.context = self.probe.described.context()
        self.flat = self.probe.values.flat(self.sources) if self.name in METHODS else []

    def event(self, asking: RunningCall) -> Event:
        """What was asked, and how the flagged places stand to it."""
        probe = self.probe
        tape = asking.tape if asking.tape is not None else self.tape
        if self.name not in METHODS:  # As `fit` does, it asks a tape of its own for gradients of its own choice.
            self.flat = [probe.tapes.variables.get(id(source), source) for source in asking.sources]
        flat = asking.sources or self._tensors()
        return {
            "n": self.mark,
            "seq": probe.next(),
            "tape": probe.tapes.number(tape),
            "object": 0 if self.object is None else probe.serials.of(self.object),
            "method": self.name,
            "sources": [probe.serials.of(source) for source in self.flat[:400]],
            "counts": probe.values.counts(self.sources),
            "names": [probe.values.named(source) for source in self.flat[:400]],
            "dtypes": [str(getattr(source, "dtype", ""))[:60] for source in self.flat[:400]],
            "kinds": [probe.standing.kind(source) for source in self.flat[:400]],
            "known": [probe.tapes.knows(tape, canonical(source)) for source in self.flat[:400]],
            "given": [probe.standing.kind(target) for target in probe.values.flat(self.target)[:100]],
            "same": self._same(),
            "origins": [self._origin(source) for source in self.flat[:400]],
            "terms": probe.standing.terms(tape, self.flat, flat, probe.values.flat(self.target)),
            "recording": self.recording,
            "persistent": self.persistent,
            "way": probe.way,
            "targets": [probe.serials.of(target) for target in probe.values.flat(self.target)[:100]],
            "context": self.context,
        }

    def answer(self, result: Any, asking: RunningCall) -> Event:
        """What TensorFlow's tape gave, and what the program got."""
        values = self.probe.values
        gradients = values.flat(result)
        for gradient, source in zip(gradients, self.flat, strict=False):
            if gradient is not None:
                self.probe.owners[id(gradient)] = (gradient, source)
        targets = values.flat(self.target)
        return {
            "tapes": asking.nothing[:200],
            "silent": asking.silent,
            "outs": [values.outcome(gradient) for gradient in gradients[:400]],
            "shown": [values.shown(gradient) for gradient in gradients[:40]],
            "dots": [values.dot(gradient) for gradient in gradients[:400]],
            "symbolic": any(values.symbolic(gradient) for gradient in gradients),
            "finite": self._finite(targets),
            "size": values.size(self.target),
            "scaled": self.scaled,
            "total": values.total(self.target),
            "precise": values.precise([*targets, *self.flat]),
        }

    def left(self, place: int, owner: str, asking: RunningCall) -> dict[str, int]:
        """Of the variables that a place made: those that an object lists, holds unlisted, and that move the target."""
        probe = self.probe
        found = self._read(owner)
        made = [one for held in probe.standing.evaluations.get(place, ()) for one in probe.standing.made(held.value)]
        listed = {probe.serials.of(one) for one in getattr(found, "trainable_variables", ())}
        inside = probe.standing.within(found) if found is not None else set()
        missing = [one for one in made if (number := probe.serials.of(one)) in inside and number not in listed]
        moves = sum(self._moves(one, asking) for one in missing)
        known = sum(probe.serials.of(one) in listed for one in made)
        return {"made": len(made), "listed": known, "missing": len(missing), "moves": moves}

    def _moves(self, variable: Any, asking: RunningCall) -> bool:
        """Whether TensorFlow's tape leads from the target to a variable."""
        tape = asking.tape if asking.tape is not None else self.tape
        source = self.probe.tapes.backprop._handle_or_self(canonical(variable))
        for target in self.probe.values.flat(self.target):
            try:
                if self.probe.tf.is_tensor(target) and self.probe.tapes.gradient(tape, target, [source])[0] is not None:
                    return True
            except Exception:  # Gradients are the program's functions, too: they may raise anything.
                return False
        return False

    def _read(self, text: str) -> Any:
        """What a plain text names where the call is made; None where nothing."""
        if self.frame is None or not PLAIN.match(text):
            return None
        try:
            return eval(text, self.frame.f_globals, self.frame.f_locals)
        except Exception:  # The program's own properties are read, which may raise anything.
            return None

    def _finite(self, targets: list[Any]) -> bool | None:
        outcomes = [self.probe.values.outcome(target) for target in targets]
        return None if any(self.probe.values.symbolic(target) for target in targets) else "nan" not in outcomes

    def _origin(self, source: Any) -> list[Any] | None:
        found = self.probe.origins.get(self.probe.serials.of(source))
        return None if found is None else list(found)

    def _tensors(self) -> list[Any]:
        """The sources as TensorFlow hands them to its tapes."""
        handle = self.probe.tapes.backprop._handle_or_self
        try:
            return [
                handle(source) for source in self.flat if self.probe.standing.kind(source) in {"tensor", "variable"}
            ]
        except self.probe.values.unreadable:
            return []

    def _same(self) -> dict[str, list[int]]:
        """Where the sources that are asked for by their text stand among the flattened ones, by identity."""
        places: dict[str, list[int]] = {}
        for text in self.asked.texts.get(self.mark, ()):
            meant = self._read(text)
            if meant is None:
                continue
            held = {self.probe.serials.of(value) for value in self.probe.values.flat(meant)}
            places[text[:2000]] = [n for n, source in enumerate(self.flat) if self.probe.serials.of(source) in held]
        return places
