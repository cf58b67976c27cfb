"""A fix is proved before it is offered: applied, analysed again, and compared with what was known before.

What is asked of every fix, safe or not:

- the text still parses, each cell of a notebook by itself;
- the claim is gone, and each gradient that it lost is connected, or is lost at another line as well and claimed there;
  where the program raised an exception it must be connected, for a None says less than an exception;
- no other claim has come;
- no other source of any gradient call has another answer than before;
- no name is read where some way to the read leaves it unbound, unless it was so before.

Where the gradient that it brings back is lost by another cause behind it, which is claimed only now, the fix is a step:
it is unsafe. It is withheld where that cause has no fix, or says that the gradient was never there to be had. Where
nothing is known of the source or of a function on the way, the gradient is not sure to arrive, and the fix is unsafe as
well.

Nothing is run: the proof is as good as the analysis. What it cannot prove is withheld, with the reason.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gradlint.fixing.bound import unbound_reads
from gradlint.fixing.text import EditError, edited, shifted, splices, texts
from gradlint.flow.account import running
from gradlint.flow.facts import Kind
from gradlint.places import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gradlint.finding import Finding
    from gradlint.flow.account import Account
    from gradlint.flow.facts import Cause, Claim, Facts, Question, Span
    from gradlint.sources.source import Source

    Analyse = Callable[[Source], Facts]
    Read = Callable[[str], Source]
    Fixable = Callable[[Source, Facts, Claim[Cause]], bool]

LOOK = 2
"""What a look at a text costs, a character."""
SINGLY = 12
"""How many fixes of one source are proved one by one; more are proved together, and apart only where that fails."""

VAIN = frozenset({Kind.UNCONNECTED, Kind.WATCHED_LATE})
"""What a fix cannot have been a step towards: the target is not computed from the source, or was before the watch."""

_Gradient = tuple[int, int]
"""A gradient by its call and by its source, both counted in the order of the program."""


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against a fix; where it is not final, the fix can be offered as an unsafe one."""

    reason: str
    is_final: bool = True


@dataclass(frozen=True, slots=True)
class Claimed:
    """A finding and the claim that it was made of."""

    finding: Finding
    claim: Claim[Cause]


def proved(
    source: Source,
    facts: Facts,
    claimed: Sequence[Claimed],
    analyse: Analyse,
    read: Read,
    fixable: Fixable,
    cost: int = 0,
) -> list[Finding]:
    """The findings with those fixes alone that the analysis bears out.

    Args:
        source: The source.
        facts: What the analysis found out of it.
        claimed: Its findings.
        analyse: Analyses a source as this one was.
        read: Makes a source of the same path and kind out of a changed text.
        fixable: Whether there is a fix for a claim that the analysis of a changed text makes.
        cost: What the analysis of the source took of the account.
    """
    before = _State(source, facts)
    with_fix = [one for one in claimed if one.finding.fix is not None]
    reasons: dict[int, Objection] = {}
    account = running()
    cost += LOOK * len(source.code)
    prover = _Prover(before, analyse, read, fixable, account, cost)
    if len(with_fix) <= SINGLY and len(with_fix) * cost <= account.left:
        for one in with_fix:
            _note(reasons, one, prover.objection([one]))
    else:
        prover.together(with_fix, reasons)
    return [_judged(one.finding, reasons.get(id(one))) for one in claimed]


def _note(reasons: dict[int, Objection], one: Claimed, objection: Objection | None) -> None:
    if objection is not None:
        reasons[id(one)] = objection


def _judged(finding: Finding, objection: Objection | None) -> Finding:
    if objection is None or finding.fix is None:
        return finding
    if objection.is_final:
        return replace(finding, fix=None, withheld=objection.reason)
    return replace(finding, fix=replace(finding.fix, applicability="unsafe"))


@dataclass
class _State:
    """A source and what the analysis found out of it."""

    source: Source
    facts: Facts

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source.code)

    @cached_property
    def unbound(self) -> Counter[tuple[str, str]]:
        return unbound_reads(self.tree)

    @cached_property
    def claims(self) -> list[Claim[Cause]]:
        """The claims that say that something is wrong."""
        return [claim for claim in self.facts.claims if claim.severity != "info"]

    @cached_property
    def answers(self) -> dict[_Gradient, Question]:
        """The answer for each source of each gradient call."""
        return {
            (number, at): question
            for number, call in enumerate(self.facts.calls)
            for at, question in enumerate(call.questions)
        }

    @cached_property
    def _places(self) -> dict[tuple[Span, str], _Gradient]:
        calls = self.facts.calls
        return {(calls[one].span, question.source): (one, at) for (one, at), question in self.answers.items()}

    def gradients(self, claim: Claim[Cause]) -> set[_Gradient]:
        """The gradients that a claim says are lost."""
        found = {self._places.get((lost.call, lost.source)) for lost in claim.gradients}
        return {one for one in found if one is not None}


