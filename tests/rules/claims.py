"""Claims as the analysis makes them, one or more a kind, for the tests of the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Claim, Kind, LostGradient, Span

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

DETAILS: dict[Kind, list[dict[str, str]]] = {
    Kind.REBOUND: [
        {"reason": "expression"},
        {"source_line": "3"},
        {"source_line": "3", "replacement": "x.assign_add(1.0)", "turn": "from the second turn of the loop on"},
    ],
    Kind.UNWATCHED: [
        {"callee": "tf.constant", "source_line": "3"},
        *({"reason": reason, "source_line": "3"} for reason in ("constant", "computed", "gradient")),
        {"reason": "rebound", "watch_line": "6"},
        {"reason": "other-tape", "watch_line": "6"},
        {"reason": "reset"},
        {"branch": "when `training` is false", "callee": "tf.random.normal", "source_line": "3"},
    ],
    Kind.NON_TRAINABLE: [
        {"source_line": "3"},
        *(
            {"reason": reason}
            for reason in ("keras-variable", "weight", "synchronization", "moving-statistics", "seed-state")
        ),
    ],
    Kind.NOT_ACCESSED: [{"bound_line": "5"}, {"reason": "keras-variable"}],
    Kind.INTEGER_SOURCE: [
        {"dtype": "int32", "source_line": "3", "replacement": "tf.constant(10.0)"},
        {"dtype": "bool"},
        {"dtype": "string"},
        {"dtype": "uint8"},
    ],
    Kind.WATCHED_LATE: [{"used_line": "7", "watch_line": "9"}, {"reason": "after-block"}],
    Kind.NOT_A_TENSOR: [
        *(
            {"reason": reason, "source_line": "3"}
            for reason in [
                "ndarray",
                "number",
                "list",
                "model",
                "layer",
                "get-weights",
                "string",
                "method",
                "generator",
                "object",
                "set",
                "function",
                "reference",
                "sparse",
                "slices",
                "extension",
            ]
        ),
        {"reason": "none", "source": "None"},
    ],
    Kind.COPY: [
        *({"reason": reason, "source": "x[0]", "original": "x"} for reason in ("slice", "identity", "conversion")),
        {"reason": "read", "source": "w.read_value()", "original": "w"},
        {"reason": "copy", "original": "the value", "source": "copied"},
        {"reason": "unused"},
        {"reason": "other-pass", "bound_line": "5"},
        {"reason": "symbolic", "source": "model.input"},
    ],
    Kind.NO_VARIABLES: [
        {"source": "model.trainable_variables", "bound_line": "5"},
        {"source": "model.trainable_variables", "reason": "frozen"},
        {"source": "model.trainable_variables", "reason": "none"},
    ],
    Kind.UNTRACKED: [
        {"source": "model.trainable_variables", "variable": "self.gain", "reason": reason, "list": empty}
        for reason in ("keras", "module")
        for empty in ("", "empty")
    ],
    Kind.WATCH_REFUSED: [
        *(
            {"reason": reason, "source": "x"}
            for reason in [
                "ndarray",
                "number",
                "model",
                "layer",
                "symbolic",
                "none",
                "string",
                "generator",
                "keras-variable",
                "not-entered",
                "two-arguments",
            ]
        ),
        {"reason": "keras-variable", "source": "layer.trainable_variables"},
    ],
    Kind.NUMPY: [
        {"callee": "np.mean", "canonical": "numpy.mean"},
        {"callee": "np.percentile", "canonical": "numpy.percentile"},
        {"callee": "np.mean", "canonical": "numpy.mean", "reason": "graph", "exception": "NotImplementedError"},
        {"reason": "operator", "variable": "kernel"},
        {"callee": "ndarray * keras.Variable"},
        {"callee": "a store into an ndarray"},
        {"reason": "store", "bound_line": "5"},
    ],
    Kind.PYTHON: [
        {"callee": "loss.numpy"},
        {"callee": "float"},
        {"callee": "math.sin", "canonical": "math.sin"},
        {"callee": "h.numpy", "reason": "graph", "exception": "AttributeError"},
        {"callee": "f-string"},
    ],
    Kind.REWRAPPED: [{"callee": "tf.Variable", "variable": "h"}, {"callee": "tf.constant", "replacement": "h"}],
    Kind.ASSIGNED: [
        {"variable": "state", "callee": "state.assign_add"},
        {"callee": "model.set_weights", "reason": "set-weights"},
        {"callee": "total.assign_add", "reason": "accumulator"},
    ],
    Kind.OUTSIDE: [
        {"where": "before the tape", "variable": "y"},
        {"where": "after the tape", "variable": "loss"},
        {"where": "in __init__", "variable": "self.sigma"},
        *(
            {"where": where}
            for where in [
                "while recording is stopped",
                "on another tape",
                "in init_scope",
                "in another thread",
                "before the reset",
                "at import",
            ]
        ),
    ],
    Kind.OPAQUE: [
        {"callee": "tf.numpy_function", "reason": "numpy-function"},
        {"callee": "tf.py_function", "reason": "py-function-captures"},
        {"callee": "tf.py_function", "reason": "py-function-converts"},
        {"callee": "model.predict", "canonical": "keras.Model.predict", "reason": "model-method"},
        {"callee": "model.evaluate", "canonical": "keras.Model.evaluate", "reason": "model-method"},
        {"callee": "model.get_weights", "reason": "weights"},
        {"callee": "dataset.map", "reason": "dataset"},
        {"callee": "tf.io.serialize_tensor", "reason": "serialization"},
        {"callee": "table.lookup", "reason": "table"},
        {"callee": "scipy.stats.norm.pdf", "reason": "library"},
    ],
    Kind.TARGET_NOT_TENSOR: [
        {"reason": "ndarray", "callee": "np.mean", "bound_line": "8"},
        {"reason": "number", "callee": "float"},
        {"reason": "none", "target": "None"},
        {"reason": "function"},
        {"reason": "list"},
        {"reason": "symbolic"},
    ],
    Kind.METRIC: [{"callee": "metric.result", "replacement": "keras.losses.mean_squared_error"}, {"callee": "metric"}],
    Kind.NON_DIFFERENTIABLE: [
        {"callee": "tf.argmax", "canonical": "tensorflow.argmax"},
        {"callee": "tf.round", "canonical": "tensorflow.round"},
        {"callee": "tf.one_hot", "canonical": "tensorflow.one_hot", "reason": "argument"},
        {"callee": "tf.math.top_k", "reason": "index"},
        {"op": "FloorDiv"},
    ],
    Kind.NO_GRADIENT: [
        {"callee": "tf.image.adjust_contrast", "op": "AdjustContrastv2"},
        {"callee": "tf.image.adjust_contrast", "op": "AdjustContrastv2", "reason": "function"},
        {"op": "NextAfter"},
        {"callee": "scaled", "reason": "custom-variables", "exception": "TypeError"},
    ],
    Kind.CAST: [{"callee": "tf.cast", "dtype": "int32"}],
    Kind.COMPARISON: [{"callee": ">"}, {"callee": "tf.equal"}, {"reason": "bool-product"}, {}],
    Kind.CONDITION: [
        {"reason": reason}
        for reason in ["branch", "if", "ternary", "while", "for", "where", "cond", "switch", "index", "mask", "assert"]
    ],
    Kind.STOPPED: [{"callee": "tf.stop_gradient"}],
    Kind.UNCONNECTED: [
        {},
        *({"reason": reason} for reason in ("swapped", "linear", "other-model", "untaken-branch", "custom-gradient")),
    ],
    Kind.TAPE_REUSED: [
        {"reason": "second-call", "first_call_line": "12"},
        {"reason": "second-turn", "first_call_line": "9"},
        {"reason": "never-entered"},
        {"reason": "other-tape"},
        {"reason": "jacobian", "method": "jacobian"},
    ],
    Kind.GRADIENT_INSIDE: [{"tape": "tape"}],
    Kind.NEEDLESSLY_PERSISTENT: [{"tape": "tape"}, {"tape": "tape", "reason": "kept"}],
    Kind.INNER_GRADIENT: [
        {"tape": "outer", "callee": "inner.gradient(y, x)"},
        {"tape": "tape", "callee": "tape.gradient(u, t)"},
    ],
    Kind.SILENCED: [{}, {"cause": "numpy", "cause_line": "7"}, {"exception": "AttributeError"}],
    Kind.NEVER_ASKED: [{}, {"tape": "tape"}],
    Kind.SWAPPED_ZIP: [
        {"callee": "optimizer.apply_gradients", "reason": reason} for reason in ("swapped", "no-zip", "consumed")
    ],
    Kind.MISMATCHED_ZIP: [
        {"source": "generator.trainable_variables", "variable": "discriminator.trainable_variables", "call_line": "14"},
        {"source": "w", "variable": "[w]", "reason": "single"},
        {"source": "[w, b]", "variable": "[b, w]", "reason": "order"},
        {"source": "[w, b]", "variable": "[w, b, c]", "reason": "length"},
        *({"reason": reason} for reason in ("other", "order", "length", "single")),
    ],
    Kind.NONE_APPLIED: [
        {"callee": "optimizer.apply_gradients", "reason": "apply", "call_line": "8"},
        {"source": "b", "callee": "optimizer.apply_gradients", "reason": "some", "call_line": "8"},
        {"source": "w", "callee": "0.1 * gradient", "reason": "arithmetic", "call_line": "8"},
        {"source": "w", "callee": "w.assign_sub", "reason": "assign", "call_line": "8"},
    ],
    Kind.MINIMIZE: [
        {"callee": "optimizer.minimize", "reason": "removed"},
        {"callee": "optimizer.minimize", "reason": "tensor"},
    ],
    Kind.UPDATE_REBINDS: [
        {"variable": "w", "source_line": "3", "replacement": "w.assign_sub(0.1 * g)", "reason": reason}
        for reason in ("rebind", "augmented-variable", "augmented-keras-variable", "assign-result", "new-variable")
    ],
    Kind.NAN_THROUGH_WHERE: [
        {"callee": "tf.math.log", "variable": "x", "reason": reason} for reason in ("where", "mask", "jit")
    ],
    Kind.INFINITE_SLOPE: [
        {"callee": "tf.sqrt", "variable": "distance", "replacement": "tf.sqrt(distance + 1e-12)"},
        {"callee": "tf.norm"},
    ],
    Kind.LOG_OF_SOFTMAX: [
        {"callee": "tf.nn.softmax", "canonical": "tensorflow.nn.softmax"},
        {"callee": "tf.sigmoid", "canonical": "tensorflow.sigmoid"},
    ],
    Kind.SUMMED: [{"target": "y"}, {"reason": "several"}],
    Kind.BAD_CALL: [
        {"reason": "second-source", "callee": "tape.gradient", "source": "b"},
        {"reason": "unknown-method", "method": "gradients", "exception": "AttributeError"},
        {"reason": "unknown-keyword", "method": "gradient", "keyword": "source"},
        {"reason": "no-sources", "method": "gradient"},
        {"reason": "unknown-keyword", "variable": "presistent"},
        {"reason": "with-a-class", "exception": "TypeError"},
        {"reason": "nested", "exception": "ValueError"},
        {"reason": "persistent-not-bool"},
        {"reason": "tf.gradients", "callee": "tf.gradients"},
        {"reason": "target-list", "callee": "tape.jacobian"},
        {"reason": "stopped-outside", "callee": "tape.stop_recording"},
        {"reason": "unconnected-value", "callee": "tape.gradient"},
        {"reason": "removed-method", "callee": "optimizer.get_scaled_loss", "variable": "get_scaled_loss"},
        {"reason": "early-symbol", "callee": "base.output", "exception": "AttributeError"},
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


def one(kind: Kind, *gradients: LostGradient, severity: Severity = "error", **detail: str) -> Claim:
    """A claim; of a lost gradient where none is given."""
    return Claim(kind, HERE, severity, gradients or (lost("none"),), (), detail)


def claims(kind: Kind) -> list[Claim]:
    """Every claim of a kind that the messages are tried on: each detail, with one and with several gradients."""
    made = []
    for detail in DETAILS[kind]:
        for gradients in _gradients(kind, detail):
            severity: Severity = "error" if all(one.outcome in {"none", "error"} for one in gradients) else "warning"
            made.append(Claim(kind, HERE, severity, gradients, (), detail))
    bare = _gradients(kind, {})[0]
    return [*made, Claim(kind, HERE, "warning", bare), Claim(kind, HERE, "error", bare)]


def _gradients(kind: Kind, detail: dict[str, str]) -> list[tuple[LostGradient, ...]]:
    if kind in WITHOUT or detail.get("reason") in {"augmented-variable", "graph"}:
        return [()]
    source, target = detail.get("source", "x"), detail.get("target", "y")
    outcome: Outcome = "error" if kind in ERRORS else "nan" if kind in NANS else "none"
    exception = ERRORS.get(kind)
    method = detail.get("method", "gradient") if kind is Kind.TAPE_REUSED else "gradient"
    first = lost(outcome, source=source, target=target, exception=exception, method=method)
    made: list[tuple[LostGradient, ...]] = [(first,)]
    if "reason" not in detail and "source" not in detail:
        two = lost(outcome, source="discriminator.trainable_variables", target=target, exception=exception)
        made.append((first, two))
    if kind in PARTS:
        made.append((lost("partial", source=source, target=target),))
        made.append((first, lost("partial", source="self.generator.trainable_variables", target=target)))
    return made
