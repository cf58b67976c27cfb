"""Evaluates expressions to values."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

from gradlint.flow.causes import Steering, ToPython
from gradlint.flow.libraries.numpy import objects as numpy_objects
from gradlint.flow.libraries.python import operators, special, subscripts
from gradlint.flow.machine.narrowing import narrow
from gradlint.flow.machine.nodes import EVALUATORS, evaluates
from gradlint.flow.state.store import join_values
from gradlint.flow.values.bounds import is_small
from gradlint.flow.values.kinds import ByKind
from gradlint.flow.values.making import Filling, span_of
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
    LostNone,
    Number,
    Seq,
    Symbolic,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.machine.core import Core
    from gradlint.flow.values.program import Frame

CONVENTIONS = {"tf": "tensorflow", "np": "numpy", "keras": "keras", "tensorflow": "tensorflow", "numpy": "numpy"}
"""What these names mean where a program uses them without an import: pages and notebooks leave imports out."""
COUNTED = 8
"""How many turns of a loop that only counts are run; of a longer one, the first two."""
UNROLL = 128
"""How many turns of a loop over known items are run; of a longer one, the first two."""


# -- names ---------------------------------------------------------------------------------------------------------


_OPEN = (Imported, Join)
"""Values of which it shows only when they are used what they are."""


def lookup(machine: Core, name: str) -> Value:
    """What a name holds."""
    frame: Frame | None = machine.frame
    if name in machine.frame.globals:
        frame = machine.globals
    while frame is not None:
        value = frame.names.get(name)
        if isinstance(value, Value):
            return machine.used(value) if isinstance(value, _OPEN) else value
        frame = frame.parent
    everything = machine.globals
    if everything.names.get("*"):
        return machine.starred(everything, name) or CONVENTIONS_VALUES.get(name) or named_unknown(machine, name)
    if name in CONVENTIONS_VALUES:
        return CONVENTIONS_VALUES[name]
    if hasattr(builtins, name):
        return Known("builtins." + name)
    return named_unknown(machine, name)


def named_unknown(machine: Core, name: str) -> Value:
    """The value of a name that nothing binds: one object each time that it is read."""
    names = machine.globals.names
    value = names.get(("unbound", name))
    if not isinstance(value, Value):
        value = Unknown(name, anything=True)
        machine.set(names, ("unbound", name), value)
    return value


def bind(machine: Core, name: str, value: Value) -> None:
    """Let a name hold a value."""
    frame = binding_frame(machine, name)
    if id(frame) in machine.modules_by_frame and name in machine.frame.globals:
        machine.escape(value)
    machine.set(frame.names, name, value)


def binding_frame(machine: Core, name: str) -> Frame:
    """The frame in which an assignment that runs now binds a name."""
    frame = machine.frame
    if name in frame.globals:
        return machine.globals
    if name in frame.nonlocals:
        outer = frame.parent
        while outer is not None and name not in outer.names:
            outer = outer.parent
        return outer or frame
    return frame


# -- evaluation ----------------------------------------------------------------------------------------------------


def evaluate(machine: Core, node: ast.expr | None) -> Value:
    """The value of an expression."""
    if node is None:
        return Const(None)
    machine.tick()
    if type(node) is ast.Constant:
        return Const(node.value)
    if type(node) is ast.Name:
        return lookup(machine, node.id)
    evaluator = EVALUATORS.get(type(node))
    if evaluator is None:
        return machine.unknown(type(node).__name__, node, anything=True)
    return evaluator(machine, node)


@evaluates(ast.Attribute)
def eval_attribute(machine: Core, node: ast.Attribute) -> Value:
    return machine.attribute(machine.eval(node.value), node.attr, node)


@evaluates(ast.NamedExpr)
def eval_named_expr(machine: Core, node: ast.NamedExpr) -> Value:
    value = machine.eval(node.value)
    bind(machine, node.target.id, value)
    return value


@evaluates(ast.Starred)
def eval_starred(machine: Core, node: ast.Starred) -> Value:
    return machine.eval(node.value)


@evaluates(ast.Await)
def eval_await(machine: Core, node: ast.Await) -> Value:
    return machine.eval(node.value)


@evaluates(ast.FormattedValue)
def eval_formatted_value(machine: Core, node: ast.FormattedValue) -> Value:
    return machine.eval(node.value)


_CONVERTED = {ord("s"): "__str__", ord("r"): "__repr__", ord("a"): "__repr__"}
"""The method that turns a value into text, by the conversion that is written after it."""


@evaluates(ast.JoinedStr)
def eval_joined_str(machine: Core, node: ast.JoinedStr) -> Value:
    made = Number("str", span_of(node))
    text: str | None = ""
    for part in node.values:
        value = machine.eval(part.value) if isinstance(part, ast.FormattedValue) else machine.eval(part)
        plain = not isinstance(part, ast.FormattedValue) or (part.conversion == -1 and part.format_spec is None)
        known = plain and isinstance(value, Const) and is_small(value.value)
        text = f"{text}{value.value}" if text is not None and known and isinstance(value, Const) else None
        if isinstance(part, ast.FormattedValue):
            special.written(machine, value, part, _CONVERTED.get(part.conversion, "__format__"))
            machine.depend(made, machine.leaves(value), machine.cut(ToPython("f-string"), part))
    return made if text is None or not is_small(text) else Const(text)


@evaluates(ast.Lambda)
def eval_lambda(machine: Core, node: ast.Lambda) -> Value:
    made = Function(node, machine.frame, "<lambda>", span_of(node))
    made.defaults = default_values(machine, node.args)
    return made


def default_values(machine: Core, arguments: ast.arguments) -> dict[str, Value]:
    """The values of a signature's defaults, evaluated now."""
    positional = [*arguments.posonlyargs, *arguments.args]
    found: dict[str, Value] = {}
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        found[argument.arg] = machine.eval(default)
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword is not None:
            found[argument.arg] = machine.eval(keyword)
    return found


