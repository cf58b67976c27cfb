"""The forms of what a probe may report; anything else is no observation and is counted as a stray line.

A probe's process belongs to the program that it runs, so what comes out of it is read as any input is: field by field,
within bounds, and never trusted to be complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.confirm.protocol import Event, RunReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MANY = 5_000
"""How many items a list of observations may have."""
LONG = 2_000
"""How many characters a text may have."""
PACKED = 600_000
"""How many characters packed values may have."""

OUTCOMES = frozenset({"none", "nan", "zero", "value"})
ENDS = frozenset({"completed", "raised", "exited"})


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONG


def _packed(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= PACKED


def _maybe(form: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or form(value)


def _list(form: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) <= MANY and all(map(form, value))


def _map(form: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, dict) and len(value) <= MANY and all(map(_text, value)) and all(map(form, value.values()))
    )


def _one_of(words: frozenset[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in words


def _record(fields: Mapping[str, Callable[[Any], bool]]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, dict) and value.keys() == fields.keys() and all(fields[name](value[name]) for name in fields)
    )


def _origin(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) == 3 and value[0] in {"variable", "leaf"} and all(map(_whole, value[1:]))
    )


def _frame(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and _text(value[0]) and _whole(value[1]) and _text(value[2])


ERROR: dict[str, Callable[[Any], bool]] = {
    "type": _text,
    "mro": _list(_text),
    "text": _text,
    "frames": _list(_frame),
    "quoted": _list(_whole),
    "module": _maybe(_text),
}
"""An exception: its type's name and those of its bases, its text, and its frames from the outermost: whose code it
was (``program``, ``tensorflow``, ``probe`` or ``other``), the line, the function; and the program's lines that its text
quotes."""

STATE = _list(_text)
"""For each source: ``value``, ``none``, ``unknown`` or the type of the exception that its gradient raised."""

TERM = _record(
    {
        "seq": _whole,
        "under": _flag,
        "taped": _flag,
        "ids": _list(_whole),
        "kind": _text,
        "dtype": _text,
        "sum": _maybe(_number),
        "state": STATE,
        "held": STATE,
        "holds": _text,
        "reaches": _flag,
        "ops": _maybe(_list(_record({"name": _text, "gradient": _text}))),
        "operands": _list(_record({"state": STATE, "kind": _text, "sum": _maybe(_number)})),
    }
)
"""One evaluation of a flagged place, as it stands to the tape of a gradient call."""

ASKED: dict[str, Callable[[Any], bool]] = {
    "n": _whole,
    "seq": _whole,
    "tape": _whole,
    "object": _whole,
    "method": _text,
    "sources": _list(_whole),
    "counts": _list(_whole),
    "names": _list(_text),
    "dtypes": _list(_text),
    "kinds": _list(_text),
    "known": _list(_one_of(frozenset({"told", "maybe", "nothing"}))),
    "given": _list(_text),
    "same": _map(_list(_whole)),
    "origins": _list(_maybe(_origin)),
    "terms": _map(_list(TERM)),
    "recording": _flag,
    "persistent": _flag,
    "way": _maybe(_whole),
    "targets": _list(_whole),
    "context": _list(_whole),
}
"""What a gradient call was asked: its tape, its flattened sources, and how the flagged places stand to it."""

FORMS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "call": {
        **ASKED,
        "tapes": _list(_list(_flag)),
        "silent": _flag,
        "outs": _list(_one_of(OUTCOMES)),
        "shown": _list(_text),
        "dots": _list(_maybe(_number)),
        "symbolic": _flag,
        "finite": _maybe(_flag),
        "size": _maybe(_whole),
        "scaled": _flag,
        "total": _maybe(_number),
        "precise": _flag,
    },
    "failed": {**ASKED, "reached": _flag, **ERROR},
    "raised": {"n": _whole, "seq": _whole, "way": _maybe(_whole), "nothing": _whole, **ERROR},
    "entered": {"n": _whole, "seq": _whole},
    "place": {
        "n": _whole,
        "seq": _whole,
        "kind": _text,
        "count": _maybe(_whole),
        "object": _whole,
        "kept": _maybe(_packed),
    },
    "bound": {"n": _whole, "seq": _whole, "when": _text, "kind": _text, "ids": _list(_whole)},
    "watch": {"seq": _whole, "tape": _whole, "source": _whole, "lines": _list(_whole)},
    "used": {"seq": _whole, "source": _whole},
    "pairs": {"n": _whole, "pairs": _whole, "mismatched": _whole, "none": _whole},
    "left": {
        "n": _whole,
        "call": _whole,
        "seq": _whole,
        "made": _whole,
        "listed": _whole,
        "missing": _whole,
        "moves": _whole,
    },
    "warning": {"text": _text, "n": _maybe(_whole)},
    "birth": {"op": _text, "lines": _list(_whole), "span": _list(_whole)},
    "tape": {"object": _whole, "asked": _whole, "persistent": _flag},
    "turns": {"counts": _map(_whole), "cut": _flag, "way": _maybe(_whole)},
    "nudged": {"n": _whole, "moved": _flag},
    "skipped": {"line": _whole, "dirty": _flag, **ERROR},
    "refused": {"what": _text},
    "attempt": {"way": _whole, **ERROR},
    "tampered": {"what": _text},
    "end": {"how": _one_of(ENDS), **ERROR},
}
"""Each kind of event and the forms of its fields; all of them must be there, and no others."""


def well_formed(record: Any) -> bool:
    """Whether a record is an observation: of a known kind, with its fields, each of its form."""
    if not isinstance(record, dict) or not isinstance(record.get("t"), str):
        return False
    fields = FORMS.get(record["t"])
    if fields is None or record.keys() != {"t", *fields}:
        return False
    return all(form(record[name]) for name, form in fields.items())


def read(record: Any) -> RunReport:
    """A report as the worker sent it; what is no observation is counted and left out.

    Raises:
        ValueError: If it is no report at all.
    """
    if not isinstance(record, dict) or not isinstance(record.get("events"), list):
        raise ValueError("not a report")
    events: list[Event] = [event for event in record["events"] if well_formed(event)]
    strays = len(record["events"]) - len(events)
    ending = record.get("ending")
    if ending not in {*ENDS, "killed", "timeout", "flooded", "lost"}:
        raise ValueError("not a report's ending")
    return RunReport(
        tuple(events), ending, int(record["status"]), float(record["seconds"]), strays + int(record.get("strays", 0))
    )
