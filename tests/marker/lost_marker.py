"""A rule for tests of what lies around rules: it finds what the program's text says it should."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from gradlint.flow.causes import ToNumpy
from gradlint.flow.facts import Claim, LostGradient, Span
from gradlint.rule import Diagnostic, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.facts import Facts
    from gradlint.rule import Program


class LostMarker(Rule):
    """Every call of ``lost`` is a finding; ``lost("call")`` breaks the calls of ``asked`` in the program.

    ``boom()`` makes the rule raise, ``die()`` ends its process.
    """

    code = "XX101"
    name = "lost-marker"
    kinds = ()

    def check(self, facts: Facts, program: Program) -> Iterator[Diagnostic]:
        """One diagnostic a call of ``lost``."""
        if "boom()" in program.code:
            raise RuntimeError("the marker rule fails here")
        if "die()" in program.code:
            os._exit(3)
        asked = tuple(LostGradient(span, "gradient", "y", "x", "none") for span in _spans(program, r"asked\([^()]*\)"))
        for span in _spans(program, r"lost\([^()]*\)"):
            breaks = asked if "call" in program.text(span) else ()
            yield Diagnostic(Claim(ToNumpy(), span, "error", breaks), "the gradient is lost")


class OtherMarker(Rule):
    """Every call of ``other`` is a finding."""

    code = "XX102"
    name = "other-marker"
    kinds = ()

    def check(self, facts: Facts, program: Program) -> Iterator[Diagnostic]:
        """One diagnostic a call of ``other``."""
        for span in _spans(program, r"other\([^()]*\)"):
            yield Diagnostic(Claim(ToNumpy(), span, "warning"), "something else is lost")


class QuietMarker(Rule):
    """Every call of ``quiet`` is worth knowing."""

    code = "XX201"
    name = "quiet-marker"
    kinds = ()
    severity = "info"

    def check(self, facts: Facts, program: Program) -> Iterator[Diagnostic]:
        """One diagnostic a call of ``quiet``."""
        for span in _spans(program, r"quiet\([^()]*\)"):
            yield Diagnostic(Claim(ToNumpy(), span, "info"), "this is worth knowing")


def _spans(program: Program, pattern: str) -> Iterator[Span]:
    for match in re.finditer(pattern, program.code):
        yield Span(*_place(program.code, match.start()), *_place(program.code, match.end()))


def _place(code: str, offset: int) -> tuple[int, int]:
    before = code[:offset]
    return before.count("\n") + 1, len(before.rpartition("\n")[2].encode())