def elements(machine: Core, nodes: list[ast.expr]) -> Items:
    """The items of a display, with stars spread out."""
    values: list[Value] = []
    exact = True
    for node in nodes:
        if isinstance(node, ast.Starred):
            items, whole = machine.iterate(machine.eval(node.value), node)
            values += items
            exact = exact and whole
        elif isinstance(node, ast.Constant) and node.value is ...:
            # By an ellipsis a page leaves out what stands there.
            values.append(machine.unknown("...", node, anything=True))
        else:
            values.append(machine.eval(node))
    return Items(tuple(values), exact)


@evaluates(ast.List)
def eval_list(machine: Core, node: ast.List) -> Value:
    return Seq(elements(machine, node.elts), "list", span_of(node))


@evaluates(ast.Tuple)
def eval_tuple(machine: Core, node: ast.Tuple) -> Value:
    return Seq(elements(machine, node.elts), "tuple", span_of(node))


@evaluates(ast.Set)
def eval_set(machine: Core, node: ast.Set) -> Value:
    return Seq(special.hashed(machine, elements(machine, node.elts), node), "set", span_of(node))


@evaluates(ast.Dict)
def eval_dict(machine: Core, node: ast.Dict) -> Value:
    filling = Filling()
    for key, item in zip(node.keys, node.values, strict=True):
        value = machine.eval(item)
        if key is None:
            filling.spread(value)
        else:
            filling.add(special.hashed(machine, machine.eval(key), key), value)
    return Dict(filling.pairs(), span_of(node))


@evaluates(ast.IfExp)
def eval_if_exp(machine: Core, node: ast.IfExp) -> Value:
    condition = machine.eval(node.test)
    truth = machine.truth(condition, node.test)
    if truth is not None:
        return machine.eval(node.body if truth else node.orelse)
    text = machine.text(node.test)

    def way(part: ast.expr, *, holds: bool) -> Callable[[], Value]:
        def run() -> Value:
            narrow(machine, node.test, holds=holds)
            return machine.eval(part)

        return run

    return machine.fork(
        [way(node.body, holds=True), way(node.orelse, holds=False)],
        [f"when `{text}` is true", f"when `{text}` is false"],
    )


@evaluates(ast.BoolOp)
def eval_bool_op(machine: Core, node: ast.BoolOp) -> Value:
    stop = isinstance(node.op, ast.Or)
    result: Value | None = None
    for index, part in enumerate(node.values):
        value = machine.eval(part)
        last = index == len(node.values) - 1
        truth = machine.truth(value, part)
        if truth is stop or (last and result is None):
            return value if result is None else join_values(result, value)
        if truth is None:
            result = value if result is None else join_values(result, value)
        elif last:
            return join_values(result, value) if result is not None else value
    return result if result is not None else Const(None)


