"""What the flow analysis found out: gradient calls, what each of their sources gets, and the breaks.

The facts speak in places of the program (:class:`Span`), never in files or messages. A rule owns one or more
:class:`Kind` and turns each :class:`Claim` of it into a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Outcome, Severity

Answer = Literal["connected", "partial", "lost", "unknown"]


LED_BY = "by this call"
"""The note at a call in another module of the project by whose arguments a function of the program was judged."""


class Kind(StrEnum):
    """The sorts of break and of misuse that the analysis tells apart, in the order of the rules' codes."""

    REBOUND = "rebound"
    UNWATCHED = "unwatched"
    NON_TRAINABLE = "non-trainable"
    NOT_ACCESSED = "not-accessed"
    INTEGER_SOURCE = "integer-source"
    WATCHED_LATE = "watched-late"
    NOT_A_TENSOR = "not-a-tensor"
    COPY = "copy"
    NO_VARIABLES = "no-variables"
    WATCH_REFUSED = "watch-refused"
    UNTRACKED = "untracked"
    NUMPY = "numpy"
    PYTHON = "python"
    REWRAPPED = "rewrapped"
    ASSIGNED = "assigned"
    OUTSIDE = "outside"
    OPAQUE = "opaque"
    TARGET_NOT_TENSOR = "target-not-tensor"
    METRIC = "metric"
    NON_DIFFERENTIABLE = "non-differentiable"
    NO_GRADIENT = "no-gradient"
    CAST = "cast"
    COMPARISON = "comparison"
    CONDITION = "condition"
    STOPPED = "stopped"
    UNCONNECTED = "unconnected"
    TAPE_REUSED = "tape-reused"
    GRADIENT_INSIDE = "gradient-inside"
    NEEDLESSLY_PERSISTENT = "needlessly-persistent"
    INNER_GRADIENT = "inner-gradient"
    SILENCED = "silenced"
    NEVER_ASKED = "never-asked"
    SWAPPED_ZIP = "swapped-zip"
    MISMATCHED_ZIP = "mismatched-zip"
    NONE_APPLIED = "none-applied"
    MINIMIZE = "minimize"
    UPDATE_REBINDS = "update-rebinds"
    NAN_THROUGH_WHERE = "nan-through-where"
    INFINITE_SLOPE = "infinite-slope"
    LOG_OF_SOFTMAX = "log-of-softmax"
    SUMMED = "summed"
    BAD_CALL = "bad-call"
    OTHER = "other"
    """What the analysis does not look for: a rule of others that finds it by itself makes claims of this kind."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of the program: lines from 1, columns in UTF-8 bytes from 0, as ``ast`` counts them."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class LostGradient:
    """One source of one gradient call, and what it gets there.

    Attributes:
        call: The gradient call.
        method: ``gradient``, ``jacobian`` or ``batch_jacobian``.
        target: The target as it is written.
        source: The source as it is written; an element of a list has the element's own text.
        outcome: What the source gets.
        exception: The exception's type where the outcome is ``error``.
        source_span: Where the source is written in the call.
        target_span: Where the target is written in the call.
        certain: Whether it holds on every way to the call.
    """

    call: Span
    method: str
    target: str
    source: str
    outcome: Outcome
    exception: str | None = None
    source_span: Span | None = None
    target_span: Span | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the story: a place and what happens to the gradient there."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a gradient is lost, or what is misused; :mod:`gradlint.flow.causes` has a class for each kind."""

    kind: ClassVar[Kind]


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a gradient does not pass from a value to the one computed from it.

    Attributes:
        cause: Why.
        span: The expression that breaks it.
    """

    cause: Cause
    span: Span

    @property
    def kind(self) -> Kind:
        """The sort of break."""
        return self.cause.kind


@dataclass(frozen=True, slots=True)
class Asked:
    """A gradient call, and one of its sources, as the program writes them.

    Attributes:
        span: The call.
        method: ``gradient``, ``jacobian`` or ``batch_jacobian``.
        tape: The tape.
        target: The target.
        source: The source.
        source_span: Where the source is written.
        tape_call: Where the tape is made.
        definition: Where the source is made.
    """

    span: Span
    method: str = "gradient"
    tape: str = "tape"
    target: str = ""
    source: str = ""
    source_span: Span | None = None
    tape_call: Span | None = None
    definition: Span | None = None


Of = TypeVar("Of", bound=Cause, covariant=True)


@dataclass(frozen=True, slots=True)
class Claim(Generic[Of]):
    """One cause and the gradients that it breaks.

    Attributes:
        cause: What breaks them; the rule that owns its kind makes the finding.
        span: The place to point at: the expression that loses the gradient.
        severity: ``error`` where the loss is certain, ``warning`` where it holds on some way only.
        gradients: The gradients that are lost by it; empty where none is.
        story: The gradient's way, in the order of the program: where the value was connected, where it was lost.
        asked: The gradient call that was met first, where there is one.
        exception: What the line or the gradient call raises, where it raises.
        raising: What raises before the gradient call is reached, where something does.
        branch: On which way through the program it holds, where it does on one only: ``when `flag` is true``.
        site: Where the program itself leads to ``span``, if that lies in another module of the project.
        elsewhere: Whether any of its places lies in another module, so that no edit of the program fixes it.
    """

    cause: Of
    span: Span
    severity: Severity
    gradients: tuple[LostGradient, ...] = ()
    story: tuple[Note, ...] = ()
    asked: Asked | None = None
    exception: str | None = None
    raising: Span | None = None
    branch: str = ""
    site: Span | None = None
    elsewhere: bool = False

    @property
    def kind(self) -> Kind:
        """The sort of break or misuse."""
        return self.cause.kind


@dataclass(frozen=True, slots=True)
class Question:
    """One source of one gradient call and the analysis' answer; the editor's hover shows it.

    Attributes:
        source: The source as it is written.
        span: Where it is written.
        answer: What the analysis says.
        kind: The sort of loss, where there is one.
        cause: Where it is lost.
        proved: Whether a source that is connected surely is: by operations that are known, on every way.
        because: The premise by which nothing is claimed, where one is open: a clause without a full stop.
    """

    source: str
    span: Span
    answer: Answer
    kind: Kind | None = None
    cause: Span | None = None
    because: str = ""
    proved: bool = False


@dataclass(frozen=True, slots=True)
class CallAnswers:
    """One call of ``gradient``, ``jacobian`` or ``batch_jacobian`` and its questions."""

    span: Span
    method: str
    target: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A claim that is not made, since the program may be meant for a TensorFlow for which it does not hold.

    Attributes:
        kind: The sort of break or misuse.
        span: The place that it would point at.
        calls: The gradient calls that it would name; the place itself where it is about none.
        because: The premise, as a clause without a full stop.
    """

    kind: Kind
    span: Span
    calls: tuple[Span, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Part:
    """A module of the project that the program was followed into; its lines follow those of the program.

    Attributes:
        path: Its file as findings show it.
        first: How many lines stand before it; spans beyond that many lines are its own.
        lines: Its lines, as UTF-8.
    """

    path: str
    first: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one program's analysis found out.

    Attributes:
        claims: The breaks and misuses, in the order of the program.
        calls: The gradient calls that were reached, in the order of the program.
        tapes: How many ``tf.GradientTape`` objects the program makes.
        complete: False where the budget ran out, so that what came after is unknown.
        parts: The modules of the project that the program was followed into, in the order of their lines.
        withheld: The claims that are not made for the version of TensorFlow that is meant, in the order of the program.
    """

    claims: tuple[Claim[Cause], ...] = ()
    calls: tuple[CallAnswers, ...] = ()
    tapes: int = 0
    complete: bool = True
    parts: tuple[Part, ...] = ()
    withheld: tuple[Withheld, ...] = ()


Record = TypeVar("Record", Cause, Asked)
_PLACES: dict[type[Cause | Asked], tuple[str, ...]] = {}


def merged(first: Record, other: Record) -> Record:
    """What two records of one class say together: the first counts, the other fills what it leaves open."""
    if first == other or type(first) is not type(other):
        return first
    open_fields = [one.name for one in fields(first) if not getattr(first, one.name)]
    filled = {name: getattr(other, name) for name in open_fields if getattr(other, name)}
    return replace(first, **filled) if filled else first


def places(record: Cause | Asked | None) -> Iterator[Span]:
    """The places that a record names."""
    if record is None:
        return
    names = _PLACES.get(type(record))
    if names is None:
        names = _PLACES[type(record)] = tuple(one.name for one in fields(record) if "Span" in str(one.type))
    for name in names:
        place = getattr(record, name)
        if place is not None:
            yield place
