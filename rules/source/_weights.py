"""Variables of a Keras layer made by ``add_weight``, which Keras tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.reading import called, dotted, keywords, positional, single_target
from gradlint.rule import Replace, cst, expression, unsafe

if TYPE_CHECKING:
    from gradlint.rule import Proposal, Site

    Weight = tuple[cst.BaseExpression, str, cst.BaseExpression | None]
    """A weight's shape, its initializer as it is written, and its dtype."""

PLAIN = {"zeros": '"zeros"', "ones": '"ones"'}
DRAWN: dict[str, tuple[str, dict[str, str | None]]] = {
    "normal": ("RandomNormal", {"mean": None, "stddev": "1.0"}),
    "random_normal": ("RandomNormal", {"mean": None, "stddev": "1.0"}),
    "truncated_normal": ("TruncatedNormal", {"mean": None, "stddev": "1.0"}),
    "uniform": ("RandomUniform", {"minval": "0.0", "maxval": "1.0"}),
}
"""Functions that draw a Tensor, the initializer that draws as they do, and its parameters: what they are where nothing
is written, None where both mean the same then."""
KEPT = ("dtype", "trainable", "name")


def as_weight(site: Site, node: cst.BaseExpression | None) -> Proposal | None:
    """``self.w = tf.Variable(tf.zeros(shape))`` as ``self.add_weight(shape=shape, initializer="zeros")``.

    Unsafe: what is drawn is drawn by Keras' own generator, and the weight is a Keras variable.
    """
    target = None if node is None else single_target(site.parent(node))
    if not isinstance(node, cst.Call) or called(node) != "Variable" or not (dotted(target) or "").startswith("self."):
        return None
    given, named = positional(node), keywords(node)
    value = None if given is None else given[0] if given else named.get("initial_value")
    if given is None or len(given) > 1 or named.keys() - {"initial_value", *KEPT}:
        return None
    if isinstance(value, cst.Float):
        made = _constant(site, value)
    else:
        made = _filled(site, value) or _initialized(site, value) if isinstance(value, cst.Call) else None
    if made is None:
        return None
    shape, initializer, dtype = made
    parts = {"shape": site.text(shape), "initializer": initializer}
    kept = {name: named[name] for name in KEPT if name in named}
    if dtype is not None:
        kept.setdefault("dtype", dtype)
    parts |= {name: site.text(one) for name, one in kept.items()}
    arguments = ", ".join(f"{name}={text}" for name, text in parts.items())
    return unsafe("Make it with `add_weight`", Replace(node, expression(f"self.add_weight({arguments})")))


def _constant(site: Site, value: cst.Float) -> Weight | None:
    keras = site.tensorflow("keras.initializers", value)
    return None if keras is None else (cst.Tuple([]), f"{keras}.Constant({value.value})", None)


def _filled(site: Site, value: cst.Call) -> Weight | None:
    """The shape, the initializer and the dtype for a function of TensorFlow that fills or draws a Tensor."""
    plain, named, last = positional(value) or [], keywords(value), called(value)
    shape = plain[0] if plain else named.get("shape")
    of_tensorflow = (site.canonical(value.func) or "").startswith("tensorflow.")
    if shape is None or len(plain) > 1 or not of_tensorflow:
        return None
    if last in PLAIN and not named.keys() - {"shape", "dtype"}:
        return shape, PLAIN[last], named.get("dtype")
    keras = site.tensorflow("keras.initializers", value)
    if last not in DRAWN or keras is None:
        return None
    name, defaults = DRAWN[last]
    if named.keys() - {"shape", "dtype", *defaults}:
        return None
    written = {one: site.text(named[one]) if one in named else text for one, text in defaults.items()}
    arguments = ", ".join(f"{one}={text}" for one, text in written.items() if text is not None)
    return shape, f"{keras}.{name}({arguments})", named.get("dtype")


def _initialized(site: Site, value: cst.Call) -> Weight | None:
    """The same for a call of an initializer that has a name."""
    found = site.definition(dotted(value.func), value)
    plain, named = positional(value) or [], keywords(value)
    shape = plain[0] if plain else named.get("shape")
    if found is None or not called(found[1]).endswith(("_initializer", "Normal", "Uniform", "Zeros", "Ones")):
        return None
    if shape is None or len(plain) > 1 or named.keys() - {"shape", "dtype"}:
        return None
    return shape, site.text(value.func), named.get("dtype")
