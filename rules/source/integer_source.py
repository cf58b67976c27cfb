"""GT105 integer-source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Example, Rule

from .._mending.edits import before, proposal, remove, replace, with_keyword
from .._mending.site import Site, spelled
from .._mending.uses import float_does
from .._mending.watching import is_watch
from .._wording import at, code, several, so, source, sources

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement


class IntegerSource(Rule):
    """The source holds integers, bools or strings, and only floats have a gradient.

    ## What it does
    Reports a source of integer, bool or string dtype, and a `watch` of one. `tf.constant(10)`, `tf.Variable([1, 2, 3])`
    and `tf.range(3)` are integers; `tf.constant(10.0)` is a float.

    ## Why the gradient is lost
    A derivative needs a continuous value. TensorFlow differentiates floating and complex dtypes only: `watch` on an
    integer logs a warning, an integer Variable is not even warned of, and the gradient is None in both cases.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write the literals as floats (`10.0`) or give a dtype (`dtype=tf.float32`) where the value is made. A cast inside
    the tape does not help the integer source: cast before the tape and watch the float.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through an integer or string*: https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    """

    code = "GT105"
    name = "integer-source"
    kinds = (Kind.INTEGER_SOURCE,)
    examples = (
        Example(
            title="a dose given as a whole number",
            broken="""\
import tensorflow as tf

dose = tf.constant(20)

with tf.GradientTape() as tape:
    tape.watch(dose)
    response = dose * (50 - dose)

print(tape.gradient(response, dose))
""",
            fixed="""\
import tensorflow as tf

dose = tf.constant(20.0)

with tf.GradientTape() as tape:
    tape.watch(dose)
    response = dose * (50.0 - dose)

print(tape.gradient(response, dose))
""",
            outcome="none",
        ),
        Example(
            title="coefficients given as whole numbers",
            broken="""\
import tensorflow as tf

coefficients = tf.Variable([1, 2, 3])
x = tf.constant([0.5, 1.0, 2.0])

with tf.GradientTape() as tape:
    terms = tf.cast(coefficients, tf.float32) * x
    loss = tf.reduce_sum(terms**2)

gradient = tape.gradient(loss, coefficients)
""",
            fixed="""\
import tensorflow as tf

coefficients = tf.Variable([1.0, 2.0, 3.0])
x = tf.constant([0.5, 1.0, 2.0])

with tf.GradientTape() as tape:
    terms = coefficients * x
    loss = tf.reduce_sum(terms**2)

gradient = tape.gradient(loss, coefficients)
""",
            outcome="none",
        ),
    )
    clean = (
        """\
import tensorflow as tf

x = tf.constant([2, 0.5, 7])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = x**2

print(tape.gradient(y, x))
""",
        """\
import tensorflow as tf

labels = tf.constant([0, 2, 1])
logits = tf.Variable(tf.random.normal([3, 3]))
with tf.GradientTape() as tape:
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)

print(tape.gradient(loss, logits))
""",
    )

    def message(self, claim: Claim) -> str:
        """Reads ``dtype``, ``source_line``, ``replacement`` (a float literal or a dtype) and ``reason`` (``watch``)."""
        lost = so(claim, named=True)
        dtype = claim.detail.get("dtype", "int32")
        if several(claim):
            return f"{sources(claim)} hold no floats, and only floats have a gradient{lost}; give them a float dtype."
        named = source(claim)
        told = f"{named} has dtype {dtype}{at(claim, 'source_line')}, and only floats have a gradient{lost}"
        replacement = claim.detail.get("replacement")
        if replacement:
            return f"{told}; write {code(replacement, 60)}."
        if dtype in {"bool", "string"}:
            return f"{told}; ask for the float that it stands for."
        return f"{told}; make it a float where it is created."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """Float literals, or a float dtype, where the source is made.

        None where it is used as an index or a shape; safe where all its other uses plainly take a float. A function's
        own argument is cast before the block, and of tokens that are embedded the vectors are the source: both unsafe,
        since the caller may count on the dtype or on the gradient's shape.
        """
        site = Site(claim, module)
        embedded = _embedded(site)
        if embedded is not None:
            return embedded
        wanted = {spelled(site.at(lost.source_span) or ast.Constant(0)): call for lost, call in site.calls()}
        names = {name for name in wanted if name is not None}
        if not names or len(names) != len(wanted) or len(site.calls()) != len(claim.gradients):
            return None
        edits, sure = [], True
        for name, call in wanted.items():
            found = site.definition(name or "", call) or site.attribute_definition(name or "", call)
            if found is None and len(wanted) == 1:
                return _cast_argument(site, name or "", call)
            made = _floats(site, found[1]) if found is not None else None
            fits = [float_does(site, use, names) for use in site.uses(name or "")]
            if made is None or False in fits:
                return None
            edits += made
            sure = sure and None not in fits
        return proposal("safe" if sure else "unsafe", "Make it a float where it is created", *edits)


def _cast_argument(site: Site, name: str, call: ast.Call) -> Proposal | None:
    """A function's argument cast to a float just before the block that asks for it."""
    block, scope = site.block_of(call), site.index.scope(call)
    cast, float32 = site.tensorflow("cast", call), site.tensorflow("float32", call)
    if not isinstance(scope, ast.FunctionDef) or block is None or cast is None or float32 is None:
        return None
    given = {one.arg for one in (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)}
    uses = [use for use in site.uses(name) if site.index.scope(use) is scope]
    if name not in given or site.bindings(name, call) or any(float_does(site, use, {name}) is False for use in uses):
        return None
    return proposal(
        "unsafe", "Cast it before the tape", before(site.module, block, f"{name} = {cast}({name}, {float32})")
    )


