"""Comments that keep findings back, and those of them that keep back nothing.

- ``# gradlint: ignore`` and ``# gradlint: ignore[GT201, numpy-call]`` act on the statement they end, or on the next
  one where they stand on a line of their own;
- ``# noqa`` and ``# noqa: GT201`` act on the statement they end;
- ``# gradlint: off`` and ``# gradlint: off[GT2]`` act from their line to ``# gradlint: on``, or to the end;
- ``# gradlint: skip-file`` acts on the whole text.

A finding is kept back where its own statement is covered, or that of every gradient call that it breaks.
"""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.finding import Edit, Fix, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from gradlint.finding import Finding
    from gradlint.rule import Rule
    from gradlint.sources.source import Source

CODE = "GT900"
"""The code of the rule that unused suppressions are reported under."""

VERBS = ("ignore", "off", "on", "skip-file")

_ANY = re.compile(r"gradlint|noqa", re.IGNORECASE)
_OWN = re.compile(r"#\s*gradlint:\s*(?P<verb>[\w-]*)(?P<list>\s*\[(?P<codes>[^\]]*)\])?[^#]*", re.IGNORECASE)
_NOQA = re.compile(
    r"#\s*noqa(?:\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:(?:\s*,\s*|\s+)[A-Z]+[0-9]+)*)|(?!\s*:)\b)", re.IGNORECASE
)


@dataclass(slots=True)
class Directive:
    """One comment that keeps findings back.

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
        used: The selectors that kept something back; ``""`` stands for everything.
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
    used: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Unused:
    """A suppression, or a part of one, that keeps back nothing: its place, what to say of it, and its removal."""

    cell: int | None
    location: Position
    end_location: Position
    message: str
    fix: Fix | None


class Suppressions:
    """The suppressions of one source.

    Args:
        source: The text that the findings are of.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.directives = _directives(source.code) if _ANY.search(source.code) else []
        self._blocks = [directive for directive in self.directives if directive.verb == "off"]
        self._statements: dict[int, list[Directive]] = {}
        for directive in self.directives:
            if directive.verb in ("ignore", "noqa"):
                self._statements.setdefault(directive.first, []).append(directive)
        self._starts = sorted(self._statements)

    def apply(self, findings: Sequence[Finding], fits: Callable[[str, str, str], bool]) -> tuple[list[Finding], int]:
        """Keep findings back.

        Args:
            findings: The findings of the source.
            fits: Whether a selector, the first argument, fits a rule's code and name.

        Returns:
            The findings that remain, and how many were kept back.
        """
        if not self.directives:
            return list(findings), 0
        if any(directive.verb == "skip-file" for directive in self.directives):
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
        """The suppressions that kept back nothing, once :meth:`apply` has been asked.

        Args:
            enabled: The rules that were on; a suppression of another rule may well be needed.
            rules: Every rule there is.
            fits: Whether a selector fits a rule's code and name.
            lacking: Whether there are rules that are not loaded: one that nobody knows may be theirs.
        """
        if any(directive.verb == "skip-file" for directive in self.directives):
            return
        on = {rule.code for rule in enabled}
        sparing = [one for one in self.directives if _names(one, CODE, "unused-suppression", fits)]
        known = {
            selector: {rule.code for rule in rules if fits(selector, rule.code, rule.name)}
            for selector in {selector for one in self.directives for selector in one.selectors or ()}
        }
        for directive in self.directives:
            if any(one.line == directive.line or one.first <= directive.line <= one.last for one in sparing):
                continue
            if directive.verb not in (*VERBS, "noqa"):
                yield self._report(directive, None, _meaningless(directive.verb))
            elif directive.selectors is None:
                if self._idle(directive, on, rules):
                    yield self._report(directive, None, _nothing(directive))
            else:
                yield from self._unused_selectors(directive, on, rules, known, lacking)

    def _unused_selectors(
        self,
        directive: Directive,
        on: Collection[str],
        rules: Collection[Rule],
        known: dict[str, set[str]],
        lacking: bool,
    ) -> Iterator[Unused]:
        idle: list[str] = []
        reasons: list[str] = []
        for selector in directive.selectors or ():
            codes = known[selector]
            if selector in directive.used or CODE in codes:
                continue
            if codes and codes <= set(on):
                idle.append(selector)
                reasons.append(f"`{selector}` keeps back nothing here")
            elif not codes and directive.verb != "noqa" and not lacking:
                idle.append(selector)
                reasons.append(_unknown(selector, rules))
        if idle:
            yield self._report(directive, idle, "; ".join(reasons) + "; remove it")

    def _covers(self, finding: Finding, fits: Callable[[str, str, str], bool]) -> bool:
        """Whether a finding is kept back; every directive that has a part in it counts as used."""
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
        """Whether a suppression of everything keeps back nothing, as far as the rules that are on can tell."""
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
        """The edit that takes a comment away, with its line where nothing else stands on it."""
        text = self._source.lines[directive.line - 1]
        whole = directive.end == len(text) and directive.alone
        below = self._source.program_line(cell, start.line + 1)
        if whole and below is not None and below <= len(self._source.lines):
            return Edit(cell, Position(start.line, 1), Position(start.line + 1, 1), "")
        before, after = text[: directive.start], text[directive.end :]
        if after:
            return Edit(cell, start, Position(end.line, end.column + len(after) - len(after.lstrip(" \t"))), "")
        return Edit(cell, Position(start.line, start.column - len(before) + len(before.rstrip(" \t"))), end, "")


