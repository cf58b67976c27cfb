"""Runs loops and comprehensions: all turns where they are few and known, otherwise what any turn may do."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.libraries.keras.variables import none_chosen
from gradlint.flow.machine import assignments, calls
from gradlint.flow.machine.expressions import COUNTED, UNROLL
from gradlint.flow.machine.nodes import evaluates, runs
from gradlint.flow.state.loops import Loop, by_reduce
from gradlint.flow.state.store import MISSING
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Frame, Function
from gradlint.flow.values.values import Const, Dict, Items, Join, LibObject, Number, Pairs, Seq, Tensor, Value, either

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.machine.core import Core
    from gradlint.flow.state.loops import GraphLoop
    from gradlint.flow.state.store import Changes


# -- loops ---------------------------------------------------------------------------------------------------------


@runs(ast.For, ast.AsyncFor)
def run_for(machine: Core, node: ast.For | ast.AsyncFor) -> str | None:
    iterable = machine.eval(node.iter)
    items, exact = machine.iterate(iterable, node.iter)
    counted = isinstance(iterable, Seq) and iterable.kind == "range"
    if exact and len(items) <= (COUNTED if counted else UNROLL):
        return turns(machine, node, items, whole=True)
    items = shortened(items)
    items = items if len(items) > 1 else items * 2
    if not machine.converts or _is_of_python(iterable):
        return turns(machine, node, items, whole=False)
    mark = machine.store.mark()
    with machine.graph_loop(is_sure=isinstance(iterable, Tensor)):
        end = turns(machine, node, items, whole=False)
    if isinstance(iterable, LibObject) and iterable.family == "dataset" and end == "normal":
        reduce_over(machine, node, iterable, mark)
    return end


def _is_of_python(iterable: Value) -> bool:
    """Whether Python runs a loop over something while a graph is made; ``range`` of a Tensor is a loop of the graph."""
    return isinstance(iterable, Dict) or (isinstance(iterable, Seq) and "bounds" not in (iterable.extra or {}))


def reduce_over(machine: Core, node: ast.For | ast.AsyncFor, dataset: LibObject, mark: int) -> None:
    """After a loop over a dataset that AutoGraph converts: what its turns assign was made by ``Dataset.reduce``.

    A dataset that a strategy distributes is left open.

    Args:
        machine: The run.
        node: The loop.
        dataset: What it goes over.
        mark: Where the state's journal stood when it began.
    """
    if machine.mentions("distribute_dataset", "distribute_datasets_from_function", "run_functions_eagerly"):
        return
    names = machine.frame.names
    for where, name, value in machine.store.since(mark).values():
        made = value.options if isinstance(value, Join) else (value,)
        if where is names and all(isinstance(one, Tensor) for one in made):
            cut = machine.cut(by_reduce(dataset.name, of="loop"), node.iter)
            machine.set(where, name, machine.tensor(node.iter, made, dtype=dtypes.of(made[-1]), cut=cut))


@runs(ast.While)
def run_while(machine: Core, node: ast.While) -> str:
    if not machine.converts or isinstance(node.test, ast.Constant):
        return _while_turns(machine, node)
    with machine.graph_loop(is_sure=False) as loop:
        return _while_turns(machine, node, loop)


def _while_turns(machine: Core, node: ast.While, of_graph: GraphLoop | None = None) -> str:
    loop = begin_loop(machine)
    first: Changes = {}
    decided = True
    for count in range(UNROLL):
        if count == UNROLL - 1 or (count and not decided):
            loosen(machine, loop.mark)
        condition = machine.eval(node.test)
        if of_graph is not None and not count:
            of_graph.is_sure = isinstance(condition, Tensor)
        truth = machine.truth(condition, node.test)
        if truth is False:
            end = machine.block(node.orelse) if node.orelse else "normal"
            return loop.finish(machine.store, end)
        decided = truth is True and not (isinstance(node.test, ast.Constant))
        end = turn(machine, loop, node.body)
        if end != "normal":
            return loop.finish(machine.store, end)
        if count == 0:
            first = machine.store.since(loop.mark)
        if not decided and count >= 1:
            break
        if decided and count >= UNROLL - 1:
            break
    widen(machine, loop.mark, first)
    return loop.finish(machine.store, "normal")


@runs(ast.Break)
def run_break(machine: Core, _node: ast.Break) -> str:
    return machine.loops[-1].leave(machine.store, machine.forks, "break") if machine.loops else "break"


@runs(ast.Continue)
def run_continue(machine: Core, _node: ast.Continue) -> str:
    return machine.loops[-1].leave(machine.store, machine.forks, "continue") if machine.loops else "continue"


def turns(machine: Core, node: ast.For | ast.AsyncFor, items: list[Value], *, whole: bool) -> str:
    """Run a loop's body once for each item."""
    loop = begin_loop(machine)
    first: Changes = {}
    for index, item in enumerate(items):
        assignments.assign(machine, node.target, item, node)
        end = turn(machine, loop, node.body)
        if end != "normal":
            return loop.finish(machine.store, end)
        if index == 0:
            first = machine.store.since(loop.mark)
            if not whole:
                loosen(machine, loop.mark)
    if not whole:
        widen(machine, loop.mark, first)
    end = machine.block(node.orelse) if node.orelse else "normal"
    return loop.finish(machine.store, end)


