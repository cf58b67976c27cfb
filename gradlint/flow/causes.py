"""Why a gradient is lost, or a call misused: one class for each :class:`~gradlint.flow.facts.Kind`, with what it knows.

A cause is made where the loss happens, and carried as it is to the claim and to the rule that words it. It holds texts
of the program, canonical names and places (:class:`~gradlint.flow.facts.Span`), and no sentence: a rule words it, and
what shows the finding names its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gradlint.flow.facts import Cause, Kind, Span

Where = Literal["before", "in a constructor", "before the reset", "after", "while stopped", "unseen"]
"""When something ran that a tape did not record: seen from the tape's block."""
NoSource = Literal[
    "extension", "function", "generator", "layer", "method", "model", "ndarray", "none", "number", "object",
    "reference", "slices", "sparse", "string",
]  # fmt: skip
"""What stands in a source's place."""
NoTarget = Literal["function", "list", "ndarray", "none", "number", "string", "symbolic", "tensor-array"]
"""What stands in a target's place."""
NotWatched = Literal[
    "generator", "keras-variable", "layer", "model", "ndarray", "none", "not-entered", "number", "string", "symbolic",
    "two-arguments",
]  # fmt: skip
"""Why ``watch`` raises: what it is given, or when it is called."""
Untrained = Literal["", "keras-variable", "moving-statistics", "seed-state"]
"""What a variable that is not trainable is for, where Keras keeps it."""
NoVariablesWhy = Literal["computed", "frozen", "named", "none", "unbuilt", "untracked"]
"""Why a model's list of variables is empty."""

NoneInto = Literal["access", "apply", "arithmetic", "assign", "operation"]
"""What a gradient that is None goes into: a look into it, as for its items or an attribute, an optimizer, Python's
arithmetic, an update, an operation."""


@dataclass(frozen=True, slots=True)
class Called(Cause):
    """A cause that is a call or an operator.

    Attributes:
        callee: What is called, as it is written.
        canonical: Its canonical name, where it is known.
    """

    callee: str = ""
    canonical: str = ""


@dataclass(frozen=True, slots=True)
class Rebound(Cause):
    """The name of a Variable holds a Tensor.

    Attributes:
        variable: The name.
        made: Where the Variable is made.
        expression: Whether the Variable is used up in the expression that makes it.
        later_turn: Whether that shows from the second turn of a loop on.
    """

    kind = Kind.REBOUND
    variable: str = ""
    made: Span | None = None
    expression: bool = False
    later_turn: bool = False


@dataclass(frozen=True, slots=True)
class Unwatched(Cause):
    """A Tensor that the tape does not watch; ``made`` says what it is."""

    kind = Kind.UNWATCHED
    made: Literal["computed", "constant", "gradient"] = "constant"


@dataclass(frozen=True, slots=True)
class NonTrainable(Cause):
    """A Variable that no tape watches by itself."""

    kind = Kind.NON_TRAINABLE
    of: Untrained = ""


@dataclass(frozen=True, slots=True)
class NotAccessed(Cause):
    """A tape that watches no Variable by itself, and was not told to watch this one."""

    kind = Kind.NOT_ACCESSED
    of_keras: bool = False


@dataclass(frozen=True, slots=True)
class NotFloating(Cause):
    """A source that holds no floats."""

    kind = Kind.INTEGER_SOURCE
    dtype: str = "int32"


@dataclass(frozen=True, slots=True)
class WatchedLate(Cause):
    """A source that was used before it was watched, or watched after the block."""

    kind = Kind.WATCHED_LATE
    watch: Span | None = None
    used: Span | None = None
    after_block: bool = False


@dataclass(frozen=True, slots=True)
class NotATensor(Cause):
    """A source that is nothing to differentiate by."""

    kind = Kind.NOT_A_TENSOR
    what: NoSource = "number"


@dataclass(frozen=True, slots=True)
class Copied(Cause):
    """A source that is a new value, and not the one that was used.

    Attributes:
        how: How it was made; ``unused`` is computed after the target, ``symbolic`` a place in a model's plan.
        original: How the program names the value that was used.
    """

    kind = Kind.COPY
    how: Literal["conversion", "identity", "read", "slice", "symbolic", "unused"] = "identity"
    original: str = ""


@dataclass(frozen=True, slots=True)
class NoVariables(Cause):
    """A list of variables that is empty."""

    kind = Kind.NO_VARIABLES
    why: NoVariablesWhy = "unbuilt"
    owner: Span | None = None


@dataclass(frozen=True, slots=True)
class RefusedWatch(Cause):
    """A call of ``watch`` that raises.

    Attributes:
        what: Why.
        watched: What it is given, as it is written.
        tape: The tape, as it is written.
        made: Where the tape is made.
    """

    kind = Kind.WATCH_REFUSED
    what: NotWatched = "ndarray"
    watched: str = ""
    tape: str = "tape"
    made: Span | None = None


