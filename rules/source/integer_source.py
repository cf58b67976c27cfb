"""GT105 integer-source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import with_argument
from gradlint.nodes.reading import (
    called,
    dotted,
    elements,
    keywords,
    last_name,
    only,
    parameters,
    single_target,
    string_value,
)
from gradlint.nodes.uses import float_does
from gradlint.nodes.watching import is_watch
from gradlint.rule import Before, Message, Remove, Replace, Rule, cst, expression, safe, statement, unsafe

from .._wording import effect, made, several, source, sources

if TYPE_CHECKING:
    from gradlint.flow.causes import NotFloating
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site


class IntegerSource(Rule):
    """The source holds integers, bools or strings, and only floats have a gradient.

    ## What it does
    Reports a source of integer, bool or string dtype, and a `watch` of one. `tf.constant(10)`, `tf.Variable([1, 2, 3])`
    and `tf.range(3)` are integers; `tf.constant(10.0)` is a float.

    ## Why the gradient is lost
    A derivative needs a continuous value. TensorFlow only differentiates floating and complex dtypes: `watch` on an
    integer logs a warning, an integer Variable does not even get a warning, and the gradient is None in both cases.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Write the literals as floats (`10.0`), or give a dtype (`dtype=tf.float32`) where the value is created. A cast
    inside the tape does not help the integer source: cast before the tape and watch the float.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through an integer or string*: https://www.tensorflow.org/guide/autodiff#3_took_gradients_through_an_integer_or_string
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    """

    code = "GT105"
    name = "integer-source"
    kinds = (Kind.INTEGER_SOURCE,)

    def message(self, claim: Claim[NotFloating]) -> Message:
        """Names the dtype, and where the source is made."""
        lost, dtype = effect(claim, named=True), claim.cause.dtype
        why = "and only floats have a gradient"
        if several(claim):
            return Message(f"{sources(claim)} do not hold floats", lost, "give them a float dtype", why)
        headline = f"{source(claim)} has dtype {dtype}{made(claim)}"
        if dtype in {"bool", "string"}:
            return Message(headline, lost, "ask for the float that it stands for", why)
        return Message(headline, lost, "make it a float where it is created", why)

    def fix(self, claim: Claim[NotFloating], site: Site) -> Proposal | None:
        """Float literals, or a float dtype, where the source is made.

        None where it is used as an index or a shape; safe where all its other uses plainly take a float. A function's
        own argument is cast before the block, and of tokens that are embedded the vectors are the source: both unsafe,
        since the caller may count on the dtype or on the gradient's shape.
        """
        if claim.cause.dtype == "string":
            return None
        embedded = _embedded(site)
        if embedded is not None:
            return embedded
        wanted = {dotted(site.source(lost)): call for lost, call in site.calls}
        names = {name for name in wanted if name is not None}
        if not names or len(names) != len(wanted) or len(site.calls) != len(claim.gradients):
            return None
        changes: list[Change] = []
        sure = True
        for name, call in wanted.items():
            found = site.definition(name, call) or site.attribute_definition(name, call)
            if found is None and len(wanted) == 1:
                return _cast_argument(site, name or "", call)
            made = _floats(site, found[1]) if found is not None else None
            fits = [float_does(site, use, names) for use in site.uses(name)]
            if made is None or False in fits:
                return None
            if found is not None and called(found[1]) == "cast" and not site.asked_alone:
                return None
            changes += made
            # What was cast on the way is no leaf: as a float it would give other sources another gradient.
            sure = sure and None not in fits and found is not None and called(found[1]) != "cast"
        return (safe if sure else unsafe)("Make it a float where it is created", *changes)


def _cast_argument(site: Site, name: str, call: cst.Call) -> Proposal | None:
    """A function's argument cast to a float just before the block that asks for it."""
    block, scope = site.block(call), site.scope(call)
    cast, float32 = site.tensorflow("cast", call), site.tensorflow("float32", call)
    if not isinstance(scope, cst.FunctionDef) or block is None or cast is None or float32 is None:
        return None
    uses = site.uses_here(name, call)
    if name not in parameters(scope) or any(float_does(site, use, {name}) is False for use in uses):
        return None
    if site.bindings(name, call):
        return None
    new = statement("{x} = {cast}({x}, {dtype})", x=name, cast=cast, dtype=float32)
    return unsafe("Cast it before the tape", Before(block, [new]))


