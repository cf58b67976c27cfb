"""Claims as the analysis makes them, one or more a kind, for the tests of the messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from gradlint.flow.causes import (
    AskedOnce,
    Assigned,
    BadCall,
    CastAway,
    Compared,
    Copied,
    GradientInside,
    HiddenSlope,
    InfiniteSlope,
    InnerGradient,
    MetricRead,
    Minimized,
    NeverAsked,
    NoGradient,
    NonDifferentiable,
    NoneInto,
    NoneUsed,
    NonTrainable,
    NoSource,
    NotAccessed,
    NoTarget,
    NotATensor,
    NotFloating,
    NotPairs,
    NotWatched,
    NoVariables,
    Opaque,
    OtherVariables,
    Outside,
    Rebound,
    ReboundByUpdate,
    RefusedWatch,
    Rewrapped,
    Silenced,
    Steering,
    Stopped,
    Summed,
    TapeUnusable,
    TargetNotTensor,
    ToNumpy,
    ToPython,
    Unconnected,
    Underflow,
    Untracked,
    Untrained,
    Unwatched,
    WatchedLate,
    Where,
)
from gradlint.flow.facts import Asked, Cause, Claim, Kind, LostGradient, Span

if TYPE_CHECKING:
    from gradlint.finding import Outcome, Severity

HERE = Span(9, 8, 9, 23)
CALL = Span(14, 7, 14, 27)

ERRORS = {
    Kind.NOT_A_TENSOR: "AttributeError",
    Kind.TARGET_NOT_TENSOR: "AttributeError",
    Kind.NO_GRADIENT: "LookupError",
    Kind.TAPE_REUSED: "RuntimeError",
}
PARTS = {
    Kind.NUMPY,
    Kind.PYTHON,
    Kind.REWRAPPED,
    Kind.ASSIGNED,
    Kind.OUTSIDE,
    Kind.OPAQUE,
    Kind.METRIC,
    Kind.NON_DIFFERENTIABLE,
    Kind.CAST,
    Kind.COMPARISON,
    Kind.STOPPED,
}
NANS = {Kind.NAN_THROUGH_WHERE, Kind.INFINITE_SLOPE, Kind.LOG_OF_SOFTMAX}
WITHOUT = {
    Kind.NO_VARIABLES,
    Kind.UNTRACKED,
    Kind.WATCH_REFUSED,
    Kind.GRADIENT_INSIDE,
    Kind.NEEDLESSLY_PERSISTENT,
    Kind.NEVER_ASKED,
    Kind.SWAPPED_ZIP,
    Kind.MISMATCHED_ZIP,
    Kind.NONE_APPLIED,
    Kind.MINIMIZE,
    Kind.SUMMED,
    Kind.BAD_CALL,
}

MADE = Span(3, 4, 3, 30)
"""Where a source or a Variable is made."""

CAUSES: dict[Kind, list[Cause]] = {
    Kind.REBOUND: [Rebound("x", expression=True), Rebound("x", MADE), Rebound("x", MADE, later_turn=True)],
    Kind.UNWATCHED: [Unwatched("constant"), Unwatched("computed"), Unwatched("gradient")],
    Kind.NON_TRAINABLE: [NonTrainable(of) for of in get_args(Untrained)],
    Kind.NOT_ACCESSED: [NotAccessed(), NotAccessed(of_keras=True)],
    Kind.INTEGER_SOURCE: [NotFloating(dtype) for dtype in ("int32", "bool", "string", "uint8")],
    Kind.WATCHED_LATE: [WatchedLate(HERE, Span(7, 4, 7, 9)), WatchedLate(HERE, after_block=True)],
    Kind.NOT_A_TENSOR: [NotATensor(what) for what in get_args(NoSource)],
    Kind.COPY: [
        *(Copied(how, "x") for how in ("slice", "identity", "conversion", "read", "unused")),
        Copied("identity", ""),
        Copied("symbolic"),
    ],
    Kind.NO_VARIABLES: [NoVariables(why) for why in ("unbuilt", "frozen", "none", "named")],
    Kind.UNTRACKED: [
        Untracked("self.gain", of_keras=of_keras, empty=empty) for of_keras in (True, False) for empty in (True, False)
    ],
    Kind.WATCH_REFUSED: [
        *(RefusedWatch(what, "x") for what in get_args(NotWatched)),
        RefusedWatch("keras-variable", "layer.trainable_variables"),
        RefusedWatch("none", "None"),
    ],
    Kind.NUMPY: [
        ToNumpy("np.mean", "numpy.mean"),
        ToNumpy("np.percentile", "numpy.percentile"),
        ToNumpy("np.mean", "numpy.mean", in_graph=True),
        ToNumpy("*", how="operator"),
        ToNumpy(how="store"),
    ],
    Kind.PYTHON: [
        ToPython("loss.numpy"),
        ToPython("float"),
        ToPython("math.sin", "math.sin"),
        ToPython("h.numpy", in_graph=True),
        ToPython("f-string"),
    ],
    Kind.REWRAPPED: [Rewrapped("tf.Variable"), Rewrapped("tf.constant")],
    Kind.ASSIGNED: [Assigned("state.assign_add", variable="state"), Assigned(variable="state")],
    Kind.OUTSIDE: [Outside("tf.square(x)", where=where) for where in get_args(Where)],
    Kind.OPAQUE: [
        Opaque("tf.numpy_function", how="numpy-function"),
        Opaque("tf.py_function", how="py-function-captures"),
        Opaque("tf.py_function", how="py-function-converts"),
        Opaque("model.predict", "keras.Model.predict", "model-method"),
        Opaque("model.evaluate", "keras.Model.evaluate", "model-method"),
        Opaque("dataset.map", how="dataset"),
        Opaque("scipy.stats.norm.pdf"),
    ],
    Kind.TARGET_NOT_TENSOR: [
        TargetNotTensor("np.mean", what="ndarray", made=Span(8, 4, 8, 20)),
        TargetNotTensor("float", what="number"),
        *(TargetNotTensor(what=what) for what in get_args(NoTarget)),
    ],
    Kind.METRIC: [MetricRead("metric.result"), MetricRead("metric")],
    Kind.NON_DIFFERENTIABLE: [
        NonDifferentiable("tf.argmax", "tensorflow.argmax"),
        NonDifferentiable("tf.round", "tensorflow.round"),
        NonDifferentiable("tf.one_hot", "tensorflow.one_hot", of="argument"),
        NonDifferentiable("tf.math.top_k", of="index"),
        NonDifferentiable(op="FloorDiv"),
    ],
    Kind.NO_GRADIENT: [
        NoGradient("tf.image.adjust_contrast", op="AdjustContrastv2"),
        NoGradient(op="NextAfter"),
        NoGradient("scaled", custom="variables", exception="TypeError"),
        NoGradient("scaled(x)", custom="count", exception="ValueError"),
        NoGradient("tf.py_function", custom="rows", exception="UnknownError"),
    ],
    Kind.CAST: [CastAway("tf.cast", dtype="int32")],
    Kind.COMPARISON: [Compared(">"), Compared("tf.equal"), Compared("*", bool_product=True), Compared()],
    Kind.CONDITION: [Steering(decides=decides) for decides in ("branch", "element", "side")],
    Kind.STOPPED: [Stopped("tf.stop_gradient")],
    Kind.UNCONNECTED: [Unconnected(why=why) for why in ("", "swapped", "linear", "custom-gradient")],
    Kind.TAPE_REUSED: [
        *(TapeUnusable(how) for how in ("never-entered", "jacobian")),
        *(TapeUnusable(how, Span(12, 4, 12, 30)) for how in ("second-call", "second-turn", "second-time")),
    ],
    Kind.GRADIENT_INSIDE: [GradientInside()],
    Kind.NEEDLESSLY_PERSISTENT: [AskedOnce("tape")],
    Kind.INNER_GRADIENT: [
        InnerGradient("inner.gradient(y, x)", where="before"),
        InnerGradient("tape.gradient(u, t)", where="after"),
    ],
    Kind.SILENCED: [Silenced(), Silenced(ToNumpy("np.mean"), Span(7, 4, 7, 20))],
    Kind.NEVER_ASKED: [NeverAsked("tape")],
    Kind.SWAPPED_ZIP: [NotPairs("optimizer.apply_gradients", how=how) for how in ("swapped", "no-zip")],
    Kind.MISMATCHED_ZIP: [OtherVariables(how=how) for how in ("other", "order", "length", "single")],
    Kind.NONE_APPLIED: [
        *(NoneUsed("optimizer.apply_gradients", into=into, call=MADE) for into in get_args(NoneInto)),
        NoneUsed(call=MADE),
    ],
    Kind.MINIMIZE: [Minimized("optimizer.minimize"), Minimized("optimizer.minimize", how="tensor")],
    Kind.UPDATE_REBINDS: [ReboundByUpdate("w", MADE), ReboundByUpdate("w"), ReboundByUpdate("w", augmented=True)],
    Kind.NAN_THROUGH_WHERE: [HiddenSlope("tf.math.log", variable="x"), HiddenSlope("tf.norm", compiled=True)],
    Kind.INFINITE_SLOPE: [InfiniteSlope("tf.sqrt", variable="distance"), InfiniteSlope("tf.norm")],
    Kind.LOG_OF_SOFTMAX: [
        Underflow("tf.nn.softmax", "tensorflow.nn.softmax"),
        Underflow("tf.sigmoid", "tensorflow.sigmoid"),
    ],
    Kind.SUMMED: [Summed(), Summed(several=True)],
    Kind.BAD_CALL: [
        BadCall("tape.gradient", how="second-source", name="b"),
        BadCall(how="unknown-method", name="gradients"),
        BadCall("tape.gradient", how="unknown-keyword", name="source"),
        BadCall(how="unknown-keyword", name="presistent"),
        BadCall("tape.gradient", how="no-sources"),
        BadCall("tf.GradientTape", how="with-a-class"),
        BadCall(how="nested"),
        BadCall("tf.gradients", how="tf.gradients"),
        BadCall("tape.gradient", how="unconnected-value"),
        BadCall("optimizer.get_scaled_loss", how="removed-method", name="get_scaled_loss"),
        BadCall("base.output", how="early-symbol"),
        BadCall("model.fit", how="no-loss"),
    ],
}


def lost(
    outcome: Outcome,
    *,
    source: str = "x",
    target: str = "y",
    call: Span = CALL,
    method: str = "gradient",
    exception: str | None = None,
    certain: bool = True,
) -> LostGradient:
    """A gradient that is lost."""
    return LostGradient(call, method, target, source, outcome, exception, certain=certain)


def one(cause: Cause, *gradients: LostGradient, severity: Severity = "error", **more: Any) -> Claim[Cause]:
    """A claim; of a lost gradient where none is given."""
    return Claim(cause, HERE, severity, gradients or (lost("none"),), **more)


def claims(kind: Kind) -> list[Claim[Cause]]:
    """Every claim of a kind that the messages are tried on: each cause, with one and with several gradients."""
    made = []
    for cause in CAUSES[kind]:
        for gradients in _gradients(cause):
            severity: Severity = "error" if all(one.outcome in {"none", "error"} for one in gradients) else "warning"
            asked = Asked(CALL, target="y", source=gradients[0].source if gradients else "x", definition=MADE)
            made.append(Claim(cause, HERE, severity, gradients, asked=asked, exception=_exception(cause, gradients)))
            if len(gradients) == 1 and not getattr(cause, "later_turn", False):
                made.append(replace(made[-1], asked=None, severity="warning", branch="when `training` is false"))
    return made


def _exception(cause: Cause, gradients: tuple[LostGradient, ...]) -> str | None:
    if cause.kind in WITHOUT or getattr(cause, "augmented", False) or getattr(cause, "in_graph", False):
        return "ValueError"
    return next((one.exception for one in gradients), None)


def _gradients(cause: Cause) -> list[tuple[LostGradient, ...]]:
    kind = cause.kind
    if kind in WITHOUT or getattr(cause, "augmented", False) or getattr(cause, "in_graph", False):
        return [()]
    outcome: Outcome = "error" if kind in ERRORS else "nan" if kind in NANS else "none"
    exception = ERRORS.get(kind)
    method = "jacobian" if isinstance(cause, TapeUnusable) and cause.how == "jacobian" else "gradient"
    first = lost(outcome, exception=exception, method=method)
    made: list[tuple[LostGradient, ...]] = [(first,)]
    if kind not in NANS:
        two = lost(outcome, source="discriminator.trainable_variables", exception=exception)
        made.append((first, two))
    if kind in PARTS:
        made.append((lost("partial"),))
        made.append((first, lost("partial", source="self.generator.trainable_variables")))
    return made
