"""ACME001 zeros-for-none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from gradlint.flow.facts import Claim, Kind
from gradlint.rule import Diagnostic, Example, Proposal, Replacement, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.facts import Facts, Span
    from gradlint.rule import Module

ARGUMENT = "unconnected_gradients"


class ZerosForNone(Rule):
    """A gradient call asks for zeros where a source is not connected.

    ## What it does
    Reports `unconnected_gradients` at a gradient call, whatever its value.

    ## Why the gradient is lost
    It is not lost by this: but a source that loses its connection tomorrow will quietly stop learning. At Acme a None
    is to be seen.

    ## How to get it back
    Leave the argument out, and handle a None where one is expected.
    """

    code = "ACME001"
    name = "zeros-for-none"
    kinds = ()
    severity = "warning"
    url = "https://lint.acme.example/ACME001"
    examples = (
        Example(
            title="zeros asked for",
            broken="""\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = w * w
gradient = tape.gradient(loss, w, unconnected_gradients="zero")
""",
            fixed="""\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = w * w
gradient = tape.gradient(loss, w)
""",
            outcome=None,
        ),
    )

    def check(self, facts: Facts, module: Module) -> Iterator[Diagnostic]:
        """Look at each gradient call that the analysis has found, as LibCST sees it."""
        for call in facts.calls:
            node = module.expression(call.span)
            if isinstance(node, cst.Call) and any(_is_it(argument) for argument in node.args):
                claim = Claim(Kind.OTHER, call.span, "warning")
                yield Diagnostic(claim, self.message(claim), _without(node, call.span, module))

    def message(self, claim: Claim) -> str:
        """The same for every call."""
        return "Zeros hide a source that is not connected; leave `unconnected_gradients` out."


def _is_it(argument: cst.Arg) -> bool:
    return argument.keyword is not None and argument.keyword.value == ARGUMENT


def _without(node: cst.Call, span: Span, module: Module) -> Proposal:
    """The call without the argument; unsafe, since the program sees a None where it saw zeros."""
    kept = [argument for argument in node.args if not _is_it(argument)]
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    text = module.render(node.with_changes(args=kept))
    return Proposal("unsafe", "Leave `unconnected_gradients` out", (Replacement(span, text),))
