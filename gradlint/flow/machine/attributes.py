"""Reads and writes attributes, by what they are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.causes import NonDifferentiable
from gradlint.flow.libraries.keras import attributes as keras_attributes
from gradlint.flow.libraries.keras.layers import family
from gradlint.flow.libraries.keras.variables import NAMES, is_keras
from gradlint.flow.libraries.python.attribute_tables import table_of
from gradlint.flow.machine.core import Core
from gradlint.flow.state.store import join_values
from gradlint.flow.values import dtypes
from gradlint.flow.values.kinds import ByKind
from gradlint.flow.values.making import ANY_ATTRIBUTE, gain, span_of
from gradlint.flow.values.modules import Imported, ModuleValue
from gradlint.flow.values.premises import Premise, Rests, is_hook
from gradlint.flow.values.program import Bound, ClassValue, Function, Instance, Super
from gradlint.flow.values.values import (
    Array,
    Const,
    Items,
    Join,
    Known,
    LibObject,
    LostNone,
    Method,
    Number,
    Params,
    Seq,
    Storage,
    Symbolic,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    everywhere,
    sure_everywhere,
)
from gradlint.knowledge import behaviours, versions
from gradlint.knowledge.packages import canonical

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from gradlint.flow.machine.core import Core

LEAVING = frozenset({"numpy", "tolist"})
"""Methods that give a NumPy or Python value whatever they are called on."""
SHAPELY = frozenset({"shape", "ndim", "size", "name", "device", "graph", "itemsize", "nbytes", "path"})
"""Attributes that say something about a tensor and carry none of its value."""


def attribute(machine: Core, value: Value, name: str, node: ast.AST) -> Value:
    """Read an attribute."""
    return READ.for_value(value)(machine, value, name, node)


def _of_anything(_machine: Core, value: Value, name: str, _node: ast.AST) -> Value:
    return Method(value, name)


READ: ByKind[Callable[[Core, Any, str, ast.AST], Value]] = ByKind(_of_anything)
"""What reads an attribute, by what it is read from."""


@READ.of(Known)
def _of_library(machine: Core, value: Known, name: str, node: ast.AST) -> Value:
    full = canonical(f"{value.name}.{name}")
    if name in machine.replaced_names:
        return machine.opened(Premise(Rests.REPLACED, full), node)
    version = versions.gone(full)
    if version:
        machine.lacks(machine.text(node), version, "AttributeError")
    return Const(behaviours.constant(full)) if behaviours.after(full, "is:") else Known(full)


@READ.of(ClassValue)
def _of_class(machine: Core, value: ClassValue, name: str, node: ast.AST) -> Value:
    found = machine.class_attribute(value, name)
    if isinstance(found, Function) and found.kind == "class":
        return Bound(found, value)
    return found if found is not None else machine.opened(set_outside(value, name), node, [value])


@READ.of(LibObject)
def _of_library_object(machine: Core, value: LibObject, name: str, node: ast.AST) -> Value:
    return keras_attributes.attribute(machine, value, name, node)


@READ.of(Storage)
def _of_storage(machine: Core, value: Storage, name: str, node: ast.AST) -> Value:
    return Method(value.base, name) if name == "value" else tensor_attribute(machine, value.base, name, node)


@READ.of(Symbolic)
def _of_symbol(_machine: Core, value: Symbolic, name: str, _node: ast.AST) -> Value:
    return Number("int") if name in SHAPELY else Method(value, name)


@READ.of(Function, Bound)
def _of_function(_machine: Core, value: Function | Bound, name: str, _node: ast.AST) -> Value:
    held = value.extra.get(name) if isinstance(value, Function) and value.extra is not None else None
    if isinstance(held, Value):
        return held
    return value if name in {"python_function", "__wrapped__", "__call__"} else Method(value, name)


@READ.of(Const)
def _of_constant(machine: Core, value: Const, name: str, node: ast.AST) -> Value:
    return machine.unknown(name, node, anything=True) if value.value is None else Method(value, name)


@READ.of(LostNone)
def _of_lost(machine: Core, value: LostNone, name: str, node: ast.AST) -> Value:
    if hasattr(None, name):
        return machine.unknown(name, node)
    return machine.none_used(value, node, "access", "AttributeError")


@READ.of(Seq)
def _of_sequence(_machine: Core, value: Seq, name: str, _node: ast.AST) -> Value:
    if value.extra is not None and name in value.extra:
        field: Value = value.extra[name]
        return field
    return Method(value, name)


@READ.of(Method)
def _of_method(machine: Core, value: Method, name: str, node: ast.AST) -> Value:
    return machine.opened(Premise(Rests.SET_OUTSIDE, f"{value.name}.{name}"), node, [value])


@READ.of(ModuleValue)
def module_attribute(machine: Core, module: ModuleValue, name: str, _node: ast.AST) -> Value:
    """A name of a module of the project; one that is not known is one object each time that it is read."""
    found = machine.member(module, name)
    held = module.frame.names.get(name)
    if held is not None and not isinstance(held, Imported | ModuleValue) and module.found.package:
        # Whether the module below it has taken its place depends on what has been imported by now.
        found = found if machine.module_of(name, 1, module.found.path) is None else None
    if found is None:
        found = Unknown(name, anything=True)
        module.submodules[name] = found
    return found


@READ.of(Join)
def joined_attribute(machine: Core, value: Join, name: str, node: ast.AST) -> Value:
    """An attribute of one of several values; those that have none are left out."""
    result: Value | None = None
    options = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
    if len(options) > 6:
        return machine.unknown(name, node, options)
    alike = len({type(option) for option in options}) == 1 and isinstance(options[0], Tensor | Variable | Array)
    if alike and name != "value":
        return Number("int") if name in SHAPELY else Method(value, name)
    for index, option in enumerate(options):
        label = value.labels[index] if index < len(value.labels) else ""
        got = machine.attribute(option, name, node)
        result = got if result is None else join_values(result, got, "", label)
    return result if result is not None else machine.unknown(name, node, [value])


@READ.of(Unknown)
def unknown_attribute(machine: Core, value: Unknown, name: str, node: ast.AST) -> Value:
    """An attribute of something unknown: one object each time that it is read."""
    before = value.attrs.get(name)
    if isinstance(before, Value):
        return before
    if name in {"shape", "dtype", "ndim", "__name__", "__class__"}:
        return Number("", span_of(node))
    if name in LEAVING:
        return Method(value, name)
    made = Unknown(name, span_of(node), anything=value.anything)
    made.edges = everywhere(value)
    machine.set(value.attrs, name, made)
    return made


@READ.of(Tensor, Variable, Array, Params)
def tensor_attribute(machine: Core, value: Tensor | Variable | Array | Params, name: str, node: ast.AST) -> Value:
    """An attribute of a tensor, Variable or array."""
    if name == "shape" and not isinstance(value, Array):
        return Number("shape")
    if name in SHAPELY:
        return Number("int") if name != "name" else _label(machine, value)
    if name == "dtype":
        dtype = dtypes.of(value)
        return Known("tensorflow." + dtype) if dtype is not None else Number("")
    if isinstance(value, Array):
        return _part_of_array(machine, value, name, node)
    if isinstance(value, Tensor):
        return _part_of_tensor(machine, value, name, node)
    if name == "handle":
        return value
    if name == "value" and (isinstance(value, Params) or value.keras is True):
        return Storage(value)
    if name == "trainable" and isinstance(value, Variable) and value.trainable is not None:
        return Const(value.trainable)
    if isinstance(value, Variable) and value.state.get("transformed"):
        return _of_transformed(value, name, node)
    return Method(value, name)


def _label(machine: Core, value: Value) -> Number:
    """The name of a tensor or variable: where it is what trains in a layer of Keras 3, one of few."""
    made = Number("str")
    if isinstance(value, Params) and value.trainable is not False and is_keras(value) and not machine.legacy_keras:
        made.texts = NAMES
    return made


def _of_transformed(value: Variable, name: str, node: ast.AST) -> Value:
    """An attribute of a ``tfp.util.TransformedVariable``, which is a module around the Variable that it stands for."""
    if name in {"trainable_variables", "variables"}:
        kept = () if value.trainable is False and name == "trainable_variables" else (value,)
        return Seq(Items(kept, value.trainable is not None), "tuple", span_of(node))
    if name == "pretransformed_input":
        return value
    return Method(value, name)


def _part_of_array(machine: Core, value: Array, name: str, node: ast.AST) -> Value:
    if name == "handle":
        return value
    if name not in {"T", "real", "imag", "flat"}:
        return Method(value, name)
    made = Array(value.dtype, span_of(node))
    machine.depend(made, [value])
    return made


def _part_of_tensor(machine: Core, value: Tensor, name: str, node: ast.AST) -> Value:
    if name == "handle":
        return value
    if name in (value.extra or {}).get("fields", ()):
        return machine.tensor(node, [value], op=value.op)
    if name in {"values", "flat_values", "real", "imag"}:
        return component(machine, value, name, node)
    if name in {"indices", "row_splits", "dense_shape"}:
        return machine.tensor(node, [value], dtype="int64", cut=machine.cut(NonDifferentiable(name), node))
    return Method(value, name)


def component(machine: Core, value: Tensor, name: str, node: ast.AST) -> Value:
    """A part of a composite tensor: one object each time that it is read."""
    extra = value.extra if value.extra is not None else {}
    held = extra.get("part " + name)
    if isinstance(held, Value):
        return held
    made = machine.tensor(node, [value], dtype=value.dtype, op=value.op)
    if name in {"values", "flat_values"}:
        # No operation takes it out: it was there since the whole was computed.
        made.edges, made.tracked = sure_everywhere(value), value.tracked
    made.extra = {"part of": value}
    value.extra = {**extra, "part " + name: made}
    gain(value, everywhere(made))
    return made


# -- objects of the program's classes ------------------------------------------------------------------------------


def class_attribute(machine: Core, cls: ClassValue, name: str) -> Value | None:
    """What a class of the program, or one of its bases in the program, binds to a name."""
    return attribute_among(machine, cls.mro, name)


def attribute_among(machine: Core, classes: tuple[Value, ...], name: str) -> Value | None:
    """What the first of some classes that binds a name binds to it."""
    for looked, base in enumerate(classes):
        if isinstance(base, ClassValue):
            found = base.frame.names.get(name)
            if isinstance(found, Value):
                machine.account.pay_for(looked)
                return machine.used(found)
    machine.account.pay_for(len(classes))
    return None


@READ.of(Instance)
def instance_attribute(machine: Core, value: Instance, name: str, node: ast.AST) -> Value:
    """An attribute of an object of a class of the program."""
    held = value.attrs.get(name)
    found = machine.class_attribute(value.cls, name)
    if isinstance(held, Value) and descriptor(machine, found, "__set__") is None:
        return held
    if found is not None:
        if value.state.get(ANY_ATTRIBUTE) and not isinstance(found, Function):
            return machine.unknown(name, node, [found], anything=True)
        return bound(machine, found, value, node, name)
    if name == "__dict__":
        return table_of(value, node) or machine.unknown(name, node, [value], anything=True)
    if name == "__class__":
        return value.cls
    if value.library:
        got = keras_attributes.instance_attribute(machine, value, name, node)
        if got is not None:
            return got
    if value.open:
        made = Unknown(name, span_of(node), anything=True)
        made.edges = everywhere(value)
        machine.set(value.attrs, name, made)
        return made
    getter = machine.class_attribute(value.cls, "__getattr__")
    if isinstance(getter, Function) and value.state.get(ANY_ATTRIBUTE) is not True:
        return machine.call(Bound(getter, value), [Const(name)], {}, node)
    made = machine.opened(set_outside(value.cls, name), node, [value])
    machine.set(value.attrs, name, made)
    return made


def overridable(machine: Core, owner: Value, found: Value, name: str) -> bool:
    """Whether a method that is read through an object may be another one, of a subclass.

    An object that the program makes itself is of its very class. One that nothing in view makes may be of any
    subclass: a method that does nothing waits for one, and so does one that a subclass in view overrides, unless
    the program makes objects of the class itself.
    """
    if not isinstance(owner, Instance) or not owner.invented or not isinstance(found, Function):
        return False
    if is_hook(found.node):
        return True
    return id(owner.cls) not in machine.constructed and any(
        cls is not owner.cls and name in cls.frame.names and any(base is owner.cls for base in cls.mro)
        for cls in machine.classes
    )


def descriptor(machine: Core, found: Value | None, name: str) -> Function | None:
    """The method ``__get__`` or ``__set__`` by which an attribute of a class answers itself; None for others."""
    if not isinstance(found, Instance):
        return None
    method = machine.class_attribute(found.cls, name)
    return method if isinstance(method, Function) else None


def bound(machine: Core, found: Value, owner: Value, node: ast.AST, name: str) -> Value:
    """What reading a class's attribute through an object gives."""
    getter = descriptor(machine, found, "__get__")
    if getter is not None and isinstance(owner, Instance):
        return machine.call(Bound(getter, found), [owner, owner.cls], {}, node)
    if isinstance(owner, Instance) and overridable(machine, owner, found, name):
        return machine.opened(Premise(Rests.HOOK, f"{owner.cls.name}.{name}"), node, [owner])
    if isinstance(found, Unknown) and found.anything:
        return machine.opened(Premise(Rests.DESCRIPTOR, name), node, [owner, found])
    if isinstance(found, Function):
        if found.kind == "static":
            return found
        if found.kind == "class":
            return Bound(found, owner.cls if isinstance(owner, Instance) else owner)
        if found.kind == "property":
            return machine.call(Bound(found, owner), [], {}, node)
        if found.kind == "cached-property":
            made = machine.call(Bound(found, owner), [], {}, node)
            if isinstance(owner, Instance):
                machine.set(owner.attrs, name, made)
            return made
        return Bound(found, owner)
    return found


