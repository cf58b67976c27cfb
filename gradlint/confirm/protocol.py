"""What the confirmer and its worker say to each other: a job goes out, a report of what was seen comes back.

Both are JSON, one line each, so that either side can be any process. Nothing here imports TensorFlow.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Ending = Literal["completed", "settled", "raised", "exited", "killed", "timeout", "flooded", "lost"]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Want:
    """One gradient that is claimed lost, as the probe looks for it.

    Attributes:
        mark: The number of the gradient call in the probe.
        outcome: The claimed outcome.
        source: The source's text.
        groups: Which elements of the call's list of sources are meant; None where the text tells nothing.
        exception: The claimed exception's type, or None.
    """

    mark: int
    outcome: str
    source: str
    groups: tuple[int, ...] | None = None
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What one run of a probe changes, to see what depends on what.

    Attributes:
        leaf: The input to fill: its number, -1 for all of them, or None for none.
        fill: The value to fill it with.
        shift: What is moved a little: ``"term"`` for the flagged expression, ``"inputs"`` for the inputs and
            every variable, or None.
        eager: Whether ``tf.function`` runs eagerly, so that values can be read.
        persistent: Whether every tape is persistent, so that the flagged expression can be differentiated too.
        finish: Whether the program runs to its end even when every want is settled.
    """

    leaf: int | None = None
    fill: float = 0.0
    shift: str | None = None
    eager: bool = False
    persistent: bool = False
    finish: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a probe.

    Attributes:
        text: The probe's program, which speaks to :class:`~gradlint.confirm.probe.Probe` as ``__gradlint__``.
        path: The whole path of the file it was cut from.
        folders: Where the program looks for the modules of its project first.
        beside: Where it looks for them when they are nowhere else.
        package: The package that the program's relative imports start from; empty where it has none.
        wants: The claims to look for.
        trial: What this run changes.
        timeout: Seconds.
        memory: Bytes beyond what TensorFlow itself takes.
        output: Bytes in one file.
    """

    text: str
    path: str
    folders: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    package: str = ""
    wants: tuple[Want, ...] = ()
    trial: Trial = Trial()
    timeout: float = 20.0
    memory: int = 4 << 30
    output: int = 64 << 20

    def to_json(self) -> dict[str, Any]:
        """The job as it is sent."""
        return asdict(self)

    @staticmethod
    def from_json(record: dict[str, Any]) -> Job:
        """The job as it was sent."""
        wants = tuple(
            Want(**{**want, "groups": None if want["groups"] is None else tuple(want["groups"])})
            for want in record["wants"]
        )
        trial = Trial(**record["trial"])
        folders = {name: tuple(record[name]) for name in ("folders", "beside")}
        return Job(**{**record, **folders, "wants": wants, "trial": trial})


@dataclass(frozen=True, slots=True)
class Report:
    """What one run showed.

    Attributes:
        events: What the probe saw, in order.
        ending: How the process ended.
        status: Its exit status or, negative, the signal that ended it.
        seconds: How long it ran.
    """

    events: tuple[Event, ...] = ()
    ending: Ending = "completed"
    status: int = 0
    seconds: float = 0.0

    def of(self, kind: str, mark: int | None = None) -> list[Event]:
        """The events of one kind, and of one mark where it is given."""
        return [event for event in self.events if event["t"] == kind and (mark is None or event["n"] == mark)]


@dataclass(slots=True)
class Collector:
    """Gathers a run's events on the worker's side and works out how it ended."""

    events: list[Event] = field(default_factory=list)

    def report(self, ending: Ending, status: int, seconds: float) -> Report:
        """The report, where ``ending`` is how the process seemed to end."""
        last = self.events[-1] if self.events else {}
        if ending in {"exited", "completed"} and last.get("t") == "end":
            ending = last["how"]
        return Report(tuple(self.events), ending, status, seconds)


def indices(want: Want, event: Event) -> list[int]:
    """Which of a call's flattened sources a want means: by its place in the list, else by identity, else all."""
    counts: list[int] = event["counts"]
    if want.groups is not None and counts and max(want.groups, default=0) < len(counts):
        starts = [sum(counts[:place]) for place in range(len(counts))]
        return [start + offset for place in want.groups for start in [starts[place]] for offset in range(counts[place])]
    found: list[int] | None = event["same"].get(want.source)
    return found if found else list(range(len(event["outs"])))


def settles(want: Want, event: Event) -> bool:
    """Whether what was seen at the gradient call is what the want claims."""
    if event["n"] != want.mark:
        return False
    if event["t"] == "raise":
        return want.outcome == "error" and (want.exception is None or want.exception in event["mro"])
    if event["t"] != "call" or want.outcome == "error":
        return False
    if not event["outs"]:
        return want.outcome == "none"
    outs = [event["outs"][place] for place in indices(want, event) if place < len(event["outs"])]
    if want.outcome == "none":
        return "none" in outs
    if want.outcome == "zero":
        return "none" in outs or (bool(outs) and all(out == "zero" for out in outs))
    return want.outcome == "nan" and "nan" in outs
