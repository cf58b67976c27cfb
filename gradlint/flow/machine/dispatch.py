"""Calls of library functions by canonical name: TensorFlow, NumPy, Python's own, and what follows from the table."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.causes import ReboundByUpdate, ToNumpy
from gradlint.flow.libraries import calls
from gradlint.flow.libraries.models import LibraryCall
from gradlint.flow.tapes import forward, functional, gradients, tape, training, watching
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

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core

TAPES = (forward, functional, gradients, tape, training, watching)
"""The modules that register what a tape does when they are imported."""


def library_call(machine: Core, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call something from a library."""
    return calls.call(machine, LibraryCall(name, args, kwargs, node))


def consumed(machine: Core, value: Value, node: ast.AST) -> Value:
    """What a library's function gets of an argument: of a generator its items, which it computes now."""
    return calls.consumed(machine, value, node)


def callee(machine: Core, node: ast.AST) -> str:
    """What is called in a call, as it is written."""
    if isinstance(node, ast.Call):
        return machine.text(node.func)
    return machine.text(node)


# -- deferred to the modules of single libraries -------------------------------------------------------------------


def method_call(machine: Core, method: Method, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call a library's method."""
    return calls.call_method(machine, method, LibraryCall(method.name, args, kwargs, node))


def object_call(machine: Core, value: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call an object of a library's class."""
    return calls.call_object(machine, value, LibraryCall("__call__", args, kwargs, node))


def leaves_array(machine: Core, array: Array, value: Value, node: ast.AST) -> None:
    """A store into an array: what is stored leaves TensorFlow."""
    parents = [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)]
    if parents:
        holder = Array(array.dtype, span_of(node))
        machine.depend(holder, parents, machine.cut(ToNumpy(how="store"), node))
        gain(array, everywhere(holder))


def augment_variable(machine: Core, node: ast.AugAssign, left: Variable) -> bool:
    """``v += x`` on a Variable: gives whether the name still holds it."""
    refused = isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow)
    variable = machine.text(node.target)
    if left.keras is False and refused:
        cause = ReboundByUpdate(variable, augmented=True)
        machine.recorder.claim(cause, span_of(node), exception="RuntimeError")
        machine.raised("RuntimeError")
        return True
    if left.keras is True:
        machine.recorder.claim(ReboundByUpdate(variable), span_of(node))
    return False