@READ.of(Super)
def super_attribute(machine: Core, value: Super, name: str, node: ast.AST) -> Value:
    """An attribute through ``super()``."""
    owner = value.owner
    found = attribute_among(machine, _after(value), name)
    if found is not None:
        return bound(machine, found, owner, node, name)
    if isinstance(owner, Instance):
        if owner.library:
            got = keras_attributes.instance_attribute(machine, owner, name, node, parent=True)
            if got is not None:
                return got
        if not owner.open:
            return Method(value, name)
    return machine.unknown(name, node, [owner], anything=True)


def set_attribute(machine: Core, value: Value, name: str, new: Value, node: ast.AST) -> None:
    """Write an attribute."""
    if isinstance(new, Tape):
        machine.used_elsewhere.add(id(new))
    WRITE.for_value(value)(machine, value, name, new, node)


def _nowhere(_machine: Core, _value: Value, _name: str, _new: Value, _node: ast.AST) -> None:
    """What takes no attribute that matters."""


WRITE: ByKind[Callable[[Core, Any, str, Value, ast.AST], None]] = ByKind(_nowhere)
"""What writes an attribute, by what it is written into."""


@WRITE.of(Instance)
def _into_instance(machine: Core, value: Instance, name: str, new: Value, node: ast.AST) -> None:
    found = machine.class_attribute(value.cls, name)
    if isinstance(found, Function) and found.kind == "property":
        setter = (found.extra or {}).get("setter")
        if setter is not None:
            machine.call(Bound(setter, value), [new], {}, node)
        return
    writer = descriptor(machine, found, "__set__")
    if found is not None and writer is not None:
        machine.call(Bound(writer, found), [value, new], {}, node)
        return
    if isinstance(found, Unknown) and found.anything:
        stored_somewhere(machine, value, name, new, node)
        return
    if name == "layers" and value.library.startswith("keras.") and not isinstance(found, Function):
        # Keras keeps the name for itself and raises, so that the program has no such object.
        machine.set(value.state, "refused", True)
    if name == "trainable" and value.library:
        machine.set(value.state, "trainable", new.value if isinstance(new, Const) else None)
    machine.set(value.attrs, name, new)


