"""What the operations of a traced function gave in one call: its graph is run once more, with their values fetched.

Only what changes nothing is run again. A graph that writes variables, draws from a generator's state, prints or calls
Python on the way to what is wanted is left alone, and so is one that calls a function or has a branch that does.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gradlint.runtime.places import of_traceback
from gradlint.runtime.record import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

READING = ("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp", "Assert")
"""Operations that TensorFlow calls stateful and that change no state."""
DRAWING = ("Random", "Multinomial", "Truncated", "ParameterizedTruncated", "Stochastic")
"""How the names of those begin that draw anew, from a generator of their own."""
HANDLES = frozenset({"resource", "variant", "string"})
"""Dtypes of what is not fetched."""
MANY = 4_000
"""How many operations a graph may have that is run again."""


class Replay:
    """One more run of a part of a graph.

    Args:
        graph: The traced function's graph.
        wanted: The tensors that it leads to.
        given: The values of tensors of the graph, by their identities: its inputs, and variables as they were read.
        handles: What stands for the variables that the graph captures, by the identities of the graph's inputs.
    """

    def __init__(
        self,
        graph: Any,
        wanted: Iterable[Any],
        given: Mapping[int, Any],
        handles: Mapping[int, Any] = MappingProxyType({}),
    ) -> None:
        self.graph = graph
        self.wanted = [one for one in wanted if getattr(one, "graph", None) is graph]
        self.given = dict(given)
        self.handles = handles
        self.operations = self._before(self.wanted)
        self.values: dict[int, Any] = {}

    def run(self) -> bool:
        """Run it; whether it could be.

        Raises:
            Exception: Whatever TensorFlow raises.
        """
        from tensorflow.python.eager import record as tapes
        from tensorflow.python.eager import wrap_function

        if not self.wanted or len(self.operations) > MANY or any(map(_acts, self.operations)):
            return False
        fetches = {
            one._id: one
            for operation in self.operations
            for one in operation.outputs
            if one.dtype.name not in HANDLES and one._id not in self.given
        }
        fetches.update((one._id, one) for one in self.wanted if one._id not in self.given)
        captured = {id(one) for one in self.graph.internal_captures}
        feeds = [one for one in self._tensors() if one._id in self.given and id(one) not in captured]
        holder = wrap_function.VariableHolder()
        pruned = wrap_function.WrappedFunction(self.graph, holder).prune(feeds, list(fetches.values()))
        inside = {inner._id: self.given.get(inner._id) for _, inner in self.graph.captures} | dict(self.handles)
        pruned.set_external_captures(
            [outer if inside.get(inner._id) is None else inside[inner._id] for outer, inner in self.graph.captures]
        )
        with tapes.stop_recording():
            answers = pruned(*[self.given[one._id] for one in feeds])
        self.values = {**self.given, **dict(zip(fetches, answers, strict=True))}
        return True

    def record(self, names: Mapping[int, int], sequence: int) -> list[Operation]:
        """The operations as they would have run eagerly, with their values.

        Args:
            names: What the identities of some of the graph's tensors are called outside of it.
            sequence: When the call ran.
        """
        found = []
        for one in self.operations:
            ins = tuple([names.get(tensor._id, tensor._id) for tensor in one.inputs])
            outs = tuple([names.get(tensor._id, tensor._id) for tensor in one.outputs])
            dtypes = tuple([tensor.dtype.as_datatype_enum for tensor in one.outputs])
            stack = of_traceback(one.traceback, 4)
            operation = Operation(_kind(one), ins, outs, sequence, stack, (), dtypes, _attributes(one))
            operation.values = (self._of(one.inputs), self._of(one.outputs))
            found.append(operation)
        return found

    def _of(self, tensors: Sequence[Any]) -> tuple[Any, ...]:
        return tuple([self.values.get(one._id) for one in tensors])

    def _tensors(self) -> list[Any]:
        made = [one for operation in self.graph.get_operations() for one in operation.outputs]
        return [one for one in made if one._id in self.given]

    def _before(self, tensors: list[Any]) -> list[Any]:
        """The operations that some tensors are made by, in the order of the graph, without what is given."""
        wanted: set[str] = set()
        pending = list(tensors)
        while pending:
            tensor = pending.pop()
            if tensor._id in self.given or tensor.op.name in wanted:
                continue
            wanted.add(tensor.op.name)
            pending += tensor.op.inputs
        return [one for one in self.graph.get_operations() if one.name in wanted and one.type != "Placeholder"]


def _kind(operation: Any) -> str:
    """An operation's kind; the call of a traced function has the function's name, as an eager one does."""
    return str(operation.get_attr("f").name) if "PartitionedCall" in operation.type else str(operation.type)


def _acts(operation: Any) -> bool:
    """Whether an operation, or one that it waits for, does more than give a result."""
    functions = getattr(operation.graph, "_functions", {})
    return any(_changes(one.node_def, functions, frozenset()) for one in (operation, *operation.control_inputs))


def _changes(node: Any, functions: Mapping[str, Any], inside: frozenset[str]) -> bool:
    """Whether a node changes any state, itself or in the functions that it calls."""
    from tensorflow.python.framework import op_def_registry

    definition = op_def_registry.get(node.op)
    if definition is None:
        return True
    called = [name for value in node.attr.values() for name in _functions_of(value)]
    if called:
        return any(name in inside or _function_changes(name, functions, inside | {name}) for name in called)
    return definition.is_stateful and node.op not in READING and not node.op.startswith(DRAWING)


def _functions_of(value: Any) -> list[str]:
    names = [value.func.name, *(one.name for one in value.list.func)]
    return [name for name in names if name]


def _function_changes(name: str, functions: Mapping[str, Any], inside: frozenset[str]) -> bool:
    definition = getattr(functions.get(name), "cached_definition", None)
    return definition is None or any(_changes(node, functions, inside) for node in definition.node_def)


def _attributes(operation: Any) -> tuple[Any, ...]:
    """An operation's attributes as TensorFlow reports those of an eager one: keys and values in turn."""
    found: list[Any] = []
    for name, value in operation.node_def.attr.items():
        kind = value.WhichOneof("value")
        if name.startswith("_") or kind is None:
            continue
        if kind == "list":
            kinds = [field.name for field, _ in value.list.ListFields()]
            found += [name, list(getattr(value.list, kinds[0])) if kinds else []]
        else:
            found += [name, getattr(value, kind)]
    return tuple(found)
