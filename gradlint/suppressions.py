"""Comments that suppress findings, and those that suppress nothing.

- ``# gradlint: ignore`` and ``# gradlint: ignore[GT201, numpy-call]`` apply to the statement they end, or to the next
  one if they are on a line of their own;
- ``# noqa`` and ``# noqa: GT201`` apply to the statement they end;
- ``# gradlint: off`` and ``# gradlint: off[GT2]`` apply from their line to ``# gradlint: on``, or to the end;
- ``# gradlint: skip-file`` applies to the whole text.

A finding is suppressed if its own statement is covered, or that of every gradient call that it breaks.
"""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.directives import VERBS, written
from gradlint.finding import Edit, Fix, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from gradlint.directives import Known
    from gradlint.finding import Finding
    from gradlint.rule import Rule
    from gradlint.sources.source import Source

CODE = "GT900"
"""The code of the rule that unused suppressions are reported under."""

INVALID = "GT901"
"""The code of the rule that malformed suppressions are reported under."""

_ANY = re.compile(r"gradlint|noqa", re.IGNORECASE)
_MOST = 8
"""How many selectors a message names at most."""


@dataclass(slots=True)
class Directive:
    """One comment that suppresses findings.

    Attributes:
        verb: ``ignore``, ``off``, ``on``, ``skip-file``, ``noqa``, or a word that means nothing.
        selectors: The codes, prefixes and names that it is for; None for everything.
        first: The first line of the program that it covers.
        last: The last line that it covers.
        line: The program's line that it stands on.
        start: Where it begins in that line, in characters from 0.
        end: Where it ends.
        codes: Where its list of codes begins and ends in the line.
        alone: Whether nothing but the comment stands on the line.
        invalid: Whether it is not written as it should be.
        meant: How it should be written, where that can be told.
        used: The selectors that suppressed something; ``""`` stands for everything.
    """

    verb: str
    selectors: tuple[str, ...] | None
    first: int
    last: int
    line: int
    start: int
    end: int
    codes: tuple[int, int] | None
    alone: bool
    invalid: bool = False
    meant: str | None = None
    used: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Unused:
    """A suppression, or a part of one, that suppresses nothing: its place, the message, and the edit to remove it."""

    cell: int | None
    location: Position
    end_location: Position
    message: str
    fix: Fix | None


