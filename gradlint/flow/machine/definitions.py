"""Runs definitions of functions and classes, and what their decorators make of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras import declared
from gradlint.flow.libraries.models import LibraryCall
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.machine import calls, expressions, iterations
from gradlint.flow.machine.nodes import runs
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Instance
from gradlint.flow.values.values import Const, Known, LibObject, Method, Unknown, Value
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core


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
    if isinstance(prior, Function) and which in {"setter", "deleter"}:
        prior.extra = {**(prior.extra or {}), which: function}
        return prior
    return value


def _decorate_by_name(machine: Core, function: Function, value: Value, name: str, decorator: ast.expr) -> Value:
    """What a decorator of a library makes of a function."""
    words, member = behaviours.of(name), behaviours.after(name, "member:")
    if member:
        function.kind = member
        return value
    if "remembered" in words:
        function.memo = {}
        return value
    if "graph-function" in words:
        _trace(function, decorator)
        return value
    if "custom-gradient" in words:
        return machine.custom_gradient(function, decorator)
    if "numpy-class" in words and not isinstance(decorator, ast.Call):
        return numpy_objects.make(machine, LibraryCall(name, [value], {}, decorator))
    if "unconverted" in words:
        function.extra = {**(function.extra or {}), "unconverted": Const(True)}
    hands_on = "hands-on" in words or "hands-on" in behaviours.of_package(name)
    if not hands_on and not _is_partial(machine, function, name, decorator):
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
    if not behaviours.has(name, "partial") or not isinstance(decorator, ast.Call) or not decorator.args:
        return False
    inner = machine.eval(decorator.args[0])
    if not isinstance(inner, Known) or not behaviours.has(inner.name, "hands-on"):
        return False
    function.graph = function.graph or behaviours.has(inner.name, "graph-function")
    return True


def custom_gradient(_machine: Core, function: Function, node: ast.AST) -> Value:
    """A function whose gradient the program gives itself: what it passes on is not followed."""
    return LibObject(behaviours.the("custom-gradient"), "custom-gradient", span_of(node), (function,))


@runs(ast.ClassDef)
def run_class_def(machine: Core, node: ast.ClassDef) -> None:
    written = [machine.eval(base) for base in node.bases]
    stands = [declared.base(machine, base) for base in written]
    frame = Frame(machine.frame)
    bases = tuple(known or base for known, base in zip(stands, written, strict=True))
    cls = ClassValue(node, bases, frame, span_of(node))
    cls.declared = cls.declared or any(stands)
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
    _created(machine, cls, node)
    made: Value = cls
    for decorator in reversed(node.decorator_list):
        made = _decorated_class(machine, made, decorator)
    expressions.bind(machine, node.name, made)


def _created(machine: Core, cls: ClassValue, node: ast.ClassDef) -> None:
    """What a class's bases and its metaclass do once its body has run."""
    given = {keyword.arg: machine.eval(keyword.value) for keyword in node.keywords if keyword.arg is not None}
    metaclass = given.pop("metaclass", None)
    cls.ruled = metaclass is not None and not isinstance(metaclass, Known)
    for base in cls.mro[1:]:
        hook = base.frame.names.get("__init_subclass__") if isinstance(base, ClassValue) else None
        if isinstance(hook, Function):
            machine.call(Bound(hook, cls), [], given, node)
            break
        if hook is not None:
            cls.opened = True


def _decorated_class(machine: Core, value: Value, decorator: ast.expr) -> Value:
    """What a decorator makes of a class: those of the program are called, as one that registers the class.

    A decorator that is not known is taken to give the class back, with whatever it adds.
    """
    maker = machine.eval(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if isinstance(maker, Unknown) and isinstance(value, ClassValue):
        value.opened = True
    if not isinstance(maker, Function | Bound | Instance | ClassValue):
        return value
    applied = machine.eval(decorator) if isinstance(decorator, ast.Call) else maker
    return machine.call(applied, [value], {}, decorator)
