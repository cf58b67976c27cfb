"""GT403 needlessly-persistent."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Rule

from .._mending.edits import proposal, without_keyword
from .._mending.site import Site, spelled
from .._wording import name

if TYPE_CHECKING:
    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal


class NeedlesslyPersistent(Rule):
    """A persistent tape that one gradient call is asked of, or that is kept alive in a long loop."""

    code = "GT403"
    name = "needlessly-persistent"
    kinds = (Kind.NEEDLESSLY_PERSISTENT,)
    severity = "info"
    default = False

    def message(self, claim: Claim) -> str:
        """Reads ``tape`` and ``reason`` (``kept``: it is never deleted in a loop)."""
        tape = name(claim, "tape", "The tape")
        if claim.detail.get("reason") == "kept":
            told = f"{tape} is persistent and keeps every intermediate value until it is gone"
            return f"{told}; `del` it after its last gradient."
        return f"{tape} is persistent and asked only once, so it keeps its memory for nothing; drop persistent=True."

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """``persistent=True`` dropped: safe, since the tape is asked once."""
        site = Site(claim, module)
        node = site.expression() or site.innermost(claim.span)
        made = next(
            (
                one
                for one in ast.walk(node or module.tree)
                if isinstance(one, ast.Call) and (spelled(one.func) or "").endswith("Tape")
            ),
            None,
        )
        if claim.detail.get("reason") == "kept" or node is None or made is None:
            return None
        for keyword in made.keywords:
            if keyword.arg == "persistent":
                return proposal("safe", "Drop persistent=True", without_keyword(site, made, keyword))
        return None
