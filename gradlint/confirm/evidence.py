"""What must be seen at the place that a finding points at, before TensorFlow's answer is taken to bear it out.

A gradient that is None says nothing of the line that lost it. Each rule's findings point at a place of a certain sort,
and that place must have had its part in the run: the value there is where the connection ends, or it is the very
source, or the very tape. One place could be told from another by nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gradlint.confirm import families, natures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gradlint.confirm.plan import Case
    from gradlint.confirm.protocol import Event, RunReport

Sort = Literal[
    "source", "integer", "tape", "watch", "call", "target", "inner", "break", "outside", "state", "assigned", "led"
]

SORTS: dict[Sort, str] = {
    "source": "the place made, or bound, the very object that the gradient is asked for",
    "integer": "the place made the integers that the source, of the same type, holds, before the tape recorded",
    "tape": "the place made the very tape that is asked",
    "watch": "the place made that very tape watch that very source",
    "call": "the place belongs to the gradient call itself",
    "target": "the place gave the very target of the gradient call",
    "inner": "the place is another gradient call, made while this tape did not record",
    "break": "a gradient reaches the source from what went into the place, and none from what came out of it",
    "outside": "the same, and the tape did not record there",
    "state": "the place read what a metric or another object has gathered, and no gradient comes out of it",
    "led": "the loss lies in another file of the project, and the place is where the program leads there",
    "assigned": "a gradient reaches the source from what was assigned to a variable there",
}

EVIDENCE: dict[str, tuple[Sort, ...]] = {
    "GT101": ("source",),
    "GT102": ("source", "call"),
    "GT103": ("source",),
    "GT104": ("tape",),
    "GT105": ("source", "integer", "call"),
    "GT106": ("watch",),
    "GT107": ("call",),
    "GT108": ("source", "call"),
    "GT201": ("break",),
    "GT202": ("break",),
    "GT203": ("break",),
    "GT204": ("assigned", "break"),
    "GT205": ("outside",),
    "GT206": ("break",),
    "GT207": ("call", "break"),
    "GT208": ("break", "state"),
    "GT301": ("break",),
    "GT302": ("break",),
    "GT303": ("break",),
    "GT304": ("break",),
    "GT305": ("break",),
    "GT306": ("break",),
    "GT307": ("call", "target"),
    "GT401": ("call",),
    "GT404": ("break", "outside", "inner", "target"),
    "GT405": ("call",),
}
"""For each rule whose findings name a lost gradient: what the place may have to do with it. A rule that is not here,
one of a plugin's, may point at a place of any sort."""

OF_CALLS = frozenset({"GT404"})
"""Rules whose findings point at a gradient call, or at what holds one, where the tape that is asked did not record."""
OF_UPDATES = frozenset({"GT204"})
"""Rules whose findings point at what gives a variable another value."""

ANY: tuple[Sort, ...] = tuple(sort for sort in SORTS if sort != "led")
"""What a place may have to do with the gradient where its rule says nothing of it."""


def shown(
    case: Case, event: Event, places: Sequence[int], report: RunReport, *, leads: bool, line: Callable[[int], int]
) -> Sort | None:
    """What the flagged place had to do with a gradient call, of what the finding's rule may claim; None for nothing.

    Args:
        case: The finding.
        event: The gradient call as it was seen.
        places: Where the claimed source stands among the call's sources.
        report: The run.
        leads: Whether the call may depend on the flagged statement at all.
        line: The program's line for one of the probe's.
    """
    found = _shown(case, event, places, report, leads=leads, line=line)
    return next(found, None)


def all_shown(
    case: Case, event: Event, places: Sequence[int], report: RunReport, *, leads: bool, line: Callable[[int], int]
) -> frozenset[Sort]:
    """All that the flagged place had to do with a gradient call, as :func:`shown` has the first of it."""
    return frozenset(_shown(case, event, places, report, leads=leads, line=line))


def _shown(
    case: Case, event: Event, places: Sequence[int], report: RunReport, *, leads: bool, line: Callable[[int], int]
) -> Iterator[Sort]:
    if not natures.of_source(case.finding.code, event, places) or not natures.of_failure(case.finding.code, event):
        return
    sorts = EVIDENCE.get(case.finding.code, ANY)
    if any(step.path is not None for step in case.finding.flow):
        sorts = (*sorts, "led")
    for sort in sorts:
        if _holds(sort, case, event, places, report, leads=leads, line=line):
            yield sort


def carried(case: Case, event: Event, places: Sequence[int]) -> bool:
    """Whether a gradient of the target reaches a value of the flagged place from which none reaches the source."""
    terms = event["terms"].get(str(case.place), [])
    return any(term["reaches"] and _breaks(case, term, places, None) for term in terms)


