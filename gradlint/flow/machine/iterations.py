"""Runs loops and comprehensions: all turns where they are few and known, otherwise what any turn may do."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.machine.branches import Branches
from gradlint.flow.machine.expressions import COUNTED, UNROLL
from gradlint.flow.state.loops import Loop
from gradlint.flow.state.store import MISSING
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Frame, Function
from gradlint.flow.values.values import Const, Items, Number, Pairs, Seq, Tensor, Value, either

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.state.store import Changes


class Iterations(Branches):
    """The part of the machine that runs something once for each item."""

    # -- loops -----------------------------------------------------------------------------------------------------

    def run_For(self, node: ast.For | ast.AsyncFor) -> str | None:
        iterable = self.eval(node.iter)
        items, exact = self.iterate(iterable, node.iter)
        counted = isinstance(iterable, Seq) and iterable.kind == "range"
        if exact and len(items) <= (COUNTED if counted else UNROLL):
            return self.turns(node, items, whole=True)
        items = shortened(items)
        return self.turns(node, items if len(items) > 1 else items * 2, whole=False)

    run_AsyncFor = run_For

    def run_While(self, node: ast.While) -> str:
        loop = self.begin_loop()
        first: Changes = {}
        decided = True
        for count in range(UNROLL):
            if count == UNROLL - 1 or (count and not decided):
                self.loosen(loop.mark)
            truth = self.truth(self.eval(node.test), node.test)
            if truth is False:
                end = self.block(node.orelse) if node.orelse else "normal"
                return loop.finish(self.store, end)
            decided = truth is True and not (isinstance(node.test, ast.Constant))
            end = self.turn(loop, node.body)
            if end != "normal":
                return loop.finish(self.store, end)
            if count == 0:
                first = self.store.since(loop.mark)
            if not decided and count >= 1:
                break
            if decided and count >= UNROLL - 1:
                break
        self.widen(loop.mark, first)
        return loop.finish(self.store, "normal")

    def run_Break(self, node: ast.Break) -> str:
        return self.loops[-1].leave(self.store, self.forks, "break") if self.loops else "break"

    def run_Continue(self, node: ast.Continue) -> str:
        return self.loops[-1].leave(self.store, self.forks, "continue") if self.loops else "continue"

    def turns(self, node: ast.For | ast.AsyncFor, items: list[Value], *, whole: bool) -> str:
        """Run a loop's body once for each item."""
        loop = self.begin_loop()
        first: Changes = {}
        for index, item in enumerate(items):
            self.assign(node.target, item, node)
            end = self.turn(loop, node.body)
            if end != "normal":
                return loop.finish(self.store, end)
            if index == 0:
                first = self.store.since(loop.mark)
                if not whole:
                    self.loosen(loop.mark)
        if not whole:
            self.widen(loop.mark, first)
        end = self.block(node.orelse) if node.orelse else "normal"
        return loop.finish(self.store, end)

    def begin_loop(self) -> Loop:
        """A loop that begins here."""
        mark = self.store.mark()
        return Loop(self.forks, mark, mark)

    def turn(self, loop: Loop, body: list[ast.stmt]) -> str:
        """One turn of a loop: ``normal`` where there may be a next one, otherwise how the loop ends."""
        loop.turn = self.store.mark()
        self.loops.append(loop)
        try:
            end = self.block(body)
        finally:
            self.loops.pop()
        if end == "break":
            loop.broken.append(self.store.since(loop.mark))
        return "normal" if loop.next_turn(self.store, end) else end

    def loosen(self, mark: int) -> None:
        """Before a turn that stands for all later ones: the numbers that an earlier one computed are known no more."""
        for where, name, value in self.store.since(mark).values():
            if isinstance(value, Const) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
                self.set(where, name, Number(type(value.value).__name__))
            elif isinstance(value, Number | Tensor):
                value.known = None
            elif name == "known":
                self.set(where, name, None)

    def widen(self, mark: int, first: Changes) -> None:
        """After two of many turns: what differs between them by count is not known exactly."""
        for key, (where, name, value) in self.store.since(mark).items():
            before = first.get(key, (where, name, MISSING))[2]
            if isinstance(value, Items) and value.exact:
                if not isinstance(before, Items) or len(before.values) != len(value.values):
                    self.set(where, name, Items(value.values, exact=False))
            elif isinstance(value, Pairs) and value.exact:
                if not isinstance(before, Pairs) or len(before.entries) != len(value.entries):
                    self.set(where, name, Pairs(value.entries, exact=False, rest=value.rest))
            elif isinstance(value, Const) and isinstance(value.value, int | float) and before is not value:
                same = isinstance(before, Const) and before.value == value.value
                if not same:
                    self.set(where, name, Number(type(value.value).__name__))
            elif isinstance(value, int | float) and not isinstance(value, bool) and before != value:
                self.set(where, name, None)
            elif isinstance(value, Tensor) and value.known is not None:
                value.known = None

    # -- comprehensions --------------------------------------------------------------------------------------------

    def comprehend(
        self,
        node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
        each: Callable[[], Value],
        frame: Frame | None = None,
        first: Value | None = None,
    ) -> tuple[list[Value], bool]:
        """Run a comprehension's clauses; gives the values and whether there are no more than these."""
        around = frame if frame is not None else self.frame
        scope = Frame(around, around.function)
        values: list[Value] = []
        exact = True

        def clause(index: int) -> None:
            nonlocal exact
            if index == len(node.generators):
                values.append(each())
                return
            generator = node.generators[index]
            iterable = first if index == 0 and first is not None else self.eval(generator.iter)
            items, whole = self.iterate(iterable, generator.iter)
            if not whole or len(items) > UNROLL:
                exact = False
                items = shortened(items)
            for item in items:
                self.assign(generator.target, item, generator.iter)
                keep: bool | None = True
                for test in generator.ifs:
                    truth = self.truth(self.eval(test), test)
                    keep = False if truth is False else None if truth is None and keep else keep
                if keep is False:
                    continue
                if keep is None:
                    exact = False
                clause(index + 1)

        def run() -> Value:
            clause(0)
            return Const(None)

        function = around.function or self.comprehension_function(node)
        self.inside(function, scope, node, run)
        return values, exact

    def comprehension_function(self, node: ast.AST) -> Function:
        """A stand-in for the function that a comprehension at module level runs as."""
        empty = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        lambda_ = ast.copy_location(ast.Lambda(args=empty, body=ast.Constant(value=None)), node)
        return Function(lambda_, self.globals, "<comprehension>", span_of(node))


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
