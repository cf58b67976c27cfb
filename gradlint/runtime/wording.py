"""What is said of each way to lose a gradient that was seen: the rule that owns it, what happens, and the cure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.message import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlint.runtime.observed import Observed, Reason
    from gradlint.runtime.places import Place


@dataclass(frozen=True, slots=True)
class Wording:
    """How one reason is worded.

    Attributes:
        code: The rule that owns it.
        name: The rule's name.
        happens: What happens at the line, as a clause; ``{operation}`` and ``{source}`` are filled in.
        cure: What brings the gradient back.
    """

    code: str
    name: str
    happens: str
    cure: str


WORDINGS: Mapping[Reason, Wording] = {
    "left": Wording(
        "GT202",
        "python-conversion",
        "the value left TensorFlow here (`{operation}`)",
        "stay with TensorFlow's functions up to the target",
    ),
    "rewrapped": Wording(
        "GT203",
        "rewrapped-tensor",
        "the value became the first value of a new Variable here, a leaf of its own",
        "use the tensor itself",
    ),
    "assigned": Wording(
        "GT204",
        "assigned-state",
        "the value was written to a Variable here, whose state keeps no history",
        "compute with the tensor that was assigned, and assign it afterwards",
    ),
    "outside": Wording(
        "GT205",
        "outside-the-tape",
        "the tape did not record here",
        "compute it inside the `with` block, outside `stop_recording()`",
    ),
    "opaque": Wording(
        "GT206",
        "opaque-function",
        "`tf.numpy_function` runs Python code here that the tape cannot see into",
        "use TensorFlow's functions, or `tf.py_function`",
    ),
    "captured": Wording(
        "GT206",
        "opaque-function",
        "`tf.py_function` passes gradients only to its arguments, but `{source}` is used inside it here",
        "pass `{source}` to it too",
    ),
    "metric": Wording(
        "GT208",
        "metric-as-loss",
        "a metric's result is read from its Variables, whose state keeps no history",
        "compute the loss with a loss function, and use the metric only for reporting",
    ),
    "no-sources": Wording(
        "GT109",
        "no-variables-yet",
        "`{source}` is an empty list",
        "build the model before its variables are read",
    ),
    "left-out": Wording(
        "GT111",
        "untracked-variable",
        "a Variable that the target is computed from is not among `{source}`",
        "make it with `add_weight`",
    ),
    "watch-refused": Wording(
        "GT110",
        "watch-refused",
        "the tape refuses to watch `{source}`",
        "watch a tensor or a Variable, inside the `with` block",
    ),
    "silenced": Wording(
        "GT405",
        "silenced-by-zero",
        "no path leads from `{source}` to the target, and the call asks for zeros instead of None",
        "use `{source}` in the target",
    ),
    "data": Wording(
        "GT206",
        "opaque-function",
        "the value goes through a `tf.data.Dataset` here, which no tape sees into",
        "split the tensor itself: `tf.unstack`, `tf.split` or a slice",
    ),
    "stopped": Wording(
        "GT306",
        "stopped-gradient",
        "`tf.stop_gradient` stops the gradient here",
        "remove `tf.stop_gradient` where the gradient is wanted",
    ),
    "cast": Wording(
        "GT303",
        "cast-to-integer",
        "a cast to integers or bools ends the gradient here",
        "keep floats up to the target",
    ),
    "comparison": Wording(
        "GT304",
        "comparison-on-the-way",
        "a comparison (`{operation}`) ends the gradient here",
        "use a smooth function such as `tf.sigmoid` instead of the comparison",
    ),
    "condition": Wording(
        "GT305",
        "condition-only",
        "the value only decides which branch is taken here",
        "compute the target from the value itself",
    ),
    "no-gradient": Wording(
        "GT302",
        "no-registered-gradient",
        "TensorFlow has no gradient for `{operation}`",
        "use differentiable operations instead",
    ),
    "non-differentiable": Wording(
        "GT301",
        "non-differentiable-op",
        "the gradient of `{operation}` is None",
        "use a differentiable operation instead",
    ),
    "integer-source": Wording(
        "GT105",
        "integer-source",
        "`{source}` does not hold floats, and only floats have a gradient",
        "make it a float: `tf.cast` it before the tape, or write `1.0`",
    ),
    "not-watched": Wording(
        "GT102",
        "unwatched-tensor",
        "`{source}` is a tensor that no `watch` covers",
        "call `tape.watch({source})` at the top of the block",
    ),
    "rebound": Wording(
        "GT101",
        "variable-rebound-to-tensor",
        "`{source}` is bound to a tensor here, which no `watch` covers",
        "keep the Variable: `{source}.assign(...)` instead of `{source} = ...`",
    ),
    "non-trainable": Wording(
        "GT103",
        "non-trainable-variable",
        "`{source}` is not trainable, so a tape does not watch it automatically",
        "call `tape.watch({source})`, or make the Variable trainable",
    ),
    "not-accessed": Wording(
        "GT104",
        "variable-not-watched",
        "the tape has `watch_accessed_variables=False` and no `watch` covers `{source}`",
        "call `tape.watch({source})` at the top of the block",
    ),
    "watched-late": Wording(
        "GT106",
        "watched-too-late",
        "`watch` came after the operations that use `{source}`",
        "call `tape.watch({source})` at the top of the block",
    ),
    "copy": Wording(
        "GT108",
        "source-is-a-copy",
        "`{source}` is a tensor made from the value that was used, not that value",
        "differentiate with respect to the value that the target was computed from",
    ),
    "unconnected": Wording(
        "GT307",
        "unconnected-source",
        "the target was not computed from `{source}` at all",
        "use `{source}` in the target, or leave it out of the sources",
    ),
    "reused": Wording(
        "GT401",
        "tape-reused",
        "the tape was asked before and keeps its recording for one call only",
        "make it with `persistent=True`, or ask once for all sources",
    ),
    "target": Wording(
        "GT207",
        "target-not-a-tensor",
        "the target is not a tensor",
        "compute the target with TensorFlow's functions",
    ),
    "source": Wording(
        "GT107",
        "not-a-tensor-source",
        "a source is neither a tensor nor a Variable",
        "differentiate with respect to tensors or Variables",
    ),
    "raised": Wording("GT407", "bad-gradient-call", "the gradient call raises", "see the exception"),
    "nonfinite": Wording(
        "GT602",
        "infinite-slope-at-zero",
        "`{operation}` is where the first NaN or Inf was made",
        "keep its input away from the point where its slope is infinite",
    ),
    "unknown": Wording(
        "GT307",
        "unconnected-source",
        "the place where it was lost was not recorded",
        "use `{source}` on the way to the target",
    ),
}


def of(observed: Observed) -> Wording:
    """The wording of what was observed; a value that NumPy took is NumPy's rule."""
    if observed.cut.reason == "left" and observed.cut.operation == "__array__":
        plain = WORDINGS["left"]
        return Wording("GT201", "numpy-call", "NumPy took the value out of TensorFlow here", plain.cure)
    return WORDINGS[observed.cut.reason]


