"""Runs definitions of functions and classes, and what their decorators make of them."""

from __future__ import annotations

import ast

from gradlint.flow.libraries.models import LibraryCall
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.machine.contexts import Contexts
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Instance
from gradlint.flow.values.values import Const, Known, LibObject, Method, Unknown, Value

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


class Definitions(Contexts):
    """The part of the machine that defines functions and classes."""

    def run_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        made = Function(node, self.frame, node.name, span_of(node))
        made.defaults = self.default_values(node.args)
        made.owner = self.frame.self_class if self.frame.names.get("__class_body__") is not None else None
        self.defined.append(made)
        value: Value = made
        for decorator in reversed(node.decorator_list):
            value = self.decorate(made, value, decorator)
        self.bind(node.name, value)

    run_AsyncFunctionDef = run_FunctionDef

    def decorate(self, function: Function, value: Value, decorator: ast.expr) -> Value:
        """What a decorator makes of a function."""
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and target.attr in {"setter", "deleter", "getter"}:
            prior = self.frame.names.get(function.name)
            if isinstance(prior, Function) and target.attr == "setter":
                prior.extra = {**(prior.extra or {}), "setter": function}
                return prior
            return value
        maker = self.eval(target)
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
                if (
                    option.arg == "jit_compile"
                    and isinstance(option.value, ast.Constant)
                    and option.value.value is True
                ):
                    function.extra = {**(function.extra or {}), "jit_compile": Const(True)}
                if option.arg == "autograph" and isinstance(option.value, ast.Constant) and not option.value.value:
                    function.extra = {**(function.extra or {}), "unconverted": Const(True)}
            return value
        if name == "tensorflow.custom_gradient":
            return self.custom_gradient(function, decorator)
        if name in numpy_objects.CALLABLES and not isinstance(decorator, ast.Call):
            return numpy_objects.make(self, LibraryCall(name, [value], {}, decorator))
        if name == "functools.partial" and isinstance(decorator, ast.Call) and decorator.args:
            inner = self.eval(decorator.args[0])
            if isinstance(inner, Known) and (inner.name in TRANSPARENT):
                function.graph = function.graph or inner.name in GRAPH
                return value
        if name == "tensorflow.autograph.experimental.do_not_convert":
            function.extra = {**(function.extra or {}), "unconverted": Const(True)}
        if name in TRANSPARENT or name.startswith(("contextlib.", "typing.", "abc.", "builtins.")):
            return value
        if isinstance(maker, Function | Bound | Instance | ClassValue):
            applied = self.eval(decorator) if isinstance(decorator, ast.Call) else maker
            return self.call(applied, [value], {}, decorator)
        if isinstance(maker, Method) and isinstance(maker.owner, Known):
            return value
        function.opaque = True
        return value

    def custom_gradient(self, function: Function, node: ast.AST) -> Value:
        """A function whose gradient the program gives itself: what it passes on is not followed."""
        return LibObject("tensorflow.custom_gradient", "custom-gradient", span_of(node), (function,))

    def run_ClassDef(self, node: ast.ClassDef) -> None:
        bases = tuple(self.eval(base) for base in node.bases)
        frame = Frame(self.frame)
        cls = ClassValue(node, bases, frame, span_of(node))
        self.classes.append(cls)
        frame.self_class = cls
        frame.names["__class_body__"] = Const(True)
        empty = self.comprehension_function(node)
        self.inside(empty, frame, node, lambda: Const(self.block(node.body)))
        for value in frame.names.values():
            if isinstance(value, Function) and value.owner is None:
                value.owner = cls
            if isinstance(value, Function):
                value.frame = frame.parent or self.globals
        for name, value in list(frame.names.items()):
            if isinstance(value, Instance):
                named = self.class_attribute(value.cls, "__set_name__")
                if isinstance(named, Function):
                    self.call(Bound(named, value), [cls, Const(name)], {}, node)
        made: Value = cls
        for decorator in reversed(node.decorator_list):
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            maker = self.eval(target)
            if isinstance(maker, Unknown):
                made = cls
        self.bind(node.name, made)