@evaluates(ast.UnaryOp)
def eval_unary_op(machine: Core, node: ast.UnaryOp) -> Value:
    value = machine.eval(node.operand)
    return operators.unary(machine, node, value)


@evaluates(ast.BinOp)
def eval_bin_op(machine: Core, node: ast.BinOp) -> Value:
    # A long sum leans to the left: its terms are taken one after the other, not one inside the other.
    spine = [node]
    while isinstance(spine[-1].left, ast.BinOp):
        spine.append(spine[-1].left)
        machine.tick()
    value = machine.eval(spine[-1].left)
    for part in reversed(spine):
        value = operators.binary(machine, part, part.op, value, machine.eval(part.right))
    return value


@evaluates(ast.Compare)
def eval_compare(machine: Core, node: ast.Compare) -> Value:
    left = machine.eval(node.left)
    result: Value = Const(True)
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = machine.eval(comparator)
        result = operators.compare(machine, node, op, left, right)
        if isinstance(result, Const) and result.value is False:
            return result
        left = right
    return result


@evaluates(ast.Subscript)
def eval_subscript(machine: Core, node: ast.Subscript) -> Value:
    value = machine.eval(node.value)
    index = eval_index(machine, node.slice)
    if isinstance(value, Known) and behaviours.has(value.name, "indexed"):
        return numpy_objects.left(machine, list(machine.leaves(index)), node, machine.text(node.value), value.name)
    return subscripts.subscript(machine, node, value, index)


def eval_index(machine: Core, node: ast.expr) -> Value:
    """The value of what stands between the brackets of a subscript."""
    if isinstance(node, ast.Slice):
        bounds = [machine.eval(part) if part is not None else Const(None) for part in (node.lower, node.upper)]
        step = machine.eval(node.step) if node.step is not None else Const(None)
        return Seq(Items((*bounds, step)), "slice", span_of(node))
    if isinstance(node, ast.Tuple):
        return Seq(Items(tuple(eval_index(machine, part) for part in node.elts)), "tuple", span_of(node))
    return machine.eval(node)


@evaluates(ast.Slice)
def eval_slice(machine: Core, node: ast.Slice) -> Value:
    return eval_index(machine, node)


# -- comprehensions ------------------------------------------------------------------------------------------------


@evaluates(ast.SetComp)
def eval_set_comp(machine: Core, node: ast.SetComp) -> Value:
    values, exact = machine.comprehend(node, lambda: machine.eval(node.elt))
    return Seq(Items(tuple(values), exact), "set", span_of(node))


@evaluates(ast.DictComp)
def eval_dict_comp(machine: Core, node: ast.DictComp) -> Value:
    filling = Filling()

    def pair() -> Value:
        filling.add(machine.eval(node.key), machine.eval(node.value))
        return Const(None)

    _, exact = machine.comprehend(node, pair)
    return Dict(filling.pairs(exact=exact), span_of(node))


@evaluates(ast.GeneratorExp)
def eval_generator_exp(machine: Core, node: ast.GeneratorExp) -> Value:
    frame = machine.frame
    first = machine.eval(node.generators[0].iter)

    def run() -> tuple[list[Value], bool]:
        return machine.comprehend(node, lambda: machine.eval(node.elt), frame, first)

    return Generator(node, frame, run)


# -- iteration and truth -------------------------------------------------------------------------------------------


def iterate(machine: Core, value: Value, node: ast.AST) -> tuple[list[Value], bool]:
    """The items that iterating a value gives, and whether there are no more than these."""
    return ITERATE.for_value(value)(machine, value, node)


def _of_other(machine: Core, value: Value, node: ast.AST) -> tuple[list[Value], bool]:
    return [machine.unknown("item", node, [value], anything=True)], False


ITERATE: ByKind[Callable[[Core, Any, ast.AST], tuple[list[Value], bool]]] = ByKind(_of_other)
"""What gives the items of a value, by its class."""


@ITERATE.of(Seq)
def _of_sequence(machine: Core, value: Seq, node: ast.AST) -> tuple[list[Value], bool]:
    items = value.items
    if not items.values and not items.exact:
        return _of_other(machine, value, node)
    return list(items.values), items.exact


@ITERATE.of(Dict)
def _of_dict(machine: Core, value: Dict, node: ast.AST) -> tuple[list[Value], bool]:
    return machine.keys(value, node), value.pairs.exact