def message(observed: Observed) -> Message:
    """The finding's message: what happens, what the source gets, and the cure."""
    wording = of(observed)
    names = {"operation": observed.cut.operation or "an operation", "source": observed.source}
    happens, cure = wording.happens.format(**names), wording.cure.format(**names)
    if observed.cut.reason == "watch-refused":
        return Message(happens, f"it raises {observed.exception}", cure, joint=": ")
    got = f"the {_noun(observed.method)} of `{observed.target}` with respect to `{observed.source}`"
    line = "" if observed.place is None else f" ({_where(observed, observed.place)})"
    if observed.outcome == "error":
        gets = f"asking for {got}{line} raises {observed.exception}"
    elif observed.cut.reason == "no-sources":
        gets = f"{got}{line} is an empty list"
    elif observed.outcome in _GETS:
        gets = f"{got}{line} {_GETS[observed.outcome]}"
    else:
        gets = f"{got}{line} is None"
    return Message(happens, gets, cure)


def _where(observed: Observed, call: Place) -> str:
    """Where the call stands, with its file where the cut is in another."""
    elsewhere = observed.cut.place is not None and observed.cut.place.path != call.path
    return (f"{os.path.basename(call.path)}, " if elsewhere else "") + f"line {call.line}"


_GETS = {"nan": "is not finite", "partial": "lacks that part", "zero": "is zero"}
"""What a source gets, where it is not None and the call does not raise."""


def _noun(method: str) -> str:
    return "gradient" if method == "gradient" else "Jacobian"
