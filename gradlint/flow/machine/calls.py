"""Calls of the program's own functions, methods and classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.libraries.keras import calls as keras_calls
from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.machine.attributes import Attributes
from gradlint.flow.machine.core import DEPTH, RaisedError
from gradlint.flow.state.activation import Activation
from gradlint.flow.state.store import join_values
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Generator, Instance, Partial, Super
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    Known,
    LibObject,
    Method,
    Number,
    Pairs,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    everywhere,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.facts import Span
    from gradlint.flow.state.store import Changes

CALLED_BY_KERAS = frozenset({"build", "call", "compute_loss", "predict_step", "test_step", "train_step"})
"""The methods of a program's layers and models that Keras calls, as they are."""
_LIBRARY = frozenset({"tensorflow.Module", "tensorflow.GradientTape", "tensorflow.experimental.ExtensionType"})
STEPS_IN_MODULES = 25_000
"""How many expressions and statements of the project's other modules are run before their calls are unknown."""
ENTRIES = 80
"""How often one function is entered; after that its calls give something unknown."""


class Calls(Attributes):
    """The part of the machine that calls."""

    def eval_Call(self, node: ast.Call) -> Value:
        """The value of a call expression."""
        if isinstance(node.func, ast.Name) and node.func.id == "super" and self.stack:
            return self.super_value(node)
        function = self.eval(node.func)
        args: list[Value] = []
        star = False
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                value = self.eval(argument.value)
                if isinstance(value, Seq) and value.items.exact:
                    args += value.items.values
                else:
                    items, exact = self.iterate(value, argument)
                    args += items
                    star = star or not exact
            else:
                args.append(self.eval(argument))
        kwargs: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.eval(keyword.value)
            if keyword.arg is not None:
                kwargs[keyword.arg] = value
            elif isinstance(value, Dict):
                for key, item in value.pairs.entries:
                    if isinstance(key, str):
                        kwargs[key] = item
                star = star or not value.pairs.exact
                for index, item in enumerate(value.pairs.rest):
                    kwargs[f"**{index}"] = item
            else:
                star = True
                kwargs["**"] = value
        return self.call(function, args, kwargs, node, star=star)

    def super_value(self, node: ast.Call) -> Value:
        """What ``super()`` gives here."""
        frame: Frame | None = self.frame
        while frame is not None and (frame.function is None or frame.function.owner is None):
            frame = frame.parent
        if frame is None or frame.function is None or frame.function.owner is None:
            return self.unknown("super", node, anything=True)
        arguments = frame.function.node.args
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        owner = frame.names.get(names[0]) if names else None
        return Super(frame.function.owner, owner if isinstance(owner, Value) else self.anything)

    def call(
        self,
        function: Value,
        args: list[Value],
        kwargs: dict[str, Value],
        node: ast.AST,
        *,
        star: bool = False,
    ) -> Value:
        """Call a value."""
        self.tick()
        if isinstance(function, Function):
            return self.enter(function, args, kwargs, node, star=star)
        if isinstance(function, Bound):
            return self.call(function.function, [function.owner, *args], kwargs, node, star=star)
        if isinstance(function, Known):
            return self.library_call(function.name, args, kwargs, node, star=star)
        if isinstance(function, Method):
            return self.method_call(function, args, kwargs, node)
        if isinstance(function, ClassValue):
            return self.construct(function, args, kwargs, node, star=star)
        if isinstance(function, Instance):
            return self.call_instance(function, args, kwargs, node, star=star)
        if isinstance(function, LibObject):
            return self.object_call(function, args, kwargs, node)
        if isinstance(function, Partial):
            return self.call(function.function, [*function.args, *args], {**function.kwargs, **kwargs}, node, star=star)
        if isinstance(function, Join):
            options = [option for option in function.options if not isinstance(option, Const)]
            if options and len(options) <= 4:
                ways = [self.way(option, args, kwargs, node) for option in options]
                return self.fork(ways, list(function.labels[: len(options)]) or [""] * len(options))
        return self.foreign_call(function, args, kwargs, node)

    def way(self, option: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Callable[[], Value]:
        """One way of a call of one of several values."""
        return lambda: self.call(option, args, kwargs, node)

    def foreign_call(self, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call code that cannot be followed."""
        if isinstance(function, Unknown) and function.why == "apply_gradients" and args:
            self.applied(args[0], node)
        given = [function, *args, *kwargs.values()]
        made = self.foreign("call", node, given)
        if self.names_class(node):
            # An object keeps what it is given, and computes with it when it is used.
            made.edges = tuple(edge for value in (*given, self.escaped) for edge in everywhere(value))
        if any(isinstance(value, Unknown) and value.anything for value in given):
            made.anything = True
        return made

    @staticmethod
    def names_class(node: ast.AST) -> bool:
        """Whether a call makes an object, as far as the name of what is called tells."""
        called = node.func if isinstance(node, ast.Call) else None
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        return isinstance(name, str) and name[:1].isupper() and not name.isupper()

    # -- functions -------------------------------------------------------------------------------------------------

    def enter(
        self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
    ) -> Value:
        """Call a function of the program: bind its parameters and run its body."""
        if function.memo is not None and not star:
            return self.remembered(function, function.memo, args, kwargs, node)
        return self.execute(function, args, kwargs, node, star=star)

    def remembered(
        self,
        function: Function,
        memo: dict[Any, Any],
        args: list[Value],
        kwargs: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call a function under ``functools.cache``: for arguments that it has seen, what it gave for them then."""
        given = [*enumerate(args), *kwargs.items()]
        if any(isinstance(value, Number | Unknown | Join) for _, value in given):
            return self.execute(function, args, kwargs, node)
        key = tuple((name, repr(value.value) if isinstance(value, Const) else id(value)) for name, value in given)
        held = memo.get(key)
        if isinstance(held, Value):
            return held
        self.kept_alive += args + list(kwargs.values())
        made = self.execute(function, args, kwargs, node)
        self.set(memo, key, made)
        return made

    def execute(
        self, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
    ) -> Value:
        """Run a function's body."""
        code = function.node
        if function.opaque or (code.lineno > self.recorder.own and self.spent_in_modules > STEPS_IN_MODULES):
            return self.foreign_call(self.anything, [function, *args], kwargs, node)
        self.entered[id(code)] = self.entered.get(id(code), 0) + 1
        depth = sum(activation.function is not None and activation.function.node is code for activation in self.stack)
        if len(self.stack) > DEPTH or depth > 2 or self.entered[id(code)] > ENTRIES:
            return self.unknown("call", node, [function, *args, *kwargs.values()], anything=True)
        frame = Frame(function.frame, function)
        frame.self_class = function.owner
        began = self.clock
        if function.graph and not self.in_graph:
            args = [self.into_graph(value, node) for value in args]
            kwargs = {name: self.into_graph(value, node) for name, value in kwargs.items()}
        self.bind_parameters(function, frame, args, kwargs, node, star=star)
        if isinstance(code, ast.Lambda):
            result = self.inside(function, frame, node, lambda: self.eval(code.body), began)
        elif self.is_generator(code):
            return self.generator_of(function, frame, node)
        else:
            result = self.inside(function, frame, node, lambda: self.body_of(code), began)
        return self.out_of_graph(result, node) if function.graph else result

    def into_graph(self, value: Value, node: ast.AST) -> Value:
        """What the body of a ``tf.function`` sees of an argument: for a tensor another one, which stands for it."""
        if not isinstance(value, Tensor):
            return value
        made = self.tensor(node, [value], dtype=value.dtype, op="tensorflow.identity", known=value.known)
        made.span, made.gradient_of, made.extra = value.span, value.gradient_of, value.extra
        return made

    def out_of_graph(self, value: Value, node: ast.AST) -> Value:
        """What a ``tf.function`` gives back for a value that its body returns: tensors for arrays and numbers."""
        if isinstance(value, Seq):
            values = tuple(self.out_of_graph(item, node) for item in value.items.values)
            if all(new is old for new, old in zip(values, value.items.values, strict=True)):
                return value
            return Seq(Items(values, value.items.exact), value.kind, value.span)
        is_number = isinstance(value, Const) and isinstance(value.value, int | float)
        if isinstance(value, Array) or (isinstance(value, Number) and value.kind != "str") or is_number:
            return self.tensor(node, [value], dtype=dtypes.of(value), op="tensorflow.convert_to_tensor")
        return value

    def body_of(self, code: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
        """Run a function's body in the running activation and give what it returns."""
        activation = self.stack[-1]
        end = self.block(code.body)
        if not activation.returns:
            if end == "raise":
                return self.unknown("raises", code, anything=True)
            return Const(None)
        if len(activation.returns) == 1 and end == "return" and activation.returns[0][1] is None:
            return activation.returns[0][0]
        return self.join_returns(activation, end)

    def join_returns(self, activation: Activation, end: str) -> Value:
        """Join the states and values of all the ways on which a function returned."""
        ways: list[tuple[Value, Changes]] = []
        last = self.store.since(activation.mark)
        for value, changes in activation.returns:
            ways.append((value, last if changes is None else changes))
        if end == "normal":
            ways.append((Const(None), last))
        self.store.undo(activation.mark)
        labels = [""] * len(ways)
        self.store.merge([changes for _, changes in ways], labels)
        result = ways[0][0]
        for value, _ in ways[1:]:
            result = join_values(result, value)
        return result

    def inside(
        self,
        function: Function,
        frame: Frame,
        node: ast.AST,
        run: Callable[[], Value],
        since: int | None = None,
    ) -> Value:
        """Run something as the body of a function, whose arguments were made ready at a time."""
        caller = self.stack[-1] if self.stack else None
        activation = Activation(
            frame,
            function,
            node,
            self.store.mark(),
            self.forks,
            began=self.clock if since is None else since,
            graph=function.graph,
            eager=self.eager,
            unconverted=function.name in CALLED_BY_KERAS and self.is_keras_method(function),
            caller=caller,
        )
        self.eager = False
        entry, began = self.entry, self.entered_at
        self.entry = self.entered_by(function, node)
        if entry is None and self.entry is not None:
            self.entered_at = self.clock
        self.stack.append(activation)
        try:
            return run()
        finally:
            self.stack.pop()
            if entry is None and self.entry is not None:
                self.steps_in_modules += self.clock - self.entered_at
            self.entry, self.entered_at = entry, began

    @property
    def spent_in_modules(self) -> int:
        """How many expressions and statements of other modules have been run."""
        return self.steps_in_modules + (self.clock - self.entered_at if self.entry is not None else 0)

    def entered_by(self, function: Function, node: ast.AST) -> Span | None:
        """The program's own call that leads into a function of another module; None for one of its own."""
        line: int = function.node.lineno
        if line <= self.recorder.own:
            return None
        entry = self.entry or span_of(node)
        if entry.line > self.recorder.own:
            return None
        self.recorder.enter(line, entry)
        return entry

    def is_generator(self, code: ast.AST) -> bool:
        """Whether a function's body yields."""
        known = self.generators.get(id(code))
        if known is None:
            known = False
            stack: list[ast.AST] = list(getattr(code, "body", []))
            while stack:
                inner = stack.pop()
                if isinstance(inner, ast.Yield | ast.YieldFrom):
                    known = True
                    break
                if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
                    stack.extend(ast.iter_child_nodes(inner))
            self.generators[id(code)] = known
        return known

    def generator_of(self, function: Function, frame: Frame, node: ast.AST) -> Value:
        """A generator that runs the function's body when it is iterated."""
        code = function.node
        assert not isinstance(code, ast.Lambda)

        def run() -> tuple[list[Value], bool]:
            yields: list[Value] = []

            def body() -> Value:
                self.stack[-1].yields = yields
                return self.body_of(code)

            self.inside(function, frame, node, body)
            return yields, len(yields) < 2

        return Generator(code, frame, run)

    def bind_parameters(
        self,
        function: Function,
        frame: Frame,
        args: list[Value],
        kwargs: dict[str, Value],
        node: ast.AST,
        *,
        star: bool,
    ) -> None:
        """Bind the arguments of a call to a function's parameters."""
        arguments = function.node.args
        positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        names = frame.names
        for name, value in zip(positional, args, strict=False):
            names[name] = value
        rest = args[len(positional) :]
        if arguments.vararg is not None:
            names[arguments.vararg.arg] = Seq(Items(tuple(rest), not star), "tuple")
        left = dict(kwargs)
        keyword_names = positional + [argument.arg for argument in arguments.kwonlyargs]
        for name in keyword_names:
            if name in left:
                names[name] = left.pop(name)
        if arguments.kwarg is not None:
            names[arguments.kwarg.arg] = Dict(Pairs(tuple(left.items()), not star))
        for name in keyword_names:
            if name not in names:
                default = function.defaults.get(name)
                if default is not None and not star:
                    names[name] = default
                else:
                    names[name] = self.unknown(name, node, [*args, *kwargs.values()], anything=True)

    # -- classes ---------------------------------------------------------------------------------------------------

    def construct(
        self,
        cls: ClassValue,
        args: list[Value],
        kwargs: dict[str, Value],
        node: ast.AST,
        *,
        star: bool = False,
        invented: bool = False,
    ) -> Value:
        """Make an object of a class of the program; ``invented`` where it stands for one that a caller has."""
        library, is_open = self.descent(cls)
        if library.startswith("tensorflow.GradientTape"):
            if any(isinstance(base, ClassValue) and self.defines_method(base) for base in cls.mro):
                return self.opened(Premise(Rests.TAPE_CLASS, cls.name), node, [*args, *kwargs.values()])
            return self.library_call("tensorflow.GradientTape", args, kwargs, node, star=star)
        made = Instance(cls, library, span_of(node), open_=is_open)
        made.invented = invented
        if not invented:
            self.constructed.add(id(cls))
        made.born = self.tick()
        keras.prepare(self, made)
        init = self.class_attribute(cls, "__init__")
        if isinstance(init, Function):
            self.call(Bound(init, made), args, kwargs, node, star=star)
        elif self.is_record(cls):
            self.fill_record(cls, made, args, kwargs, node)
        elif args or kwargs:
            for index, value in enumerate((*args, *kwargs.values())):
                self.set(made.state, f"argument {index}", value)
            keras.base_init(self, made, args, kwargs)
        return made

    @staticmethod
    def defines_method(cls: ClassValue) -> bool:
        """Whether a class has a method of its own."""
        return any(isinstance(held, Function) for held in cls.frame.names.values())

    def is_record(self, cls: ClassValue) -> bool:
        """Whether a class is a dataclass or a NamedTuple."""
        if any(isinstance(base, Known) and base.name.endswith(("NamedTuple", "ExtensionType")) for base in cls.bases):
            return True
        for decorator in cls.node.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
            if name in {"dataclass", "define", "attrs", "s", "frozen"}:
                return True
        return False

    def fill_record(
        self, cls: ClassValue, made: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> None:
        """Fill the fields of a dataclass's object."""
        fields: list[str] = []
        for base in reversed(cls.mro):
            if isinstance(base, ClassValue):
                for statement in base.node.body:
                    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                        fields.append(statement.target.id)
        for name, value in [*zip(fields, args, strict=False), *kwargs.items()]:
            self.set(made.attrs, name, value)
        for name in fields:
            if name not in made.attrs and self.class_attribute(cls, name) is None:
                self.set(made.attrs, name, self.unknown(name, node, anything=True))
        post = self.class_attribute(cls, "__post_init__")
        if isinstance(post, Function):
            self.call(Bound(post, made), [], {}, node)

    def descent(self, cls: ClassValue) -> tuple[str, bool]:
        """The library's class that a class descends from, and whether anything of its bases is not known."""
        library = ""
        is_open = False
        for base in cls.mro:
            if isinstance(base, ClassValue):
                continue
            if isinstance(base, Known):
                if base.name in {"builtins.object", "abc.ABC", "typing.NamedTuple", "typing.Protocol"}:
                    continue
                if keras.family(base.name) or base.name in _LIBRARY:
                    library = library or base.name
                elif not base.name.startswith(("builtins.", "typing.", "abc.", "enum.")):
                    is_open = True
            else:
                is_open = True
        return library, is_open

    def is_keras_method(self, function: Function) -> bool:
        """Whether a function is a method of a class that descends from Keras."""
        return function.owner is not None and self.descent(function.owner)[0].startswith("keras.")

    def call_instance(
        self, value: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
    ) -> Value:
        """Call an object of a class of the program."""
        own = self.class_attribute(value.cls, "__call__")
        if isinstance(own, Function):
            return self.call(Bound(own, value), args, kwargs, node, star=star)
        method = self.class_attribute(value.cls, "call")
        if value.library and isinstance(method, Function):
            if args and any(isinstance(leaf, Symbolic) for leaf in self.leaves(args[0])):
                made = Symbolic(span_of(node), value)
                made.call = (value, tuple(args), None)
                self.depend(made, [*[leaf for arg in args for leaf in self.leaves(arg)], value])
                keras.build(self, value, node)
                return made
            keras.build(self, value, node)
            names = {argument.arg for argument in method.node.args.args + method.node.args.kwonlyargs}
            passed = kwargs
            if "training" in kwargs and "training" not in names and method.node.args.kwarg is None:
                passed = {key: item for key, item in kwargs.items() if key != "training"}
            converted = [keras_calls.tensor_input(self, arg, node) for arg in args]
            return self.call(Bound(method, value), converted, passed, node, star=star)
        if value.library:
            return keras_calls.call_instance(self, value, args, kwargs, node)
        return self.foreign_call(value, args, kwargs, node)

    def guarded(self, run: Callable[[], None]) -> str | None:
        """Run something; gives the exception that it surely raises, or None."""
        forks, depth = self.forks, len(self.stack)
        self.guards += 1
        try:
            run()
        except RaisedError as error:
            self.forks = forks
            del self.stack[depth:]
            return error.exception
        finally:
            self.guards -= 1
        return None
