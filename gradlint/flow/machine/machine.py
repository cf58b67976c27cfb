"""The whole machine: an abstract interpreter that runs a program from its top."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.libraries.keras import optimizers as updates
from gradlint.flow.machine import callbacks, relevance
from gradlint.flow.machine.attributes import set_outside
from gradlint.flow.machine.core import RaisedError
from gradlint.flow.machine.dispatch import Library
from gradlint.flow.tapes import untracked, usage
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Instance
from gradlint.flow.values.values import (
    Const,
    Dict,
    Items,
    Pairs,
    Seq,
    Tape,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from gradlint.flow.state.record import Recorder
    from gradlint.flow.values.modules import Finder

STEPS_OF_FIT = frozenset({"train_step", "test_step", "predict_step"})
"""The methods that Keras calls with a batch of data."""


class Machine(Library):
    """Runs a program and notes what its gradient calls get.

    Args:
        code: The program.
        recorder: What notes the claims.
        finder: Finds the modules of the project that the program belongs to; where None, imports are unknown.
        everything: Whether to enter also the functions that no tape can have to do with.
    """

    def __init__(
        self, code: str, recorder: Recorder, *, finder: Finder | None = None, everything: bool = False
    ) -> None:
        super().__init__(code, recorder)
        self.finder = finder
        self.everything = everything

    def applied(self, pairs: Value, node: ast.AST) -> None:
        """An optimizer applies gradients."""
        updates.applied(self, pairs, node)

    def differentiated_again(self, node: ast.AST) -> bool:
        """Whether a gradient call ran inside another tape's block, which may go on from its result."""
        return id(node) in self.inside_other_tapes

    # -- the program -----------------------------------------------------------------------------------------------

    def run(self, tree: ast.Module) -> None:
        """Run a program: its module from the top, then what nothing called."""
        self.tree = tree
        for statement in tree.body:
            try:
                self.block([statement])
            except RaisedError:
                continue
        self.enter_the_rest()
        usage.judge(self)
        untracked.judge(self)

    def enter_the_rest(self) -> None:
        """Enter each function and method that nothing called and that a tape may have to do with, once, with
        arguments that are not known.
        """
        relevant = relevance.Relevance(self.lines)
        for _ in range(3):
            pending = [
                function
                for function in self.defined
                if id(function.node) not in self.entered and function.node.lineno <= self.recorder.own
            ]
            for function in pending if self.everything else relevant.pick(pending, self.defined):
                if id(function.node) in self.entered or isinstance(function.node, ast.Lambda):
                    continue
                mark, escaped, clock = self.store.mark(), self.escaped.edges, self.clock
                self.let_go(function)
                try:
                    self.enter_alone(function)
                except RaisedError:
                    self.stack.clear()
                    self.forks = 0
                self.record_with(())
                self.store.undo(mark)
                self.forget_escaped(escaped, function, clock)

    def let_go(self, function: Function) -> None:
        """What a closure sees of a function that has ended may be in any state by the time that it is called."""
        frame: Frame | None = function.frame
        while frame is not None and frame.parent is not None:
            for value in list(frame.names.values()):
                if isinstance(value, Tape):
                    self.escape(value)
            frame = frame.parent

    def escape(self, value: Value) -> None:
        """Note that code of others has seen a value, and may have called it."""
        is_new = id(value) not in self.escaped_by_id
        super().escape(value)
        keras.forget(self, value)
        if is_new and isinstance(value, Function | Bound):
            self.callbacks += callbacks.places(value, self.written_by)

    def written_by(self, value: Instance) -> frozenset[str]:
        """The attributes that the methods of an object's class write."""
        return frozenset().union(*(self.written_in(cls) for cls in value.cls.mro if isinstance(cls, ClassValue)))

    def enter_alone(self, function: Function) -> None:
        """Enter one function with arguments that are not known, whatever wraps it."""
        arguments = function.node.args
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        args: list[Value] = []
        if function.owner is not None and function.kind not in {"static"} and names:
            args.append(function.owner if function.kind == "class" else self.object_of(function.owner, function))
        # Keras gives a step the data alone, which no Variable of the program stands behind.
        data = function.name in STEPS_OF_FIT and self.is_keras_method(function)
        while len(args) < len(names):
            args.append(Unknown(names[len(args)], span_of(function.node), anything=not data))
        kwargs: dict[str, Value] = {
            argument.arg: Unknown(argument.arg, span_of(function.node), anything=True)
            for argument in arguments.kwonlyargs
        }
        function.graph = function.graph or self.traced_by_fit(function)
        wrapped, function.opaque = function.opaque, False
        try:
            result = self.call(function, args, kwargs, function.node)
        finally:
            function.opaque = wrapped
        self.iterate(result, function.node) if not isinstance(result, Const) else None

    def traced_by_fit(self, function: Function) -> bool:
        """Whether Keras runs a method as a graph: a model's step, where the program itself calls ``fit`` on one."""
        if function.name not in {"train_step", "test_step"} or not self.is_keras_method(function):
            return False
        eagerly = "run_eagerly" in self.code or "run_functions_eagerly" in self.code
        return not eagerly and ".compile(" in self.code and ".fit(" in self.code

    def object_of(self, cls: ClassValue, function: Function) -> Value:
        """An object of a class, as its own ``__init__`` makes it from arguments that are not known."""
        init = self.class_attribute(cls, "__init__")
        args: list[Value] = []
        if isinstance(init, Function):
            names = [argument.arg for argument in (*init.node.args.posonlyargs, *init.node.args.args)][1:]
            args = [Unknown(name, span_of(init.node), anything=True) for name in names]
        made = self.construct(cls, args, {}, cls.node, invented=True)
        if isinstance(made, Instance):
            if made.library and function.name not in {"__init__", "build"}:
                keras.build(self, made, cls.node)
            if function.name != "__init__":
                keras.doubt_built(self, made)
            self.forget_attributes(cls, made)
            self.set(made.state, "assumed", True)
        return made

    def forget_attributes(self, cls: ClassValue, made: Value) -> None:
        """Attributes that other methods write may hold anything by the time that a method runs."""
        assert isinstance(made, Instance)
        for name in sorted(self.written_by(made)):
            self.tick()
            before = made.attrs.get(name)
            if before is not None and not isinstance(before, Variable):
                self.set(made.attrs, name, Unknown(name, None, anything=True))
        for name, before in list(made.attrs.items()):
            self.leave_open(cls, made, name, before)

    def leave_open(self, cls: ClassValue, made: Instance, name: str, before: Value) -> None:
        """What an object's ``__init__`` leaves empty is for others to fill before its methods run."""
        if isinstance(before, Const) and before.value is None:
            self.set(made.attrs, name, self.opened(set_outside(cls, name), None, [made]))
        elif isinstance(before, Seq) and before.kind != "tuple" and not before.items.values:
            self.set(before.state, "items", Items(exact=False))
        elif isinstance(before, Dict) and not before.pairs.entries:
            self.set(before.state, "pairs", Pairs(exact=False))

    def written_in(self, cls: ClassValue) -> frozenset[str]:
        """The attributes that a class's methods write, other than those that make the object."""
        known = self.written.get(id(cls.node))
        if known is None:
            known = frozenset(
                node.attr
                for method in cls.node.body
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
                and method.name not in {"__init__", "build"}
                for node in ast.walk(method)
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            )
            self.written[id(cls.node)] = known
        return known