def _holds(
    sort: Sort,
    case: Case,
    event: Event,
    places: Sequence[int],
    report: RunReport,
    *,
    leads: bool,
    line: Callable[[int], int],
) -> bool:
    if sort == "call":
        return event["n"] in case.inside
    if sort == "watch":
        return _watched(case, event, places, report, line)
    terms = event["terms"].get(str(case.place), [])
    if not _of_sort(case, terms):
        return False
    if sort == "tape":
        return any(event["object"] in term["ids"] for term in terms)
    if sort == "target":
        given = [term for term in terms if set(event["targets"]) & set(term["ids"])]
        return (bool(case.inside) and bool(given)) or any(_breaks(case, term, places, None) for term in given)
    if sort == "source":
        sources = {event["sources"][place] for place in places if place < len(event["sources"])}
        bound = [one for one in report.of("bound", case.place) if one["when"] == "after" and one["seq"] < event["seq"]]
        bound = [] if case.element else bound  # What else is bound by the same statement, or made of what stands there.
        return any(sources & set(one["ids"]) for one in [*terms, *bound])
    return leads and _leads(sort, case, event, places, report)


def _of_sort(case: Case, terms: list[Event]) -> bool:
    """Whether the flagged place is of the sort that a rule's findings point at."""
    if case.finding.code in OF_CALLS:
        return bool(case.inside) and not any(term["under"] for term in terms[-1:])
    if case.finding.code in OF_UPDATES:
        return case.assigns or any(term["kind"] == "result of an assignment" for term in terms)
    return True


def _leads(sort: Sort, case: Case, event: Event, places: Sequence[int], report: RunReport) -> bool:
    """What the flagged statement had to do with a call that may depend on it."""
    terms = event["terms"].get(str(case.place), [])
    if sort == "led":
        return bool(terms) or any(one["seq"] < event["seq"] for one in report.of("entered", case.place))
    if sort == "integer":
        return any(_same_integers(term, event, places) for term in terms[-1:] if not term["under"])
    if sort == "assigned":
        return case.assigns and any(_reaches(term, places) for term in terms)
    if sort == "inner":
        others = case.inside - {event["n"]}
        return bool(others) and any(not term["under"] and _ends(term, places) for term in terms[-1:])
    if sort == "outside":
        # Those before the last, none of them the target, may be of an earlier turn, recorded by a tape of its own.
        asked = [term for term in terms if set(event["targets"]) & set(term["ids"])] or terms[-1:]
        counted = [term for term in asked if not term["under"] and term["kind"] != "NoneType"]
        return any(_breaks(case, term, places, event.get("type")) for term in counted)
    counted = [term for term in terms if term["under"] and term["kind"] != "NoneType"]
    if sort == "state":
        return any(_gathered(term, places) for term in counted)
    return any(_breaks(case, term, places, event.get("type")) for term in counted)


def _watched(case: Case, event: Event, places: Sequence[int], report: RunReport, line: Callable[[int], int]) -> bool:
    sources = {event["sources"][place] for place in places if place < len(event["sources"])}
    return any(
        one["tape"] == event["tape"]
        and one["source"] in sources
        and one["seq"] < event["seq"]
        and any(line(number) in case.lines for number in one["lines"])
        for one in report.of("watch")
    )


def _same_integers(term: Event, event: Event, places: Sequence[int]) -> bool:
    if _reaches(term, places):
        return False
    held = {event["dtypes"][place] for place in places if place < len(event["dtypes"])}
    return any("int" in name and term["dtype"] and term["dtype"] in name for name in held)


def _reaches(term: Event, places: Sequence[int]) -> bool:
    return any(
        operand["state"][place] == "value"
        for operand in term["operands"]
        for place in places
        if place < len(operand["state"])
    )


def _breaks(case: Case, term: Event, places: Sequence[int], failed: str | None) -> bool:
    """Whether a gradient reaches the source from what a place was given, and none from what it gave.

    What it gave is also what its statement bound, where that binds what the place gave and nothing made of it.
    """
    whole = case.expression is None or case.expression is getattr(case.statement, "value", None)
    of_kind = failed is not None or _is_of_kind(case, term)
    bound = whole and failed is None and (of_kind or _is_of_kind(case, {**term, "kind": term["holds"]}))
    for place in places:
        came = [operand["state"][place] for operand in term["operands"] if place < len(operand["state"])]
        gone = term["state"][place] if place < len(term["state"]) else "unknown"
        if failed is not None and gone == failed and failed not in came:
            return True
        if of_kind and gone not in {"value", "unknown"} and "value" in came:
            return True
        if bound and gone == "value" and term["held"][place : place + 1] in (["none"], ["zero"]):
            return True
    return False


def _is_of_kind(case: Case, term: Event) -> bool:
    """Whether what came out of a place is what the finding's rule says of it."""
    code = case.finding.code
    return natures.of_value(code, term) and families.may_be(code, term, case.called)


def _ends(term: Event, places: Sequence[int]) -> bool:
    return all(term["state"][place] == "none" for place in places if place < len(term["state"]))


def _gathered(term: Event, places: Sequence[int]) -> bool:
    held = [operand for operand in term["operands"] if any(operand["state"][place] == "unknown" for place in places)]
    return bool(held) and all(term["state"][place] in {"none", "zero"} for place in places)
