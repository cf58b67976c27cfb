"""GT106 watched-too-late."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import alone, proposal, remove
from .._mending.site import Site, spelled
from .._mending.watching import behind, is_watch, watching
from .._wording import at, so, source, watch

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class WatchedTooLate(Rule):
    """`watch` comes after the operations that use the source."""

    code = "GT106"
    name = "watched-too-late"
    kinds = (Kind.WATCHED_LATE,)

    def message(self, claim: Claim) -> str:
        """Reads ``call_line`` (the first use), ``watch_line`` and ``reason`` (``after-block``)."""
        if claim.detail.get("reason") == "after-block":
            told = f"{watch(claim)} comes after the tape's block, when nothing is recorded any more"
        else:
            told = (
                f"{watch(claim)}{at(claim, 'watch_line')} comes after {source(claim)} was used{at(claim, 'call_line')}"
            )
        return f"{told}{so(claim)}; watch it first in the block."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The watch moved up to the head of the block: safe, since a watch changes no value."""
        site = Site(claim, module)
        statement, calls = site.statement(), site.calls()
        if statement is None or not is_watch(statement) or not calls:
            return None
        block, tape = site.block_of(calls[0][1]), site.tape_of(calls[0][1])
        call = statement.value if isinstance(statement, ast.Expr) else None
        if block is None or tape is None or not isinstance(call, ast.Call) or len(call.args) != 1:
            return None
        watched = call.args[0].elts if isinstance(call.args[0], (ast.List, ast.Tuple)) else call.args
        names = [name for one in watched if (name := spelled(one)) is not None]
        places = [behind(site, block, name, calls[0][1]) for name in names]
        if len(names) != len(watched) or not names or None in places or len(set(places)) != 1:
            return None
        binding = places[0][0] if places[0] is not None else None
        if not (alone(module, statement) or statement.lineno == statement.end_lineno):
            return None
        return proposal(
            "safe",
            "Watch it before it is used",
            watching(site, block, tape, names, binding),
            remove(site, statement),
        )
