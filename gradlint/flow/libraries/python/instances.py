"""What class a value is of: ``type`` and ``isinstance``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, models
from gradlint.flow.values.program import ClassValue, Function, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Known,
    LibObject,
    Number,
    Seq,
    Tensor,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours
from gradlint.knowledge.packages import root

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter


@models("type-of")
def type_of(_machine: Interpreter, call: LibraryCall) -> Value:
    """``type(x)``."""
    owner = call.args[0] if len(call.args) == 1 else None
    return owner.cls if isinstance(owner, Instance) else Number("")


@models("is-instance")
def is_instance(_machine: Interpreter, call: LibraryCall) -> Value:
    """``isinstance(x, cls)``."""
    if len(call.args) != 2:
        return Number("")
    known = instance_of(*call.args)
    return Number("bool") if known is None else Const(known)


def instance_of(value: Value, cls: Value) -> bool | None:
    """Whether a value surely is, or is not, of a class or of one of several; None where that is not known."""
    if isinstance(cls, Seq):
        answers = {instance_of(value, one) for one in cls.items.values}
        return True if True in answers else None if None in answers or not cls.items.exact else False
    if isinstance(cls, ClassValue):
        if isinstance(value, Instance):
            return True if value.cls is cls else None
        return False if isinstance(value, _OF_NO_OWN_CLASS) and not _may_take_others(cls) else None
    return _is_of_library_class(value, cls.name) if isinstance(cls, Known) else None


_OF_NO_OWN_CLASS = (Const, Number, Array, Seq, Dict, Function, Tensor, Variable, LibObject)
"""The values that are objects of no class of the program."""


def _may_take_others(cls: ClassValue) -> bool:
    """Whether objects may count as a class's that are not made of it: a metaclass, ``ABC`` or ``Protocol`` decides."""
    lines = [base.name if isinstance(base, Known) else "" for base in cls.mro if not isinstance(base, ClassValue)]
    return any(isinstance(base, ClassValue) and (base.ruled or base.node.keywords) for base in cls.mro) or any(
        not line or root(line) in {"abc", "typing", "typing_extensions"} for line in lines
    )


_SCALAR_CLASSES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}


def _is_of_library_class(value: Value, name: str) -> bool | None:
    """Whether a value surely is, or is not, of a library's class; None where that is not known."""
    words, last = behaviours.of(name), name.rpartition(".")[2]
    if "isinstance:tensor" in words or "isinstance:variable" in words or "isinstance:other-tensor" in words:
        return _is_of_tensor_class(value, words)
    if isinstance(value, Array):
        return True if "isinstance:array" in words else None
    if isinstance(value, Seq):
        return last == value.kind if not words.isdisjoint({"isinstance:container", "isinstance:text"}) else None
    if isinstance(value, Dict):
        return last == "dict" if root(name) == "builtins" else None
    if isinstance(value, Const):
        if "isinstance:scalar" in words:
            return isinstance(value.value, _SCALAR_CLASSES[last])
        return False if "isinstance:container" in words else None
    return None


def _is_of_tensor_class(value: Value, words: frozenset[str]) -> bool | None:
    if isinstance(value, Const | Number | Array | Seq | Dict | Function):
        return False
    if isinstance(value, Variable) and value.keras is False and "isinstance:variable" in words:
        return True
    if isinstance(value, Tensor) and "isinstance:other-tensor" not in words:
        return "isinstance:tensor" in words
    return None
