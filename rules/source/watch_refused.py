"""GT110 watch-refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.make import without_elements
from gradlint.nodes.reading import dotted, elements, is_constant, keywords, last_name, positional
from gradlint.nodes.walking import walk
from gradlint.nodes.watching import is_watch, watching
from gradlint.rule import Before, Message, Remove, Replace, Rule, cst, expression, safe, statement, unsafe

from .._fixing.watching import watchable
from .._wording import code

if TYPE_CHECKING:
    from gradlint.flow.causes import RefusedWatch
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


WHAT = {
    "ndarray": ("a NumPy array", "convert it with `tf.convert_to_tensor` and watch that"),
    "number": ("a Python number", "make it a `tf.constant` and watch that"),
    "model": ("a model", "its trainable variables are watched by themselves"),
    "layer": ("a layer", "its trainable variables are watched by themselves"),
    "symbolic": ("a symbolic Keras tensor", "watch the Tensor that the model is called on"),
    "none": ("None", "watch a Tensor"),
    "string": ("a Python string", "watch the Tensor itself"),
    "generator": ("a generator", "make it a list"),
}


class WatchRefused(Rule):
    """`watch` of something it does not accept, or before the tape is entered, which raises.

    ## What it does
    Reports a `watch` that raises: one of a Keras variable or a list of them, of an array, a number, a model, a symbolic
    Keras tensor or a generator, and any `watch` before the tape is entered.

    ## Why the gradient is lost
    `watch` accepts Tensors, `tf.Variable`s and nests of them. A Keras 3 variable is neither (its `value` is a
    `tf.Variable`), so `tape.watch(layer.trainable_variables)` raises ValueError. A tape that is not entered has nothing
    to record on, and `watch` raises AttributeError.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Trainable Keras variables are watched automatically, so drop the line; with `watch_accessed_variables=False`, watch
    `[v.value for v in layer.trainable_variables]`. Convert arrays and numbers to Tensors first. Move the `watch` into
    the `with` block.

    ## References
    - `tf.GradientTape.watch`: https://www.tensorflow.org/api_docs/python/tf/GradientTape#watch
    - Introduction to gradients and automatic differentiation, *Controlling what the tape watches*: https://www.tensorflow.org/guide/autodiff#controlling_what_the_tape_watches
    """

    code = "GT110"
    name = "watch-refused"
    kinds = (Kind.WATCH_REFUSED,)

    def message(self, claim: Claim[RefusedWatch]) -> Message:
        """Names the call, and what it is given."""
        tape, watched = code(f"{claim.cause.tape}.watch"), claim.cause.watched
        raises = f"this raises {claim.exception}"

        if claim.cause.what == "not-entered":
            return Message(f"{tape} is called before the tape is entered", raises, "move it into the `with` block")
        if claim.cause.what == "two-arguments":
            return Message(f"{tape} takes one argument", raises, f"watch {code(f'[{watched}]')}")
        if claim.cause.what == "keras-variable":
            cure = "drop the line, for the tape watches them, or watch each one's `.value`"
            return Message(f"{tape} does not take Keras variables, as in {code(watched)}", raises, cure)
        what, cure = WHAT[claim.cause.what]
        if watched == "None":
            return Message(f"{tape} does not take {what}", raises, cure)
        return Message(f"{tape} does not take {what}, as {code(watched)} is", raises, cure)

    def fix(self, claim: Claim[RefusedWatch], site: Site) -> Proposal | None:
        """The ``value`` of a Keras variable watched, arguments put in a list, or the watch moved into the block.

        Variables that the tape watches by itself need no watch. Safe, since the line raises as it stands.
        """
        node, what = site.statement, claim.cause.what
        if not isinstance(node, cst.Expr) or not is_watch(node) or not isinstance(node.value, cst.Call):
            return None
        call = node.value
        plain = positional(call)
        if plain is None or keywords(call):
            return None
        if what == "two-arguments" and len(plain) > 1:
            listed = cst.List([cst.Element(one) for one in plain])
            return safe("Watch them as a list", Replace(call, call.with_changes(args=[cst.Arg(listed)])))
        if len(plain) != 1:
            return None
        if what == "keras-variable":
            return _keras(node, plain[0], site.at(claim.cause.made))
        if what in {"model", "layer"}:
            return safe("Drop it: the model's variables are watched", Remove(node))
        if what == "generator" and isinstance(plain[0], cst.GeneratorExp):
            made = cst.ListComp(plain[0].elt, plain[0].for_in)
            return safe("Watch them as a list", Replace(plain[0], made))
        if what == "ndarray" and dotted(plain[0]) is not None:
            return _converted(site, node, call, plain[0])
        if what in {"number", "none", "string"}:
            return _without_constants(node, plain[0])
        return _moved_in(site, node, call, plain[0]) if what == "not-entered" else None


def _without_constants(node: cst.Expr, watched: cst.BaseExpression) -> Proposal | None:
    """The watch of a constant as it is written dropped, by itself or from a list: nothing can ask for its gradient."""
    values = elements(watched) or []
    gone = {number for number, one in enumerate(values) if is_constant(one)}
    if is_constant(watched) or (gone and len(gone) == len(values)):
        return safe("Drop it: nothing can ask for its gradient", Remove(node))
    if not gone or not isinstance(watched, (cst.List, cst.Tuple)):
        return None
    return safe("Watch the Tensors alone", Replace(watched, without_elements(watched, gone)))


def _converted(site: Site, node: cst.Expr, call: cst.Call, watched: cst.BaseExpression) -> Proposal | None:
    """A Tensor made of an array just before the block that watches it."""
    block, convert = site.block(call), site.tensorflow("convert_to_tensor", call)
    if block is None or convert is None or not site.is_inside(node, block):
        return None
    new = statement("{x} = {convert}({x})", x=watched, convert=convert)
    return unsafe("Make a Tensor of it", Before(block, [new]))


def _keras(node: cst.Expr, watched: cst.BaseExpression, made: cst.BaseExpression | None) -> Proposal | None:
    """The watch of Keras variables dropped where the tape watches them by itself, else of their values."""
    default = isinstance(made, cst.Call) and not positional(made) and keywords(made).keys() <= {"persistent"}
    if default and last_name(watched) in {"trainable_variables", "trainable_weights"}:
        return safe("Drop it: the tape watches them by itself", Remove(node))
    listed, name = elements(watched), dotted(watched)
    if listed is not None and all(dotted(one) is not None for one in listed):
        values = [cst.Element(cst.Attribute(one, cst.Name("value"))) for one in listed]
        return safe("Watch the Keras variable's value", Replace(watched, cst.List(values)))
    if name is None:
        return None
    return safe("Watch the Keras variable's value", Replace(watched, expression(watchable(name))))


def _moved_in(site: Site, node: cst.Expr, call: cst.Call, watched: cst.BaseExpression) -> Proposal | None:
    """The watch moved into the block that comes right after it, or into the class's one block of a tape it keeps."""
    tape, source = site.tape(call), dotted(watched)
    if tape is None or source is None:
        return None
    suite = site.suite(node)
    block = next((one for one in suite[suite.index(node) + 1 :] if isinstance(one, cst.With)), None)
    if tape.startswith("self.") and source.startswith("self."):
        holder = site.program.enclosing(node, cst.ClassDef)
        nodes = () if holder is None else walk(holder)
        entering = [one for one in nodes if isinstance(one, cst.With) and site.item(one, tape) is not None]
        block = entering[0] if len(entering) == 1 else None
    if block is None or site.item(block, tape) is None:
        return None
    if any(site.is_inside(made, block) for made, _ in site.bindings(source, site.body(block)[0])):
        return None
    return safe("Watch it inside the block", Remove(node), watching(site, block, tape, [source]))
