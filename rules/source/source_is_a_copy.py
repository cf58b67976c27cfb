"""GT108 source-is-a-copy."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import after, alone, proposal, put, replace
from .._mending.site import Site, span_of, spelled
from .._mending.submodel import from_symbolic
from .._wording import at, code, so, source

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement

WHAT = {
    "slice": (
        "makes a new Tensor that the target was not computed from",
        "take the slice in the tape and use it, or slice",
    ),
    "identity": ("makes a new Tensor that the target was not computed from", "ask for"),
    "conversion": ("makes a new Tensor that the target was not computed from", "ask for"),
    "read": ("reads the Variable into a new Tensor that the target was not computed from", "ask for"),
    "copy": ("is another Variable than the one that was used", "ask for"),
    "unused": ("is a Tensor that the target was not computed from", "compute the target from it, or ask for"),
}


class SourceIsACopy(Rule):
    """The source is a fresh copy, slice or read of the value that was used, not that value.

    ## What it does
    Reports a source that is a new object with the right value: a slice (`x[0]`), `tf.identity(v)`, `v.read_value()`, a
    conversion, a deep copy, a layer's output from another call of the model, or a symbolic Keras tensor such as
    `model.input`.

    ## Why the gradient is lost
    The tape asks whether the target was computed from this very object. A slice or a read that is made in the gradient
    call, or made in the tape and not used, is an object that nothing was computed from, and its gradient is None. A
    symbolic Keras tensor is a place in the model's plan: it has no value and raises AttributeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Ask for the value that was used. For a part of it, take the slice inside the tape and compute with the slice, or
    take the whole gradient and slice that. For a layer's output, call one sub-model that returns it together with the
    model's output.

    ## References
    - Introduction to gradients and automatic differentiation, *Intermediate results*: https://www.tensorflow.org/guide/autodiff#intermediate_results
    - `tf.GradientTape.gradient`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#gradient
    """

    code = "GT108"
    name = "source-is-a-copy"
    kinds = (Kind.COPY,)
    examples = (
        Example(
            title="a slice in the gradient call",
            broken="""\
import tensorflow as tf

x = tf.Variable([1.0, 2.0, 3.0])

with tf.GradientTape() as tape:
    y = tf.reduce_sum(x**2)

first = tape.gradient(y, x[0])
""",
            fixed="""\
import tensorflow as tf

x = tf.Variable([1.0, 2.0, 3.0])

with tf.GradientTape() as tape:
    y = tf.reduce_sum(x**2)

first = tape.gradient(y, x)[0]
""",
            outcome="none",
        ),
        Example(
            title="collocation points whose columns are not used",
            broken="""\
import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
points = tf.random.uniform([16, 2])

with tf.GradientTape() as tape:
    tape.watch(points)
    x = points[:, 0:1]
    u = net(points)

u_x = tape.gradient(u, x)
""",
            fixed="""\
import tensorflow as tf

net = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="tanh"), tf.keras.layers.Dense(1)])
points = tf.random.uniform([16, 2])

with tf.GradientTape() as tape:
    tape.watch(points)
    x = points[:, 0:1]
    t = points[:, 1:2]
    u = net(tf.concat([x, t], axis=1))

u_x = tape.gradient(u, x)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    first = x[0]
    y = first**2 + x[1]

print(tape.gradient(y, first))
""",
        """\
import tensorflow as tf

v = tf.Variable(3.0)
alias = v
with tf.GradientTape() as tape:
    y = v**2

