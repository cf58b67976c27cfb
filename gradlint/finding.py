"""What gradlint says: a finding is a record, made once by the engine and only rendered afterwards.

A finding is a claim about a gradient that anyone can test: *at this call, this source gets None (or this
exception), because of that line*. All lines and columns here are the user's: they start at 1, columns count
characters, and in a notebook lines are counted within the cell.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

LOST_HERE = "the gradient is lost here"
"""The note on the step that is the culprit, if it is in another file."""

Severity = Literal["error", "warning", "info"]
Outcome = Literal["none", "error", "partial", "zero", "nan"]
Applicability = Literal["safe", "unsafe"]
Status = Literal["confirmed", "refuted", "inconclusive"]


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A position in a file or in a notebook's cell; both numbers start at 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Gradient:
    """One gradient that is claimed lost: the call that asks for it and what the source gets.

    Attributes:
        cell: The notebook cell's index over all cells, from 0; None in other files.
        line: The line of the gradient call.
        column: The column of the gradient call.
        method: ``gradient``, ``jacobian`` or ``batch_jacobian``.
        target: The target as written in the call.
        source: The source as written in the call.
        outcome: What the source gets.
        exception: The exception's type if the outcome is ``error``.
    """

    cell: int | None
    line: int
    column: int
    method: str
    target: str
    source: str
    outcome: Outcome
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the path of a gradient, in the order in which the program runs.

    Attributes:
        cell: The notebook cell's index over all cells, from 0; None in other files.
        line: The line.
        column: The column.
        text: The code there.
        note: What happens to the gradient there.
        path: The file, if it is not the finding's own: a module of the project that the analysis followed.
    """

    cell: int | None
    line: int
    column: int
    text: str
    note: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement of the text between two positions; an insertion if both are the same."""

    cell: int | None
    location: Position
    end_location: Position
    content: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to get the gradient back, as edits that do not overlap."""

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What TensorFlow said of the claim when it was run.

    Attributes:
        finite: Whether every input was tried of a gradient that may not be finite, and it was finite at each.
    """

    status: Status
    detail: str
    tensorflow: str | None = None
    seconds: float | None = None
    finite: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim about one line and the gradients that it breaks.

    Attributes:
        message: The whole message as one sentence.
        withheld: Why the rule's fix is not offered, if it has one that could not be proved.
        headline: The message's first part: what is in the code, in at most 80 characters; empty if it has no parts.
        happens: Its second part: what happens to the gradient, and why.
        help: Its third part: the cure.
    """

    code: str
    name: str
    severity: Severity
    message: str
    path: str
    cell: int | None
    location: Position
    end_location: Position
    gradients: tuple[Gradient, ...] = ()
    flow: tuple[Step, ...] = ()
    fix: Fix | None = None
    confirmation: Confirmation | None = None
    url: str | None = None
    withheld: str | None = None
    headline: str = ""
    happens: str = ""
    help: str = ""

    @property
    def title(self) -> str:
        """The headline; the whole message if it has no parts."""
        return self.headline or self.message

    @property
    def text(self) -> str:
        """The message with each part on a line of its own."""
        elsewhere = (step for step in self.flow if step.path is not None and step.note == LOST_HERE)
        place = next((f" ({step.path}, line {step.line})" for step in elsewhere), "")
        cure = f"help: {self.help}" if self.help else ""
        return "\n".join(part for part in (self.title + place, self.happens, cure) if part)

    @property
    def sort_key(self) -> tuple[str, int, int, int, str]:
        """Findings are sorted by file, cell, line and column."""
        cell = -1 if self.cell is None else self.cell
        return (self.path, cell, self.location.line, self.location.column, self.code)

    def with_confirmation(self, confirmation: Confirmation) -> Finding:
        """The same finding with TensorFlow's verdict."""
        return replace(self, confirmation=confirmation)

    def to_json(self) -> dict[str, Any]:
        """The finding as the ``json`` and ``jsonl`` formats print it."""
        record = asdict(self)
        for gradient in record["gradients"]:
            if gradient["exception"] is None:
                del gradient["exception"]
        for step in record["flow"]:
            if step["path"] is None:
                del step["path"]
        if record["withheld"] is None:
            del record["withheld"]
        if record["confirmation"] is not None:
            del record["confirmation"]["finite"]
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Finding:
        """The finding of a record made by :meth:`to_json`.

        Raises:
            KeyError, TypeError: If the record is not of that form.
        """
        fix, confirmation = record["fix"], record["confirmation"]
        values = dict(record)
        values["location"] = Position(**record["location"])
        values["end_location"] = Position(**record["end_location"])
        values["gradients"] = tuple(Gradient(**one) for one in record["gradients"])
        values["flow"] = tuple(Step(**one) for one in record["flow"])
        values["fix"] = None if fix is None else Fix(fix["applicability"], fix["message"], _edits(fix["edits"]))
        values["confirmation"] = None if confirmation is None else Confirmation(**confirmation)
        return cls(**values)


def _edits(records: list[dict[str, Any]]) -> tuple[Edit, ...]:
    return tuple(
        Edit(one["cell"], Position(**one["location"]), Position(**one["end_location"]), one["content"])
        for one in records
    )