@dataclass(frozen=True, slots=True)
class Untracked(Cause):
    """A variable that a model holds and does not count.

    Attributes:
        variable: How the program names it.
        of_keras: Whether Keras does not count it; else a ``tf.Module`` does not.
        empty: Whether there is no other in the list.
    """

    kind = Kind.UNTRACKED
    variable: str = ""
    of_keras: bool = True
    empty: bool = False


@dataclass(frozen=True, slots=True)
class ToNumpy(Called):
    """NumPy computes with the value.

    Attributes:
        how: A call, an operator between an array and a Keras variable, or a store into an array.
        in_graph: Whether it raises, since a function's graph is being built.
    """

    kind = Kind.NUMPY
    how: Literal["call", "operator", "store"] = "call"
    in_graph: bool = False


@dataclass(frozen=True, slots=True)
class ToPython(Called):
    """The value becomes one of Python's or NumPy's; in a graph that raises."""

    kind = Kind.PYTHON
    in_graph: bool = False


@dataclass(frozen=True, slots=True)
class Rewrapped(Called):
    """A new leaf is made of the value; ``refused`` says on what ``tf.constant`` raises."""

    kind = Kind.REWRAPPED
    refused: Literal["", "list", "symbolic"] = ""


@dataclass(frozen=True, slots=True)
class Assigned(Called):
    """The value goes into the state of a Variable, named ``variable``."""

    kind = Kind.ASSIGNED
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Outside(Called):
    """An operation that the tape does not record.

    Attributes:
        where: When it runs.
        within: The method in which it runs, where it runs in a constructor.
    """

    kind = Kind.OUTSIDE
    where: Where = "before"
    within: str = "__init__"


@dataclass(frozen=True, slots=True)
class Opaque(Called):
    """A function into which no tape sees: ``py-function-captures`` loses what the function takes from around it."""

    kind = Kind.OPAQUE
    how: Literal[
        "dataset", "library", "model-method", "numpy-function", "py-function-captures", "py-function-converts"
    ] = "library"


@dataclass(frozen=True, slots=True)
class TargetNotTensor(Called):
    """A target that is nothing to differentiate; ``made`` is where the callee gave it."""

    kind = Kind.TARGET_NOT_TENSOR
    what: NoTarget = "number"
    made: Span | None = None


@dataclass(frozen=True, slots=True)
class MetricRead(Called):
    """The value of a metric is read from its state."""

    kind = Kind.METRIC


@dataclass(frozen=True, slots=True)
class NonDifferentiable(Called):
    """An operation without a derivative.

    Attributes:
        op: The operation, by the name that TensorFlow's registry knows it by.
        of: The whole, one argument only, an output of indices only, its slope (it has a gradient, which is zero), or a
            loop that a graph runs by it.
    """

    kind = Kind.NON_DIFFERENTIABLE
    op: str = ""
    of: Literal["argument", "index", "loop", "slope", "whole"] = "whole"


@dataclass(frozen=True, slots=True)
class NoGradient(Called):
    """An operation that has no gradient registered, or a custom gradient that is refused.

    Attributes:
        op: The operation.
        custom: What is wrong with the custom gradient, where it is one; ``rows`` where it is a ``tf.py_function``,
            which answers once and so has no Jacobian; ``alone`` where it gives nothing for the Variables it uses.
        exception: What the gradient call raises.
    """

    kind = Kind.NO_GRADIENT
    op: str = ""
    custom: Literal["", "alone", "count", "rows", "variables"] = ""
    exception: str = "LookupError"


@dataclass(frozen=True, slots=True)
class CastAway(Called):
    """A cast to a dtype that is no float."""

    kind = Kind.CAST
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class Compared(Called):
    """A comparison, or a product of a float and a bool, which is a logical and."""

    kind = Kind.COMPARISON
    bool_product: bool = False


@dataclass(frozen=True, slots=True)
class Steering(Called):
    """The value only decides: which way the program takes, which side of ``tf.where``, which element."""

    kind = Kind.CONDITION
    decides: Literal["branch", "element", "side"] = "branch"


@dataclass(frozen=True, slots=True)
class Stopped(Called):
    """The gradient is stopped on purpose."""

    kind = Kind.STOPPED


@dataclass(frozen=True, slots=True)
class Unconnected(Called):
    """The target is not computed from the source at all.

    It is ``swapped`` (they changed places), ``linear`` (the derivative of what is linear), or ``custom-gradient`` (one
    gives None for it).
    """

    kind = Kind.UNCONNECTED
    why: Literal["", "custom-gradient", "linear", "swapped"] = ""


