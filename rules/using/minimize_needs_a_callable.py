"""GT504 minimize-needs-a-callable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import bound_in, dotted, keywords, single_target
from gradlint.nodes.uses import computes
from gradlint.rule import Before, Message, Replace, Rule, Wrap, block, cst, expression, safe, statement

from .._wording import named

if TYPE_CHECKING:
    from gradlint.flow.causes import Minimized
    from gradlint.flow.facts import Claim
    from gradlint.rule import Change, Proposal, Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


class MinimizeNeedsACallable(Rule):
    """`minimize` gets a Tensor, or the optimizer has no `minimize`.

    ## What it does
    Reports `optimizer.minimize(...)` with a Tensor as the loss, and any `minimize` of a Keras 3 optimizer.

    ## Why the gradient is lost
    Keras 3 optimizers have no `minimize`: AttributeError. The optimizers in `tf.compat.v1.train` have one, which in
    eager mode takes a function that computes the loss and raises RuntimeError for a Tensor, since no tape recorded the
    Tensor's computation.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Take the gradients from a tape and call `optimizer.apply_gradients(zip(gradients, variables))`.

    ## References
    - Writing a training loop from scratch: https://www.tensorflow.org/guide/keras/writing_a_training_loop_from_scratch
    - `tf.keras.optimizers.Optimizer`: https://www.tensorflow.org/api_docs/python/tf/keras/optimizers/Optimizer
    """

    code = "GT504"
    name = "minimize-needs-a-callable"
    kinds = (Kind.MINIMIZE,)

    def message(self, claim: Claim[Minimized]) -> Message:
        """Names the call."""
        callee = named(claim.cause.callee, "`minimize`")
        if claim.cause.how == "removed":
            cure = "take the gradients from a tape and use `apply_gradients`"
            return Message("Keras 3 optimizers have no `minimize`", f"{callee} raises {claim.exception}", cure)
        headline = f"{callee} needs a function that computes the loss"
        raises = f"with a Tensor it raises {claim.exception}"
        return Message(headline, raises, "pass a lambda, or use a tape and `apply_gradients`", joint=", and ")

    def fix(self, claim: Claim[Minimized], site: Site) -> Proposal | None:
        """The tape's gradients applied, where a block that computed the loss stands just before: safe, as it raises."""
        node, made = site.node, site.statement
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or made is None:
            return None
        plain = [one.value for one in node.args if one.keyword is None]
        arguments = [*plain, *(value for name, value in keywords(node).items() if name == "var_list")]
        if len(arguments) == 1 and claim.cause.how != "removed" and len(node.args) == 1:
            called_later = expression("lambda: {x}", x=arguments[0]) if dotted(arguments[0]) is None else None
            return None if called_later is None else safe("Pass a function", Replace(arguments[0], called_later))
        if len(arguments) == 2 and claim.cause.how == "removed" and isinstance(made, cst.Expr):
            loss = _loss_of(site, arguments[0])
            if loss is not None:
                return _recorded_anew(site, node, made, loss, arguments[1])
        if len(arguments) != 2 or dotted(arguments[0]) is None:
            return None
        suite = site.suite(made)
        at = suite.index(made)
        above = suite[at - 1] if at else None
        if dotted(single_target(above)) == dotted(arguments[0]) and above is not None:
            return _recorded(site, node, made, above, arguments)
        if not isinstance(above, cst.With) or above.items[0].asname is None:
            return None
        tape = dotted(above.items[0].asname.name)
        if tape is None or dotted(arguments[0]) not in bound_in(above.body):
            return None
        return safe("Apply the tape's gradients", *_applied(site, made, node, tape, arguments))


def _loss_of(site: Site, given: cst.BaseExpression) -> cst.BaseExpression | None:
    """The loss that a function without parameters computes, or an expression does; None for a name of a value."""
    if isinstance(given, cst.Lambda):
        return given.body if given.params.deep_equals(cst.Parameters()) and computes(given.body) else None
    if dotted(given) is None:
        return given if computes(given) else None
    match site.program.bound(site.program.module).get(dotted(given) or "", ()):
        case [cst.FunctionDef(params=taken)] if taken.deep_equals(cst.Parameters()):
            return cst.Call(given)
    return None


def _recorded_anew(
    site: Site, node: cst.Call, made: Statement, loss: cst.BaseExpression, variables: cst.BaseExpression
) -> Proposal | None:
    """A tape that records the loss, and its gradients applied."""
    tape_class, tape = site.tensorflow("GradientTape", node), site.free_name("tape")
    name = site.free_name("loss")
    if tape_class is None or not site.is_alone(made):
        return None
    recorded = block("with {c}() as {t}:\n    {n} = {x}", c=tape_class, t=tape, n=name, x=loss)
    applied = _applied(site, made, node, tape, [cst.Name(name), variables])
    return safe("Record the loss and apply the tape's gradients", Before(made, [recorded]), *applied)


def _applied(
    site: Site, made: Statement, node: cst.Call, tape: str, arguments: list[cst.BaseExpression]
) -> list[Change]:
    """The call that applies a tape's gradients, and the one before it that asks for them."""
    (loss, variables), name = arguments, site.free_name("gradients")
    optimizer = node.func.value if isinstance(node.func, cst.Attribute) else node.func
    asked = statement("{g} = {tape}.gradient({loss}, {v})", g=name, tape=tape, loss=loss, v=variables)
    applied = expression("{o}.apply_gradients(zip({g}, {v}))", o=optimizer, g=name, v=variables)
    return [Before(made, [asked]), Replace(node, applied)]


def _recorded(
    site: Site, node: cst.Call, made: Statement, computed: Statement, arguments: list[cst.BaseExpression]
) -> Proposal | None:
    """The statement that computes the loss recorded by a tape, and the tape's gradients applied."""
    tape_class, tape = site.tensorflow("GradientTape", node), site.free_name("tape")
    if tape_class is None or not site.is_alone(computed):
        return None
    return safe(
        "Record the loss and apply the tape's gradients",
        Wrap([computed], block("with {c}() as {t}:\n    pass", c=tape_class, t=tape)),
        *_applied(site, made, node, tape, arguments),
    )