print(tape.gradient(y, alias))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``original`` (the value itself), ``bound_line`` and ``reason``.

        Reasons: ``slice``, ``identity``, ``conversion``, ``read``, ``copy`` (a deep copy or a clone's Variable),
        ``unused`` (made in the tape and not used), ``other-pass`` (from another call of the model), ``symbolic``.
        """
        lost = so(claim, named=True)
        reason = claim.detail.get("reason", "")
        named = source(claim)
        value = claim.detail.get("replacement") or claim.detail.get("original")
        if reason == "symbolic":
            told = f"{named} is a symbolic Keras tensor, a place in the model's plan without a value{lost}"
            return f"{told}; use the Tensor that the model was called on or returned."
        if reason == "other-pass":
            told = f"{named} comes from another call of the model{at(claim, 'bound_line')} than the target{lost}"
            return f"{told}; take both from one call inside the tape."
        original = code(value) if value and value != "the value" else "the value that was used"
        what, cure = WHAT.get(reason, ("is not the value that the target was computed from", "ask for"))
        if reason == "slice":
            return f"{named} {what}{lost}; {cure} the gradient of {original}."
        return f"{named} {what}{lost}; {cure} {original}."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The value itself as the source: safe, since the gradient is the same and was lost; a slice is taken of it."""
        site = Site(claim, module)
        if claim.detail.get("reason") == "symbolic":
            return from_symbolic(site)
        together = _slices(site)
        if together is not None:
            return together
        edits: list[Replacement] = []
        for lost, call in site.calls():
            source = site.at(lost.source_span)
            made = None if source is None else _itself(site, source, call, lost.method)
            if made is None:
                return None
            edits += made
        return proposal("safe", "Ask for the value that was used", *dict.fromkeys(edits)) if edits else None


FUNCTIONS = frozenset({"identity", "convert_to_tensor", "constant", "deepcopy", "copy"})
METHODS = frozenset({"read_value", "value", "numpy"})


def _itself(site: Site, source: ast.expr, call: ast.Call, method: str) -> list[Replacement] | None:
    """The edits that ask for the value which a copy was made of."""
    copy = source
    if spelled(source) is not None:
        found = site.definition(spelled(source) or "", call)
        if found is None:
            return None
        copy = found[1]
        value = _copied(copy)
        if value is None or site.definition(spelled(value) or "", call) is None:
            return None
    value = _copied(copy)
    if value is None or spelled(value) is None:
        return None
    if not isinstance(copy, ast.Subscript):
        return [replace(source, site.text(value))]
    if method != "gradient" or not any(source is one for one in (*call.args, *(k.value for k in call.keywords))):
        return None
    end = span_of(call)
    whole, value_end = span_of(copy), span_of(value)
    text = site.module.text(type(whole)(value_end.end_line, value_end.end_column, whole.end_line, whole.end_column))
    return [replace(source, site.text(value)), put(end.end_line, end.end_column, text)]


def _slices(site: Site) -> Proposal | None:
    """Slices of one value asked for in a list: the gradient of the whole value, sliced alike."""
    calls = site.calls()
    call = calls[0][1] if len(calls) == 1 else None
    statement = None if call is None else site.index.parents.get(call)
    if call is None or not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or call.keywords:
        return None
    names, sources = statement.targets[0], call.args[-1]
    if not isinstance(names, ast.Tuple) or not isinstance(sources, (ast.List, ast.Tuple)) or len(call.args) != 2:
        return None
    slices = [site.definition(spelled(one) or "", call) for one in sources.elts]
    cut = [one[1] for one in slices if one is not None and isinstance(one[1], ast.Subscript)]
    values = {spelled(one.value) for one in cut}
    value = next(iter(values)) if len(values) == 1 else None
    made = None if value is None else site.definition(value, call)
    if value is None or made is None or not len(cut) == len(sources.elts) == len(names.elts):
        return None
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "gradient" or not alone(site.module, statement):
        return None
    whole = site.free_name(f"gradient_of_{value.rpartition('.')[2]}")
    parts = [site.text(one).removeprefix(site.text(one.value)) for one in cut]
    line = f"{site.text(names)} = {', '.join(whole + part for part in parts)}"
    return proposal(
        "safe",
        "Ask for the value that was used",
        replace(names, whole),
        replace(sources, value),
        after(site.module, statement, line),
    )


def _copied(copy: ast.expr) -> ast.expr | None:
    """What an expression is a copy or a slice of."""
    if isinstance(copy, ast.Subscript):
        return copy.value
    if not isinstance(copy, ast.Call):
        return None
    if isinstance(copy.func, ast.Attribute) and copy.func.attr in METHODS and not copy.args:
        return copy.func.value
    name = (spelled(copy.func) or "").rpartition(".")[2]
    return copy.args[0] if name in FUNCTIONS and len(copy.args) == 1 and not copy.keywords else None
