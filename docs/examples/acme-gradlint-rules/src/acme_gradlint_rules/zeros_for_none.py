"""ACME001 zeros-for-none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.causes import Other
from gradlint.flow.facts import Claim
from gradlint.rule import Diagnostic, Proposal, Replace, Rule, cst, unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.facts import Facts
    from gradlint.rule import Program

ARGUMENT = "unconnected_gradients"


class ZerosForNone(Rule):
    """A gradient call asks for zeros if a source is not connected.

    ## What it does
    Reports `unconnected_gradients` at a gradient call, whatever its value.

    ## Why the gradient is lost
    It is not lost by this, but a source that loses its connection tomorrow will silently stop learning. At Acme, a None
    must be visible.

    ## How to get it back
    Leave the argument out, and handle a None where one is expected.
    """

    code = "ACME001"
    name = "zeros-for-none"
    kinds = ()
    severity = "warning"
    url = "https://lint.acme.example/ACME001"

    def check(self, facts: Facts, program: Program) -> Iterator[Diagnostic]:
        """Look at the LibCST node of each gradient call that the analysis has found."""
        for call in facts.calls:
            for node in program.at(call.span):
                if isinstance(node, cst.Call) and any(_is_it(argument) for argument in node.args):
                    claim = Claim(Other(), call.span, "warning")
                    yield Diagnostic(claim, self.message(claim), _without(node))

    def message(self, claim: Claim) -> str:
        """The same message for every call."""
        return "Zeros hide a source that is not connected; leave `unconnected_gradients` out."


def _is_it(argument: cst.Arg) -> bool:
    return argument.keyword is not None and argument.keyword.value == ARGUMENT


def _without(node: cst.Call) -> Proposal:
    """The call without the argument; unsafe, since the program then gets None instead of zeros."""
    kept = [argument for argument in node.args if not _is_it(argument)]
    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return unsafe("Leave `unconnected_gradients` out", Replace(node, node.with_changes(args=kept)))