def _embedded(site: Site) -> Proposal | None:
    """The vectors that a block makes of tokens, as the source in the tokens' place."""
    lost, call = site.calls[0] if len(site.calls) == 1 else (None, None)
    source = None if lost is None else site.source(lost)
    name, block = dotted(source), None if call is None else site.block(call)
    if source is None or call is None or name is None or block is None:
        return None
    made = [single_target(one) for one in site.body(block) if _embeds(site, one, name)]
    vectors = dotted(made[0]) if len(made) == 1 else None
    if vectors is None or len(site.bindings(vectors, call)) != 1:
        return None
    watches = [one for one in site.body(block) if is_watch(one, site.tape(call)) and isinstance(one, cst.Expr)]
    dropped = [one for one in watches if [dotted(given) for given in only(one.value, 1) or ()] == [name]]
    return unsafe(
        "Ask for the vectors of the tokens",
        *(Remove(one) for one in dropped),
        Replace(source, expression(vectors)),
    )


def _embeds(site: Site, node: cst.CSTNode, name: str) -> bool:
    """Whether a statement binds what an embedding gives for a name."""
    value = node.value if isinstance(node, cst.Assign) and single_target(node) is not None else None
    given = only(value, 1)
    if not isinstance(value, cst.Call) or given is None or dotted(given[0]) != name:
        return False
    layer = site.definition(dotted(value.func), value) or site.attribute_definition(dotted(value.func), value)
    return layer is not None and called(layer[1]) == "Embedding"


INTEGERS = frozenset({"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "int", "int_"})
MAKERS = frozenset({"constant", "Variable", "convert_to_tensor", "fill", "range", "ones", "zeros", "cast", "eye"})
DTYPE_SECOND = frozenset({"constant", "convert_to_tensor", "cast", "ones", "zeros"})


def _floats(site: Site, made: cst.BaseExpression) -> list[Change] | None:
    """The changes that make a float of what an expression creates; None where it is not plain how."""
    maker = called(made)
    if not isinstance(made, cst.Call) or maker not in MAKERS:
        return None
    plain = [one.value for one in made.args if one.keyword is None]
    if any(string_value(one) is not None for one in plain[:1]):
        return None
    dtype = keywords(made).get("dtype")
    if dtype is None and len(plain) > 1 and maker in DTYPE_SECOND:
        dtype = plain[1]
    if dtype is not None:
        written = _float_dtype(site, dtype)
        return None if written is None else [Replace(dtype, written)]
    literals = _integer_literals(plain[0]) if plain and maker in {"constant", "Variable"} else None
    if literals:
        return [Replace(one, cst.Float(f"{one.value}.0")) for one in literals]
    float32 = site.tensorflow("float32", made)
    if maker not in {"constant", "Variable", "range", "eye"} or float32 is None or len(plain) > 3:
        return None
    return [Replace(made, with_argument(made, "dtype", expression(float32)))]


def _float_dtype(site: Site, dtype: cst.BaseExpression) -> cst.BaseExpression | None:
    """``tf.float32`` for ``tf.int32``, and alike for a string or NumPy's types."""
    if isinstance(dtype, cst.SimpleString) and string_value(dtype) in INTEGERS:
        return cst.SimpleString(f"{dtype.quote}float32{dtype.quote}")
    if dotted(dtype) == "int":
        float32 = site.tensorflow("float32", dtype)
        return None if float32 is None else expression(float32)
    if isinstance(dtype, cst.Attribute) and dotted(dtype) and last_name(dtype) in INTEGERS:
        return dtype.with_changes(attr=cst.Name("float32"))
    return None


def _integer_literals(value: cst.BaseExpression) -> list[cst.Integer] | None:
    """The decimal integers of a number or a nested list; None where anything else stands in it."""
    match value:
        case cst.UnaryOperation(operator=cst.Minus() | cst.Plus()):
            return _integer_literals(value.expression)
        case cst.List() | cst.Tuple():
            parts = [_integer_literals(one) for one in elements(value) or [value]]
            return None if None in parts else [literal for part in parts if part is not None for literal in part]
        case cst.Integer() if value.value.isdecimal():
            return [value]
        case cst.Float():
            return []
    return None
