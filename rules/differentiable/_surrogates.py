"""Functions made of steps, written so that a gradient gets through: straight through, or by what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.make import bracketed, with_argument, without_argument
from gradlint.nodes.reading import (
    called,
    calls_anything,
    dotted,
    elements,
    is_constant,
    keywords,
    last_name,
    only,
    positional,
    single_target,
)
from gradlint.nodes.uses import GRADIENTS
from gradlint.rule import Before, Replace, cst, expression, statement, unsafe

if TYPE_CHECKING:
    from gradlint.rule import Change, Proposal, Site

ROUNDING = frozenset({"round", "floor", "ceil", "rint", "sign", "trunc", "Round", "Floor", "Ceil", "Sign", "Rint"})
DIVIDING = frozenset({"floordiv", "floor_divide", "truncatediv", "divide_floor", "divmod"})
KEEPING_SHAPE = frozenset({"adjust_jpeg_quality", "random_jpeg_quality"})
"""Functions that give an image of the shape and the range that they take, and differ from it by little."""
CLIPS = {"uint8": (0, 255), "int8": (-128, 127), "uint16": (0, 65535), "int16": (-32768, 32767)}
ACCURACY = {
    "binary_accuracy": "binary_crossentropy",
    "categorical_accuracy": "categorical_crossentropy",
    "sparse_categorical_accuracy": "sparse_categorical_crossentropy",
}


def surrogate(site: Site, node: cst.BaseExpression, canonical: str) -> Proposal | None:
    """What to write for a function made of steps; all of it is unsafe, since its gradient is another function's."""
    if isinstance(node, cst.Call) and site.canonical(node.func) is None:
        return None  # a name that the program itself binds may call something else the next time
    last = canonical.rpartition(".")[2]
    if last in ROUNDING:
        return _straight_through(site, node, _first(node))
    if last in DIVIDING:
        return _divided(site, node)
    if last in KEEPING_SHAPE:
        return _straight_through(site, node, _first(node))
    maker = _MAKERS.get(last)
    return None if maker is None or not isinstance(node, cst.Call) else maker(site, node)


