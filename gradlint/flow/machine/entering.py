"""Enters the functions that nothing in the program calls, as some other code may."""

from __future__ import annotations

import ast

from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.machine import classes
from gradlint.flow.machine.attributes import set_outside
from gradlint.flow.machine.core import Core, RaisedError
from gradlint.flow.values.making import IS_NUMBER, span_of
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Instance
from gradlint.flow.values.trees import walk
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

STEPS_OF_FIT = frozenset({"train_step", "test_step", "predict_step"})
"""The methods that Keras calls with a batch of data."""
_NUMBERS = frozenset({"bool", "float", "int", "str"})
"""The annotations of what is no Variable and holds none."""


def enter_the_rest(machine: Core) -> None:
    """Enter each function and method that nothing called and that a tape may have to do with, once, with
    arguments that are not known.
    """
    enter = machine.enters or enter_and_forget
    for _ in range(3):
        pending = not_entered(machine, 0, machine.recorder.own)
        for function in pending if machine.everything else machine.relevance.pick(pending, machine.defined):
            enter(machine, function)


def not_entered(machine: Core, first: int, last: int) -> list[Function]:
    """The functions defined between two lines that nothing has called."""
    return [
        function
        for function in machine.defined
        if id(function.node) not in machine.entered and first < function.node.lineno <= last
    ]


def enter_and_forget(machine: Core, function: Function) -> None:
    """Enter a function that nothing has called, and undo what that changed."""
    if id(function.node) in machine.entered or isinstance(function.node, ast.Lambda):
        return
    mark, escaped, clock = machine.store.mark(), machine.escaped.edges, machine.clock
    let_go(machine, function)
    try:
        enter_alone(machine, function)
    except RaisedError:
        machine.stack.clear()
        machine.forks = 0
    machine.record_with(())
    machine.store.undo(mark)
    machine.forget_escaped(escaped, function, clock)


def let_go(machine: Core, function: Function) -> None:
    """What a closure sees of a function that has ended may be in any state by the time that it is called."""
    frame: Frame | None = function.frame
    while frame is not None and frame.parent is not None:
        for value in list(frame.names.values()):
            if isinstance(value, Tape):
                machine.escape(value)
        frame = frame.parent


def written_by(machine: Core, value: Instance) -> frozenset[str]:
    """The attributes that the methods of an object's class write."""
    return frozenset().union(*(written_in(machine, cls) for cls in value.cls.mro if isinstance(cls, ClassValue)))


def enter_alone(machine: Core, function: Function) -> None:
    """Enter one function with arguments that are not known, whatever wraps it."""
    arguments = function.node.args
    given = [*arguments.posonlyargs, *arguments.args]
    args: list[Value] = []
    if function.owner is not None and function.kind not in {"static"} and given:
        args.append(function.owner if function.kind == "class" else object_of(machine, function.owner, function))
    # Keras gives a step the data alone, which no Variable of the program stands behind.
    data = function.name in STEPS_OF_FIT and classes.is_keras_method(function)
    args += [given_from_outside(one, function.node, anything=not data) for one in given[len(args) :]]
    kwargs: dict[str, Value] = {one.arg: given_from_outside(one, function.node) for one in arguments.kwonlyargs}
    function.graph = function.graph or traced_by_fit(machine, function)
    wrapped, function.opaque = function.opaque, False
    try:
        result = machine.call(function, args, kwargs, function.node)
    finally:
        function.opaque = wrapped
    machine.iterate(result, function.node) if not isinstance(result, Const) else None


def given_from_outside(argument: ast.arg, node: ast.AST, *, anything: bool = True) -> Value:
    """What other code gives for an argument: a number where the annotation says so, else anything at all."""
    value = Unknown(argument.arg, span_of(node), anything=anything)
    if isinstance(argument.annotation, ast.Name) and argument.annotation.id in _NUMBERS:
        value.attrs[IS_NUMBER] = Const(True)
    return value


