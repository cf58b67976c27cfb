"""Evaluates expressions to values."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from gradlint.flow.facts import Kind
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.libraries.python import operators, subscripts
from gradlint.flow.machine.core import Core
from gradlint.flow.machine.narrowing import narrow
from gradlint.flow.state.store import join_values
from gradlint.flow.values.making import span_of, with_key
from gradlint.flow.values.modules import Imported
from gradlint.flow.values.program import Function, Generator, Instance
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    Known,
    LibObject,
    Number,
    Pairs,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.values.program import Frame

CONVENTIONS = {"tf": "tensorflow", "np": "numpy", "keras": "keras", "tensorflow": "tensorflow", "numpy": "numpy"}
"""What these names mean where a program uses them without an import: pages and notebooks leave imports out."""
COUNTED = 8
"""How many turns of a loop that only counts are run; of a longer one, the first two."""
UNROLL = 128
"""How many turns of a loop over known items are run; of a longer one, the first two."""


class Expressions(Core):
    """The part of the machine that evaluates."""

    # -- names -----------------------------------------------------------------------------------------------------

    def lookup(self, name: str) -> Value:
        """What a name holds."""
        frame: Frame | None = self.frame
        if name in self.frame.globals:
            frame = self.globals
        while frame is not None:
            value = frame.names.get(name)
            if isinstance(value, Imported | Join):
                return self.used(value)
            if isinstance(value, Value):
                return value
            frame = frame.parent
        everything = self.globals
        if everything.names.get("*"):
            return self.starred(everything, name) or CONVENTIONS_VALUES.get(name) or self.named_unknown(name)
        if name in CONVENTIONS_VALUES:
            return CONVENTIONS_VALUES[name]
        if hasattr(builtins, name):
            return Known("builtins." + name)
        return self.named_unknown(name)

    def named_unknown(self, name: str) -> Value:
        """The value of a name that nothing binds: one object each time that it is read."""
        names = self.globals.names
        value = names.get(("unbound", name))
        if not isinstance(value, Value):
            value = Unknown(name, anything=True)
            self.set(names, ("unbound", name), value)
        return value

    def bind(self, name: str, value: Value) -> None:
        """Let a name hold a value."""
        frame = self.binding_frame(name)
        if id(frame) in self.modules_by_frame and name in self.frame.globals:
            self.escape(value)
        self.set(frame.names, name, value)

    def binding_frame(self, name: str) -> Frame:
        """The frame in which an assignment that runs now binds a name."""
        frame = self.frame
        if name in frame.globals:
            return self.globals
        if name in frame.nonlocals:
            outer = frame.parent
            while outer is not None and name not in outer.names:
                outer = outer.parent
            return outer or frame
        return frame

    # -- evaluation ------------------------------------------------------------------------------------------------

    def eval(self, node: ast.expr | None) -> Value:
        """The value of an expression."""
        if node is None:
            return Const(None)
        self.tick()
        if type(node) is ast.Constant:
            return Const(node.value)
        if type(node) is ast.Name:
            return self.lookup(node.id)
        kind = type(node).__name__
        method: Callable[[Any], Value] | None = getattr(self, "eval_" + kind, None)
        if method is None:
            return self.unknown(kind, node, anything=True)
        return method(node)

    def eval_Attribute(self, node: ast.Attribute) -> Value:
        return self.attribute(self.eval(node.value), node.attr, node)

    def eval_NamedExpr(self, node: ast.NamedExpr) -> Value:
        value = self.eval(node.value)
        self.bind(node.target.id, value)
        return value

    def eval_Starred(self, node: ast.Starred) -> Value:
        return self.eval(node.value)

    def eval_Await(self, node: ast.Await) -> Value:
        return self.eval(node.value)

    def eval_FormattedValue(self, node: ast.FormattedValue) -> Value:
        return self.eval(node.value)

    def eval_JoinedStr(self, node: ast.JoinedStr) -> Value:
        made = Number("str", span_of(node))
        text: str | None = ""
        for part in node.values:
            value = self.eval(part.value) if isinstance(part, ast.FormattedValue) else self.eval(part)
            plain = not isinstance(part, ast.FormattedValue) or (part.conversion == -1 and part.format_spec is None)
            text = f"{text}{value.value}" if text is not None and plain and isinstance(value, Const) else None
            if isinstance(part, ast.FormattedValue):
                self.depend(made, self.leaves(value), self.cut(Kind.PYTHON, part, "f-string"))
        return made if text is None else Const(text)

    def eval_Lambda(self, node: ast.Lambda) -> Value:
        made = Function(node, self.frame, "<lambda>", span_of(node))
        made.defaults = self.default_values(node.args)
        return made

    def default_values(self, arguments: ast.arguments) -> dict[str, Value]:
        """The values of a signature's defaults, evaluated now."""
        positional = [*arguments.posonlyargs, *arguments.args]
        found: dict[str, Value] = {}
        for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            found[argument.arg] = self.eval(default)
        for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword is not None:
                found[argument.arg] = self.eval(keyword)
        return found

    def elements(self, nodes: list[ast.expr]) -> Items:
        """The items of a display, with stars spread out."""
        values: list[Value] = []
        exact = True
        for node in nodes:
            if isinstance(node, ast.Starred):
                items, whole = self.iterate(self.eval(node.value), node)
                values += items
                exact = exact and whole
            else:
                values.append(self.eval(node))
        return Items(tuple(values), exact)

    def eval_List(self, node: ast.List) -> Value:
        return Seq(self.elements(node.elts), "list", span_of(node))

    def eval_Tuple(self, node: ast.Tuple) -> Value:
        return Seq(self.elements(node.elts), "tuple", span_of(node))

    def eval_Set(self, node: ast.Set) -> Value:
        return Seq(self.elements(node.elts), "set", span_of(node))

    def eval_Dict(self, node: ast.Dict) -> Value:
        pairs = Pairs()
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.eval(item)
            if key is None:
                if isinstance(value, Dict):
                    for name, entry in value.pairs.entries:
                        pairs = pairs.put(name, entry)
                    pairs = Pairs(pairs.entries, pairs.exact and value.pairs.exact, pairs.rest + value.pairs.rest)
                else:
                    pairs = Pairs(pairs.entries, False, (*pairs.rest, value))
                continue
            pairs = with_key(pairs, self.eval(key), value)
        return Dict(pairs, span_of(node))

    def eval_IfExp(self, node: ast.IfExp) -> Value:
        condition = self.eval(node.test)
        truth = self.truth(condition, node.test)
        if truth is not None:
            return self.eval(node.body if truth else node.orelse)
        text = self.text(node.test)

        def way(part: ast.expr, *, holds: bool) -> Callable[[], Value]:
            def run() -> Value:
                narrow(self, node.test, holds=holds)
                return self.eval(part)

            return run

        return self.fork(
            [way(node.body, holds=True), way(node.orelse, holds=False)],
            [f"when `{text}` is true", f"when `{text}` is false"],
        )

    def eval_BoolOp(self, node: ast.BoolOp) -> Value:
        stop = isinstance(node.op, ast.Or)
        result: Value | None = None
        for index, part in enumerate(node.values):
            value = self.eval(part)
            last = index == len(node.values) - 1
            truth = self.truth(value, part)
            if truth is stop or (last and result is None):
                return value if result is None else join_values(result, value)
            if truth is None:
                result = value if result is None else join_values(result, value)
            elif last:
                return join_values(result, value) if result is not None else value
        return result if result is not None else Const(None)

    def eval_UnaryOp(self, node: ast.UnaryOp) -> Value:
        value = self.eval(node.operand)
        return operators.unary(self, node, value)

    def eval_BinOp(self, node: ast.BinOp) -> Value:
        # A long sum leans to the left: its terms are taken one after the other, not one inside the other.
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
            self.tick()
        value = self.eval(spine[-1].left)
        for part in reversed(spine):
            value = operators.binary(self, part, part.op, value, self.eval(part.right))
        return value

    def eval_Compare(self, node: ast.Compare) -> Value:
        left = self.eval(node.left)
        result: Value = Const(True)
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.eval(comparator)
            result = operators.compare(self, node, op, left, right)
            if isinstance(result, Const) and result.value is False:
                return result
            left = right
        return result

    def eval_Subscript(self, node: ast.Subscript) -> Value:
        value = self.eval(node.value)
        index = self.eval_index(node.slice)
        if isinstance(value, Known) and value.name in numpy_objects.INDEXED:
            return numpy_objects.left(self, list(self.leaves(index)), node, self.text(node.value), value.name)
        return subscripts.subscript(self, node, value, index)

    def eval_index(self, node: ast.expr) -> Value:
        """The value of what stands between the brackets of a subscript."""
        if isinstance(node, ast.Slice):
            bounds = [self.eval(part) if part is not None else Const(None) for part in (node.lower, node.upper)]
            step = self.eval(node.step) if node.step is not None else Const(None)
            return Seq(Items((*bounds, step)), "slice", span_of(node))
        if isinstance(node, ast.Tuple):
            return Seq(Items(tuple(self.eval_index(part) for part in node.elts)), "tuple", span_of(node))
        return self.eval(node)

    def eval_Slice(self, node: ast.Slice) -> Value:
        return self.eval_index(node)

    def eval_Yield(self, node: ast.Yield) -> Value:
        value = self.eval(node.value)
        return self.give(value)

    def eval_YieldFrom(self, node: ast.YieldFrom) -> Value:
        value = self.eval(node.value)
        items, _ = self.iterate(value, node)
        for item in items:
            self.give(item)
        return Const(None)

    def give(self, value: Value) -> Value:
        """Yield a value from the running generator function."""
        activation = self.stack[-1] if self.stack else None
        if activation is None:
            return Const(None)
        if activation.on_yield is not None:
            return activation.on_yield(value)
        activation.yields.append(value)
        return Const(None)

    # -- comprehensions --------------------------------------------------------------------------------------------

    def eval_ListComp(self, node: ast.ListComp) -> Value:
        values, exact = self.comprehend(node, lambda: self.eval(node.elt))
        return Seq(Items(tuple(values), exact), "list", span_of(node))

    def eval_SetComp(self, node: ast.SetComp) -> Value:
        values, exact = self.comprehend(node, lambda: self.eval(node.elt))
        return Seq(Items(tuple(values), exact), "set", span_of(node))

    def eval_DictComp(self, node: ast.DictComp) -> Value:
        def pair() -> Value:
            return Seq(Items((self.eval(node.key), self.eval(node.value))), "tuple")

        values, exact = self.comprehend(node, pair)
        pairs = Pairs(exact=exact)
        for value in values:
            assert isinstance(value, Seq)
            key, item = value.items.values
            pairs = with_key(pairs, key, item)
        return Dict(pairs, span_of(node))

    def eval_GeneratorExp(self, node: ast.GeneratorExp) -> Value:
        frame = self.frame
        first = self.eval(node.generators[0].iter)

        def run() -> tuple[list[Value], bool]:
            return self.comprehend(node, lambda: self.eval(node.elt), frame, first)

        return Generator(node, frame, run)

    # -- iteration and truth ---------------------------------------------------------------------------------------

    def iterate(self, value: Value, node: ast.AST) -> tuple[list[Value], bool]:
        """The items that iterating a value gives, and whether there are no more than these."""
        if isinstance(value, Seq):
            items = value.items
            if not items.values and not items.exact:
                return [self.unknown("item", node, [value], anything=True)], False
            return list(items.values), items.exact
        if isinstance(value, Dict):
            return self.keys(value, node), value.pairs.exact
        if isinstance(value, Const) and isinstance(value.value, str):
            return [Const(letter) for letter in value.value[:UNROLL]], len(value.value) <= UNROLL
        if isinstance(value, Generator):
            found: tuple[list[Value], bool] = value.run()
            return found
        if isinstance(value, Join):
            options = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
            if len(options) == 1:
                return self.iterate(options[0], node)
            values: list[Value] = []
            for option in options:
                values += self.iterate(option, node)[0]
            return values, False
        if isinstance(value, Tensor | Variable | Array):
            return [subscripts.element(self, node, value) for _ in range(2)], False
        if isinstance(value, LibObject) and value.family == "dataset":
            return [subscripts.batch(self, node, value) for _ in range(2)], False
        if isinstance(value, LibObject | Instance):
            return [self.unknown("item", node, [value], anything=False) for _ in range(2)], False
        if isinstance(value, Unknown):
            return [subscripts.item_of(self, value, node) for _ in range(2)], False
        if not isinstance(value, Const | Number | Known):
            return [self.unknown("item", node, [value], anything=True)], False
        made_numbers = Number("int", span_of(node))
        self.depend(made_numbers, [value] if value.edges else [])
        return [made_numbers], False

    def truth(self, value: Value, node: ast.AST) -> bool | None:
        """Whether a condition holds, or None where that is not known; notes what it depends on."""
        if isinstance(value, Const):
            return bool(value.value)
        if isinstance(value, Tensor) and isinstance(value.known, bool | int | float):
            self.steered(value, node)
            # Traced into a graph, both branches run as far as gradients go: the one not taken gets zeros.
            return None if self.in_graph else bool(value.known)
        if isinstance(value, Seq):
            return bool(value.items.values) if value.items.exact else None
        if isinstance(value, Number) and value.kind == "shape":
            return True  # That of a scalar too (TensorFlow 2.21).
        if isinstance(value, Dict):
            if value.pairs.entries:
                return True
            return False if value.pairs.exact else None
        if isinstance(value, Known | Function | LibObject | Symbolic):
            return not (isinstance(value, Known) and value.name == "typing.TYPE_CHECKING")
        if isinstance(node, ast.BoolOp) and isinstance(value, Join):
            last, decided = value.options[-1], isinstance(node.op, ast.Or)
            if isinstance(last, Const) and bool(last.value) is decided:
                return decided
        self.steered(value, node)
        return None

    def steered(self, value: Value, node: ast.AST) -> None:
        """Note that a value decides which way the program takes."""
        if value.edges or isinstance(value, Variable | Tensor):
            self.tick()
            marker = Number("bool", span_of(node))
            self.depend(marker, [value], self.cut(Kind.CONDITION, node))
            self.controls.append(marker)

    def keys(self, value: Dict, node: ast.AST) -> list[Value]:
        """The keys of a dictionary; those that the program computes are unknown."""
        keys: list[Value] = [key if isinstance(key, Value) else Const(key) for key, _ in value.pairs.entries]
        if not value.pairs.exact:
            keys += [self.unknown("key", node) for _ in value.pairs.rest or (None,)]
        return keys


CONVENTIONS_VALUES: dict[str, Value] = {name: Known(target) for name, target in CONVENTIONS.items()}
