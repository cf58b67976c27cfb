"""Which operation made a gradient NaN or infinite: the recorded operations are differentiated once more, one by one.

A traced function that was called is run once more with its operations' values fetched, and they take its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.runtime import sources
from gradlint.runtime.observed import WayCut
from gradlint.runtime.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gradlint.runtime.calls import ObservedCall
    from gradlint.runtime.frames import GraphRun
    from gradlint.runtime.record import Operation
    from gradlint.runtime.way import WaysBack
    from gradlint.runtime.windows import Window


def first(window: Window, call: ObservedCall, ways: WaysBack) -> WayCut:
    """The operation whose backward pass, or whose result already, is the first that is not finite.

    Args:
        window: When the tape recorded.
        call: The gradient call.
        ways: The ways back from its target, which know the traced functions.
    """
    here = call.stack[0] if call.stack else None
    recorded = [one for one in window.operations if one.values is not None and not one.backward]
    operations = [inner for one in recorded for inner in _opened(one, ways, one.inputs)]
    return _blamed(operations, {one._id: one for one in sources.tensors(call.target)}, here)


def inside(frame: GraphRun, call: ObservedCall, result: Iterable[Any]) -> tuple[list[bool], WayCut]:
    """For a gradient call of a traced function: which of its gradients are not finite in one run, and why.

    Args:
        frame: The run of the function.
        call: The gradient call.
        result: The gradients that it gave, as tensors of the graph, and None.

    Raises:
        Exception: Whatever TensorFlow raises.
    """
    here = call.stack[0] if call.stack else None
    gradients = [getattr(one, "values", one) if hasattr(one, "indices") else one for one in result]
    again = frame.replay([one for one in gradients if one is not None])
    if not again.run():
        return [], WayCut("nonfinite", here)
    bad = [one is not None and not sources.finite(again.values[one._id]) for one in gradients]
    targets = sources.tensors(call.target)
    forth = frame.replay(targets)
    if not any(bad) or not forth.run():
        return bad, WayCut("nonfinite", here)
    values = {one._id: forth.values[one._id] for one in targets}
    return bad, _blamed(forth.record({}, 0), values, here)


def _opened(operation: Operation, ways: WaysBack, inputs: tuple[int, ...] | None) -> Iterator[Operation]:
    """The operations of a traced function in the place of its call, where it can be run once more."""
    graph = ways.record.graph_of(operation.kind, len(operation.inputs), inputs) if operation.values else None
    if graph is None or operation.values is None:
        yield operation
        return
    given = {inner._id: value for inner, value in zip(graph.inputs, operation.values[0], strict=False)}
    names = {inner._id: outer for inner, outer in zip(graph.inputs, operation.inputs, strict=False)}
    for inner, outer in zip(graph.outputs, operation.outputs, strict=False):
        names.setdefault(inner._id, outer)
    again = Replay(graph, graph.outputs, given)
    try:
        ran = again.run()
    except Exception:  # whatever the graph does on a second run, the call itself is still known
        ran = False
    for step in again.record(names, operation.sequence) if ran else ():
        yield from _opened(step, ways, None)
    if not ran:
        yield operation


def _blamed(operations: list[Operation], targets: Mapping[int, Any], here: Any) -> WayCut:
    for operation in operations:
        ins, outs = operation.values or ((), ())
        if all(map(_finite, ins)) and not all(map(_finite, outs)):
            return WayCut("nonfinite", _place(operation) or here, operation.kind)
    found = _backward(operations, targets)
    return WayCut("nonfinite", here) if found is None else WayCut("nonfinite", _place(found) or here, found.kind)


def _finite(value: Any) -> bool:
    return value is None or sources.finite(value)


def _place(operation: Operation) -> Any:
    return operation.stack[0] if operation.stack else None


def _backward(operations: list[Operation], targets: Mapping[int, Any]) -> Operation | None:
    """The first operation, from the target back, that makes a gradient that is not finite of one that is."""
    import tensorflow as tf
    from tensorflow.python.eager import backprop

    gradients: dict[int, Any] = {number: tf.ones_like(one) for number, one in targets.items()}
    for operation in reversed(operations):
        ins, outs = operation.values or ((), ())
        if not any(one in gradients for one in operation.outputs):
            continue
        seeds = [gradients.get(number) for number in operation.outputs]
        seeds = [tf.zeros_like(out) if seed is None else seed for seed, out in zip(seeds, outs, strict=True)]
        try:
            answers = backprop._gradient_function(
                operation.kind, operation.attributes, len(ins), list(ins), list(outs), seeds, (), ""
            )
        except Exception:  # a gradient function of anybody's may raise anything; then this one is passed over
            continue
        if not isinstance(answers, (list, tuple)):
            answers = [answers]
        for number, answer in zip(operation.inputs, answers, strict=False):
            if answer is None:
                continue
            if not sources.finite(answer):
                return operation
            dense = tf.convert_to_tensor(answer)
            gradients[number] = gradients[number] + dense if number in gradients else dense
    return None
