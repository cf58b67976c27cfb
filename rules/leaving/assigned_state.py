"""GT204 assigned-state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.reading import called, dotted, last_name, only, single_target
from gradlint.nodes.walking import walk
from gradlint.rule import After, Message, Replace, Rule, cst, expression, statement, unsafe

from .._wording import code, effect, named

if TYPE_CHECKING:
    from gradlint.flow.causes import Assigned
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class AssignedState(Rule):
    """A value on the way to the target was written to a Variable, whose state keeps no history.

    ## What it does
    Reports a value that is written to a Variable (`assign`, `assign_add`, `assign_sub`, `scatter_*`, `set_weights`, a
    slice's `assign`) and read from there on the way to the target.

    ## Why the gradient is lost
    A Variable has state, and the tape only sees the state as it is read, not where it came from. What is read
    afterwards is connected to the Variable itself, as if its new value were a parameter, and never to what was
    assigned. A Variable that is not trainable, such as an accumulator, is connected to nothing.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Compute with Tensors: `y = (x1 + x0) ** 2` instead of `x1.assign_add(x0)`. Add up losses in a Python variable.
    Update Variables after taking the gradient.

    ## References
    - Introduction to gradients and automatic differentiation, *Took gradients through a stateful object*: https://www.tensorflow.org/guide/autodiff#4_took_gradients_through_a_stateful_object
    - Introduction to Variables: https://www.tensorflow.org/guide/variable
    """

    code = "GT204"
    name = "assigned-state"
    kinds = (Kind.ASSIGNED,)

    def message(self, claim: Claim[Assigned]) -> Message:
        """Names the call that stores the value."""
        variable = claim.cause.variable
        written = named(claim.cause.callee, code(f"{variable}.assign" if variable else "assign"))
        why = "and state keeps no history"
        return Message(f"{written} stores a value", effect(claim), "compute with a Tensor and assign it later", why)

    def fix(self, claim: Claim[Assigned], site: Site) -> Proposal | None:
        """The new value given a name of its own, which what follows in the block reads; the Variable still gets it.

        Unsafe, since the program may count on reading the Variable.
        """
        node, made = site.node, site.statement
        block = site.block(site.calls[0][1]) if site.calls else None
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or block is None:
            return None
        variable, value = node.func.value, _new_value(node)
        if dotted(variable) is None or value is None or not isinstance(made, (cst.Expr, cst.Assign)):
            return None
        if made.value is not node or not site.is_alone(made):
            return None
        loops = any(isinstance(one, (cst.For, cst.While)) for one in walk(block))
        if loops or not any(one is made for one in site.body(block)):
            return _summed(site, block, made, variable, value)
        if isinstance(made, cst.Assign):
            target = dotted(single_target(made))
            if target is None or target == dotted(variable):
                return None
            update = statement("{v}.assign({x})", v=variable, x=target)
            return unsafe("Use the value itself", Replace(node, value), After(made, [update]))
        named = site.free_name(f"new_{last_name(variable)}")
        later = [use for use in site.uses_here(dotted(variable), node) if _reads_later(site, use, made, block)]
        if not later:
            return None
        return unsafe(
            "Use the value itself",
            Replace(made, statement("{n} = {x}", n=named, x=value)),
            After(made, [statement("{v}.assign({n})", v=variable, n=named)]),
            *(Replace(use, cst.Name(named)) for use in later),
        )


def _new_value(node: cst.Call) -> cst.BaseExpression | None:
    """What an ``assign`` makes of its Variable."""
    given, owner = only(node, 1), node.func.value if isinstance(node.func, cst.Attribute) else None
    if given is None or owner is None:
        return None
    if called(node) == "assign_add":
        return expression("{v} + {x}", v=owner, x=given[0])
    if called(node) == "assign_sub":
        return expression("{v} - {x}", v=owner, x=given[0])
    return given[0] if called(node) == "assign" else None


def _reads_later(site: Site, use: cst.BaseExpression, made: cst.CSTNode, block: cst.With) -> bool:
    """Whether a use of the Variable reads it behind the update, in the block and up to the last gradient call."""
    last = max(site.program.line(call) for _, call in site.calls)
    holder = site.parent(use)
    writes = isinstance(holder, cst.Attribute) and holder.attr.value.startswith("assign")
    line = site.program.line(use)
    return site.program.end_line(made) < line <= last and site.is_inside(use, block) and not writes


def _summed(
    site: Site, block: cst.With, made: cst.CSTNode, variable: cst.BaseExpression, value: cst.BaseExpression
) -> Proposal | None:
    """``total.assign_add(e)`` as ``total = total + e`` where the total is local and nothing else writes to it."""
    found = site.definition(dotted(variable), made)
    if not isinstance(variable, cst.Name) or not isinstance(made, cst.Expr) or not site.is_inside(made, block):
        return None
    if found is None or site.scope(found[0]) is not site.scope(made):
        return None
    if any(isinstance(site.parent(use), cst.Attribute) for use in site.uses(variable.value) if use is not variable):
        return None
    return unsafe("Sum up Tensors", Replace(made, statement("{v} = {x}", v=variable, x=value)))