class Suppressions:
    """The suppressions of one source.

    Args:
        source: The text that the findings are of.
        known: Whether a word is the code or the name of a rule.
    """

    def __init__(self, source: Source, known: Known = lambda word: False) -> None:
        self._source = source
        self.directives = _directives(source.code, known) if _ANY.search(source.code) else []
        self._skips = any(one.verb == "skip-file" and one.selectors is None for one in self.directives)
        self._blocks = [directive for directive in self.directives if directive.verb in ("off", "skip-file")]
        self._statements: dict[int, list[Directive]] = {}
        for directive in self.directives:
            if directive.verb in ("ignore", "noqa"):
                self._statements.setdefault(directive.first, []).append(directive)
        self._starts = sorted(self._statements)

    def apply(self, findings: Sequence[Finding], fits: Callable[[str, str, str], bool]) -> tuple[list[Finding], int]:
        """Suppress findings.

        Args:
            findings: The findings of the source.
            fits: Whether a selector, the first argument, fits a rule's code and name.

        Returns:
            The findings that remain, and how many were suppressed.
        """
        if not self.directives:
            return list(findings), 0
        if self._skips:
            return [], len(findings)
        kept = [finding for finding in findings if not self._covers(finding, fits)]
        return kept, len(findings) - len(kept)

    def unused(
        self,
        enabled: Collection[Rule],
        rules: Collection[Rule],
        fits: Callable[[str, str, str], bool],
        *,
        lacking: bool = False,
    ) -> Iterator[Unused]:
        """The suppressions that suppressed nothing, once :meth:`apply` has been called.

        Args:
            enabled: The rules that were on; a suppression of another rule may well be needed.
            rules: Every known rule.
            fits: Whether a selector matches a rule's code and name.
            lacking: Whether some rules are not loaded; an unknown selector may be one of theirs.
        """
        if self._skips:
            return
        on = {rule.code for rule in enabled}
        spared = self._spared(CODE, "unused-suppression", fits)
        known = {
            selector: {rule.code for rule in rules if fits(selector, rule.code, rule.name)}
            for selector in {selector for one in self.directives for selector in one.selectors or ()}
        }
        for directive in self.directives:
            if spared(directive) or directive.invalid:
                continue
            if directive.selectors is None:
                if self._idle(directive, on, rules):
                    yield self._report(directive, None, _nothing(directive))
            else:
                yield from self._unused_selectors(directive, on, rules, known, lacking)

    def invalid(self, fits: Callable[[str, str, str], bool]) -> Iterator[Unused]:
        """The malformed suppressions.

        Args:
            fits: Whether a selector fits a rule's code and name.
        """
        if any(one.verb == "skip-file" and one.selectors is None and not one.invalid for one in self.directives):
            return
        spared = self._spared(INVALID, "invalid-suppression", fits)
        for directive in self.directives:
            if directive.invalid and not spared(directive):
                cell, start = self._source.locate(directive.line, directive.start)
                _, end = self._source.locate(directive.line, directive.end)
                if directive.meant is None:
                    fix = Fix("safe", "Remove the suppression", (self._removal(directive, cell, start, end),))
                else:
                    fix = Fix("safe", f"Write `{directive.meant[2:]}`", (Edit(cell, start, end, directive.meant),))
                yield Unused(cell, start, end, _wrong(directive), fix)

    def _spared(self, code: str, name: str, fits: Callable[[str, str, str], bool]) -> Callable[[Directive], bool]:
        """Whether another suppression suppresses a rule's finding about one."""
        sparing = [one for one in self.directives if _names(one, code, name, fits)]
        return lambda directive: any(
            one.line == directive.line or one.first <= directive.line <= one.last for one in sparing
        )

    def _unused_selectors(
        self,
        directive: Directive,
        on: set[str],
        rules: Collection[Rule],
        known: dict[str, set[str]],
        lacking: bool,
    ) -> Iterator[Unused]:
        idle: list[str] = []
        for selector in directive.selectors or ():
            codes = known[selector]
            if selector in directive.used or {CODE, INVALID} & codes:
                continue
            unneeded = codes <= on if codes else directive.verb != "noqa" and not lacking
            if unneeded:
                idle.append(selector)
        if idle:
            reasons = [
                f"`{selector}` suppresses nothing here" if known[selector] else _unknown(selector, rules)
                for selector in idle[:_MOST]
            ]
            if len(idle) > _MOST:
                reasons.append(f"and so do {len(idle) - _MOST} more")
            yield self._report(directive, idle, "; ".join(reasons) + "; remove it")

    def _covers(self, finding: Finding, fits: Callable[[str, str, str], bool]) -> bool:
        """Whether a finding is suppressed; every directive that contributes counts as used."""
        own = self._at(finding.cell, finding.location.line, finding, fits)
        calls = [self._at(gradient.cell, gradient.line, finding, fits) for gradient in finding.gradients]
        return own or (bool(calls) and all(calls))

    def _at(self, cell: int | None, line: int, finding: Finding, fits: Callable[[str, str, str], bool]) -> bool:
        place = self._source.program_line(cell, line)
        covered = False
        if place is None:
            return False
        nearest = bisect_right(self._starts, place) - 1
        candidates = [*(self._statements[self._starts[nearest]] if nearest >= 0 else ()), *self._blocks]
        for directive in candidates:
            if not directive.first <= place <= directive.last:
                continue
            if directive.selectors is None:
                directive.used.add("")
                covered = True
                continue
            for selector in directive.selectors:
                if fits(selector, finding.code, finding.name):
                    directive.used.add(selector)
                    covered = True
        return covered

    @staticmethod
    def _idle(directive: Directive, on: Collection[str], rules: Collection[Rule]) -> bool:
        """Whether a suppression of everything suppresses nothing, as far as the enabled rules show."""
        if directive.verb == "noqa" or "" in directive.used:
            return False
        return directive.verb == "on" or all(
            rule.code in on for rule in rules if rule.default and rule.severity != "info"
        )

    def _report(self, directive: Directive, idle: list[str] | None, message: str) -> Unused:
        cell, start = self._source.locate(directive.line, directive.start)
        _, end = self._source.locate(directive.line, directive.end)
        kept = [one for one in directive.selectors or () if idle is not None and one not in idle]
        if kept and directive.codes is not None:
            _, first = self._source.locate(directive.line, directive.codes[0])
            _, last = self._source.locate(directive.line, directive.codes[1])
            edit = Edit(cell, first, last, ", ".join(kept))
        else:
            edit = self._removal(directive, cell, start, end)
        return Unused(cell, start, end, message, Fix("safe", "Remove the unused suppression", (edit,)))

    def _removal(self, directive: Directive, cell: int | None, start: Position, end: Position) -> Edit:
        """The edit that removes a comment, with its line if there is nothing else on it."""
        text = self._source.lines[directive.line - 1]
        whole = directive.end == len(text) and directive.alone
        below = self._source.program_line(cell, start.line + 1)
        if whole and below is not None and below <= len(self._source.lines):
            return Edit(cell, Position(start.line, 1), Position(start.line + 1, 1), "")
        before, after = text[: directive.start], text[directive.end :]
        if after:
            return Edit(cell, start, Position(end.line, end.column + len(after) - len(after.lstrip(" \t"))), "")
        return Edit(cell, Position(start.line, start.column - len(before) + len(before.rstrip(" \t"))), end, "")