def _embedded(site: Site) -> Proposal | None:
    """The vectors that a block makes of tokens, as the source in the tokens' place."""
    calls = site.calls()
    lost, call = calls[0] if len(calls) == 1 else (None, None)
    source = None if lost is None else site.at(lost.source_span)
    name, block = None if source is None else spelled(source), None if call is None else site.block_of(call)
    if source is None or call is None or name is None or block is None:
        return None
    made: list[ast.expr] = []
    for statement in block.body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        value = statement.value
        if isinstance(value, ast.Call) and len(value.args) == 1 and spelled(value.args[0]) == name:
            layer = site.definition(spelled(value.func) or "", value)
            layer = layer or site.attribute_definition(spelled(value.func) or "", value)
            maker = layer[1].func if layer is not None and isinstance(layer[1], ast.Call) else None
            if maker is not None and (spelled(maker) or "").rpartition(".")[2] == "Embedding":
                made.append(statement.targets[0])
    vectors = spelled(made[0]) if len(made) == 1 else None
    if vectors is None or len(site.bindings(vectors, call)) != 1:
        return None
    watches = [one for one in block.body if is_watch(one, site.tape_of(call))]
    dropped = [one for one in watches if isinstance(one, ast.Expr) and site.text(one.value).endswith(f".watch({name})")]
    return proposal(
        "unsafe",
        "Ask for the vectors of the tokens",
        *(remove(site, one) for one in dropped),
        replace(source, vectors),
    )


INTEGERS = frozenset({"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "int", "int_"})
MAKERS = frozenset({"constant", "Variable", "convert_to_tensor", "fill", "range", "ones", "zeros", "cast", "eye"})


def _floats(site: Site, made: ast.expr) -> list[Replacement] | None:
    """The edits that make a float of what an expression creates; None where it is not plain how."""
    if not isinstance(made, ast.Call) or (spelled(made.func) or "").rpartition(".")[2] not in MAKERS:
        return None
    maker = (spelled(made.func) or "").rpartition(".")[2]
    dtype = next((keyword.value for keyword in made.keywords if keyword.arg == "dtype"), None)
    if dtype is None and len(made.args) > 1 and maker in {"constant", "convert_to_tensor", "cast", "ones", "zeros"}:
        dtype = made.args[1]
    if dtype is not None:
        written = _float_dtype(site, dtype)
        return None if written is None else [replace(dtype, written)]
    literals = _integer_literals(made.args[0]) if made.args and maker in {"constant", "Variable"} else None
    if literals:
        return [replace(one, f"{site.text(one)}.0") for one in literals]
    float32 = site.tensorflow("float32", made)
    if maker not in {"constant", "Variable", "range", "eye"} or float32 is None or len(made.args) > 3:
        return None
    edit = with_keyword(site, made, "dtype", float32)
    return None if edit is None else [edit]


def _float_dtype(site: Site, dtype: ast.expr) -> str | None:
    """``tf.float32`` for ``tf.int32``, and alike for a string or NumPy's types."""
    if isinstance(dtype, ast.Constant) and dtype.value in INTEGERS:
        quote = site.text(dtype)[0]
        return f"{quote}float32{quote}"
    name = spelled(dtype)
    if name == "int":
        return site.tensorflow("float32", dtype)
    root, _, last = (name or "").rpartition(".")
    return f"{root}.float32" if root and last in INTEGERS else None


def _integer_literals(value: ast.expr) -> list[ast.Constant] | None:
    """The decimal integers of a number or a nested list; None where anything else stands in it."""
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, (ast.USub, ast.UAdd)):
        return _integer_literals(value.operand)
    if isinstance(value, (ast.List, ast.Tuple)):
        parts = [_integer_literals(one) for one in value.elts]
        return None if None in parts else [literal for part in parts if part is not None for literal in part]
    if isinstance(value, ast.Constant) and type(value.value) is int:
        plain = str(value.value) == str(value.value).strip() and value.end_col_offset == value.col_offset + len(
            str(value.value)
        )
        return [value] if plain else None
    if isinstance(value, ast.Constant) and type(value.value) is float:
        return []
    return None
