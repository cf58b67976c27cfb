"""What the values of a run were, by place: the operation that made each, its dtype, and what it is connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.runtime import gradients
from gradlint.runtime.record import DIFFERENTIABLE, READING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradlint.runtime.record import Operation, Record

MOST_OF_LINE = 20
"""How many values of one line are kept."""
NOTHING: frozenset[str] = frozenset()


def by_place(record: Record, names: Mapping[int, str]) -> dict[str, dict[int, list[dict[str, Any]]]]:
    """By file and line, what the remembered operations gave, and through which method values left TensorFlow.

    Args:
        record: What was recorded.
        names: What the sources of gradient calls are called, by their identities.
    """
    found: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for path, line, value in _values(record, names):
        of_line = found.setdefault(path, {}).setdefault(line, [])
        if value not in of_line and len(of_line) < MOST_OF_LINE:
            of_line.append(value)
    return found


def _values(record: Record, names: Mapping[int, str]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    from tensorflow.python.framework import dtypes

    connected: dict[int, frozenset[str]] = {number: frozenset({name}) for number, name in names.items()}
    for operation in record.order:
        if operation.backward:
            continue
        reached = _reached(record, operation, connected)
        for output, kind in zip(operation.outputs, operation.dtypes, strict=True):
            through = reached if kind in DIFFERENTIABLE else NOTHING
            connected[output] = through | connected.get(output, NOTHING)
            if operation.stack:
                place = operation.stack[0]
                dtype = dtypes.as_dtype(kind).name
                value = {"operation": operation.kind, "dtype": dtype, "connected": sorted(connected[output])}
                yield place.path, place.line, value
    yield from _traced(record)
    for exit_ in record.exits:
        if exit_.stack:
            value = {"left": exit_.how, "connected": sorted(connected.get(exit_.tensor, NOTHING))}
            yield exit_.stack[0].path, exit_.stack[0].line, value


def _traced(record: Record) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """What the operations of traced functions give; what it is connected to shows where a function is called."""
    from gradlint.runtime.places import of_traceback

    for graph in list(record.created):
        for op in graph.get_operations():
            for place in of_traceback(op.traceback, 1):
                for output in op.outputs:
                    yield place.path, place.line, {"operation": op.type, "dtype": output.dtype.name, "traced": True}


def _reached(record: Record, operation: Operation, connected: Mapping[int, frozenset[str]]) -> frozenset[str]:
    """The sources whose gradient passes an operation."""
    reaching = [connected.get(one, NOTHING) for one in operation.inputs]
    if not any(reaching) or operation.kind in READING:
        return NOTHING.union(*reaching)
    answers = gradients.passages(operation, record.differentiable(operation))
    return NOTHING.union(*[one for one, answer in zip(reaching, answers, strict=True) if answer == "passes"])