def _directives(code: str) -> list[Directive]:
    """Every suppression in a program's comments, in order."""
    found: list[Directive] = []
    waiting: list[Directive] = []
    pending: list[Directive] = []
    first: int | None = None
    for token in _tokens(code):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            for directive in _parse(token, alone):
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
    """The program's tokens, up to where the tokenizer gives up."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(code, newline=None).readline)
    except (tokenize.TokenError, SyntaxError):
        return


def _parse(token: tokenize.TokenInfo, alone: bool) -> Iterator[Directive]:
    line, column = token.start
    for match in _OWN.finditer(token.string):
        codes = match["codes"]
        selectors = None if codes is None else tuple(one for one in re.split(r"[\s,]+", codes) if one)
        verb = match["verb"].lower()
        end = match.start() + len(match[0].rstrip())
        place = None if codes is None else (column + match.start("codes"), column + match.end("codes"))
        yield _directive(verb, selectors, line, column + match.start(), column + end, place, alone)
    for match in _NOQA.finditer(token.string):
        codes = match["codes"]
        selectors = None if codes is None else tuple(re.split(r"[\s,]+", codes.upper()))
        place = None if codes is None else (column + match.start("codes"), column + match.end("codes"))
        yield _directive("noqa", selectors, line, column + match.start(), column + match.end(), place, alone)


def _directive(
    verb: str,
    selectors: tuple[str, ...] | None,
    line: int,
    start: int,
    end: int,
    codes: tuple[int, int] | None,
    alone: bool,
) -> Directive:
    covers = (line, line) if verb in ("ignore", "noqa", "off") else (0, -1)
    return Directive(verb, selectors, *covers, line, start, end, codes, alone)


def _close_blocks(found: list[Directive], last: int) -> None:
    """Let each ``off`` reach to the ``on`` that ends it, or to the end of the text."""
    open_blocks: list[Directive] = []
    for directive in found:
        if directive.verb == "off":
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
        return "nothing is off here that `gradlint: on` could turn on; remove it"
    return f"`gradlint: {directive.verb}` keeps back nothing; remove it"


def _meaningless(verb: str) -> str:
    near = difflib.get_close_matches(verb, VERBS, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "expected " + ", ".join(f"`{one}`" for one in VERBS)
    return f"`gradlint: {verb}` means nothing; {hint}"


def _unknown(selector: str, rules: Collection[Rule]) -> str:
    names = [name for rule in rules for name in (rule.code, rule.name)]
    near = difflib.get_close_matches(selector, names, n=1)
    return f"no rule is called `{selector}`" + (f", did you mean `{near[0]}`?" if near else "")
