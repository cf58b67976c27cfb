"""Reads and writes attributes, by what they are read from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.keras import attributes as keras_attributes
from gradlint.flow.libraries.keras import objects as keras_objects
from gradlint.flow.machine.expressions import Expressions
from gradlint.flow.state.store import join_values
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import ANY_ATTRIBUTE, gain, span_of
from gradlint.flow.values.modules import Imported, ModuleValue
from gradlint.flow.values.names import canonical
from gradlint.flow.values.premises import Premise, Rests, is_hook
from gradlint.flow.values.program import Bound, ClassValue, Function, Instance, Super
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Join,
    Known,
    LibObject,
    Method,
    Number,
    Pairs,
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
)

if TYPE_CHECKING:
    import ast

_CONSTANTS = {
    "math.pi": math.pi, "math.e": math.e, "math.tau": math.tau, "math.inf": math.inf, "math.nan": math.nan,
    "numpy.pi": math.pi, "numpy.e": math.e, "numpy.inf": math.inf, "numpy.nan": math.nan, "numpy.newaxis": None,
    "tensorflow.newaxis": None,
}  # fmt: skip
LEAVING = frozenset({"numpy", "tolist"})
"""Methods that give a NumPy or Python value whatever they are called on."""
SHAPELY = frozenset({"shape", "ndim", "size", "name", "device", "graph", "itemsize", "nbytes", "path"})
"""Attributes that say something about a tensor and carry none of its value."""


class Attributes(Expressions):
    """The part of the machine that reads and writes attributes."""

    def attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        """Read an attribute."""
        if isinstance(value, Known):
            full = canonical(f"{value.name}.{name}")
            if name in self.replaced_names:
                return self.opened(Premise(Rests.REPLACED, full), node)
            if full in _CONSTANTS:
                return Const(_CONSTANTS[full])
            return Known(full)
        if isinstance(value, Instance):
            return self.instance_attribute(value, name, node)
        if isinstance(value, ClassValue):
            found = self.class_attribute(value, name)
            if isinstance(found, Function) and found.kind == "class":
                return Bound(found, value)
            return found if found is not None else self.opened(set_outside(value, name), node, [value])
        if isinstance(value, ModuleValue):
            return self.module_attribute(value, name)
        if isinstance(value, Super):
            return self.super_attribute(value, name, node)
        if isinstance(value, Join):
            return self.joined_attribute(value, name, node)
        if isinstance(value, Unknown):
            return self.unknown_attribute(value, name, node)
        if isinstance(value, LibObject):
            return keras_attributes.attribute(self, value, name, node)
        if isinstance(value, Storage):
            return self.tensor_attribute(value.base, name, node) if name != "value" else Method(value.base, name)
        if isinstance(value, Tensor | Variable | Array | Params):
            return self.tensor_attribute(value, name, node)
        if isinstance(value, Symbolic):
            return Number("int") if name in SHAPELY else Method(value, name)
        if isinstance(value, Function | Bound):
            if isinstance(value, Function) and value.extra is not None and name in value.extra:
                return value.extra[name]
            return value if name in {"python_function", "__wrapped__", "__call__"} else Method(value, name)
        if isinstance(value, Number):
            return Method(value, name)
        if isinstance(value, Const) and value.value is None:
            return self.unknown(name, node, anything=True)
        if isinstance(value, Seq) and value.extra is not None and name in value.extra:
            extra: Value = value.extra[name]
            return extra
        if isinstance(value, Method):
            return self.opened(Premise(Rests.SET_OUTSIDE, f"{value.name}.{name}"), node, [value])
        return Method(value, name)

    def module_attribute(self, module: ModuleValue, name: str) -> Value:
        """A name of a module of the project; one that is not known is one object each time that it is read."""
        found = self.member(module, name)
        held = module.frame.names.get(name)
        if held is not None and not isinstance(held, Imported | ModuleValue) and module.found.package:
            # Whether the module below it has taken its place depends on what has been imported by now.
            found = found if self.module_of(name, 1, module.found.path) is None else None
        if found is None:
            found = Unknown(name, anything=True)
            module.submodules[name] = found
        return found

    def joined_attribute(self, value: Join, name: str, node: ast.AST) -> Value:
        """An attribute of one of several values; those that have none are left out."""
        result: Value | None = None
        options = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
        if len(options) > 6:
            return self.unknown(name, node, options)
        if len({type(option) for option in options}) == 1 and isinstance(options[0], Tensor | Variable | Array):
            return Number("int") if name in SHAPELY else Method(value, name)
        for index, option in enumerate(options):
            label = value.labels[index] if index < len(value.labels) else ""
            got = self.attribute(option, name, node)
            result = got if result is None else join_values(result, got, "", label)
        return result if result is not None else self.unknown(name, node, [value])

    def unknown_attribute(self, value: Unknown, name: str, node: ast.AST) -> Value:
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
        self.set(value.attrs, name, made)
        return made

    def tensor_attribute(self, value: Tensor | Variable | Array | Params, name: str, node: ast.AST) -> Value:
        """An attribute of a tensor, Variable or array."""
        if name == "shape" and not isinstance(value, Array):
            return Number("shape")
        if name in SHAPELY:
            return Number("int")
        if name == "dtype":
            dtype = dtypes.of(value)
            return Known("tensorflow." + dtype) if dtype is not None else Number("")
        if isinstance(value, Variable):
            if name == "trainable" and value.trainable is not None:
                return Const(value.trainable)
            if name == "value" and value.keras is True:
                return Storage(value)
        if isinstance(value, Params) and name == "value":
            return Storage(value)
        if name == "handle":
            return value
        if isinstance(value, Tensor):
            extra = value.extra or {}
            if name in extra.get("fields", ()):
                return self.tensor(node, [value], op=value.op)
        if isinstance(value, Array) and name in {"T", "real", "imag", "flat"}:
            made = Array(value.dtype, span_of(node))
            self.depend(made, [value])
            return made
        if isinstance(value, Tensor) and name in {"values", "flat_values", "real", "imag"}:
            return self.component(value, name, node)
        if isinstance(value, Tensor) and name in {"indices", "row_splits", "dense_shape"}:
            return self.tensor(node, [value], dtype="int64", cut=self.cut(Kind.NON_DIFFERENTIABLE, node, name))
        return Method(value, name)

    def component(self, value: Tensor, name: str, node: ast.AST) -> Value:
        """A part of a composite tensor: one object each time that it is read."""
        extra = value.extra if value.extra is not None else {}
        held = extra.get("part " + name)
        if isinstance(held, Value):
            return held
        made = self.tensor(node, [value], dtype=value.dtype, op=value.op)
        made.extra = {"part of": value}
        value.extra = {**extra, "part " + name: made}
        gain(value, everywhere(made))
        return made

    # -- objects of the program's classes --------------------------------------------------------------------------

    def class_attribute(self, cls: ClassValue, name: str) -> Value | None:
        """What a class of the program, or one of its bases in the program, binds to a name."""
        return self.attribute_among(cls.mro, name)

    def attribute_among(self, classes: tuple[Value, ...], name: str) -> Value | None:
        """What the first of some classes that binds a name binds to it."""
        for looked, base in enumerate(classes):
            if isinstance(base, ClassValue):
                found = base.frame.names.get(name)
                if isinstance(found, Value):
                    self.account.pay_for(looked)
                    return self.used(found)
        self.account.pay_for(len(classes))
        return None

    def instance_attribute(self, value: Instance, name: str, node: ast.AST) -> Value:
        """An attribute of an object of a class of the program."""
        held = value.attrs.get(name)
        found = self.class_attribute(value.cls, name)
        if isinstance(held, Value) and self.descriptor(found, "__set__") is None:
            return held
        if found is not None:
            if value.state.get(ANY_ATTRIBUTE) and not isinstance(found, Function):
                return self.unknown(name, node, [found], anything=True)
            return self.bound(found, value, node, name)
        if name == "__dict__":
            held_by_name = tuple((key, held) for key, held in value.attrs.items() if isinstance(held, Value))
            made_dict = Dict(Pairs(held_by_name, exact=not value.open and not value.library), span_of(node))
            return made_dict if held_by_name else self.unknown(name, node, [value], anything=True)
        if name == "__class__":
            return value.cls
        if value.library:
            got = keras_attributes.instance_attribute(self, value, name, node)
            if got is not None:
                return got
        if value.open:
            made = Unknown(name, span_of(node), anything=True)
            made.edges = everywhere(value)
            self.set(value.attrs, name, made)
            return made
        getter = self.class_attribute(value.cls, "__getattr__")
        if isinstance(getter, Function) and value.state.get(ANY_ATTRIBUTE) is not True:
            return self.call(Bound(getter, value), [Const(name)], {}, node)
        made = self.opened(set_outside(value.cls, name), node, [value])
        self.set(value.attrs, name, made)
        return made

    def overridable(self, owner: Value, found: Value, name: str) -> bool:
        """Whether a method that is read through an object may be another one, of a subclass.

        An object that the program makes itself is of its very class. One that nothing in view makes may be of any
        subclass: a method that does nothing waits for one, and so does one that a subclass in view overrides, unless
        the program makes objects of the class itself.
        """
        if not isinstance(owner, Instance) or not owner.invented or not isinstance(found, Function):
            return False
        if is_hook(found.node):
            return True
        return id(owner.cls) not in self.constructed and any(
            cls is not owner.cls and name in cls.frame.names and any(base is owner.cls for base in cls.mro)
            for cls in self.classes
        )

    def descriptor(self, found: Value | None, name: str) -> Function | None:
        """The method ``__get__`` or ``__set__`` by which an attribute of a class answers itself; None for others."""
        if not isinstance(found, Instance):
            return None
        method = self.class_attribute(found.cls, name)
        return method if isinstance(method, Function) else None

    def bound(self, found: Value, owner: Value, node: ast.AST, name: str) -> Value:
        """What reading a class's attribute through an object gives."""
        getter = self.descriptor(found, "__get__")
        if getter is not None and isinstance(owner, Instance):
            return self.call(Bound(getter, found), [owner, owner.cls], {}, node)
        if isinstance(owner, Instance) and self.overridable(owner, found, name):
            return self.opened(Premise(Rests.HOOK, f"{owner.cls.name}.{name}"), node, [owner])
        if isinstance(found, Unknown) and found.anything:
            return self.opened(Premise(Rests.DESCRIPTOR, name), node, [owner, found])
        if isinstance(found, Function):
            if found.kind == "static":
                return found
            if found.kind == "class":
                return Bound(found, owner.cls if isinstance(owner, Instance) else owner)
            if found.kind == "property":
                return self.call(Bound(found, owner), [], {}, node)
            if found.kind == "cached-property":
                made = self.call(Bound(found, owner), [], {}, node)
                if isinstance(owner, Instance):
                    self.set(owner.attrs, name, made)
                return made
            return Bound(found, owner)
        return found

    def super_attribute(self, value: Super, name: str, node: ast.AST) -> Value:
        """An attribute through ``super()``."""
        owner = value.owner
        found = self.attribute_among(_after(value), name)
        if found is not None:
            return self.bound(found, owner, node, name)
        if isinstance(owner, Instance):
            if owner.library:
                got = keras_attributes.instance_attribute(self, owner, name, node, parent=True)
                if got is not None:
                    return got
            if not owner.open:
                return Method(value, name)
        return self.unknown(name, node, [owner], anything=True)

    def set_attribute(self, value: Value, name: str, new: Value, node: ast.AST) -> None:
        """Write an attribute."""
        if isinstance(new, Tape):
            self.used_elsewhere.add(id(new))
        if isinstance(value, Instance):
            found = self.class_attribute(value.cls, name)
            if isinstance(found, Function) and found.kind == "property":
                setter = (found.extra or {}).get("setter")
                if setter is not None:
                    self.call(Bound(setter, value), [new], {}, node)
                return
            writer = self.descriptor(found, "__set__")
            if found is not None and writer is not None:
                self.call(Bound(writer, found), [value, new], {}, node)
                return
            if isinstance(found, Unknown) and found.anything:
                self.stored_somewhere(value, name, new, node)
                return
            if name == "trainable" and value.library:
                self.set(value.state, "trainable", new.value if isinstance(new, Const) else None)
            self.set(value.attrs, name, new)
        elif isinstance(value, Unknown):
            self.set(value.attrs, name, new)
            self.escape(new)
            if not isinstance(new, Const):
                gain(value, everywhere(new))
                keras_attributes.set_somewhere(self, value, name, new)
        elif isinstance(value, LibObject):
            keras_attributes.set_attribute(self, value, name, new)
        elif isinstance(value, ClassValue):
            self.set(value.frame.names, name, new)
        elif isinstance(value, ModuleValue):
            self.set_member(value, name, new)
        elif isinstance(value, Join):
            for option in value.options:
                if isinstance(option, Instance):
                    before = option.attrs.get(name)
                    joined = join_values(before, new) if isinstance(before, Value) else new
                    self.set(option.attrs, name, joined)
        elif isinstance(value, Function):
            value.extra = {**(value.extra or {}), name: new}
        elif isinstance(value, Tape):
            self.set(value.state, "escaped", True)

    def stored_somewhere(self, value: Instance, name: str, new: Value, node: ast.AST) -> None:
        """Write an attribute by a descriptor that is not seen: it may put the value anywhere in the object."""
        self.set(value.state, f"stored {name}", new)
        self.set(value.state, ANY_ATTRIBUTE, True)
        for key, before in list(value.attrs.items()):
            if not isinstance(before, Variable):
                self.set(value.attrs, key, self.opened(Premise(Rests.DESCRIPTOR, name), node, [before, new]))


def set_outside(cls: ClassValue, name: str) -> Premise:
    """That nothing but what is seen sets an attribute of a class or of its objects."""
    return Premise(Rests.SET_OUTSIDE, f"{cls.name}.{name}")


def _after(value: Super) -> tuple[Value, ...]:
    """The classes of the program that ``super()`` looks into, as far as no class of a library stands before them."""
    owner = value.owner
    line = owner.cls.mro if isinstance(owner, Instance) else owner.mro if isinstance(owner, ClassValue) else ()
    at = next((index for index, one in enumerate(line) if one is value.cls), None)
    rest = value.cls.mro[1:] if at is None else line[at + 1 :]
    library = (index for index, one in enumerate(rest) if isinstance(one, Known) and keras_objects.family(one.name))
    return rest[: next(library, len(rest))]
