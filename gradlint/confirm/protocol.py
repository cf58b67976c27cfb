"""What the confirmer and its worker say to each other: a job goes out, a report of what was seen comes back.

Both are JSON, one line each, so that either side can be any process. A job names no claim: a probe is told where to
look and never what is hoped for. Nothing here imports TensorFlow.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Ending = Literal["completed", "raised", "exited", "killed", "timeout", "flooded", "lost"]
Event = dict[str, Any]

MADE = 4_000_000
"""The mark of the first tensor that is made of other values: it may be moved as an input is, and is never filled."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run of a probe changes, to see what depends on what.

    Attributes:
        leaf: The input to fill: its number, -1 for all of them, or None for none.
        fill: The value to fill it with.
        move: What is moved by ``step``: for each, ``variable`` and its number in the order of making, or ``leaf``, its
            mark and how often that had been passed before.
        step: How far, along a fixed direction.
        nudge: The mark whose values are all moved by ``step``, or None.
        full: Whether loops are run to their end.
        freeze: The mark whose values are replaced by ``frozen``, or None.
        frozen: Values in the order of their turns, as :meth:`Values.packed` writes them; None where one is left.
        keep: The mark whose values are reported, or None.
        eager: Whether ``tf.function`` runs eagerly, so that values can be read.
        early: Whether each tape watches the program's inputs and variables from its beginning.
        births: Whether it is reported where a gradient ceases to be finite.
        native: Whether TensorFlow's tapes are left as the program makes them, instead of remembering what was recorded.
    """

    leaf: int | None = None
    fill: float = 0.0
    move: tuple[tuple[str, int, int], ...] = ()
    step: float = 0.0
    nudge: int | None = None
    full: bool = False
    freeze: int | None = None
    frozen: tuple[str | None, ...] = ()
    keep: int | None = None
    eager: bool = False
    early: bool = False
    births: bool = False
    native: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a probe.

    Attributes:
        text: The probe's program, which speaks to :class:`~gradlint.confirm.probe.Probe` as ``__gradlint__``.
        path: The whole path of the file it was cut from.
        folders: Where the program looks for the modules of its project first.
        beside: Where it looks for them when they are nowhere else.
        package: The package that the program's relative imports start from; empty where it has none.
        texts: For each marked gradient call, by its number, texts of sources whose place among its sources is asked.
        held: Places whose variables are looked for: the place's mark, the gradient call's, and the text of the object
            whose ``trainable_variables`` that call asks for.
        places: The marks that are to be passed before loops are cut short.
        trial: What this run changes.
        timeout: Seconds.
        memory: Bytes beyond what TensorFlow itself takes.
        output: Bytes in one file.
        leader: The whole path and the text of the program that is run; it imports the probe's as the module that it is.
            None where the probe's program is run itself.
    """

    text: str
    path: str
    folders: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    package: str = ""
    texts: tuple[tuple[int, tuple[str, ...]], ...] = ()
    held: tuple[tuple[int, int, str], ...] = ()
    places: tuple[int, ...] = ()
    trial: Trial = Trial()
    timeout: float = 20.0
    memory: int = 4 << 30
    output: int = 64 << 20
    leader: tuple[str, str] | None = None

    @property
    def program(self) -> tuple[str, ...]:
        """The path of the program that is run, and every text of the probe's."""
        return (self.path, self.text) if self.leader is None else (self.leader[0], self.leader[1], self.text)

    def to_json(self) -> dict[str, Any]:
        """The job as it is sent."""
        return asdict(self)

    @staticmethod
    def from_json(record: dict[str, Any]) -> Job:
        """The job as it was sent."""
        trial = dict(record["trial"])
        trial["move"] = tuple((str(kind), int(one), int(other)) for kind, one, other in trial["move"])
        trial["frozen"] = tuple(trial["frozen"])
        tuples: dict[str, Any] = {name: tuple(record[name]) for name in ("folders", "beside", "places")}
        tuples["texts"] = tuple((int(mark), tuple(texts)) for mark, texts in record["texts"])
        tuples["held"] = tuple((int(mark), int(call), str(text)) for mark, call, text in record["held"])
        leader = record["leader"]
        tuples["leader"] = None if leader is None else (str(leader[0]), str(leader[1]))
        return Job(**{**record, **tuples, "trial": Trial(**trial)})


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one run showed.

    Attributes:
        events: What the probe saw, in order, each of a form that :mod:`gradlint.confirm.observation` knows.
        ending: How the process ended.
        status: Its exit status or, negative, the signal that ended it.
        seconds: How long it ran.
        strays: How many lines came through the probe's pipe that were no observation.
    """

    events: tuple[Event, ...] = ()
    ending: Ending = "completed"
    status: int = 0
    seconds: float = 0.0
    strays: int = 0

    def of(self, kind: str, mark: int | None = None) -> list[Event]:
        """The events of one kind, and of one mark where it is given."""
        return [event for event in self.events if event["t"] == kind and (mark is None or event["n"] == mark)]

    @property
    def end(self) -> Event | None:
        """How the program itself ended, where it lived to tell."""
        return next((event for event in reversed(self.events) if event["t"] == "end"), None)


@dataclass(slots=True)
class Collector:
    """Gathers a run's events on the worker's side and works out how it ended."""

    events: list[Any] = field(default_factory=list)
    strays: int = 0

    @property
    def ended(self) -> bool:
        """Whether the probe's own account came to its end."""
        last = self.events[-1] if self.events else None
        return (
            isinstance(last, dict) and last.get("t") == "end" and last.get("how") in {"completed", "raised", "exited"}
        )

    def report(self, ending: Ending, status: int, seconds: float) -> RunReport:
        """The report, where ``ending`` is how the process seemed to end."""
        if ending in {"exited", "completed"} and self.ended:
            ending = self.events[-1]["how"]
        return RunReport(tuple(self.events), ending, status, seconds, self.strays)
