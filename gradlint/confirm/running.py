"""Which of TensorFlow's operations run while the flagged places of a program are evaluated.

TensorFlow tells a callback of each operation that it runs, and of a graph's function only that it is called; which
operations such a function holds is read from its definition. What is made meanwhile in another graph, as when a
function is traced, does not run there.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

PLACES = frozenset({"Placeholder", "NoOp"})
"""Nodes of graphs that do nothing."""


class RunningOperations:
    """Keeps the operations that run between a place's first operand and its value.

    TensorFlow is slower while it tells of operations, so it does only while a flagged place is evaluated, in the thread
    that made this, since its callbacks are kept by thread.
    """

    def __init__(self, tf: Any) -> None:
        self.tf = tf
        self.callbacks: Any = importlib.import_module("tensorflow.python.framework.op_callbacks")
        self.context: Any = importlib.import_module("tensorflow.python.eager.context")
        self.thread = threading.get_ident()
        self.ran: dict[int, set[str]] = {}
        self.graphs: dict[int, Any] = {}
        """The graph in which each place is evaluated; None outside of graphs."""
        self.known: dict[str, frozenset[str] | None] = {}
        """The operations in each of the graph's functions; None while it is looked into, and where it is unknown."""
        self.listening = False

    def begin(self, mark: int) -> None:
        """An operand of a place is there."""
        if mark not in self.ran:
            eager = self.tf.executing_eagerly()
            self.graphs[mark] = None if eager else self.tf.compat.v1.get_default_graph()
            self.ran[mark] = set()
        self._listen()

    def end(self, mark: int) -> frozenset[str] | None:
        """What ran since the place's first operand; None where that is not known."""
        found = self.ran.pop(mark, None)
        self._listen()
        return frozenset(found) if found is not None and threading.get_ident() == self.thread else None

    def _listen(self) -> None:
        if bool(self.ran) is self.listening or threading.get_ident() != self.thread:
            return
        self.listening = not self.listening
        if self.listening:
            self.callbacks.add_op_callback(self._took)
        else:
            self.callbacks.remove_op_callback(self._took)

    def _took(
        self, kind: Any, _inputs: Any, attributes: Any, _outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        marks = [mark for mark in self.ran if self.graphs[mark] is graph]
        if marks:
            names = self._inside(kind.decode() if isinstance(kind, bytes) else str(kind), attributes or ())
            for mark in marks:
                self.ran[mark] |= names

    def _inside(self, name: str, attributes: Any) -> frozenset[str]:
        """An operation; those in the functions that it calls, where it calls some that are known."""
        given = [one for one in attributes if hasattr(one, "func")]
        functions = [name] if name.startswith("__") else _functions(given)
        found = [self._held(function) for function in functions]
        if not found or None in found:
            return frozenset({name})
        return frozenset().union(*(one for one in found if one is not None))

    def _held(self, function: str) -> frozenset[str] | None:
        """The operations in a graph's function, and in those that it calls."""
        if function not in self.known:
            self.known[function] = None
            try:
                nodes = self.context.context().get_function_def(function).node_def
            except Exception:  # TensorFlow raises one of several for a name that it does not know.
                return None
            names: set[str] = set()
            for node in nodes:
                inner = self._inside(node.op, list(node.attr.values()))
                if node.op in inner and (node.op.startswith("__") or _functions(node.attr.values())):
                    return None
                names |= inner
            self.known[function] = frozenset(names - PLACES)
        return self.known[function]


def _functions(attributes: Any) -> list[str]:
    """The functions that an operation's attributes name."""
    single = [one.func.name for one in attributes if one.HasField("func")]
    return single + [function.name for one in attributes for function in one.list.func]
