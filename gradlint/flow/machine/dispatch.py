"""Calls of library functions by canonical name: TensorFlow, NumPy, Python's own, and what follows from the table."""

from __future__ import annotations

import ast

from gradlint.flow.facts import Kind
from gradlint.flow.libraries import calls
from gradlint.flow.libraries.models import LibraryCall
from gradlint.flow.machine.imports import Imports
from gradlint.flow.tapes import gradients, tape, training, watching
from gradlint.flow.values.making import gain, span_of
from gradlint.flow.values.values import (
    Array,
    Const,
    LibObject,
    Method,
    Value,
    Variable,
    everywhere,
)

TAPES = (gradients, tape, training, watching)
"""The modules that register what a tape does when they are imported."""


class Library(Imports):
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

    def method_call(self, method: Method, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call a library's method."""
        return calls.call_method(self, method, LibraryCall(method.name, args, kwargs, node))

    def object_call(self, value: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call an object of a library's class."""
        return calls.call_object(self, value, LibraryCall("__call__", args, kwargs, node))

    def leaves_array(self, array: Array, value: Value, node: ast.AST) -> None:
        """A store into an array: what is stored leaves TensorFlow."""
        parents = [leaf for leaf in self.leaves(value) if not isinstance(leaf, Const)]
        if parents:
            holder = Array(array.dtype, span_of(node))
            self.depend(holder, parents, self.cut(Kind.NUMPY, node, "a store into an ndarray"))
            gain(array, everywhere(holder))

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
