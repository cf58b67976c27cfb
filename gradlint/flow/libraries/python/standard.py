"""The parts of Python's standard library that programs compute with."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING

from gradlint.flow.causes import ToPython
from gradlint.flow.libraries.models import CALLED, LibraryCall, methods, models
from gradlint.flow.libraries.python import copies, operators, subscripts
from gradlint.flow.libraries.python.builtins import lazy, leaves_graph
from gradlint.flow.values.bounds import NUMBER
from gradlint.flow.values.making import computed, sequence, span_of
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import Function, Instance, Partial
from gradlint.flow.values.values import Const, Dict, Items, Known, LibObject, Number, Pairs, Seq, Unknown, Value

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

_BINARY: dict[str, ast.operator] = {
    "add": ast.Add(), "sub": ast.Sub(), "mul": ast.Mult(), "truediv": ast.Div(), "floordiv": ast.FloorDiv(),
    "mod": ast.Mod(), "pow": ast.Pow(), "matmul": ast.MatMult(), "iadd": ast.Add(), "imul": ast.Mult(),
}  # fmt: skip
_COMPARE: dict[str, ast.cmpop] = {
    "lt": ast.Lt(), "le": ast.LtE(), "eq": ast.Eq(), "ne": ast.NotEq(), "gt": ast.Gt(), "ge": ast.GtE(),
}  # fmt: skip


_COUNTING = frozenset({"factorial", "comb", "perm"})
"""Functions whose values grow faster than any power of what goes in."""
_COUNTED = 64
"""The largest number that they are given here."""


def _foreign(machine: Interpreter, call: LibraryCall) -> Value:
    return machine.foreign("call", call.node, call.values)


@models("mathematics")
def mathematics(machine: Interpreter, call: LibraryCall) -> Value:
    """A function of :mod:`math`: a Python number, which leaves the gradient behind."""
    args = call.args
    given = [value.value for value in args if isinstance(value, Const)]
    most = _COUNTED if call.last in _COUNTING else NUMBER
    if args and len(given) == len(args) and all(not isinstance(one, int) or abs(one) <= most for one in given):
        try:
            return computed(getattr(math, call.last)(*given), call.node)
        except Exception:  # whatever the program's own call would raise
            return Number("float", span_of(call.node))
    made = Number("float", span_of(call.node))
    leaves = [leaf for value in args for leaf in machine.leaves(value)]
    machine.depend(made, leaves, machine.cut(ToPython(*call.written(machine)), call.node))
    leaves_graph(machine, call, made, leaves)
    return made


@models("product")
def product(machine: Interpreter, call: LibraryCall) -> Value:
    """``math.prod(values)``, which multiplies tensors as tensors."""
    values = call.args[0] if call.args else None
    if not isinstance(values, Seq):
        return mathematics(machine, call)
    result: Value = Const(1)
    for item in machine.iterate(values, call.node)[0]:
        result = operators.binary(machine, call.node, ast.Mult(), result, item)
    return result


@models("operator")
def operator(machine: Interpreter, call: LibraryCall) -> Value:
    """A function of :mod:`operator`."""
    if len(call.args) == 2:
        left, right = call.args
        if call.last in _BINARY:
            return operators.binary(machine, call.node, _BINARY[call.last], left, right)
        if call.last in _COMPARE:
            return operators.compare(machine, call.node, _COMPARE[call.last], left, right)
        if call.last == "getitem":
            return subscripts.subscript(machine, call.node, left, right)
    return _foreign(machine, call)


# -- threading -----------------------------------------------------------------------------------------------------


@models("thread")
def thread(_machine: Interpreter, call: LibraryCall) -> Value:
    """``threading.Thread(target=f)`` or ``Timer(seconds, f)``, which calls the function once it is started."""
    made = LibObject(call.name, "thread", span_of(call.node), tuple(call.values))
    is_timer = call.last == "Timer"
    made.state["target"] = call.argument(1, "function" if is_timer else "target")
    made.state["given"] = call.argument(2 if is_timer else 3, "args")
    return made


@models("other-of-threads")
def other_of_threads(machine: Interpreter, call: LibraryCall) -> Value:
    """What else :mod:`threading` has."""
    return _foreign(machine, call)


@methods("thread", "start")
def start(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """A thread calls its function: no tape of another thread records what it does (TensorFlow 2.21)."""
    target, given = owner.state.get("target"), owner.state.get("given")
    if not isinstance(target, Value):
        return machine.foreign("call", call.node, [owner, *owner.arguments])
    with machine.unseen():
        machine.call(target, list(given.items.values) if isinstance(given, Seq) else [], {}, call.node)
    return Const(None)


# -- functools -----------------------------------------------------------------------------------------------------


@models("partial")
def partial(machine: Interpreter, call: LibraryCall) -> Value:
    """``functools.partial(function, ...)``."""
    if not call.args:
        return _foreign(machine, call)
    return Partial(call.args[0], tuple(call.args[1:]), call.kwargs)


@models("descriptor")
def descriptor(machine: Interpreter, call: LibraryCall) -> Value:
    """What an attribute of a class answers itself, in a way that is not followed."""
    return machine.opened(Premise(Rests.DESCRIPTOR, machine.text(call.node)), call.node, call.values)


@models("reduced")
def reduced(machine: Interpreter, call: LibraryCall) -> Value:
    """``functools.reduce(function, values, start)``."""
    if len(call.args) < 2:
        return _foreign(machine, call)
    items, _exact = machine.iterate(call.args[1], call.node)
    items = [*call.args[2:3], *items]
    if not items:
        return machine.unknown("reduce", call.node, call.args)
    result = items[0]
    for item in items[1:]:
        result = machine.call(call.args[0], [result, item], {}, call.node)
    return result


@models("remembered")
def remembered(machine: Interpreter, call: LibraryCall) -> Value:
    """``functools.cache(function)``: the same function, which keeps what it gave."""
    if not call.args or not isinstance(call.args[0], Function):
        return decorator(machine, call)
    made = call.args[0].copy()
    made.memo = {}
    return made


@models("decorates")
def decorator(_machine: Interpreter, call: LibraryCall) -> Value:
    """A decorator of :mod:`functools` with its arguments: still a decorator."""
    return Known(call.name)


# -- itertools -----------------------------------------------------------------------------------------------------


@models("chained")
def chained(machine: Interpreter, call: LibraryCall) -> Value:
    """``itertools.chain(...)``."""
    return _chained(machine, call, call.args, exact=True)


@models("chained-from")
def chained_from(machine: Interpreter, call: LibraryCall) -> Value:
    """``itertools.chain.from_iterable(...)``."""
    sources, exact = machine.iterate(call.args[0], call.node) if call.args else ([], True)
    return _chained(machine, call, sources, exact=exact)


def _chained(machine: Interpreter, call: LibraryCall, sources: list[Value], *, exact: bool) -> Value:
    parts: list[Value] = []
    for value in sources:
        items, whole = machine.iterate(value, call.node)
        parts += items
        exact = exact and whole
    return sequence(parts, exact=exact, node=call.node)


@models("star-mapped")
def star_mapped(machine: Interpreter, call: LibraryCall) -> Value:
    """``itertools.starmap(function, rows)``."""
    if len(call.args) != 2:
        return _after_iterating(machine, call)
    function, table = call.args

    def run() -> tuple[list[Value], bool]:
        rows, exact = machine.iterate(table, call.node)
        return [machine.call(function, machine.iterate(row, call.node)[0], {}, call.node) for row in rows], exact

    return lazy(machine, call, run)


@models("accumulated")
def accumulated(machine: Interpreter, call: LibraryCall) -> Value:
    """``itertools.accumulate(items, function)``: each made of the one before it."""
    if not call.args:
        return _after_iterating(machine, call)
    function = call.args[1] if len(call.args) > 1 else Const(None)

    def step(before: Value, item: Value) -> Value:
        if isinstance(function, Const) and function.value is None:
            return operators.binary(machine, call.node, ast.Add(), before, item)
        return machine.call(function, [before, item], {}, call.node)

    def run() -> tuple[list[Value], bool]:
        items, exact = machine.iterate(call.args[0], call.node)
        made = items[:1]
        for item in items[1:]:
            made.append(step(made[-1], item))
        return made, exact

    return lazy(machine, call, run)


@models("combined")
def combined(machine: Interpreter, call: LibraryCall) -> Value:
    """Rows of items, in an order that is not followed."""
    row = machine.unknown("items", call.node, _items(machine, call))
    return Seq(Items((row, row), exact=False), "list")


@models("some-items")
def some_items(machine: Interpreter, call: LibraryCall) -> Value:
    """Some of the items, any number of times."""
    return sequence(_items(machine, call) or [Number("int")], exact=False, node=call.node)


@models("counted")
def counted(machine: Interpreter, call: LibraryCall) -> Value:
    """``itertools.count(...)``: numbers."""
    _items(machine, call)
    return sequence([Number("int")], exact=False, node=call.node)


@models("after-iterating")
def _after_iterating(machine: Interpreter, call: LibraryCall) -> Value:
    """A function of :mod:`itertools` of which no more is known than that it iterates what it is given."""
    _items(machine, call)
    return machine.foreign("call", call.node, call.args)


def _items(machine: Interpreter, call: LibraryCall) -> list[Value]:
    return [item for value in call.args for item in machine.iterate(value, call.node)[0]]


# -- the rest ------------------------------------------------------------------------------------------------------


@models("deque")
def deque(machine: Interpreter, call: LibraryCall) -> Value:
    """``collections.deque(values)``."""
    items, exact = machine.iterate(call.args[0], call.node) if call.args else ([], True)
    return Seq(Items(tuple(items), exact and "maxlen" not in call.kwargs), "list", span_of(call.node))


@models("default-dictionary")
def default_dictionary(_machine: Interpreter, call: LibraryCall) -> Value:
    """``collections.defaultdict(factory)``."""
    return Dict(Pairs((), exact=False), span_of(call.node))


@models("context")
def context(_machine: Interpreter, call: LibraryCall) -> Value:
    """A context manager of which nothing matters."""
    return Unknown("context", span_of(call.node))


@models("closing")
def closing(machine: Interpreter, call: LibraryCall) -> Value:
    """``contextlib.closing(x)``: gives what it was given, and calls its ``close`` at the end."""
    made = LibObject(call.name, "exit-stack", span_of(call.node))
    if call.args:
        made.state["given"] = call.args[0]
        made.state["entered"] = (Partial(machine.attribute(call.args[0], "close", call.node), (), {}),)
    return made


@models("exit-stack")
def exit_stack(_machine: Interpreter, call: LibraryCall) -> Value:
    """``contextlib.ExitStack()``."""
    return LibObject(call.name, "exit-stack", span_of(call.node))


@models("random-number")
def random_number(_machine: Interpreter, call: LibraryCall) -> Value:
    """A function of :mod:`random`."""
    return Number("float", span_of(call.node))


@models("random-item")
def random_item(machine: Interpreter, call: LibraryCall) -> Value:
    """``random.choice(values)``."""
    if not call.args:
        return random_number(machine, call)
    return subscripts.subscript(machine, call.node, call.args[0], Number("int"))


@models("copies")
def copied(machine: Interpreter, call: LibraryCall) -> Value:
    """``copy.copy`` and ``copy.deepcopy``."""
    if not call.args:
        return _foreign(machine, call)
    return copies.copied(machine, call.args[0], call.node, deep=call.last == "deepcopy")


@models("pickled")
def pickled(machine: Interpreter, call: LibraryCall) -> Value:
    """``pickle.dumps`` and ``pickle.loads``."""
    return copies.pickled(machine, call.last, call.args, call.node) if call.args else _foreign(machine, call)


@models("replaced")
def replaced(machine: Interpreter, call: LibraryCall) -> Value:
    """``dataclasses.replace(record, field=value)``."""
    if not call.args or not isinstance(call.args[0], Instance):
        return _foreign(machine, call)
    made = copies.copied(machine, call.args[0], call.node, deep=False)
    if isinstance(made, Instance):
        for key, value in call.kwargs.items():
            machine.set(made.attrs, key, value)
    return made


@models("record-field")
def record_field(machine: Interpreter, call: LibraryCall) -> Value:
    """``dataclasses.field(...)``: what makes the field's value where none is given."""
    factory = call.kwargs.get("default_factory", call.kwargs.get("factory"))
    if factory is None and "default" not in call.kwargs:
        return machine.unknown("field", call.node, anything=True)
    made = LibObject(call.name, "record-field", span_of(call.node))
    made.state.update(factory=factory, default=call.kwargs.get("default"))
    return made


@models("gives-first")
def first_argument(machine: Interpreter, call: LibraryCall) -> Value:
    """``weakref.proxy(x)``, ``tf.recompute_grad(f)``: what stands for the first argument and does as it does."""
    return call.args[0] if call.args else machine.foreign("call", call.node, call.values)


@models("weak-reference")
def weak_reference(machine: Interpreter, call: LibraryCall) -> Value:
    """``weakref.ref(x)``: calling it gives ``x``, as long as that is there."""
    if not call.args:
        return machine.foreign("call", call.node, call.values)
    made = LibObject(call.name, "weak-reference", span_of(call.node))
    made.state["of"] = call.args[0]
    return made


@methods("weak-reference", CALLED)
def referred(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``weakref.ref(x)()``."""
    held = owner.state["of"]
    return held if isinstance(held, Value) else machine.unknown("call", call.node, anything=True)
