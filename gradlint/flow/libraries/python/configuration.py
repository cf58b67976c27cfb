"""Numbers that a program is configured with: ``argparse``, ``types.SimpleNamespace``, the fields of dataclasses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, methods, models
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import ClassValue, Instance
from gradlint.flow.values.values import Const, Known, LibObject, Number, Seq, Value

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

NAMESPACE = "namespace"
"""The family of objects whose attributes are what they were made with."""
PARSER = "parser"
_TYPES = {"builtins.int": "int", "builtins.float": "float", "builtins.str": "str", "builtins.bool": "bool"}
_SWITCHES = {"store_true": "bool", "store_false": "bool", "count": "int"}


def namespace(name: str, attrs: dict[str, Value], node: ast.AST) -> LibObject:
    """An object whose attributes are these."""
    made = LibObject(name, NAMESPACE, span_of(node))
    made.state["attrs"] = attrs
    return made


@models("simple-namespace")
def simple_namespace(machine: Interpreter, call: LibraryCall) -> Value:
    """``SimpleNamespace(width=100)``."""
    if call.args or "**" in call.kwargs:
        return machine.foreign("call", call.node, call.values)
    return namespace(call.name, dict(call.kwargs), call.node)


@models("record-fields")
def fields(machine: Interpreter, call: LibraryCall) -> Value:
    """``fields(record)``: one object for each field, with its name."""
    record = call.first
    cls = record.cls if isinstance(record, Instance) else record
    if not isinstance(cls, ClassValue):
        return machine.unknown("fields", call.node, call.values, anything=True)
    names = dict.fromkeys(name for base in reversed(cls.mro) for name in _annotated(base))
    made = [namespace("dataclasses.Field", {"name": Const(name)}, call.node) for name in names]
    return sequence(made, "tuple", node=call.node)


def _annotated(base: Value) -> list[str]:
    """The names that a class annotates."""
    if not isinstance(base, ClassValue):
        return []
    return [
        statement.target.id
        for statement in base.node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]


# -- argparse ------------------------------------------------------------------------------------------------------


@models("parser")
def parser(_machine: Interpreter, call: LibraryCall) -> Value:
    """A parser, which knows no option yet."""
    made = LibObject(call.name, PARSER, span_of(call.node))
    made.state["options"] = {}
    made.state["defaults"] = {}
    return made


@methods(PARSER, "add_argument_group", "add_mutually_exclusive_group")
def group(_machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """A group of a parser's options, which are the parser's."""
    made = LibObject(owner.name, PARSER, span_of(call.node))
    made.state = owner.state
    return made


@methods(PARSER, "add_argument")
def add_argument(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``parser.add_argument("--width", type=int, default=100)``."""
    name, value = _destination(call), _option(call)
    if name is not None and value is not None:
        machine.set(owner.state["options"], name, value)
        default = _default(call)
        if default is not None:
            machine.set(owner.state["defaults"], name, default)
    return machine.unknown("option", call.node)


@methods(PARSER, "set_defaults")
def set_defaults(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``parser.set_defaults(width=100)``."""
    for name, value in call.kwargs.items():
        machine.set(owner.state["defaults"], name, value)
    return machine.unknown("option", call.node)


def _default(call: LibraryCall) -> Const | None:
    """The value of an option that the command line does not name; None where that is not known."""
    action, default = call.kwargs.get("action"), call.kwargs.get("default")
    if isinstance(default, Const):
        # A text is converted by the option's type.
        return None if isinstance(default.value, str) and "type" in call.kwargs else default
    switched = {"store_true": False, "store_false": True}
    return Const(switched[action.value]) if isinstance(action, Const) and action.value in switched else None


def _destination(call: LibraryCall) -> str | None:
    """The attribute under which an option's value is found; None where that is not known."""
    given = call.kwargs.get("dest")
    names = [given] if given is not None else call.args
    texts = [name.value for name in names if isinstance(name, Const) and isinstance(name.value, str)]
    if not texts or len(texts) != len(names):
        return None
    chosen = next((text for text in texts if text.startswith("--")), texts[0])
    return chosen.lstrip("-").replace("-", "_")


def _option(call: LibraryCall) -> Value | None:
    """The value of an option, of which the type is known at best; None where nothing is."""
    action, default, kind = call.kwargs.get("action"), call.kwargs.get("default"), call.kwargs.get("type")
    if "nargs" in call.kwargs or (default is not None and not isinstance(default, Const)):
        return None
    if isinstance(action, Const):
        switch = _SWITCHES.get(str(action.value))
        return Number(switch, span_of(call.node)) if switch else None
    plain = type(default.value).__name__ if isinstance(default, Const) and default.value is not None else None
    named = _TYPES.get(kind.name) if isinstance(kind, Known) else None
    if kind is not None and (named is None or plain not in {None, named}):
        return None
    if kind is None and plain is None:
        return None
    is_optional = any(isinstance(name, Const) and str(name.value).startswith("-") for name in call.args)
    if plain is None and is_optional:
        return None
    return Number(named or plain or "", span_of(call.node))


@methods(PARSER, "parse_args")
def parse_args(_machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``parser.parse_args()``; given an empty list, all options have their defaults."""
    options, given = dict(owner.state["options"]), call.argument(0, "args")
    if isinstance(given, Seq) and given.items.exact and not given.items.values:
        options |= owner.state["defaults"]
    return namespace("argparse.Namespace", options, call.node)


@methods(PARSER, "parse_known_args")
def parse_known_args(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``parser.parse_known_args()``."""
    return sequence([parse_args(machine, owner, call), machine.unknown("rest", call.node)], "tuple", node=call.node)
