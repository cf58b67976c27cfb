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
        return _accessor(machine, function, value, target.attr)
    maker = machine.eval(target)
    if isinstance(maker, Known):
        return _decorate_by_name(machine, function, value, maker.name, decorator)
    if isinstance(maker, Function | Bound | Instance | ClassValue):
        applied = machine.eval(decorator) if isinstance(decorator, ast.Call) else maker
        return machine.call(applied, [value], {}, decorator)
    if not (isinstance(maker, Method) and isinstance(maker.owner, Known)):
        function.opaque = True
    return value


def _accessor(machine: Core, function: Function, value: Value, which: str) -> Value:
    """``@name.setter``, which adds to the property of that name."""
    prior = machine.frame.names.get(function.name)
    if isinstance(prior, Function) and which == "setter":
        prior.extra = {**(prior.extra or {}), "setter": function}
        return prior
    return value


_KINDS = {
    "builtins.staticmethod": "static", "builtins.classmethod": "class", "builtins.property": "property",
    "abc.abstractproperty": "property", "functools.cached_property": "cached-property",
}  # fmt: skip
"""What sort of member a decorator of a method makes."""


def _decorate_by_name(machine: Core, function: Function, value: Value, name: str, decorator: ast.expr) -> Value:
    """What a decorator of a library makes of a function."""
    if name in _KINDS:
        function.kind = _KINDS[name]
        return value
    if name in REMEMBERING:
        function.memo = {}
        return value
    if name in GRAPH:
        _trace(function, decorator)
        return value
    if name == "tensorflow.custom_gradient":
        return machine.custom_gradient(function, decorator)
    if name in numpy_objects.CALLABLES and not isinstance(decorator, ast.Call):
        return numpy_objects.make(machine, LibraryCall(name, [value], {}, decorator))
    if name == "tensorflow.autograph.experimental.do_not_convert":
        function.extra = {**(function.extra or {}), "unconverted": Const(True)}
    looked_through = name in TRANSPARENT or name.startswith(("contextlib.", "typing.", "abc.", "builtins."))
    if not looked_through and not _is_partial(machine, function, name, decorator):
        function.opaque = True
    return value


def _trace(function: Function, decorator: ast.expr) -> None:
    """``@tf.function(...)``."""
    function.graph = True
    for option in decorator.keywords if isinstance(decorator, ast.Call) else []:
        given = option.value.value if isinstance(option.value, ast.Constant) else ...
        if option.arg == "jit_compile" and given is True:
            function.extra = {**(function.extra or {}), "jit_compile": Const(True)}
        if option.arg == "autograph" and not given:
            function.extra = {**(function.extra or {}), "unconverted": Const(True)}


def _is_partial(machine: Core, function: Function, name: str, decorator: ast.expr) -> bool:
    """Whether a decorator is ``functools.partial`` of one that is looked through."""
    if name != "functools.partial" or not isinstance(decorator, ast.Call) or not decorator.args:
        return False
    inner = machine.eval(decorator.args[0])
    if not isinstance(inner, Known) or inner.name not in TRANSPARENT:
        return False
    function.graph = function.graph or inner.name in GRAPH
    return True


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
