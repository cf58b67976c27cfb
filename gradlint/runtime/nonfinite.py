"""Which operation made a gradient NaN or infinite: the recorded operations are differentiated once more, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.runtime import sources
from gradlint.runtime.observed import WayCut

if TYPE_CHECKING:
    from gradlint.runtime.calls import ObservedCall
    from gradlint.runtime.record import Operation
    from gradlint.runtime.windows import Window


def first(window: Window, call: ObservedCall) -> WayCut:
    """The operation whose backward pass, or whose result already, is the first that is not finite.

    Args:
        window: When the tape recorded.
        call: The gradient call.
    """
    here = call.stack[0] if call.stack else None
    operations = [one for one in window.operations if one.values is not None and not one.backward]
    for operation in operations:
        ins, outs = operation.values or ((), ())
        if all(map(sources.finite, ins)) and not all(map(sources.finite, outs)):
            return WayCut("nonfinite", _place(operation) or here, operation.kind)
    found = _backward(operations, call)
    return WayCut("nonfinite", here) if found is None else WayCut("nonfinite", _place(found) or here, found.kind)


def _place(operation: Operation) -> Any:
    return operation.stack[0] if operation.stack else None


def _backward(operations: list[Operation], call: ObservedCall) -> Operation | None:
    """The first operation, from the target back, that makes a gradient that is not finite of one that is."""
    import tensorflow as tf
    from tensorflow.python.eager import backprop

    gradients: dict[int, Any] = {one._id: tf.ones_like(one) for one in sources.tensors(call.target)}
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