def traced_by_fit(machine: Core, function: Function) -> bool:
    """Whether Keras runs a method as a graph: a model's step, where the program itself calls ``fit`` on one."""
    if function.name not in {"train_step", "test_step"} or not classes.is_keras_method(function):
        return False
    if machine.answered("text", "run_eagerly") or machine.answered("text", "run_functions_eagerly"):
        return False
    return bool(machine.answered("text", ".compile(") and machine.answered("text", ".fit("))


def object_of(machine: Core, cls: ClassValue, function: Function) -> Value:
    """An object of a class, as its own ``__init__`` makes it from arguments that are not known."""
    init = machine.class_attribute(cls, "__init__")
    args: list[Value] = []
    if isinstance(init, Function):
        given = [*init.node.args.posonlyargs, *init.node.args.args][1:]
        args = [given_from_outside(one, init.node) for one in given]
    made = classes.construct(machine, cls, args, {}, cls.node, invented=True)
    if isinstance(made, Instance):
        if made.library and function.name not in {"__init__", "build"}:
            keras.build(machine, made, cls.node)
        if function.name != "__init__":
            keras.doubt_built(machine, made)
        compiled = compile_first(machine, cls, made) if function.name in STEPS_OF_FIT else frozenset[str]()
        forget_attributes(machine, cls, made, compiled)
        machine.set(made.state, "assumed", True)
    return made


def compile_first(machine: Core, cls: ClassValue, made: Instance) -> frozenset[str]:
    """Run a model's own ``compile``, which comes before Keras calls a step, with arguments that are not known.

    Returns:
        The attributes that only this method writes.
    """
    method = machine.class_attribute(cls, "compile")
    if not isinstance(method, Function) or not classes.is_keras_method(method):
        return frozenset()
    given = method.node.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)][1:]
    args: list[Value] = [Unknown(name, span_of(method.node), anything=True) for name in names]
    kwargs: dict[str, Value] = {
        one.arg: Unknown(one.arg, span_of(method.node), anything=True) for one in given.kwonlyargs
    }
    machine.call(Bound(method, made), args, kwargs, cls.node)
    others = [
        _stored(other)
        for base in made.cls.mro
        if isinstance(base, ClassValue)
        for other in base.node.body
        if isinstance(other, ast.FunctionDef | ast.AsyncFunctionDef) and other is not method.node
    ]
    return _stored(method.node).difference(*others)


def _stored(method: ast.AST) -> frozenset[str]:
    """The attributes that a piece of code writes."""
    return frozenset(
        node.attr for node in walk(method) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )


def forget_attributes(machine: Core, cls: ClassValue, made: Value, kept: frozenset[str]) -> None:
    """Attributes that other methods write may hold anything by the time that a method runs, but for some."""
    assert isinstance(made, Instance)
    for name in sorted(written_by(machine, made) - kept):
        machine.tick()
        before = made.attrs.get(name)
        if before is not None and not isinstance(before, Variable):
            machine.set(made.attrs, name, Unknown(name, None, anything=True))
    for name, before in list(made.attrs.items()):
        leave_open(machine, cls, made, name, before)


def leave_open(machine: Core, cls: ClassValue, made: Instance, name: str, before: Value) -> None:
    """What an object's ``__init__`` leaves empty is for others to fill before its methods run."""
    if isinstance(before, Const) and before.value is None:
        machine.set(made.attrs, name, machine.opened(set_outside(cls, name), None, [made]))
    elif isinstance(before, Seq) and before.kind != "tuple" and not before.items.values:
        machine.set(before.state, "items", Items(exact=False))
    elif isinstance(before, Dict) and not before.pairs.entries:
        machine.set(before.state, "pairs", Pairs(exact=False))


def written_in(machine: Core, cls: ClassValue) -> frozenset[str]:
    """The attributes that a class's methods write, other than those that make the object."""
    known = machine.written.get(id(cls.node))
    if known is None:
        known = frozenset(
            name
            for method in cls.node.body
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name not in {"__init__", "build"}
            for name in _stored(method)
        )
        machine.written[id(cls.node)] = known
    return known
