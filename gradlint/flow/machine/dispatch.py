"""Calls of library functions by canonical name: TensorFlow, NumPy, Python's own, and what follows from the table."""

from __future__ import annotations

import ast

from gradlint.flow.facts import Kind
from gradlint.flow.libraries import calls
from gradlint.flow.libraries.keras import calls as keras_calls
from gradlint.flow.libraries.models import LibraryCall
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.libraries.tensorflow import custom_gradients
from gradlint.flow.machine.imports import Imports
from gradlint.flow.tapes.tape import Tapes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import (
    Array,
    Const,
    LibObject,
    Value,
    Variable,
    everywhere,
)


class Library(Tapes, Imports):
    """The part of the machine that knows what library functions do."""

    def library_call(
        self, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
    ) -> Value:
        """Call something from a library."""
        return calls.call(self, LibraryCall(name, args, kwargs, node))

    def consumed(self, value: Value, node: ast.AST) -> Value:
        """What a library's function gets of an argument: of a generator its items, which it computes now."""
        return calls.consumed(self, value, node)

    def callee(self, node: ast.AST) -> str:
        """What is called in a call, as it is written."""
        if isinstance(node, ast.Call):
            return self.text(node.func)
        return self.text(node)

    # -- deferred to the modules of single libraries ---------------------------------------------------------------

    def object_call(self, value: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call an object of a library's class."""
        if value.family == "custom-gradient":
            return custom_gradients.call(self, value, args, kwargs, node)
        if value.family == numpy_objects.FAMILY:
            given = [leaf for arg in (*args, *kwargs.values()) for leaf in self.leaves(arg)]
            return numpy_objects.called(self, value, given, node)
        return keras_calls.call_object(self, value, args, kwargs, node)

    def leaves_array(self, array: Array, value: Value, node: ast.AST) -> None:
        """A store into an array: what is stored leaves TensorFlow."""
        parents = [leaf for leaf in self.leaves(value) if not isinstance(leaf, Const)]
        if parents:
            holder = Array(array.dtype, span_of(node))
            self.depend(holder, parents, self.cut(Kind.NUMPY, node, "a store into an ndarray"))
            array.edges = (*array.edges, *everywhere(holder))

    def augment_variable(self, node: ast.AugAssign, left: Variable, right: Value) -> bool:
        """``v += x`` on a Variable: gives whether the name still holds it."""
        refused = isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow)
        detail = {"variable": self.text(node.target), "bound_line": str(node.lineno)}
        places = {"binding": span_of(node), "statement": span_of(node)}
        if left.keras is False and refused:
            self.recorder.claim(
                Kind.UPDATE_REBINDS,
                span_of(node),
                "error",
                detail={**detail, "reason": "augmented-variable", "exception": "RuntimeError"},
                places=places,
            )
            self.raised("RuntimeError")
            return True
        if left.keras is True:
            self.recorder.claim(
                Kind.UPDATE_REBINDS,
                span_of(node),
                "error",
                detail={**detail, "reason": "augmented-keras-variable"},
                places=places,
            )
        return False
