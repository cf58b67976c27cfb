"""A rule for tests of what lies around rules: it finds what the program's text says it should."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from gradlint.flow.facts import Claim, Kind, LostGradient, Span
from gradlint.rule import Diagnostic, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.facts import Facts
    from gradlint.rule import Module


class LostMarker(Rule):
    """Every call of ``lost`` is a finding; ``lost("call")`` breaks the calls of ``asked`` in the program.

    ``boom()`` makes the rule raise, ``die()`` ends its process.
    """

    code = "XX101"
    name = "lost-marker"
    kinds = ()

    def check(self, facts: Facts, module: Module) -> Iterator[Diagnostic]:
        """One diagnostic a call of ``lost``."""
        if "boom()" in module.code:
            raise RuntimeError("the marker rule fails here")
        if "die()" in module.code:
            os._exit(3)
        asked = tuple(LostGradient(span, "gradient", "y", "x", "none") for span in _spans(module, r"asked\([^()]*\)"))
        for span in _spans(module, r"lost\([^()]*\)"):
            breaks = asked if "call" in module.text(span) else ()
            yield Diagnostic(Claim(Kind.NUMPY, span, "error", breaks), "the gradient is lost")


class OtherMarker(Rule):
    """Every call of ``other`` is a finding."""

    code = "XX102"
    name = "other-marker"
    kinds = ()

    def check(self, facts: Facts, module: Module) -> Iterator[Diagnostic]:
        """One diagnostic a call of ``other``."""
        for span in _spans(module, r"other\([^()]*\)"):
            yield Diagnostic(Claim(Kind.NUMPY, span, "warning"), "something else is lost")


class QuietMarker(Rule):
    """Every call of ``quiet`` is worth knowing."""

    code = "XX201"
    name = "quiet-marker"
    kinds = ()
    severity = "info"

    def check(self, facts: Facts, module: Module) -> Iterator[Diagnostic]:
        """One diagnostic a call of ``quiet``."""
        for span in _spans(module, r"quiet\([^()]*\)"):
            yield Diagnostic(Claim(Kind.NUMPY, span, "info"), "this is worth knowing")


def _spans(module: Module, pattern: str) -> Iterator[Span]:
    for match in re.finditer(pattern, module.code):
        yield Span(*_place(module.code, match.start()), *_place(module.code, match.end()))


def _place(code: str, offset: int) -> tuple[int, int]:
    before = code[:offset]
    return before.count("\n") + 1, len(before.rpartition("\n")[2].encode())