@dataclass
class _Prover:
    before: _State
    analyse: Analyse
    read: Read
    fixable: Fixable
    account: Account
    cost: int
    """What proving costs once: as much as the first analysis did, and a look at the text."""

    def together(self, tried: Sequence[Claimed], reasons: dict[int, Objection]) -> None:
        """Prove fixes in one go, and halves of them apart where that fails."""
        reason = self.objection(tried)
        if reason is None:
            return
        if len(tried) == 1:
            reasons[id(tried[0])] = reason
            return
        half = len(tried) // 2
        self.together(tried[:half], reasons)
        self.together(tried[half:], reasons)

    def objection(self, tried: Sequence[Claimed]) -> Objection | None:
        """What speaks against fixes, what is final before all else; None where nothing does."""
        if self.account.left < self.cost:
            return Objection("with it, the program is too expensive to analyse again")
        self.account.pay(LOOK * len(self.before.source.code))
        edits = [edit for one in tried if one.finding.fix is not None for edit in one.finding.fix.edits]
        try:
            text = edited(self.before.source, dict.fromkeys(edits))
            source = self.read(text)
            tree = ast.parse(source.code)
        except EditError as error:
            return Objection(f"its edits do not fit the text: {error}")
        except (SyntaxError, ValueError, RecursionError):
            return Objection("with it, the program no longer parses")
        if _breaks_cells(self.before.source, source):
            return Objection("with it, a cell no longer parses on its own")
        if text == self.before.source.text:
            return Objection("it changes nothing")
        try:
            facts = self.analyse(source)
        except (SyntaxError, RecursionError, ValueError):
            return Objection("with it, the program cannot be analysed")
        after = _State(source, facts)
        after.__dict__["tree"] = tree
        found = list(self._objections(tried, after))
        return next((one for one in found if one.is_final), found[0] if found else None)

    def _objections(self, tried: Sequence[Claimed], after: _State) -> Iterator[Objection]:
        before, claims = self.before, [one.claim for one in tried]
        if before.facts.complete and not after.facts.complete:
            yield Objection("with it, the program cannot be followed to its end")
        yield from _unbound(before, after)
        if any(_is_where_it_was(one, self.before, after) for one in tried):
            yield Objection("the finding remains after it")
        yield from _still_claimed(claims, before, after)
        new = list(_newly_claimed(claims, before, after))
        for claim, is_step in new:
            yield Objection(_introduced(claim), not is_step)
        yield from _changed_answers(claims, before, after)
        yield from _not_arrived(claims, before, after)
        for claim, is_step in new:
            if is_step and not self.fixable(after.source, after.facts, claim):
                yield Objection(_introduced(claim))


def _unbound(before: _State, after: _State) -> Iterator[Objection]:
    for (_, name), count in (after.unbound - before.unbound).items():
        if count:
            yield Objection(f"`{name}` may be unbound where it is read")


def _still_claimed(claims: Sequence[Claim[Cause]], before: _State, after: _State) -> Iterator[Objection]:
    had, has = (Counter(_cause(state, claim) for claim in state.facts.claims) for state in (before, after))
    known = {id(claim) for claim in before.facts.claims}
    tried = Counter(_cause(before, claim) for claim in claims if id(claim) in known)
    fewer = {_cause(before, claim)[:2] for claim in claims if claim.gradients} & {
        _cause(after, claim)[:2] for claim in after.claims if after.gradients(claim) & _regained(claims, before, after)
    }
    if fewer or any(has[cause] > had[cause] - count for cause, count in tried.items()):
        yield Objection("the finding remains after it")


def _is_where_it_was(tried: Claimed, before: _State, after: _State) -> bool:
    """Whether a claim of the same kind begins where the claim began, though it may say something else there."""
    finding, claim = tried.finding, tried.claim
    if finding.fix is None or claim.site is not None or claim.elsewhere or not claim.gradients:
        return False
    changes = splices(before.source, dict.fromkeys(finding.fix.edits)).get(finding.cell, [])
    place = shifted(before.source, changes, after.source, finding.cell, finding.location)
    places = Places(after.source, after.facts.parts)
    sources = {lost.source for lost in claim.gradients}
    starts = (
        places.start(one.span)
        for one in after.facts.claims
        if one.kind == claim.kind and one.site is None and any(lost.source in sources for lost in one.gradients)
    )
    return any((one.path, one.cell, one.position) == (None, finding.cell, place) for one in starts)


def _cause(state: _State, claim: Claim[Cause]) -> tuple[object, ...]:
    """What a claim is about, wherever its line has gone: its kind, its line's text and the gradients that it loses."""
    span, lines = claim.span, state.source.lines
    said = lines[span.line - 1].strip() if span.line <= len(lines) and not claim.elsewhere else ""
    return (claim.kind, said, tuple((one.target, one.source, one.outcome) for one in claim.gradients))


def _regained(claims: Sequence[Claim[Cause]], before: _State, after: _State) -> set[_Gradient]:
    """The gradients that the claims lose, as they are after the fix."""
    match = _Match(before, after)
    there = {match.find(gradient) for claim in claims for gradient in before.gradients(claim)}
    return {one for one in there if one is not None}


