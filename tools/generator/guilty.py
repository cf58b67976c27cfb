"""Names the operation at which a gradient stops, by tracing the call and asking each operation on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def guilty(inputs: Iterable[Any], output: Any) -> str | None:
    """The first operation between some tensors and an output that takes floats, gives floats and stops the gradient.

    Where there is none, it is the first that makes something else of floats: a comparison, a cast.

    TensorFlow's registry of gradients answers for each operation by itself: one that is registered as not
    differentiable, one that is not registered, and one whose gradient gives None for the input in question.

    Args:
        inputs: Symbolic tensors of a graph.
        output: A symbolic tensor of the same graph.
    """
    before = _reach((t.op for t in inputs), lambda op: [user for out in op.outputs for user in out.consumers()])
    after = _reach([output.op], lambda op: [tensor.op for tensor in op.inputs])
    starts = {t.op for t in inputs}
    way = [op for op in output.graph.get_operations() if op in before and op in after and op not in starts]
    turned: str | None = None
    for op in way:
        if "Call" in op.type:
            return None
        entering = [t for t in op.inputs if t.op in before and _is_float(t)]
        leaving = [t for t in op.outputs if t is output or any(user in after for user in t.consumers())]
        floats = [t for t in leaving if _is_float(t)]
        if entering and floats and _stops(entering, floats):
            return str(op.type)
        if entering and not floats:
            turned = turned or str(op.type)
    return turned


def _is_float(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating or tensor.dtype.is_complex)


def _stops(entering: list[Any], leaving: list[Any]) -> bool:
    """Whether one operation lets nothing through between these of its inputs and outputs."""
    for target in leaving:
        try:
            found = tf.gradients(target, entering)
        except LookupError:
            continue
        except Exception:
            return False
        if any(gradient is not None for gradient in found):
            return False
    return True


def _reach(starts: Iterable[Any], neighbours: Callable[[Any], Iterable[Any]]) -> set[Any]:
    seen: set[Any] = set()
    left = list(starts)
    while left:
        op = left.pop()
        if op not in seen:
            seen.add(op)
            left.extend(neighbours(op))
    return seen
