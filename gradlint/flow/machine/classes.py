"""Objects of the classes of the program: how they are made, what they descend from, and how they are called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras import calls as keras_calls
from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.libraries.keras.layers import family
from gradlint.flow.values.making import span_of
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import Bound, ClassValue, Function, Instance
from gradlint.flow.values.values import (
    Known,
    LibObject,
    Symbolic,
    Value,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core


def construct(
    machine: Core,
    cls: ClassValue,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST,
    *,
    star: bool = False,
    invented: bool = False,
) -> Value:
    """Make an object of a class of the program; ``invented`` where it stands for one that a caller has."""
    if any(isinstance(base, ClassValue) and base.ruled for base in cls.mro):
        return machine.opened(Premise(Rests.METACLASS, cls.name), node, [*args, *kwargs.values()])
    library, is_open = descent(cls)
    if behaviours.has(library, "gradient-tape"):
        if any(isinstance(base, ClassValue) and defines_method(base) for base in cls.mro):
            return machine.opened(Premise(Rests.TAPE_CLASS, cls.name), node, [*args, *kwargs.values()])
        return machine.library_call(library, args, kwargs, node)
    made = Instance(cls, library, span_of(node), open_=is_open)
    made.invented = invented
    if not invented:
        machine.constructed.add(id(cls))
    made.born = machine.tick()
    keras.prepare(made)
    init = machine.class_attribute(cls, "__init__")
    if isinstance(init, Function):
        machine.call(Bound(init, made), args, kwargs, node, star=star)
    elif is_record(cls):
        fill_record(machine, cls, made, args, kwargs, node)
    elif args or kwargs:
        for index, value in enumerate((*args, *kwargs.values())):
            machine.set(made.state, f"argument {index}", value)
        keras.base_init(machine, made, args, kwargs)
    return made


def defines_method(cls: ClassValue) -> bool:
    """Whether a class has a method of its own."""
    return any(isinstance(held, Function) for held in cls.frame.names.values())


def is_record(cls: ClassValue) -> bool:
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
    machine: Core, cls: ClassValue, made: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> None:
    """Fill the fields of a dataclass's object."""
    fields: list[str] = []
    for base in reversed(cls.mro):
        if isinstance(base, ClassValue):
            for statement in base.node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    fields.append(statement.target.id)
    for name, value in [*zip(fields, args, strict=False), *kwargs.items()]:
        machine.set(made.attrs, name, value)
    for name in fields:
        held = machine.class_attribute(cls, name)
        if name in made.attrs or (held is not None and not _is_field(held) and not cls.opened):
            continue
        machine.set(made.attrs, name, _default(machine, None if cls.opened else held, name, node))
    post = machine.class_attribute(cls, "__post_init__")
    if isinstance(post, Function):
        machine.call(Bound(post, made), [], {}, node)


def _is_field(value: Value) -> bool:
    """Whether a value is what ``dataclasses.field`` gives."""
    return isinstance(value, LibObject) and value.family == "record-field"


def _default(machine: Core, field: Value | None, name: str, node: ast.AST) -> Value:
    """What a field of a dataclass's object holds where nothing is given for it."""
    if isinstance(field, LibObject):
        default, factory = field.state.get("default"), field.state.get("factory")
        if isinstance(default, Value):
            return default
        if isinstance(factory, Value):
            return machine.call(factory, [], {}, node)
    return machine.unknown(name, node, anything=True)


def descent(cls: ClassValue) -> tuple[str, bool]:
    """The library's class that a class descends from, and whether anything of its bases is not known."""
    library = ""
    is_open = False
    for base in cls.mro:
        if isinstance(base, ClassValue):
            is_open = is_open or base.opened
            continue
        if isinstance(base, Known):
            if base.name in {"builtins.object", "abc.ABC", "typing.NamedTuple", "typing.Protocol"}:
                continue
            if family(base.name) or behaviours.has(base.name, "library-class"):
                library = library or base.name
            elif not base.name.startswith(("builtins.", "typing.", "abc.", "enum.")):
                is_open = True
        else:
            is_open = True
    return library, is_open


def is_keras_method(function: Function) -> bool:
    """Whether a function is a method of a class that descends from Keras."""
    return function.owner is not None and descent(function.owner)[0].startswith("keras.")


def call_instance(
    machine: Core, value: Instance, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
) -> Value:
    """Call an object of a class of the program."""
    own = machine.class_attribute(value.cls, "__call__")
    if isinstance(own, Function):
        return machine.call(Bound(own, value), args, kwargs, node, star=star)
    method = machine.class_attribute(value.cls, "call")
    if value.library and isinstance(method, Function):
        if args and any(isinstance(leaf, Symbolic) for leaf in machine.leaves(args[0])):
            made = Symbolic(span_of(node), value)
            made.call, made.named = (value, tuple(args), None), dict(kwargs)
            given = (*args, *kwargs.values())
            machine.depend(made, [*[leaf for arg in given for leaf in machine.leaves(arg)], value])
            keras.build(machine, value, node)
            return made
        keras.build(machine, value, node)
        names = {argument.arg for argument in method.node.args.args + method.node.args.kwonlyargs}
        passed = kwargs
        if "training" in kwargs and "training" not in names and method.node.args.kwarg is None:
            passed = {key: item for key, item in kwargs.items() if key != "training"}
        converted = [keras_calls.tensor_input(machine, arg, node) for arg in args]
        return machine.call(Bound(method, value), converted, passed, node, star=star)
    if value.library:
        return keras_calls.call_instance(machine, value, args, kwargs, node)
    return machine.foreign_call(value, args, kwargs, node)