def _directives(code: str, known: Known) -> list[Directive]:
    """Every suppression in a program's comments, in order."""
    found: list[Directive] = []
    waiting: list[Directive] = []
    pending: list[Directive] = []
    first: int | None = None
    for token in _tokens(code):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            for directive in _parse(token, alone, known):
                found.append(directive)
                (waiting if first is None and alone and directive.verb == "ignore" else pending).append(directive)
        elif token.type == tokenize.NEWLINE:
            start = token.start[0] if first is None else first
            for directive in waiting:
                directive.first, directive.last = start, token.start[0]
            for directive in pending:
                if directive.verb in ("ignore", "noqa") and directive.line >= start:
                    directive.first, directive.last = start, token.start[0]
            first, waiting, pending = None, [], []
        elif first is None and token.type not in _NO_CODE:
            first = token.start[0]
    _close_blocks(found, code.count("\n") + code.count("\r") + 1)
    return found


_NO_CODE = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)


def _tokens(code: str) -> Iterator[tokenize.TokenInfo]:
    """The program's tokens, up to the point where the tokenizer fails."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(code, newline=None).readline)
    except (tokenize.TokenError, SyntaxError):
        return


def _parse(token: tokenize.TokenInfo, alone: bool, known: Known) -> Iterator[Directive]:
    line, column = token.start
    for one in written(token.string, known):
        covers = (line, line) if one.verb in ("ignore", "noqa", "off") else (0, -1)
        codes = None if one.codes is None else (column + one.codes[0], column + one.codes[1])
        yield Directive(
            one.verb, one.selectors, *covers, line, column + one.start, column + one.end, codes, alone,
            one.invalid, one.meant,
        )  # fmt: skip


def _close_blocks(found: list[Directive], last: int) -> None:
    """Extend each ``off`` to the ``on`` that ends it, or to the end of the text."""
    open_blocks: list[Directive] = []
    for directive in found:
        if directive.verb == "skip-file" and directive.selectors is not None:
            directive.first, directive.last = 1, last
        elif directive.verb == "off":
            directive.last = last
            open_blocks.append(directive)
        elif directive.verb == "on":
            ended = [one for one in open_blocks if directive.selectors in (None, one.selectors)]
            for one in ended:
                one.last = directive.line
                open_blocks.remove(one)
            if ended:
                directive.used.update(directive.selectors or ("",))


def _names(directive: Directive, code: str, name: str, fits: Callable[[str, str, str], bool]) -> bool:
    return any(fits(selector, code, name) for selector in directive.selectors or ())


def _nothing(directive: Directive) -> str:
    if directive.verb == "on":
        return "`gradlint: on` has nothing to turn on here; remove it"
    return f"`gradlint: {directive.verb}` suppresses nothing; remove it"


def _wrong(directive: Directive) -> str:
    """The message about a malformed suppression."""
    if directive.verb not in (*VERBS, "noqa"):
        near = difflib.get_close_matches(directive.verb[:40], VERBS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "expected " + ", ".join(f"`{one}`" for one in VERBS)
        return f"`gradlint: {directive.verb}` is not a directive; {hint}"
    if directive.meant is not None:
        named = ", ".join(f"`{one}`" for one in (directive.selectors or ())[:_MOST])
        kept = "everything" if directive.selectors is None else named or "nothing"
        return f"this suppresses {kept}; write `{directive.meant[2:]}`"
    return f"this suppresses nothing; after `{directive.verb}`, write codes or names as `[GT201, numpy-call]`"


def _unknown(selector: str, rules: Collection[Rule]) -> str:
    names = [name for rule in rules for name in (rule.code, rule.name)]
    near = difflib.get_close_matches(selector[:40], names, n=1)
    return f"no rule is called `{selector}`" + (f", did you mean `{near[0]}`?" if near else "")
