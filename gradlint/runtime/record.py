"""What has happened so far: operations by the tensors they made, writes of variables, and exits from TensorFlow.

Everything is bounded, so that a training of any length costs the same memory: of operations the latest are kept, of a
variable's writes the last few. A tensor whose operation has been dropped is one about which nothing is known.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from gradlint.runtime.places import Place

OPERATIONS = 100_000
"""How many operations are remembered."""
EXITS = 2_000
"""How many exits from TensorFlow are remembered."""
RETURNED = 1_000
"""How many calls of the Python functions of ``tf.py_function`` are remembered."""
WRITES = 3
"""How many writes of one variable are remembered."""
DIFFERENTIABLE = frozenset({1, 2, 8, 14, 18, 19, 20, 21})
"""TensorFlow's numbers of the dtypes that a gradient passes: floats, complex numbers, and resource and variant handles.

Source: ``tensorflow/core/framework/types.proto``.
"""
BOOL = 10
"""TensorFlow's number of the dtype ``bool``."""
FLOATS = DIFFERENTIABLE - {20, 21}
"""Those of them whose tensors hold numbers."""
READING = frozenset({"ReadVariableOp", "ResourceGather", "ResourceGatherNd"})
"""Operations that read a variable: one of integers loses nothing there, it has no gradient to begin with."""


class Operation:
    """One operation that ran eagerly, or one call of a traced function.

    Attributes:
        kind: TensorFlow's name of it: ``MatMul``; for a traced function the name of its graph.
        inputs: The identities of the tensors that went in.
        outputs: The identities of the tensors that came out.
        sequence: When it ran.
        stack: The user's line, and the lines that called it where a new constant went in.
        fresh: Those of the inputs with gradients that no remembered operation made.
        dtypes: For each output TensorFlow's number of its dtype.
        attributes: TensorFlow's attributes, keys and values in turn.
        backward: Whether it ran as a part of a gradient call.
        values: The tensors themselves, in and out, while a tape that saw them may still be asked.
    """

    __slots__ = (
        "attributes",
        "backward",
        "dtypes",
        "fresh",
        "inputs",
        "kind",
        "outputs",
        "sequence",
        "stack",
        "values",
    )

    def __init__(
        self,
        kind: str,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        sequence: int,
        stack: tuple[Place, ...],
        fresh: tuple[int, ...],
        dtypes: tuple[int, ...],
        attributes: tuple[Any, ...],
        backward: bool = False,
    ) -> None:
        self.kind = kind
        self.inputs = inputs
        self.outputs = outputs
        self.sequence = sequence
        self.stack = stack
        self.fresh = fresh
        self.dtypes = dtypes
        self.attributes = attributes
        self.backward = backward
        self.values: tuple[tuple[Any, ...], tuple[Any, ...]] | None = None

    @property
    def token(self) -> str:
        """TensorFlow's name for the Python function that a `tf.py_function` calls."""
        keys = [one.decode() if isinstance(one, bytes) else str(one) for one in self.attributes[::2]]
        found = dict(zip(keys, self.attributes[1::2], strict=True)).get("token", "")
        return found.decode() if isinstance(found, bytes) else str(found)


@dataclass(frozen=True, slots=True)
class Write:
    """A value that was written into a variable.

    Attributes:
        value: The identity of the tensor that was written, or added.
        sequence: When.
        stack: The user's lines.
        initial: Whether the variable began with it.
        symbol: The tensor itself where the write stands in a traced function.
        data: Whether it is a dataset that an iterator runs over.
        metric: Whether a Keras metric wrote it into its state.
    """

    value: int
    sequence: int
    stack: tuple[Place, ...]
    initial: bool
    symbol: Any = None
    data: bool = False
    metric: bool = False


@dataclass(frozen=True, slots=True)
class Exit:
    """A tensor that was turned into a NumPy array or a Python number.

    Attributes:
        tensor: Its identity.
        sequence: When.
        stack: The user's lines, from the innermost outwards.
        how: The method that did it: ``numpy``, ``__array__``, ``__float__``.
    """

    tensor: int
    sequence: int
    stack: tuple[Place, ...]
    how: str


class Record:
    """The latest operations, writes and exits."""

    def __init__(self) -> None:
        self.clock = 0
        self.made: dict[int, Operation] = {}
        """The operation that made a tensor, by the tensor's identity."""
        self.order: deque[Operation] = deque()
        self.writes: dict[int, deque[Write]] = {}
        """The last writes of a variable, by the identity of its handle."""
        self.exits: deque[Exit] = deque(maxlen=EXITS)
        self.returned: dict[str, tuple[int, ...]] = {}
        """What the Python function of a ``tf.py_function`` returned last, by TensorFlow's token for it."""
        self.traced: dict[str, list[Any]] = {}
        """The graphs of traced functions by their names."""
        self.created: WeakKeyDictionary[Any, dict[int, int]] = WeakKeyDictionary()
        """For each graph, when each of its tensors was made."""
        self.dropped = 0
        """When the latest of the operations that are no longer remembered ran."""

    def tick(self) -> int:
        """The next moment."""
        self.clock += 1
        return self.clock

    def add(self, operation: Operation) -> None:
        """Remember an operation, and forget the oldest where there are too many."""
        for output in operation.outputs:
            self.made[output] = operation
        self.order.append(operation)
        if len(self.order) > OPERATIONS:
            oldest = self.order.popleft()
            self.dropped = oldest.sequence
            for output in oldest.outputs:
                self.made.pop(output, None)

    def came_back(self, token: str, outputs: tuple[int, ...]) -> None:
        """Remember what the Python function of a ``tf.py_function`` returned."""
        self.returned.pop(token, None)
        self.returned[token] = outputs
        if len(self.returned) > RETURNED:
            del self.returned[next(iter(self.returned))]

    def differentiable(self, operation: Operation) -> tuple[bool, ...]:
        """For each input of an operation whether its dtype has gradients."""
        reads = operation.kind in READING
        return tuple([reads or one in operation.fresh or self._of_floats(one) for one in operation.inputs])

    def _of_floats(self, number: int) -> bool:
        made = self.made.get(number)
        if made is None:
            return number in self.writes
        return made.dtypes[made.outputs.index(number)] in DIFFERENTIABLE

    def write(self, handle: int, write: Write) -> None:
        """Remember that a variable was written."""
        kept = self.writes.get(handle)
        if kept is None:
            kept = self.writes[handle] = deque(maxlen=WRITES)
        kept.append(write)

    def graph_of(self, kind: str, count: int, inputs: tuple[int, ...] | None) -> Any:
        """The graph that a call's name stands for: the latest of that name that takes what was given.

        Args:
            kind: The name.
            count: How many inputs it has.
            inputs: Their identities, None where they are not known.
        """
        name = kind
        for prefix in ("__forward_", "__inference_"):
            if kind.startswith(prefix):
                name = kind.removeprefix(prefix).rpartition("_")[0]
        for reference in reversed(self.traced.get(name, ())):
            graph = reference()
            if graph is not None and len(graph.inputs) == count:
                captured = [getattr(outer, "_id", None) for outer, _ in graph.captures]
                if inputs is None or not captured or list(inputs[count - len(captured) :]) == captured:
                    return graph
        return None

    def written(self, handle: int) -> bool:
        """Whether a write of a variable is remembered."""
        return handle in self.writes
