"""What each rule's findings say of the source, the target or the flagged value, besides where the gradient is lost.

A gradient that ends at a place may be lost there for another reason than the finding gives: the source is watched and
of floats, what comes out is a Tensor and no array, or it holds other numbers than what went in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.confirm.protocol import Event

Source = Literal[
    "tensor", "unwatched tensor", "unwatched variable", "unwatched", "integer", "floats", "no tensor", "no target"
]

SOURCES: dict[str, Source] = {
    "GT101": "tensor",
    "GT102": "unwatched tensor",
    "GT103": "unwatched variable",
    "GT104": "unwatched",
    "GT105": "integer",
    "GT107": "no tensor",
    "GT207": "no target",
    **dict.fromkeys(("GT201", "GT202", "GT203", "GT204", "GT206", "GT208"), "floats"),
    **dict.fromkeys(("GT301", "GT302", "GT303", "GT304", "GT305", "GT306"), "floats"),
}
"""For each rule whose findings name what a source or a target is: that. Where the gradient is lost on the way, the
source is one that has a gradient."""

Value = Literal[
    "an array's", "no tensor", "the same numbers", "other numbers", "no floats", "truth values", "a metric's"
]

VALUES: dict[str, Value] = {
    "GT201": "an array's",
    "GT202": "no tensor",
    "GT203": "the same numbers",
    "GT208": "a metric's",
    "GT301": "other numbers",
    "GT303": "no floats",
    "GT304": "truth values",
    "GT306": "the same numbers",
}
"""For each rule whose findings say what comes out of the flagged place: that."""

EXCEPTIONS: dict[str, frozenset[str]] = {
    "GT401": frozenset({"RuntimeError", "InternalError"}),
}
"""For each rule whose findings explain an exception of TensorFlow's: its types."""

OPERATIONS: dict[str, frozenset[str]] = {"GT603": frozenset({"Log", "Log1p"})}
"""For each rule whose findings name an operation that makes a gradient infinite: TensorFlow's names of it."""

TENSORS = frozenset({"tensor", "variable", "result of an assignment"})
NESTS = frozenset({"tuple", "list", "dict"})
"""What an operation gives of several Tensors."""
NEAR = 1e-6
"""How far sums of the same numbers may lie apart, as a share of them."""


def of_source(code: str, event: Event, places: Sequence[int]) -> bool:
    """Whether a source, or the target, is what a rule's findings say that it is."""
    nature = SOURCES.get(code)
    if nature is None:
        return True
    if nature == "no target":
        return not {"tensor", "variable"}.issuperset(event["given"])
    known = [place for place in places if place < len(event["kinds"])]
    return any(_is_of(nature, event, place) for place in known) or (nature == "floats" and not known)


def _is_of(nature: Source, event: Event, place: int) -> bool:
    kind, name = event["kinds"][place], event["dtypes"][place]
    if nature in {"integer", "floats"}:
        return (not name and nature == "floats") or _floats(name) is (nature == "floats")
    if nature == "no tensor":
        return kind not in {"tensor", "variable"}
    alike = {"tensor": kind != "variable", "variable": kind == "variable"}.get(nature.rpartition(" ")[2], True)
    known = {"nothing"} if nature.startswith("unwatched") else {"nothing", "maybe"}
    return alike and event["known"][place] in known


def of_value(code: str, term: Event) -> bool:
    """Whether what came out of the flagged place is what a rule's findings say of it."""
    nature = VALUES.get(code)
    if nature == "an array's":
        return term["kind"] not in TENSORS or any(operand["kind"] == "ndarray" for operand in term["operands"])
    if nature == "no tensor":
        return term["kind"] not in TENSORS
    if nature == "no floats":
        return not _floats(term["dtype"])
    if nature == "truth values":
        return bool(term["dtype"] == "bool")
    if nature == "a metric's":
        return any(operand["kind"] == "metric" for operand in term["operands"])
    if nature == "other numbers":
        same = _floats(term["dtype"]) and same_numbers(term) and _fractional(term["sum"])
        return term["kind"] in TENSORS | NESTS and not same
    if nature == "the same numbers":
        return term["kind"] in TENSORS and same_numbers(term) is not False
    return True


def of_failure(code: str, event: Event) -> bool:
    """Whether a gradient call gave an answer, or raised what a rule's findings may explain."""
    return event["t"] != "failed" or of_exception(code, event["type"])


def of_exception(code: str, exception: str) -> bool:
    """Whether a rule's findings may explain an exception of a type."""
    return exception in EXCEPTIONS.get(code, {exception})


def _floats(dtype: str) -> bool:
    return "float" in dtype or "complex" in dtype


def same_numbers(term: Event) -> bool | None:
    """Whether a value holds the numbers of one that it was made of; None where they are not known."""
    made = term["sum"]
    sums = [operand["sum"] for operand in term["operands"]]
    if made is None or None in sums:
        return None
    return any(abs(one - made) <= NEAR * max(abs(one), abs(made)) for one in sums)


def _fractional(total: float | None) -> bool:
    return total is not None and total != round(total)