def _first(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """A call's first argument, by position or as ``x``."""
    if not isinstance(node, cst.Call):
        return None
    plain = positional(node)
    return None if plain is None else plain[0] if plain else keywords(node).get("x")


def _straight_through(site: Site, node: cst.BaseExpression, smooth: cst.BaseExpression | None) -> Proposal | None:
    """The value of the step with the gradient of what is smooth: ``s + tf.stop_gradient(step - s)``."""
    stop = site.tensorflow("stop_gradient", node)
    if smooth is None or stop is None:
        return None
    before: list[Change] = []
    step = node
    if calls_anything(smooth):
        made = named(site, node, smooth)
        if made is None:
            return None
        change, name = made
        before, step, smooth = [change], _with(node, smooth, name), name
    through = expression("{s} + {stop}({y} - {s})", s=smooth, y=step, stop=stop)
    return unsafe("Let the gradient straight through", *before, Replace(node, through))


def _with(node: cst.BaseExpression, old: cst.BaseExpression, new: cst.BaseExpression) -> cst.BaseExpression:
    made = node.deep_replace(old, new)
    assert isinstance(made, cst.BaseExpression)
    return made


def named(site: Site, node: cst.BaseExpression, value: cst.BaseExpression) -> tuple[Change, cst.Name] | None:
    """A name for a value, so that it is computed once; None where a statement of its own cannot come before."""
    holder = site.statement_of(node)
    between = (cst.Lambda, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp, cst.IfExp, cst.BooleanOperation)
    for one in site.above(node):
        if one is holder:
            break
        if isinstance(one, between):
            return None
    if holder is None or isinstance(holder, (cst.For, cst.While, cst.If)) or not site.is_alone(holder):
        return None
    name = cst.Name(site.free_name("value"))
    return Before(holder, [statement("{n} = {x}", n=name, x=value)]), name


def _divided(site: Site, node: cst.BaseExpression) -> Proposal | None:
    """The gradient of the quotient for a division that drops the rest."""
    pair = [node.left, node.right] if isinstance(node, cst.BinaryOperation) else only(node, 2) or []
    if len(pair) != 2 or called(node) == "divmod" or calls_anything(*pair):
        return None
    return _straight_through(site, node, bracketed(expression("{x} / {y}", x=pair[0], y=pair[1])))


def shuffled(site: Site, node: cst.Call) -> Proposal | None:
    """Shuffled indices, and what they take: the same permutation, for TensorFlow draws it by the length alone."""
    value, spelled = _first(node), [site.tensorflow(one, node) for one in ("gather", "range", "shape")]
    if value is None or dotted(value) is None or None in spelled:
        return None
    gather, counted, shape = spelled
    indices = expression("{range}({shape}({x})[0])", range=counted, shape=shape, x=value)
    drawn = node.with_changes(args=[node.args[0].with_changes(value=indices), *node.args[1:]])
    return unsafe("Shuffle the indices", Replace(node, expression("{f}({x}, {i})", f=gather, x=value, i=drawn)))


def _hot(site: Site, node: cst.Call) -> Proposal | None:
    """The values of a one-hot encoding multiplied in; a softmax where it encodes the index of the largest."""
    given = keywords(node)
    high, low = given.get("on_value"), given.get("off_value")
    plain = [arg for arg in node.args if arg.keyword is None or arg.keyword.value not in ("on_value", "off_value")]
    values = [one for one in (high, low) if one is not None]
    if not values:
        return _softened(site, node)
    tidy = [*plain[:-1], plain[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)] if plain else plain
    bare: cst.BaseExpression = node.with_changes(args=tidy)
    if calls_anything(*values):
        return None
    if low is None:
        new = expression("{h} * {bare}", h=high, bare=bare)
    else:
        new = expression("{l} + ({h} - {l}) * {bare}", h=high or cst.Float("1.0"), l=low, bare=bare)
    return unsafe("Multiply its values in", Replace(node, new))


def _softened(site: Site, node: cst.Call) -> Proposal | None:
    """``tf.nn.softmax(x)`` for ``tf.one_hot(tf.argmax(x, axis=-1), n)``."""
    largest, softmax = _first(node), site.tensorflow("nn.softmax", node)
    if not isinstance(largest, cst.Call) or called(largest) != "argmax" or softmax is None:
        return None
    given = positional(largest) or []
    axis = given[1] if len(given) > 1 else keywords(largest).get("axis")
    if not given or not (_is_row(site, given[0]) if axis is None else site.text(axis) in ("-1", "1")):
        return None
    return unsafe("Use a softmax", Replace(node, expression("{f}({x})", f=softmax, x=given[0])))


def _of_the_right_class(site: Site, node: cst.Call, compared: cst.CSTNode | None) -> Proposal | None:
    """The probability of the right class for the cast of whether the largest value is at its place."""
    softmax, gather = site.tensorflow("nn.softmax", node), site.tensorflow("gather", node)
    given = positional(node) or []
    axis = given[1] if len(given) > 1 else keywords(node).get("axis")
    cast = None if compared is None else site.holder(compared)
    pair = only(compared, 2) if called(compared) == "equal" else None
    if called(node) != "argmax" or axis is None or site.text(axis) not in ("-1", "1") or called(cast) != "cast":
        return None
    if pair is None or cast is None or softmax is None or gather is None or "float" not in site.text(cast):
        return None
    labels = pair[1] if pair[0] is node else pair[0]
    written = expression("{g}({s}({x}), {y}, axis=1, batch_dims=1)", g=gather, s=softmax, x=given[0], y=labels)
    return unsafe("Use the probability of the right class", Replace(cast, written))


def _is_row(site: Site, node: cst.BaseExpression) -> bool:
    """Whether a name is bound to what is made of one list of numbers."""
    found = site.definition(dotted(node), node)
    values = elements(found[1].args[0].value) if found and isinstance(found[1], cst.Call) and found[1].args else None
    return bool(values) and not any(elements(one) is not None for one in values or ())


def _padded(site: Site, node: cst.Call) -> Proposal | None:
    """``tf.pad(x - v, p) + v`` for ``tf.pad(x, p, constant_values=v)``."""
    gone = next((one for one in node.args if one.keyword is not None and one.keyword.value == "constant_values"), None)
    value = _first(node)
    if gone is None or value is None or positional(node) is None or keywords(node).keys() & {"mode", "tensor"}:
        return None
    if calls_anything(gone.value):
        return None
    bare = without_argument(node, gone)
    shifted = expression("{x} - {v}", x=value, v=gone.value)
    new = bare.with_changes(args=[bare.args[0].with_changes(value=shifted), *bare.args[1:]])
    return unsafe("Shift it by the constant", Replace(node, expression("{f} + {v}", f=new, v=gone.value)))


def _ranged(site: Site, node: cst.Call) -> Proposal | None:
    """``start + tf.range(0.0, limit - start, delta)`` for a range that starts at a computed value."""
    plain = positional(node) or []
    if len(plain) < 2 or keywords(node) or is_constant(plain[0]) or calls_anything(plain[0]):
        return None
    start, limit, *rest = plain
    if rest and not is_constant(rest[0]):
        return None
    tail = "" if not rest else ", {d}"
    parts = {"s": start, "l": limit, "f": node.func} | ({"d": rest[0]} if rest else {})
    new = expression(f"{{s}} + {{f}}(0.0, {{l}} - {{s}}{tail})", **parts)
    return unsafe("Add the start to a range from zero", Replace(node, new))


def _clipped(site: Site, node: cst.Call) -> Proposal | None:
    """``tf.clip_by_value`` for a saturating cast to integers that is cast back to floats at once."""
    given, outer, clip = only(node, 2), site.holder(node), site.tensorflow("clip_by_value", node)
    bounds = None if given is None else CLIPS.get(last_name(given[1]))
    back = only(outer, 2) if called(outer) == "cast" else None
    if (
        given is None
        or bounds is None
        or clip is None
        or back is None
        or outer is None
        or "float" not in last_name(back[1])
    ):
        return None
    low, high = (f"{one}.0" for one in bounds)
    return unsafe("Clip the float", Replace(outer, expression(f"{{f}}({{x}}, {low}, {high})", f=clip, x=given[0])))


def _scored(site: Site, node: cst.Call) -> Proposal | None:
    """The largest value in the place of its index, where all that is done with the index is to ask for its gradient."""
    outer = site.holder(node)
    if isinstance(outer, cst.Call) and called(outer) == "one_hot" and called(node) == "argmax":
        return _softened(site, outer)
    right = _of_the_right_class(site, node, outer)
    if right is not None:
        return right
    name, largest = dotted(single_target(site.parent(node))), site.tensorflow("reduce_max", node)
    if called(node) == "argmin":
        largest = site.tensorflow("reduce_min", node)
    uses = [node] if name is None else site.uses(name)
    holders = [site.holder(use) for use in uses]
    asked = all(isinstance(one, cst.Call) and called(one) in GRADIENTS - {"watch"} for one in holders)
    plain = positional(node)
    if largest is None or not uses or not asked or not plain or keywords(node).keys() - {"axis"}:
        return None
    call = node.with_changes(func=cst.parse_expression(largest))
    if len(plain) == 1 and not keywords(node):
        call = with_argument(call, "axis", cst.Integer("0"))
    return unsafe("Ask for the largest value, not for its place", Replace(node, call))


def _rated(site: Site, node: cst.Call) -> Proposal | None:
    """The cross-entropy whose accuracy it is."""
    written = dotted(node.func) or ""
    root, _, last = written.rpartition(".")
    loss = ACCURACY.get(last)
    if loss is None or not root.endswith(".metrics") or len(positional(node) or ()) != 2:
        return None
    function = expression(f"{root.removesuffix('metrics')}losses.{loss}")
    return unsafe("Use the cross-entropy", Replace(node.func, function))


_MAKERS = {
    "shuffle": shuffled,
    "one_hot": _hot,
    "pad": _padded,
    "range": _ranged,
    "saturate_cast": _clipped,
    "argmax": _scored,
    "argmin": _scored,
    **dict.fromkeys(ACCURACY, _rated),
}
