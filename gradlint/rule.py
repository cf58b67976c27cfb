"""What a rule is: the interface that the built-in rules and the rules of others share.

A rule owns one or more kinds of :class:`~gradlint.flow.facts.Claim`. It says in one place what it claims and why (its
docstring), shows it (its page of examples), words it (:meth:`Rule.message`) and fixes it (:meth:`Rule.fix`) by saying
which LibCST nodes change. It never reads a file, prints, or knows a format, a line number or a column.

``cst`` and ``m`` are ``libcst`` and ``libcst.matchers``, imported when they are first used.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gradlint.examples import Example, Page, read_page
from gradlint.flow.account import running
from gradlint.lines import line
from gradlint.message import Message
from gradlint.nodes.changes import After, Before, Change, Move, Remove, Replace, Unwrap, Wrap
from gradlint.nodes.lazy import cst, m
from gradlint.nodes.make import block, expression, statement
from gradlint.nodes.program import Program
from gradlint.nodes.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.finding import Applicability, Severity
    from gradlint.flow.facts import Claim, Facts, Kind

__all__ = [
    "After",
    "Before",
    "Change",
    "Diagnostic",
    "Example",
    "Message",
    "Move",
    "Program",
    "Proposal",
    "Remove",
    "Replace",
    "Rule",
    "Site",
    "Unwrap",
    "Wrap",
    "block",
    "cst",
    "expression",
    "line",
    "m",
    "safe",
    "statement",
    "unsafe",
]

TOO_DEEP = "the program is nested deeper than fixes can be worked out for"
TOO_MANY = "the file has more findings than fixes can be worked out for at once"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fix as a rule proposes it: the nodes that change.

    Attributes:
        applicability: ``safe`` where the program means the same apart from the gradient, else ``unsafe``.
        message: What the fix does, as a title.
        changes: What changes. The engine makes the fewest edits of the text of it, and proves it before it is offered.
    """

    applicability: Applicability
    message: str
    changes: tuple[Change, ...]


def safe(message: str, *changes: Change) -> Proposal:
    """A fix after which the program means the same, apart from the gradient."""
    return Proposal("safe", message, changes)


def unsafe(message: str, *changes: Change) -> Proposal:
    """A fix that may change what the program does otherwise."""
    return Proposal("unsafe", message, changes)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a rule says of one claim, before it becomes a finding with the user's places.

    Attributes:
        claim: The claim.
        message: What the finding says.
        fix: The nodes that change to get the gradient back; None where there is no such change.
        withheld: Why no fix was looked for, where the rule has fixes.
    """

    claim: Claim[Any]
    message: Message | str
    fix: Proposal | None = None
    withheld: str | None = None


class Rule:
    """One kind of break or misuse; a subclass in a module of its own.

    The docstring is the rule's documentation: a first line that says what it claims, then the sections *What it does*,
    *Why the gradient is lost*, *How to get it back* and *References*. The examples stand in a Markdown page beside the
    module, of the module's name; see :mod:`gradlint.examples`.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]
    severity: ClassVar[Severity | None] = None
    """The severity of every finding of the rule; None takes the claim's own."""
    default: ClassVar[bool] = True
    """Whether the rule is on unless selected away; rules of severity ``info`` are off."""
    url: ClassVar[str | None] = None
    """Where a rule of others is documented; the built-in ones have their page among gradlint's own."""

    def check(self, facts: Facts, program: Program) -> Iterable[Diagnostic]:
        """Make the rule's diagnostics of a program; a rule may look at LibCST nodes that no claim is about.

        Args:
            facts: What the flow analysis found out.
            program: The program's text and LibCST nodes.
        """
        return self._claims(facts, program)

    def _claims(self, facts: Facts, program: Program) -> Iterator[Diagnostic]:
        for claim in facts.claims:
            if claim.kind in self.kinds:
                yield Diagnostic(claim, self.message(claim), *self._fix(claim, program))

    def _fix(self, claim: Claim[Any], program: Program) -> tuple[Proposal | None, str | None]:
        """The fix of a claim, and why none was looked for."""
        account = running()
        if claim.elsewhere or type(self).fix is Rule.fix or not program.wants_fix(claim.site or claim.span):
            return None, None
        trouble = program.trouble if account.left else TOO_MANY
        if trouble is not None:
            return None, trouble
        account.charge(len(program.code) // 20)
        try:
            return self.fix(claim, Site(claim, program)), None
        except RecursionError:
            return None, TOO_DEEP

    def message(self, claim: Claim[Any]) -> Message | str:
        """What the finding says: names the variable, the line and the cure; a line is written with :func:`line`.

        A :class:`Message` has what stands there, what becomes of the gradient, and the cure, each by itself; a text is
        a sentence with all of them.
        """
        raise NotImplementedError

    def fix(self, claim: Claim[Any], site: Site) -> Proposal | None:
        """The nodes that change to get the gradient back, or None where the rule has no fix for this claim.

        Args:
            claim: The claim.
            site: The claim's node, its gradient calls with their tapes, and the names around it.
        """
        return None

    @property
    def documentation(self) -> str:
        """The rule's docstring, dedented."""
        return inspect.cleandoc(self.__doc__ or "")

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.documentation.partition("\n")[0]

    @cached_property
    def _page(self) -> Page:
        file = getattr(sys.modules.get(type(self).__module__), "__file__", None)
        return read_page(Path(file).with_suffix(".md")) if file else Page()

    @property
    def examples(self) -> tuple[Example, ...]:
        """Broken programs, each with its fixed form."""
        return self._page.examples

    @property
    def clean(self) -> tuple[str, ...]:
        """Programs that look alike and are right."""
        return self._page.clean