@dataclass(frozen=True, slots=True)
class TapeUnusable(Cause):
    """A tape that cannot answer: used up, or never entered.

    Attributes:
        how: ``second-call`` (after another call), ``second-turn`` (the same one in a loop), ``second-time`` (the same
            one in a function that runs again), ``never-entered``, ``jacobian`` (without pfor it asks once per row).
        first: The call that used it up.
    """

    kind = Kind.TAPE_REUSED
    how: Literal["jacobian", "never-entered", "second-call", "second-time", "second-turn"] = "second-call"
    first: Span | None = None


@dataclass(frozen=True, slots=True)
class GradientInside(Cause):
    """A persistent tape that is asked in its own block."""

    kind = Kind.GRADIENT_INSIDE


@dataclass(frozen=True, slots=True)
class AskedOnce(Cause):
    """A persistent tape, as it is written, that is asked once."""

    kind = Kind.NEEDLESSLY_PERSISTENT
    tape: str = ""


@dataclass(frozen=True, slots=True)
class InnerGradient(Called):
    """A gradient that was taken where the outer tape does not record."""

    kind = Kind.INNER_GRADIENT
    where: Where = "before"


@dataclass(frozen=True, slots=True)
class Silenced(Cause):
    """Zeros in the place of a gradient that is always lost: by ``cause``, at ``lost``."""

    kind = Kind.SILENCED
    cause: Cause | None = None
    lost: Span | None = None


@dataclass(frozen=True, slots=True)
class NeverAsked(Cause):
    """A tape, as it is written, of which no gradient is asked."""

    kind = Kind.NEVER_ASKED
    tape: str = ""


@dataclass(frozen=True, slots=True)
class NotPairs(Called):
    """Pairs in the wrong order, none at all, or pairs with a Tensor, named ``name``, in the place of a Variable."""

    kind = Kind.SWAPPED_ZIP
    how: Literal["no-zip", "swapped", "tensor"] = "swapped"
    name: str = ""


@dataclass(frozen=True, slots=True)
class OtherVariables(Called):
    """Gradients that are applied to what they were not asked for; ``single`` is one gradient and no list."""

    kind = Kind.MISMATCHED_ZIP
    how: Literal["length", "order", "other", "single"] = "other"


@dataclass(frozen=True, slots=True)
class NoneUsed(Called):
    """A gradient that is None goes on.

    Attributes:
        into: What it goes into.
        call: The gradient call that gave it.
    """

    kind = Kind.NONE_APPLIED
    into: NoneInto = "operation"
    call: Span | None = None


@dataclass(frozen=True, slots=True)
class Minimized(Called):
    """``minimize`` of an optimizer that has none (``removed``), or of a Tensor."""

    kind = Kind.MINIMIZE
    how: Literal["removed", "tensor"] = "removed"


@dataclass(frozen=True, slots=True)
class ReboundByUpdate(Cause):
    """An update that binds the Variable's name to a Tensor.

    Attributes:
        variable: The name.
        made: Where the Variable is made.
        later_turn: Whether that shows from the second turn of a loop on.
        augmented: Whether it is an augmented assignment of a Variable of TensorFlow, which raises.
    """

    kind = Kind.UPDATE_REBINDS
    variable: str = ""
    made: Span | None = None
    later_turn: bool = False
    augmented: bool = False


@dataclass(frozen=True, slots=True)
class HiddenSlope(Called):
    """An infinite slope behind ``tf.where``.

    Attributes:
        variable: The argument, as it is written.
        compiled: Whether only XLA makes it NaN.
    """

    kind = Kind.NAN_THROUGH_WHERE
    variable: str = ""
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class InfiniteSlope(Called):
    """A slope that is infinite at zero, of the argument ``variable``."""

    kind = Kind.INFINITE_SLOPE
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Underflow(Called):
    """The logarithm of what ``callee`` gives."""

    kind = Kind.LOG_OF_SOFTMAX


@dataclass(frozen=True, slots=True)
class Summed(Cause):
    """The gradient of a sum: of several targets, or of the elements of one."""

    kind = Kind.SUMMED
    several: bool = False


@dataclass(frozen=True, slots=True)
class BadCall(Called):
    """A call that is refused, or that means something else.

    Attributes:
        how: What is wrong with it.
        name: The keyword, method or source that is meant, as it is written.
    """

    kind = Kind.BAD_CALL
    how: Literal[
        "early-symbol", "nested", "no-loss", "no-sources", "removed-method", "second-source", "tf.gradients",
        "unconnected-value", "unknown-keyword", "unknown-method", "with-a-class",
    ] = "unknown-keyword"  # fmt: skip
    name: str = ""


@dataclass(frozen=True, slots=True)
class Other(Cause):
    """What a rule of others finds by itself."""

    kind = Kind.OTHER
