"""What a rule is: the interface that the built-in rules and the rules of others share.

A rule owns one or more kinds of :class:`~gradlint.flow.facts.Claim`. It says in one place what it claims and why
(its docstring), shows it (``examples``), words it (:meth:`Rule.message`) and mends it (:meth:`Rule.fix`). It
asks the flow's facts and LibCST; it never reads a file, prints, or knows a format.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import libcst as cst

    from gradlint.finding import Applicability, Outcome, Severity
    from gradlint.flow.facts import Claim, Facts, Kind, Span


@dataclass(frozen=True, slots=True)
class Example:
    """A program that shows a rule at work; the tests run it through gradlint and through TensorFlow.

    Attributes:
        title: What the program is, as a short phrase.
        broken: A whole program in which the rule finds exactly one thing.
        fixed: The same program mended; gradlint finds nothing in it.
        outcome: What the broken program's gradient call gives for the source.
        exception: The exception's type where the outcome is ``error``.
    """

    title: str
    broken: str
    fixed: str
    outcome: Outcome | None = "none"
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """The text that is to stand at a place of the program; an insertion where the span is empty."""

    span: Span
    content: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fix as a rule proposes it, in places of the program."""

    applicability: Applicability
    message: str
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a rule says of one claim, before it becomes a finding with the user's places."""

    claim: Claim
    message: str
    fix: Proposal | None = None


class Module:
    """The program as a rule sees it: its text, and its LibCST nodes by place.

    The LibCST module is parsed on first use, so a program without findings is never parsed by LibCST.
    """

    def __init__(self, code: str) -> None:
        self.code = code

    @cached_property
    def lines(self) -> list[bytes]:
        """The program's lines with their ends, as UTF-8, since spans count bytes."""
        return re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", self.code.encode())

    def text(self, span: Span) -> str:
        """The program's text at a span."""
        if span.line == span.end_line:
            return self.lines[span.line - 1][span.column : span.end_column].decode()
        parts = [self.lines[span.line - 1][span.column :], *self.lines[span.line : span.end_line - 1]]
        parts.append(self.lines[span.end_line - 1][: span.end_column])
        return b"".join(parts).decode()

    def indent(self, line: int) -> str:
        """The white space that the line begins with."""
        text = self.lines[line - 1].decode()
        return text[: len(text) - len(text.lstrip(" \t\f"))]

    @cached_property
    def parsed(self) -> cst.Module:
        """The whole program as a LibCST module."""
        import libcst

        return libcst.parse_module(self.code)

    def expression(self, span: Span) -> cst.BaseExpression | None:
        """The LibCST expression that stands at a span, or None where what stands there is not one."""
        import libcst

        try:
            return libcst.parse_expression(self.text(span))
        except libcst.ParserSyntaxError:
            return None

    def statement(self, span: Span) -> cst.BaseStatement | None:
        """The LibCST statement that stands at a span, dedented, or None where what stands there is not one."""
        import libcst

        try:
            parsed = libcst.parse_statement(textwrap.dedent(self.indent(span.line) + self.text(span)) + "\n")
        except libcst.ParserSyntaxError:
            return None
        return parsed

    @staticmethod
    def render(node: cst.CSTNode) -> str:
        """The text of a LibCST node."""
        import libcst

        return libcst.Module(body=()).code_for_node(node)

    @cached_property
    def tree(self) -> ast.Module:
        """The program's syntax tree, for questions of place that LibCST answers slowly."""
        return ast.parse(self.code)

    def module_name(self, *names: str) -> str | None:
        """How the program calls an imported module: ``module_name("tensorflow")`` gives ``tf`` or the like."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in names:
                        return alias.asname or alias.name
        return None


class Rule:
    """One kind of break or misuse; a subclass a module.

    The docstring is the rule's documentation: a first line that says what it claims, then the sections *What it
    does*, *Why the gradient is lost*, *How to get it back* and *References*.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]
    examples: ClassVar[tuple[Example, ...]] = ()
    clean: ClassVar[tuple[str, ...]] = ()
    severity: ClassVar[Severity | None] = None
    """The severity of every finding of the rule; None takes the claim's own."""
    default: ClassVar[bool] = True
    """Whether the rule is on unless selected away; rules of severity ``info`` are off."""
    url: ClassVar[str | None] = None
    """Where a rule of others is documented; the built-in ones have their page among gradlint's own."""

    def check(self, facts: Facts, module: Module) -> Iterable[Diagnostic]:
        """Make the rule's diagnostics of a program; a subclass may look at LibCST nodes of its own.

        Args:
            facts: What the flow analysis found out.
            module: The program's text and LibCST nodes.
        """
        return self._claims(facts, module)

    def _claims(self, facts: Facts, module: Module) -> Iterator[Diagnostic]:
        for claim in facts.claims:
            if claim.kind in self.kinds:
                yield Diagnostic(claim, self.message(claim), None if claim.elsewhere else self.fix(claim, module))

    def message(self, claim: Claim) -> str:
        """What the finding says: names the variable, the line and the cure."""
        raise NotImplementedError

    def fix(self, claim: Claim, module: Module) -> Proposal | None:
        """The edits that get the gradient back, or None where the rule has none for this claim."""
        return None

    @property
    def documentation(self) -> str:
        """The rule's docstring, dedented."""
        return inspect.cleandoc(self.__doc__ or "")

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.documentation.partition("\n")[0]
