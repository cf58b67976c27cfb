"""Which variables a layer, a model or a ``tf.Module`` counts as its own, and which it holds without counting them.

Keras 3 counts ``keras.Variable`` objects and those of Keras layers, in attributes, lists, tuples and dictionaries; it
counts no ``tf.Variable``, and nothing of a ``tf.Module``. A ``tf.Module`` counts ``tf.Variable`` objects and those of
other modules, and nothing of a Keras layer. Keras 2 (``tf_keras``) counts them all. Observed with Keras 3.15 on
TensorFlow 2.21.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries import stubs
from gradlint.flow.libraries.keras.layers import flattened, is_application, is_layer, is_number, nested
from gradlint.flow.values.making import ANY_ATTRIBUTE
from gradlint.flow.values.program import ClassValue, Instance
from gradlint.flow.values.trees import walk
from gradlint.flow.values.values import Join, LibObject, Params, Symbolic, Unknown, Value, Variable
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from gradlint.flow.causes import NoVariablesWhy
    from gradlint.flow.interpreter import Interpreter

DEPTH = 8


class Tracking:
    """One reading of ``trainable_variables`` or its kin.

    Attributes:
        found: The variables that are counted, in their order, some of them perhaps twice.
        untracked: Those that are held and not counted.
        reasons: Why a part of the model has none.
        frozen_later: Whether a part was frozen after it was made, and not by the arguments that made it.
        open: Whether a part of the model is not known, so that there may be others.
    """

    def __init__(self, machine: Interpreter, *, trainable_only: bool) -> None:
        self._machine = machine
        self._trainable_only = trainable_only
        self.found: list[Value] = []
        self.untracked: list[Variable | Params] = []
        self.reasons: list[NoVariablesWhy] = []
        self.frozen_later = False
        self.open = False

    def collect(self, value: Value, depth: int = DEPTH) -> None:
        """Take in what a value counts as its own."""
        refused = isinstance(value, Instance) and value.library == "keras.Model" and bool(value.state.get("refused"))
        if not depth or refused:
            self.open = True
            return
        self._machine.spend(1)
        found, left_out = len(self.found), len(self.untracked)
        if isinstance(value, Unknown):
            self.found.append(value)
            self.open = True
        elif isinstance(value, LibObject | Instance) and is_layer(value):
            if self._trainable_only and value.state.get("trainable", True) is False:
                self.reasons.append("frozen")
                self.frozen_later = self.frozen_later or value.state.get("made frozen") is not True
                return
            if isinstance(value, LibObject):
                self._of_library(value)
            else:
                self._of_program(value)
            outputs = value.state.get("outputs")
            if isinstance(outputs, Value) and not all(isinstance(one, Symbolic) for one in flattened(outputs)):
                self.open = True
            for inner in nested(value):
                if inner is not value and is_layer(inner):
                    self._inner(value, inner, depth - 1)
                self.open = self.open or isinstance(inner, Unknown | Join)
            if isinstance(value, Instance) and value.cls.declared:
                # What the base keeps by itself no stub says.
                self.open = self.open or len(self.found) == found or len(self.untracked) > left_out
                del self.untracked[left_out:]

    def _inner(self, value: Value, inner: Value, depth: int) -> None:
        if _is_module(value) == _is_module(inner) or self._machine.legacy_keras:
            self.collect(inner, depth)
            return
        other = Tracking(self._machine, trainable_only=self._trainable_only)
        other.collect(inner, depth)
        self.untracked += [held for held in other.found if isinstance(held, Variable | Params)]
        self.open = self.open or other.open

    def _unknown(self, value: LibObject) -> None:
        self.found.append(self._machine.unknown("variables", None, [value], anything="declared" in value.state))
        self.open = True

    def _of_library(self, value: LibObject) -> None:
        state = value.state
        if state.get("trainable", True) is None:
            self._unknown(value)
            return
        params = state.get("params")
        if isinstance(params, Params):
            if state.get("built") is True or is_application(value.name):
                self.found.append(params)
            elif state.get("built") is False:
                self.reasons.append("unbuilt")
            elif "declared" in state:
                # What a class that only a stub knows gives before the first call is not known.
                self._unknown(value)
            else:
                # Built on some ways only: where it is not, its variables are not asked for. Whether code that is not
                # seen has built it is not known, so that nothing is claimed about them.
                if "doubted" not in state:
                    self.found.append(params)
                self.open = True
        opaque = state.get("opaque")
        if isinstance(opaque, Value):
            self.found.append(opaque)
            self.open = True

    def _of_program(self, value: Instance) -> None:
        is_module = _is_module(value)
        if value.open and is_module:
            self.found.append(self._machine.unknown("variables", None, [value], anything=True))
            self.open = True
            return
        before = len(self.found)
        # A tf.Module gives its variables in the order of its attributes' names, Keras in the order of their making.
        for name in sorted(value.attrs) if is_module else value.attrs:
            attr = value.attrs[name]
            for held in flattened(attr) if isinstance(attr, Value) else ():
                self._held(held, is_module=is_module)
                self.open = self.open or isinstance(attr, Join)
        for weight in value.state.get("weights", ()):
            if isinstance(weight, Variable) and not (self._trainable_only and weight.trainable is False):
                self.found.append(weight)
        if self._may_have_others(value):
            self.open = True
        if not is_module and value.state.get("built") is False and len(self.found) == before:
            if _makes_weights(value.cls):
                self.reasons.append("unbuilt")
            elif not any(is_layer(inner) for inner in nested(value)):
                self.reasons.append("none")

    def _may_have_others(self, value: Instance) -> bool:
        """Whether an object may hold variables that are not seen."""
        if value.open or value.state.get(ANY_ATTRIBUTE, False) is not False:
            return True
        # What a method of a class is given may be an object of any class that descends from it.
        if value.state.get("assumed") or not behaviours.has(value.library, "stateless-base"):
            return True
        # Code that is not followed may have called it, and so built it.
        handed_on = value.state.get("built", False) is None and _makes_weights(value.cls)
        return handed_on or self._changes(value.cls)

    def _held(self, held: Value, *, is_module: bool) -> None:
        if is_number(held):
            return
        if isinstance(held, Unknown):
            self.found.append(held)
            self.open = True
        elif isinstance(held, Variable) and not (self._trainable_only and held.trainable is False):
            own = held.keras is True if not is_module else held.keras is False
            if own or held.keras is None or self._machine.legacy_keras:
                self.found.append(held)
            else:
                self.untracked.append(held)
        elif isinstance(held, LibObject) and held.family == stubs.FAMILY:
            self._of_package(held, is_module=is_module)

    def _of_package(self, held: LibObject, *, is_module: bool) -> None:
        """An object of another package's class, which is a ``tf.Module`` where its stub has it keep Variables."""
        if not stubs.keeps_variables(self._machine, held):
            self.open = True
            return
        kept, complete = stubs.tracked(held, trainable_only=self._trainable_only)
        self.open = self.open or not complete
        if is_module or self._machine.legacy_keras:
            self.found += kept
        else:
            self.untracked += [one for one in kept if isinstance(one, Variable)]

    def _changes(self, cls: ClassValue) -> bool:
        """Whether other methods than those that make an object give it attributes or weights."""
        methods = [base for base in cls.mro if isinstance(base, ClassValue)]
        return any(
            isinstance(node, ast.Attribute)
            and (isinstance(node.ctx, ast.Store) or node.attr in {"add_weight", "add_variable", "_track_variable"})
            for base in methods
            for method in base.node.body
            if isinstance(method, ast.FunctionDef) and method.name not in {"__init__", "build"}
            for node in walk(method)
        )


def _makes_weights(cls: ClassValue) -> bool:
    """Whether a class's ``build`` may make weights: it names a way to make one, or hands on to another ``build``."""
    builds = [
        method
        for base in cls.mro
        if isinstance(base, ClassValue)
        for method in base.node.body
        if isinstance(method, ast.FunctionDef) and method.name == "build"
    ]
    named = (getattr(node, "attr", getattr(node, "id", "")) for build in builds for node in walk(build))
    return any(name in {"add_weight", "add_variable", "Variable", "build"} or name[:1].isupper() for name in named)


def _is_module(value: Value) -> bool:
    """Whether a value is a ``tf.Module`` and no Keras layer."""
    if isinstance(value, LibObject):
        return value.family == "module"
    return isinstance(value, Instance) and behaviours.has(value.library, "module-class")