@ITERATE.of(LostNone)
def _of_lost(machine: Core, value: LostNone, node: ast.AST) -> tuple[list[Value], bool]:
    return [machine.none_used(value, node, "access", "TypeError")], False


@ITERATE.of(Const, Number)
def _of_scalar(machine: Core, value: Const | Number, node: ast.AST) -> tuple[list[Value], bool]:
    if isinstance(value, Const) and isinstance(value.value, str):
        return [Const(letter) for letter in value.value[:UNROLL]], len(value.value) <= UNROLL
    made = Number("int", span_of(node))
    machine.depend(made, [value] if value.edges else [])
    return [made], False


@ITERATE.of(Generator)
def _of_generator(_machine: Core, value: Generator, _node: ast.AST) -> tuple[list[Value], bool]:
    found: tuple[list[Value], bool] = value.run()
    return found


@ITERATE.of(Join)
def _of_one_of_several(machine: Core, value: Join, node: ast.AST) -> tuple[list[Value], bool]:
    options = [option for option in value.options if not (isinstance(option, Const) and option.value is None)]
    if len(options) == 1:
        return machine.iterate(options[0], node)
    return [item for option in options for item in machine.iterate(option, node)[0]], False


@ITERATE.of(Tensor, Variable, Array)
def _of_tensor(machine: Core, value: Tensor | Variable | Array, node: ast.AST) -> tuple[list[Value], bool]:
    return [subscripts.element(machine, node, value) for _ in range(2)], False


@ITERATE.of(LibObject, Instance)
def _of_object(machine: Core, value: LibObject | Instance, node: ast.AST) -> tuple[list[Value], bool]:
    if isinstance(value, LibObject) and value.family == "dataset":
        return [subscripts.batch(machine, node, value) for _ in range(2)], False
    return [machine.unknown("item", node, [value], anything=False) for _ in range(2)], False


@ITERATE.of(Unknown)
def _of_unknown(machine: Core, value: Unknown, node: ast.AST) -> tuple[list[Value], bool]:
    return [subscripts.item_of(machine, value, node) for _ in range(2)], False


def truth(machine: Core, value: Value, node: ast.AST) -> bool | None:
    """Whether a condition holds, or None where that is not known; notes what it depends on."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Tensor) and isinstance(value.known, bool | int | float):
        steered(machine, value, node)
        # Traced into a graph, both branches run as far as gradients go: the one not taken gets zeros.
        return None if machine.in_graph else bool(value.known)
    if isinstance(value, Seq | Dict):
        return _filled(value)
    if isinstance(value, Number) and value.kind == "shape":
        return True  # That of a scalar too (TensorFlow 2.21).
    if isinstance(value, Known | Function | LibObject | Symbolic):
        return not (isinstance(value, Known) and value.name == "typing.TYPE_CHECKING")
    deciding = special.truth(machine, value, node)
    if deciding is not None:
        return truth(machine, deciding, node)
    if isinstance(node, ast.BoolOp) and isinstance(value, Join):
        last, decided = value.options[-1], isinstance(node.op, ast.Or)
        if isinstance(last, Const) and bool(last.value) is decided:
            return decided
    steered(machine, value, node)
    return None


def _filled(value: Seq | Dict) -> bool | None:
    """Whether something stands in a sequence or a dictionary, or None where that is not known."""
    if isinstance(value, Seq):
        return bool(value.items.values) if value.items.exact else None
    return True if value.pairs.entries else False if value.pairs.exact else None


def steered(machine: Core, value: Value, node: ast.AST) -> None:
    """Note that a value decides which way the program takes."""
    if value.edges or isinstance(value, Variable | Tensor):
        machine.tick()
        marker = Number("bool", span_of(node))
        machine.depend(marker, [value], machine.cut(Steering(), node))
        machine.controls.append(marker)


def keys(machine: Core, value: Dict, node: ast.AST) -> list[Value]:
    """The keys of a dictionary; those that the program computes are unknown."""
    keys: list[Value] = [key if isinstance(key, Value) else Const(key) for key, _ in value.pairs.entries]
    if not value.pairs.exact:
        keys += [machine.unknown("key", node) for _ in value.pairs.rest or (None,)]
    return keys


CONVENTIONS_VALUES: dict[str, Value] = {name: Known(target) for name, target in CONVENTIONS.items()}