def begin_loop(machine: Core) -> Loop:
    """A loop that begins here."""
    mark = machine.store.mark()
    return Loop(machine.forks, mark, mark)


def turn(machine: Core, loop: Loop, body: list[ast.stmt]) -> str:
    """One turn of a loop: ``normal`` where there may be a next one, otherwise how the loop ends."""
    loop.turn = machine.store.mark()
    machine.loops.append(loop)
    try:
        end = machine.block(body)
    finally:
        machine.loops.pop()
    if end == "break":
        loop.broken.append(machine.store.since(loop.mark))
    return "normal" if loop.next_turn(machine.store, end) else end


def loosen(machine: Core, mark: int) -> None:
    """Before a turn that stands for all later ones: the numbers that an earlier one computed are known no more."""
    for where, name, value in machine.store.since(mark).values():
        if isinstance(value, Const) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
            machine.set(where, name, Number(type(value.value).__name__))
        elif isinstance(value, Number | Tensor):
            value.known = None
        elif name == "known":
            machine.set(where, name, None)


def widen(machine: Core, mark: int, first: Changes) -> None:
    """After two of many turns: what differs between them by count is not known exactly."""
    for key, (where, name, value) in machine.store.since(mark).items():
        before = first.get(key, (where, name, MISSING))[2]
        if isinstance(value, Items) and value.exact:
            if not isinstance(before, Items) or len(before.values) != len(value.values):
                machine.set(where, name, Items(value.values, exact=False))
        elif isinstance(value, Pairs) and value.exact:
            if not isinstance(before, Pairs) or len(before.entries) != len(value.entries):
                machine.set(where, name, Pairs(value.entries, exact=False, rest=value.rest))
        elif isinstance(value, Const) and isinstance(value.value, int | float) and before is not value:
            same = isinstance(before, Const) and before.value == value.value
            if not same:
                machine.set(where, name, Number(type(value.value).__name__))
        elif isinstance(value, int | float) and not isinstance(value, bool) and before != value:
            machine.set(where, name, None)
        elif isinstance(value, Tensor) and value.known is not None:
            value.known = None


# -- comprehensions ------------------------------------------------------------------------------------------------


@evaluates(ast.ListComp)
def eval_list_comp(machine: Core, node: ast.ListComp) -> Value:
    first = machine.eval(node.generators[0].iter)
    values, exact = machine.comprehend(node, lambda: machine.eval(node.elt), first=first)
    made = Seq(Items(tuple(values), exact), "list", span_of(node))
    if not exact and any(part.ifs for part in node.generators):
        made.extra = {"filtered": True}
    elif not values and len(node.generators) == 1:
        made.extra = none_chosen(first)
    return made


def comprehend(
    machine: Core,
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
    each: Callable[[], Value],
    frame: Frame | None = None,
    first: Value | None = None,
) -> tuple[list[Value], bool]:
    """Run a comprehension's clauses; gives the values and whether there are no more than these."""
    around = frame if frame is not None else machine.frame
    scope = Frame(around, around.function)
    values: list[Value] = []
    exact = True

    def clause(index: int) -> None:
        nonlocal exact
        if index == len(node.generators):
            values.append(each())
            return
        generator = node.generators[index]
        iterable = first if index == 0 and first is not None else machine.eval(generator.iter)
        items, whole = machine.iterate(iterable, generator.iter)
        # Of the weights of a model that is known not all are told apart: a test may hold for none of them.
        alike = not whole and isinstance(iterable, Seq) and (iterable.extra or {}).get("closed") is True
        if (not whole and not alike) or len(items) > UNROLL:
            exact = False
            items = shortened(items)
        for item in items:
            assignments.assign(machine, generator.target, item, generator.iter)
            keep: bool | None = True
            for test in generator.ifs:
                truth = machine.truth(machine.eval(test), test)
                keep = False if truth is False else None if truth is None and keep else keep
            if keep is False:
                continue
            if keep is None or alike:
                exact = False
            clause(index + 1)

    def run() -> Value:
        clause(0)
        return Const(None)

    function = around.function or comprehension_function(machine, node)
    calls.inside(machine, function, scope, node, run)
    return values, exact


def comprehension_function(machine: Core, node: ast.AST) -> Function:
    """A stand-in for the function that a comprehension at module level runs as."""
    empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    lambda_ = ast.copy_location(ast.Lambda(args=empty, body=ast.Constant(value=None)), node)
    return Function(lambda_, machine.globals, "<comprehension>", span_of(node))


def shortened(items: list[Value]) -> list[Value]:
    """The items of a loop that has too many turns to run each: the first, and one that may be any of the others."""
    if len(items) <= 2:
        return items
    if all(isinstance(item, Const | Number) for item in items):
        return [items[0], generalise(items[1])]
    return items if len(items) <= UNROLL else [items[0], either(*items[1:])]


def generalise(item: Value) -> Value:
    """An item of a long loop, as any later turn may have it."""
    if isinstance(item, Const) and isinstance(item.value, int | float):
        return Number(type(item.value).__name__)
    if isinstance(item, Seq):
        values = tuple(generalise(value) for value in item.items.values)
        return Seq(Items(values, item.items.exact), item.kind, item.span)
    return item