@WRITE.of(Unknown)
def _into_unknown(machine: Core, value: Unknown, name: str, new: Value, _node: ast.AST) -> None:
    machine.set(value.attrs, name, new)
    machine.escape(new)
    if not isinstance(new, Const):
        gain(value, everywhere(new))
        keras_attributes.set_somewhere(machine, value, name, new)


@WRITE.of(LibObject)
def _into_library_object(machine: Core, value: LibObject, name: str, new: Value, _node: ast.AST) -> None:
    keras_attributes.set_attribute(machine, value, name, new)


@WRITE.of(ClassValue)
def _into_class(machine: Core, value: ClassValue, name: str, new: Value, _node: ast.AST) -> None:
    machine.set(value.frame.names, name, new)


@WRITE.of(ModuleValue)
def _into_module(machine: Core, value: ModuleValue, name: str, new: Value, _node: ast.AST) -> None:
    machine.set_member(value, name, new)


@WRITE.of(Join)
def _into_one_of_several(machine: Core, value: Join, name: str, new: Value, _node: ast.AST) -> None:
    for option in value.options:
        if isinstance(option, Instance):
            before = option.attrs.get(name)
            machine.set(option.attrs, name, join_values(before, new) if isinstance(before, Value) else new)


@WRITE.of(Function)
def _into_function(_machine: Core, value: Function, name: str, new: Value, _node: ast.AST) -> None:
    value.extra = {**(value.extra or {}), name: new}


