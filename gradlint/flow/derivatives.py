"""What a gradient itself is computed from: a derivative of a linear operation does not depend on what went in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.values import Array, Join, Tensor, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.values import Recording

LINEAR = frozenset({
    "tensorflow.add", "tensorflow.subtract", "tensorflow.negative", "tensorflow.reduce_sum", "tensorflow.reduce_mean",
    "tensorflow.reshape", "tensorflow.strided_slice", "tensorflow.identity", "tensorflow.concat", "tensorflow.stack",
    "tensorflow.expand_dims", "tensorflow.squeeze", "tensorflow.transpose", "tensorflow.cast", "tensorflow.gather",
    "tensorflow.math.add_n", "tensorflow.add_n", "tensorflow.math.reduce_sum", "tensorflow.math.reduce_mean", "read",
    "tensorflow.convert_to_tensor", "tensorflow.constant", "tensorflow.tile", "tensorflow.unstack", "tensorflow.split",
    "tensorflow.math.add", "tensorflow.math.subtract", "tensorflow.math.negative", "tensorflow.broadcast_to",
})  # fmt: skip
"""Operations whose derivative is a constant (TensorFlow 2.21: their second derivative is None)."""
PRODUCT = frozenset({
    "tensorflow.multiply", "tensorflow.matmul", "tensorflow.math.multiply", "tensorflow.linalg.matmul",
    "tensorflow.tensordot", "tensorflow.linalg.matvec",
})  # fmt: skip
"""Operations whose derivative by one side is made of the other."""


def depends_on(
    targets: list[Value],
    source: Value,
    recording: Recording,
    spend: Callable[[int], None],
) -> list[Value] | None:
    """The values that the gradient of the targets by a source is computed from; None where that is not known."""
    order = _ways(targets, source, recording, spend)
    if order is None:
        return None
    found: list[Value] = []
    for node, through in order:
        spend(1 + len(node.edges))
        if node is source:
            continue
        if not isinstance(node, Tensor) or any(not edge.sure for edge in node.edges if edge.cut is None):
            return None
        if node.op in LINEAR:
            continue
        if node.op in PRODUCT and len(through) == 1 and _pair(node):
            found += [edge.parent for edge in node.edges if edge.parent is not through[0]]
            continue
        if node.op == "tensorflow.divide" and len(through) == 1 and _pair(node) and node.edges[0].parent is through[0]:
            found += [edge.parent for edge in node.edges[1:]]
            continue
        found += [edge.parent for edge in node.edges]
        found.append(node)
    return list({id(value): value for value in found}.values())


def _pair(node: Tensor) -> bool:
    """Whether an operation has two different operands, or one and a constant."""
    return len({id(edge.parent) for edge in node.edges}) == len(node.edges)


def _ways(
    targets: list[Value], source: Value, recording: Recording, spend: Callable[[int], None]
) -> list[tuple[Value, list[Value]]] | None:
    """The values on the ways from the targets to a source, each with those of its parents that lead there."""
    leads: dict[int, list[Value]] = {}
    values: dict[int, Value] = {}
    stack: list[tuple[Value, bool]] = [(target, False) for target in targets]
    while stack:
        node, done = stack.pop()
        key = id(node)
        if done:
            through = []
            for edge in node.edges:
                if edge.cut is None and recording in edge.live:
                    parent = edge.parent
                    if parent is source or leads.get(id(parent)):
                        through.append(parent)
            leads[key] = through
            continue
        if key in values:
            continue
        if isinstance(node, Unknown | Join):
            return None
        values[key] = node
        spend(1 + len(node.edges))
        if node is source or isinstance(node, Array):
            continue
        stack.append((node, True))
        stack.extend((edge.parent, False) for edge in node.edges if edge.cut is None and recording in edge.live)
    return [(values[key], through) for key, through in leads.items() if through]
