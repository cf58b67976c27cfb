"""Runs definitions of functions and classes, and what their decorators make of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.machine import calls, expressions, iterations
from gradlint.flow.machine.nodes import runs
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Instance
from gradlint.flow.values.values import Const, Known, LibObject, Method, Unknown, Value

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core

TRANSPARENT = frozenset({
    "tensorflow.function", "tensorflow.autograph.experimental.do_not_convert", "tensorflow.Module.with_name_scope",
    "functools.wraps", "tensorflow.autograph.to_graph",
    "tensorflow.recompute_grad", "keras.saving.register_keras_serializable", "tensorflow.custom_gradient",
    "keras.utils.register_keras_serializable", "tensorflow.types.experimental.Callable", "abc.abstractmethod",
    "typing.no_type_check", "typing.override", "typing.overload", "tensorflow.compat.v1.function",
    "tensorflow.autograph.experimental.set_loop_options",
})  # fmt: skip
"""Decorators that are looked through: what they give is called as the function itself."""
REMEMBERING = frozenset({"functools.lru_cache", "functools.cache"})
"""Decorators that keep what a call gave, and give it again where the arguments are the same."""
GRAPH = frozenset({"tensorflow.function", "tensorflow.compat.v1.function"})
"""Decorators that let a function be traced into a graph."""


@runs(ast.FunctionDef, ast.AsyncFunctionDef)
def run_function_def(machine: Core, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    made = Function(node, machine.frame, node.name, span_of(node))
    made.defaults = expressions.default_values(machine, node.args)
    made.owner = machine.frame.self_class if machine.frame.names.get("__class_body__") is not None else None
    machine.defined.append(made)
    value: Value = made
    for decorator in reversed(node.decorator_list):
        value = decorate(machine, made, value, decorator)
    expressions.bind(machine, node.name, value)


def decorate(machine: Core, function: Function, value: Value, decorator: ast.expr) -> Value:
    """What a decorator makes of a function."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(target, ast.Attribute) and target.attr in {"setter", "deleter", "getter"}:
        prior = machine.frame.names.get(function.name)
        if isinstance(prior, Function) and target.attr == "setter":
            prior.extra = {**(prior.extra or {}), "setter": function}
            return prior
        return value
    maker = machine.eval(target)
    name = maker.name if isinstance(maker, Known) else ""
    if name == "builtins.staticmethod":
        function.kind = "static"
        return value
    if name == "builtins.classmethod":
        function.kind = "class"
        return value
    if name in {"builtins.property", "functools.cached_property", "abc.abstractproperty"}:
        function.kind = "cached-property" if name == "functools.cached_property" else "property"
        return value
    if name in REMEMBERING:
        function.memo = {}
        return value
    if name in GRAPH:
        function.graph = True
        options = decorator.keywords if isinstance(decorator, ast.Call) else []
        for option in options:
            if option.arg == "jit_compile" and isinstance(option.value, ast.Constant) and option.value.value is True:
                function.extra = {**(function.extra or {}), "jit_compile": Const(True)}
            if option.arg == "autograph" and isinstance(option.value, ast.Constant) and not option.value.value:
                function.extra = {**(function.extra or {}), "unconverted": Const(True)}
        return value
    if name == "tensorflow.custom_gradient":
        return machine.custom_gradient(function, decorator)
    if name in numpy_objects.CALLABLES and not isinstance(decorator, ast.Call):
        return numpy_objects.make(machine, LibraryCall(name, [value], {}, decorator))
    if name == "functools.partial" and isinstance(decorator, ast.Call) and decorator.args:
        inner = machine.eval(decorator.args[0])
        if isinstance(inner, Known) and (inner.name in TRANSPARENT):
            function.graph = function.graph or inner.name in GRAPH
            return value
    if name == "tensorflow.autograph.experimental.do_not_convert":
        function.extra = {**(function.extra or {}), "unconverted": Const(True)}
    if name in TRANSPARENT or name.startswith(("contextlib.", "typing.", "abc.", "builtins.")):
        return value
    if isinstance(maker, Function | Bound | Instance | ClassValue):
        applied = machine.eval(decorator) if isinstance(decorator, ast.Call) else maker
        return machine.call(applied, [value], {}, decorator)
    if isinstance(maker, Method) and isinstance(maker.owner, Known):
        return value
    function.opaque = True
    return value


def custom_gradient(machine: Core, function: Function, node: ast.AST) -> Value:
    """A function whose gradient the program gives itself: what it passes on is not followed."""
    return LibObject("tensorflow.custom_gradient", "custom-gradient", span_of(node), (function,))


@runs(ast.ClassDef)
def run_class_def(machine: Core, node: ast.ClassDef) -> None:
    bases = tuple(machine.eval(base) for base in node.bases)
    frame = Frame(machine.frame)
    cls = ClassValue(node, bases, frame, span_of(node))
    machine.classes.append(cls)
    frame.self_class = cls
    frame.names["__class_body__"] = Const(True)
    empty = iterations.comprehension_function(machine, node)
    calls.inside(machine, empty, frame, node, lambda: Const(machine.block(node.body)))
    for value in frame.names.values():
        if isinstance(value, Function) and value.owner is None:
            value.owner = cls
        if isinstance(value, Function):
            value.frame = frame.parent or machine.globals
    for name, value in list(frame.names.items()):
        if isinstance(value, Instance):
            named = machine.class_attribute(value.cls, "__set_name__")
            if isinstance(named, Function):
                machine.call(Bound(named, value), [cls, Const(name)], {}, node)
    made: Value = cls
    for decorator in reversed(node.decorator_list):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        maker = machine.eval(target)
        if isinstance(maker, Unknown):
            made = cls
    expressions.bind(machine, node.name, made)
