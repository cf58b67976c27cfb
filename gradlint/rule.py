"""The interface of a rule, shared by the built-in rules and those of other packages.

A rule owns one or more kinds of :class:`~gradlint.flow.facts.Claim`. It explains them (its docstring), shows examples
(its page), words the message (:meth:`Rule.message`) and fixes the program (:meth:`Rule.fix`) by saying which LibCST
nodes change. It never reads files, prints, or deals with formats, line numbers or columns.

``cst`` and ``m`` are ``libcst`` and ``libcst.matchers``, imported on first use.
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

CAUGHT = "the program catches what this raises"
TOO_DEEP = "the program is nested deeper than fixes can be worked out for"
TOO_MANY = "the file has more findings than fixes can be worked out for at once"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fix as a rule proposes it: the nodes that change.

    Attributes:
        applicability: ``safe`` if the program means the same apart from the gradient, else ``unsafe``.
        message: What the fix does, as a title.
        changes: The changes. The engine turns them into the fewest text edits, and proves the fix before offering it.
    """

    applicability: Applicability
    message: str
    changes: tuple[Change, ...]


def safe(message: str, *changes: Change) -> Proposal:
    """A fix after which the program means the same, apart from the gradient."""
    return Proposal("safe", message, changes)


def unsafe(message: str, *changes: Change) -> Proposal:
    """A fix that may change what the program does apart from the gradient."""
    return Proposal("unsafe", message, changes)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a rule reports about one claim, before it becomes a finding with the user's places.

    Attributes:
        claim: The claim.
        message: What the finding says.
        fix: The nodes that change to get the gradient back; None if there is no such change.
        withheld: Why no fix was looked for, if the rule has fixes.
    """

    claim: Claim[Any]
    message: Message | str
    fix: Proposal | None = None
    withheld: str | None = None


class Rule:
    """One kind of break or misuse; each subclass is in a module of its own.

    The docstring is the rule's documentation: a first line that says what it finds, then the sections *What it does*,
    *Why the gradient is lost*, *How to get it back* and *References*. The examples are in a Markdown page beside the
    module, with the same name; see :mod:`gradlint.examples`.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]
    severity: ClassVar[Severity | None] = None
    """The severity of every finding of the rule; None takes the claim's own."""
    default: ClassVar[bool] = True
    """Whether the rule is on unless selected away; rules of severity ``info`` are off."""
    url: ClassVar[str | None] = None
    """Where a rule of another package is documented; built-in rules have their page in gradlint's documentation."""

    def check(self, facts: Facts, program: Program) -> Iterable[Diagnostic]:
        """Make the rule's diagnostics for a program; a rule may also look at LibCST nodes that no claim is about.

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
        trouble = program.trouble_at(claim.span) if account.left else TOO_MANY
        if trouble is not None:
            return None, trouble
        account.charge(len(program.code) // 20)
        try:
            site = Site(claim, program)
            return (None, CAUGHT) if site.is_caught else (self.fix(claim, site), None)
        except RecursionError:
            return None, TOO_DEEP

    def message(self, claim: Claim[Any]) -> Message | str:
        """What the finding says: it names the variable, the line and the cure; write a line with :func:`line`.

        A :class:`Message` has what is in the code, what happens to the gradient, and the cure as separate parts; a
        string is one sentence with all of them.
        """
        raise NotImplementedError

    def fix(self, claim: Claim[Any], site: Site) -> Proposal | None:
        """The nodes that change to get the gradient back, or None if the rule has no fix for this claim.

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
        """Broken programs, each with its fixed version."""
        return self._page.examples

    @property
    def clean(self) -> tuple[str, ...]:
        """Programs that look similar but are correct."""
        return self._page.clean
