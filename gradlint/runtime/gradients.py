"""Whether TensorFlow's gradient of an operation reaches one of its inputs: TensorFlow itself is asked.

The operation is built anew in a graph of its own, with placeholders for its inputs, and its registered gradient
function is called there. So no list of operations has to be kept, and an operation of a newer version or of the
user's own is answered as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gradlint.runtime.record import Operation

Passage = Literal["passes", "none", "unregistered"]
"""A gradient passes; it is None; or there is no gradient function, so that TensorFlow raises LookupError."""

_STOPPING = ("StopGradient", "PreventGradient")
_known: dict[tuple[Any, ...], tuple[Passage, ...]] = {}


def passages(operation: Operation, floats: tuple[bool, ...]) -> tuple[Passage, ...]:
    """For each input of an operation that ran eagerly, what its gradient does there.

    Args:
        operation: The operation.
        floats: For each of its inputs whether its dtype has gradients.
    """
    key = ("eager", operation.kind, repr(operation.attributes), len(operation.inputs), floats)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _asked(operation.kind, len(operation.inputs), lambda: _rebuilt(operation))
    return found


def graph_passages(op: Any) -> tuple[Passage, ...]:
    """For each input of an operation of a graph, what its gradient does there."""
    key = ("graph", op.type, str(op.node_def.attr), len(op.inputs))
    found = _known.get(key)
    if found is None:
        found = _known[key] = _asked(op.type, len(op.inputs), lambda: _copied(op))
    return found


def _asked(kind: str, inputs: int, build: Any) -> tuple[Passage, ...]:
    from tensorflow.python.framework import ops

    registry = ops.gradient_registry
    none: Passage = "none"
    passes: Passage = "passes"
    try:
        function = registry.lookup(kind)
    except LookupError:
        missing: Passage = "passes" if _is_call(kind) else "unregistered"
        return (missing,) * inputs
    if function is None or kind in _STOPPING:
        return (none,) * inputs
    try:
        with ops.Graph().as_default():
            op = build()
            seeds = [_placeholder(output.dtype, output.shape) for output in op.outputs]
            answers = function(op, *seeds)
    except Exception:  # a gradient function of anybody's may raise anything on placeholders; then it is not blamed
        return (passes,) * inputs
    if not isinstance(answers, (list, tuple)):
        answers = [answers]
    if len(answers) != inputs:
        return (passes,) * inputs
    return tuple(none if one is None else passes for one in answers)


def _is_call(kind: str) -> bool:
    """Whether an operation is the call of a traced function, which carries a gradient of its own."""
    return kind.startswith("__") or "Partitioned" in kind


def _placeholder(dtype: Any, shape: Any) -> Any:
    import tensorflow as tf

    return tf.compat.v1.placeholder(dtype, shape)


def _copied(op: Any) -> Any:
    from tensorflow.python.framework import ops

    graph = ops.get_default_graph()
    inputs = [_placeholder(one.dtype, one.shape) for one in op.inputs]
    return graph.create_op(
        op.type, inputs, [one.dtype for one in op.outputs], attrs=dict(op.node_def.attr), op_def=op.op_def
    )


def _rebuilt(operation: Operation) -> Any:
    from tensorflow.python.framework import dtypes, op_def_library, op_def_registry

    definition = op_def_registry.get(operation.kind)
    attributes = dict(zip(operation.attributes[::2], operation.attributes[1::2], strict=True))
    attributes = {_text(key): value for key, value in attributes.items()}
    inferred: set[str] = set()
    rest = 0
    named: dict[str, Any] = {}
    for argument in definition.input_arg:
        inferred |= {argument.type_attr, argument.number_attr, argument.type_list_attr}
        dtype = argument.type or attributes.get(argument.type_attr)
        if argument.number_attr:
            count = int(attributes[argument.number_attr])
            named[argument.name] = [_placeholder(dtypes.as_dtype(dtype), None) for _ in range(count)]
        elif argument.type_list_attr:
            kinds = attributes[argument.type_list_attr]
            count = len(kinds)
            named[argument.name] = [_placeholder(dtypes.as_dtype(one), None) for one in kinds]
        else:
            count = 1
            named[argument.name] = _shaped(operation, rest, dtypes.as_dtype(dtype))
        rest += count
    options = {key: value for key, value in attributes.items() if key not in inferred}
    return op_def_library._apply_op_helper(operation.kind, **named, **options)[2]


def _shaped(operation: Operation, index: int, dtype: Any) -> Any:
    shape = None
    if operation.values is not None and index < len(operation.values[0]):
        shape = operation.values[0][index].shape
    return _placeholder(dtype, shape)


def _text(key: Any) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)