@WRITE.of(Tape)
def _into_tape(machine: Core, value: Tape, _name: str, _new: Value, _node: ast.AST) -> None:
    machine.set(value.state, "escaped", True)


def stored_somewhere(machine: Core, value: Instance, name: str, new: Value, node: ast.AST) -> None:
    """Write an attribute by a descriptor that is not seen: it may put the value anywhere in the object."""
    machine.set(value.state, f"stored {name}", new)
    machine.set(value.state, ANY_ATTRIBUTE, True)
    for key, before in list(value.attrs.items()):
        if not isinstance(before, Variable):
            machine.set(value.attrs, key, machine.opened(Premise(Rests.DESCRIPTOR, name), node, [before, new]))


def set_outside(cls: ClassValue, name: str) -> Premise:
    """That nothing but what is seen sets an attribute of a class or of its objects."""
    return Premise(Rests.SET_OUTSIDE, f"{cls.name}.{name}")


def _after(value: Super) -> tuple[Value, ...]:
    """The classes of the program that ``super()`` looks into, as far as no class of a library stands before them."""
    owner = value.owner
    line = owner.cls.mro if isinstance(owner, Instance) else owner.mro if isinstance(owner, ClassValue) else ()
    at = next((index for index, one in enumerate(line) if one is value.cls), None)
    rest = value.cls.mro[1:] if at is None else line[at + 1 :]
    library = (index for index, one in enumerate(rest) if isinstance(one, Known) and family(one.name))
    return rest[: next(library, len(rest))]