def _introduced(claim: Claim[Cause]) -> str:
    return f"it introduces another finding ({claim.kind}, line {claim.span.line})"


def _newly_claimed(
    claims: Sequence[Claim[Cause]], before: _State, after: _State
) -> Iterator[tuple[Claim[Cause], bool]]:
    """What is claimed after the fix and was not before, and whether it is said of the gradients that it brings back.

    That makes the fix a step.
    """
    known = Counter(said for claim in before.claims for said in _said(claim))
    sources = {lost.source for claim in claims for lost in claim.gradients}
    lost = _regained(claims, before, after)
    for claim in after.claims:
        of_these = bool(claim.gradients) and after.gradients(claim) <= lost and bool(lost)
        for said in _said(claim):
            known[said] -= 1
            if known[said] < 0:
                is_step = of_these or (said[1] is not None and said[1][1] in sources)
                yield claim, is_step and claim.kind not in VAIN


def _said(claim: Claim[Cause]) -> list[tuple[str, tuple[str, str] | None]]:
    return [(claim.kind, (lost.target, lost.source)) for lost in claim.gradients] or [(claim.kind, None)]


@dataclass
class _Match:
    """Which gradient after a fix is which of those before it.

    Where the program has as many calls as before, the calls are matched in order, and so are a call's sources; else
    a gradient is the one of the same target and source, or the only one of the same source.
    """

    before: _State
    after: _State

    def find(self, gradient: _Gradient) -> _Gradient | None:
        """The gradient after the fix; None where there is none that is plainly it."""
        number, at = gradient
        old, new = self.before.facts.calls, self.after.facts.calls
        wanted = old[number].questions[at].source
        if len(old) == len(new):
            questions = new[number].questions
            named = [place for place, question in enumerate(questions) if question.source == wanted]
            if len(named) == 1:
                return number, named[0]
            return (number, at) if len(questions) == len(old[number].questions) else None
        alike = [
            place
            for place, question in self.after.answers.items()
            if question.source == wanted and new[place[0]].target == old[number].target
        ]
        alike = alike or [place for place, question in self.after.answers.items() if question.source == wanted]
        return alike[0] if alike else None

    def asks_otherwise(self, number: int) -> bool:
        """Whether a call asks for its sources in another way now, and for no fewer that are connected."""
        if len(self.before.facts.calls) != len(self.after.facts.calls):
            return False
        old, new = (state.facts.calls[number].questions for state in (self.before, self.after))
        arrived = [question for question in new if question.answer == "connected"]
        return len(arrived) == len(new) and len(arrived) >= sum(question.answer == "connected" for question in old)


def _changed_answers(claims: Sequence[Claim[Cause]], before: _State, after: _State) -> Iterator[Objection]:
    """The sources that no claim of these is about and whose answer is another one; one that arrives now is welcome."""
    lost = {one for claim in claims for one in before.gradients(claim)}
    match = _Match(before, after)
    for gradient, question in before.answers.items():
        if gradient in lost:
            continue
        there = match.find(gradient)
        if there is None and match.asks_otherwise(gradient[0]):
            continue
        answer = None if there is None else after.answers[there].answer
        if answer not in (question.answer, "connected"):
            yield Objection(f"the gradient with respect to `{question.source}` would change")


def _not_arrived(claims: Sequence[Claim[Cause]], before: _State, after: _State) -> Iterator[Objection]:
    """The gradients that are lost before and are not sure to arrive after."""
    still_lost = {one for claim in after.claims for one in after.gradients(claim)}
    match = _Match(before, after)
    raising = {one for claim in claims if _raises(claim) for one in before.gradients(claim)}
    still_raising = {one for claim in after.claims if _raises(claim) for one in after.gradients(claim)}
    for gradient in (one for claim in claims for one in before.gradients(claim)):
        there = match.find(gradient)
        if there is None or there in (still_lost if gradient not in raising else still_raising):
            continue
        answer = after.answers[there].answer
        if answer not in ("connected", "partial"):
            source = before.answers[gradient].source
            is_final = answer != "unknown" or gradient in raising
            reason = f"it is not certain that the gradient with respect to `{source}` arrives with it"
            yield Objection(reason, is_final)


def _raises(claim: Claim[Cause]) -> bool:
    """Whether what a claim says is an exception, which a fix must not turn into a silent None."""
    return any(lost.outcome == "error" for lost in claim.gradients)


def _breaks_cells(before: Source, after: Source) -> bool:
    """Whether a notebook's cell parsed or began without an indentation, and does not any more."""
    if before.kind != "notebook":
        return False
    if len(after.problems) > len(before.problems):
        return True
    was, now = texts(before), texts(after)
    return any(_is_indented(now[cell].text) and not _is_indented(was[cell].text) for cell in now if cell in was)


def _is_indented(text: str) -> bool:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return first[:1] in (" ", "\t")
