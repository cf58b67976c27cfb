"""Runs statements: one after the other, both branches of what is not decided, loops for what their turns do."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow import keras, operators
from gradlint.flow.calls import Calls
from gradlint.flow.core import RaisedError, span_of
from gradlint.flow.expressions import COUNTED, UNROLL, with_key
from gradlint.flow.loops import LEFT, Loop
from gradlint.flow.store import MISSING, either, join_values
from gradlint.flow.values import (
    Array,
    Bound,
    ClassValue,
    Const,
    Dict,
    Frame,
    Function,
    Generator,
    Instance,
    Items,
    Join,
    Known,
    LibObject,
    Method,
    Number,
    Pairs,
    Seq,
    StopRecording,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.store import Changes

TRANSPARENT = frozenset({
    "tensorflow.function", "tensorflow.autograph.experimental.do_not_convert", "tensorflow.Module.with_name_scope",
    "functools.wraps", "functools.lru_cache", "functools.cache", "tensorflow.autograph.to_graph",
    "tensorflow.recompute_grad", "keras.saving.register_keras_serializable", "tensorflow.custom_gradient",
    "keras.utils.register_keras_serializable", "tensorflow.types.experimental.Callable", "abc.abstractmethod",
    "typing.no_type_check", "typing.override", "typing.overload", "tensorflow.compat.v1.function",
    "functools.cached_property", "tensorflow.autograph.experimental.set_loop_options", "numpy.vectorize",
})  # fmt: skip
GRAPH = frozenset({"tensorflow.function", "tensorflow.compat.v1.function"})


class Statements(Calls):
    """The part of the machine that runs statements."""

    # -- tapes, provided later -------------------------------------------------------------------------------------

    def enter_tape(self, tape: Tape, node: ast.AST) -> None:
        """Begin or go on with a tape's recording."""
        raise NotImplementedError

    def exit_tape(self, tape: Tape) -> None:
        """End a tape's block."""
        raise NotImplementedError

    def pause(self, tape: Tape) -> Any:
        """Stop a tape's recording for a while; gives what :meth:`resume` needs."""
        raise NotImplementedError

    def resume(self, tape: Tape, before: Any) -> None:
        """Go on with a tape's recording."""
        raise NotImplementedError

    def suspend(self) -> tuple[Any, ...]:
        """Take all tapes off the record (``tf.init_scope``); gives what to put back."""
        before: tuple[Any, ...] = self.world["active"]
        self.set(self.world, "active", ())
        return before

    # -- blocks ----------------------------------------------------------------------------------------------------

    def block(self, body: list[ast.stmt]) -> str:
        """Run statements in order; gives ``normal``, ``return``, ``break``, ``continue`` or ``raise``."""
        for statement in body:
            self.tick()
            if self.entry is not None:
                self.recorder.entries[statement.lineno] = self.entry
            method: Callable[[Any], str | None] | None = getattr(self, "run_" + type(statement).__name__, None)
            if method is None:
                continue
            end = method(statement)
            if end is not None and end != "normal":
                return end
        return "normal"

    def run_Expr(self, node: ast.Expr) -> None:
        self.eval(node.value)

    def run_Pass(self, node: ast.Pass) -> None:
        return

    def run_Global(self, node: ast.Global) -> None:
        self.frame.globals |= frozenset(node.names)

    def run_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.frame.nonlocals |= frozenset(node.names)

    def run_Assert(self, node: ast.Assert) -> str | None:
        truth = self.truth(self.eval(node.test), node.test)
        if truth is False:
            self.raised("AssertionError")
            return "raise" if self.stack else None
        return None

    def run_Raise(self, node: ast.Raise) -> str:
        if node.exc is not None:
            self.eval(node.exc)
        if self.guards and not self.forks:
            self.leave("Exception")
        return "raise"

    def run_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.set(self.frame.names, target.id, MISSING)

    # -- assignment ------------------------------------------------------------------------------------------------

    def run_Assign(self, node: ast.Assign) -> None:
        value = self.eval(node.value)
        for target in node.targets:
            self.assign(target, value, node)

    def run_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.assign(node.target, self.eval(node.value), node)

    def run_TypeAlias(self, node: ast.AST) -> None:
        return

    def run_AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        left = self.eval(ast.copy_location(_loading(target), target))
        right = self.eval(node.value)
        if isinstance(left, Seq) and isinstance(node.op, ast.Add):
            items, exact = self.iterate(right, node.value)
            joined = Items(left.items.values + tuple(items), left.items.exact and exact)
            if left.kind == "list":
                self.set(left.state, "items", joined)
            else:
                self.assign(target, Seq(joined, left.kind, span_of(node)), node)
            return
        if isinstance(left, Variable):
            handled = self.augment_variable(node, left, right)
            if handled:
                return
        self.assign(target, operators.binary(self, node, node.op, left, right), node)

    def augment_variable(self, node: ast.AugAssign, left: Variable, right: Value) -> bool:
        """``v += x`` on a Variable: gives whether the name still holds it."""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value, node: ast.AST) -> None:
        """Bind a value to a target."""
        if isinstance(target, ast.Name):
            self.rebound(target.id, value, node)
            self.bind(target.id, value)
        elif isinstance(target, ast.Attribute):
            owner = self.eval(target.value)
            if isinstance(owner, Instance):
                before = owner.attrs.get(target.attr)
                if isinstance(before, Value):
                    self.note_rebinding(before, value, self.text(target), node)
            self.set_attribute(owner, target.attr, value, node)
        elif isinstance(target, ast.Subscript):
            self.store_item(target, value, node)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, node)
        elif isinstance(target, ast.Tuple | ast.List):
            self.unpack(target.elts, value, node)

    def rebound(self, name: str, value: Value, node: ast.AST) -> None:
        """Note where a name that held a Variable comes to hold something else."""
        before = self.frame.names.get(name)
        if isinstance(before, Value):
            self.note_rebinding(before, value, name, node)

    def note_rebinding(self, before: Value, value: Value, name: str, node: ast.AST) -> None:
        """Remember that a value took the place of a Variable."""
        if isinstance(before, Seq) and isinstance(value, Seq) and len(before.items.values) == len(value.items.values):
            for one, other in zip(before.items.values, value.items.values, strict=True):
                if not isinstance(one, Seq):
                    self.note_rebinding(one, other, name, node)
            return
        if isinstance(before, Variable) and isinstance(value, Tensor | Array | Number):
            self.replaced.setdefault(id(value), (value, before, name, node))
        elif id(before) in self.replaced and isinstance(value, Tensor | Array | Number):
            _, variable, first, _ = self.replaced[id(before)]
            self.replaced.setdefault(id(value), (value, variable, first, node))

    def unpack(self, targets: list[ast.expr], value: Value, node: ast.AST) -> None:
        """Bind the items of a value to several targets."""
        if isinstance(value, Tensor | Variable | Array):
            for target in targets:
                self.assign(target, operators.element(self, node, value), node)
            return
        if isinstance(value, Unknown):
            for index, target in enumerate(targets):
                item = operators.subscript(self, target, value, Const(index))
                self.assign(target, item, node)
            return
        items, exact = self.iterate(value, node)
        star = next((index for index, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
        if star is not None and exact:
            after = len(targets) - star - 1
            for target, item in zip(targets[:star], items, strict=False):
                self.assign(target, item, node)
            middle = items[star : len(items) - after] if after else items[star:]
            self.assign(targets[star], Seq(Items(tuple(middle)), "list", span_of(node)), node)
            for target, item in zip(targets[star + 1 :], items[len(items) - after :], strict=False):
                self.assign(target, item, node)
            return
        for index, target in enumerate(targets):
            if index < len(items):
                self.assign(target, items[index], node)
            elif items and not exact:
                joined = items[0]
                for item in items[1:]:
                    joined = join_values(joined, item)
                self.assign(target, joined, node)
            else:
                self.assign(target, self.unknown("item", node, [value], top=isinstance(value, Unknown)), node)

    def store_item(self, target: ast.Subscript, value: Value, node: ast.AST) -> None:
        """``container[index] = value``."""
        owner = self.eval(target.value)
        index = self.eval_index(target.slice)
        if isinstance(owner, Dict):
            self.set(owner.state, "pairs", with_key(owner.pairs, index, value))
        elif isinstance(owner, Seq):
            items = owner.items
            position = index.value if isinstance(index, Const) else None
            if isinstance(position, int) and items.exact and -len(items.values) <= position < len(items.values):
                values = list(items.values)
                self.note_rebinding(values[position], value, self.text(target), node)
                values[position] = value
                self.set(owner.state, "items", Items(tuple(values)))
            elif not isinstance(index, Seq):
                values = [join_values(item, value) for item in items.values]
                self.set(owner.state, "items", Items(tuple(values), items.exact))
            else:
                self.set(owner.state, "items", Items((*items.values, value), exact=False))
        elif isinstance(owner, Array):
            self.leaves_array(owner, value, node)
        elif isinstance(owner, Unknown):
            owner.edges = (*owner.edges, *keras.everywhere(value)) if not isinstance(value, Const) else owner.edges
            if isinstance(index, Const) and isinstance(index.value, int | str):
                self.set(owner.attrs, ("[]", index.value), value)
        elif isinstance(owner, Instance):
            method = self.attribute(owner, "__setitem__", node)
            if isinstance(method, Bound):
                self.call(method, [index, value], {}, node)

    def leaves_array(self, array: Array, value: Value, node: ast.AST) -> None:
        """A store into an array: what is stored leaves TensorFlow."""
        raise NotImplementedError

    # -- branches --------------------------------------------------------------------------------------------------

    def run_If(self, node: ast.If) -> str | None:
        truth = self.truth(self.condition(node.test), node.test)
        if truth is not None:
            return self.block(node.body if truth else node.orelse)
        text = self.text(node.test)
        return self.branch(
            [lambda: self.block(node.body), lambda: self.block(node.orelse)],
            [f"when `{text}` is true", f"when `{text}` is false"],
        )

    def condition(self, node: ast.expr) -> Value:
        """A condition's value; the guard of a script counts as true."""
        if (
            isinstance(node, ast.Compare)
            and isinstance(node.left, ast.Name)
            and node.left.id == "__name__"
            and len(node.ops) == 1
            and isinstance(node.ops[0], ast.Eq)
        ):
            return Const(True)
        return self.eval(node)

    def branch(self, ways: list[Callable[[], str]], labels: list[str]) -> str:
        """Run several ways from here and join the states of those that go on."""
        mark = self.store.mark()
        going: list[Changes] = []
        names: list[str] = []
        ends: list[str] = []
        for way, label in zip(ways, labels, strict=True):
            self.forks += 1
            depth = len(self.stack)
            forks = self.forks
            try:
                end = way()
            except RaisedError:
                end = "raise"
                del self.stack[depth:]
                self.forks = forks
            self.forks -= 1
            changes = self.store.undo(mark)
            ends.append(end)
            if end == "normal":
                going.append(changes)
                names.append(label)
        if not going:
            return LEFT if LEFT in ends else next((end for end in ends if end != "raise"), "raise")
        if len(going) == 1:
            self.store.apply(going[0])
        else:
            self.store.merge(going, names)
        return "normal"

    def fork(self, ways: list[Callable[[], Value]], labels: list[str]) -> Value:
        """Evaluate several ways from here, each apart, and join what they leave and give."""
        results: list[tuple[Value, str]] = []

        def run(way: Callable[[], Value], label: str) -> Callable[[], str]:
            def inner() -> str:
                results.append((way(), label))
                return "normal"

            return inner

        self.branch([run(way, label) for way, label in zip(ways, labels, strict=True)], labels)
        if not results:
            return self.top
        result, first = results[0]
        for value, label in results[1:]:
            result = join_values(result, value, first, label)
        return result

    def run_Return(self, node: ast.Return) -> str:
        value = self.eval(node.value)
        if self.stack:
            activation = self.stack[-1]
            if len(self.stack) == 1:
                self.handed_on |= {id(leaf) for leaf in self.leaves(value)}
            direct = self.forks == activation.forks and not activation.returns and not self.left_early()
            activation.returns.append((value, None if direct else self.store.since(activation.mark)))
        return "return"

    def left_early(self) -> bool:
        """Whether some way has left a running loop already, so that the state here is not the only one."""
        return any(loop.broken or loop.continued for loop in self.loops)

    def run_Match(self, node: ast.Match) -> str:
        subject = self.eval(node.subject)
        ways: list[Callable[[], str]] = []
        labels: list[str] = []
        for case in node.cases:
            fits = self.fits(subject, case.pattern)
            if fits is False:
                continue

            def way(case: ast.match_case = case) -> str:
                self.capture(case.pattern, subject, node)
                return self.block(case.body)

            if fits is True and case.guard is None and not ways:
                return way()
            ways.append(way)
            labels.append(f"when `{self.text(node.subject)}` matches `{self.text(case.pattern)}`")
            if fits is True and case.guard is None:
                break
        else:
            ways.append(lambda: "normal")
            labels.append("when no case matches")
        return self.branch(ways, labels)

    def fits(self, subject: Value, pattern: ast.pattern) -> bool | None:
        """Whether a value matches a pattern."""
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
            return True
        if isinstance(pattern, ast.MatchValue):
            value = self.eval(pattern.value)
            if isinstance(value, Const) and isinstance(subject, Const):
                return bool(value.value == subject.value)
        if isinstance(pattern, ast.MatchOr):
            answers = [self.fits(subject, part) for part in pattern.patterns]
            return True if True in answers else None if None in answers else False
        return None

    def capture(self, pattern: ast.pattern, subject: Value, node: ast.AST) -> None:
        """Bind the names of a pattern."""
        for part in ast.walk(pattern):
            if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name:
                whole = part is pattern or (isinstance(pattern, ast.MatchAs) and pattern.name == part.name)
                self.bind(part.name, subject if whole else self.unknown(part.name, node, [subject], top=True))

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

    def run_While(self, node: ast.While) -> str:
        loop = self.begin_loop()
        first: Changes = {}
        for count in range(UNROLL):
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

    # -- try and with ----------------------------------------------------------------------------------------------

    def run_Try(self, node: ast.Try) -> str:
        end = "normal"

        def run() -> None:
            nonlocal end
            end = self.block(node.body)
            if end == "normal" and node.orelse:
                end = self.block(node.orelse)

        if node.handlers:
            forks = self.forks
            self.forks = 0 if not self.stack or forks == self.stack[-1].forks else forks
            caught = self.guarded(run)
            self.forks = forks
        else:
            run()
            caught = None
        if caught is not None:
            end = self.handle(node.handlers, certain=True)
        elif node.handlers and end == "normal" and self.may_raise(node.body):
            self.branch(
                [lambda: "normal", lambda: self.handle(node.handlers, certain=False)], ["", "after an exception"]
            )
        elif end == "raise" and node.handlers:
            end = self.handle(node.handlers, certain=False)
        if node.finalbody:
            last = self.block(node.finalbody)
            end = last if last != "normal" else end
        return end

    run_TryStar = run_Try

    @staticmethod
    def may_raise(body: list[ast.stmt]) -> bool:
        """Whether a body can raise at all, as an import or a call can."""
        return any(
            isinstance(part, ast.Call | ast.Import | ast.ImportFrom | ast.Subscript | ast.BinOp)
            for statement in body
            for part in ast.walk(statement)
        )

    def handle(self, handlers: list[ast.ExceptHandler], *, certain: bool) -> str:
        """Run the handlers of a ``try``, of which one is taken."""

        def way(handler: ast.ExceptHandler) -> Callable[[], str]:
            def run() -> str:
                if handler.name:
                    self.bind(handler.name, Unknown("exception"))
                return self.block(handler.body)

            return run

        if certain and len(handlers) == 1:
            return way(handlers[0])()
        return self.branch([way(handler) for handler in handlers], ["after an exception"] * len(handlers))

    def run_With(self, node: ast.With | ast.AsyncWith) -> str:
        return self.with_items(node, 0)

    run_AsyncWith = run_With

    def with_items(self, node: ast.With | ast.AsyncWith, index: int) -> str:
        """Enter the items of a ``with`` one after the other, run the body, and leave them again."""
        if index == len(node.items):
            return self.block(node.body)
        item = node.items[index]
        manager = self.eval(item.context_expr)
        return self.managed(manager, item, lambda: self.with_items(node, index + 1), node)

    def managed(self, manager: Value, item: ast.withitem, body: Callable[[], str], node: ast.AST) -> str:
        """Run a body inside a context manager."""
        expression = item.context_expr

        def bound(value: Value) -> None:
            if item.optional_vars is not None:
                self.tape_names.setdefault(id(value), self.text(item.optional_vars))
                self.assign(item.optional_vars, value, node)

        if isinstance(manager, Tape):
            self.enter_tape(manager, expression)
            bound(manager)
            try:
                return body()
            finally:
                self.exit_tape(manager)
        if isinstance(manager, Join):
            for option in manager.options:
                self.escape(option)
        if isinstance(manager, StopRecording):
            before = self.pause(manager.tape)
            try:
                return body()
            finally:
                self.resume(manager.tape, before)
        if isinstance(manager, LibObject) and manager.name == "tensorflow.init_scope":
            held = self.suspend()
            try:
                return body()
            finally:
                self.set(self.world, "active", held)
        if isinstance(manager, Generator) and isinstance(manager.node, ast.FunctionDef):
            return self.generator_manager(manager, bound, body)
        if isinstance(manager, Instance):
            enter = self.class_attribute(manager.cls, "__enter__")
            leave = self.class_attribute(manager.cls, "__exit__")
            if isinstance(enter, Function):
                bound(self.call(Bound(enter, manager), [], {}, expression))
                try:
                    return body()
                finally:
                    if isinstance(leave, Function):
                        nothing: list[Value] = [Const(None)] * 3
                        self.call(Bound(leave, manager), nothing, {}, expression)
        if isinstance(manager, Known) and manager.name == "tensorflow.GradientTape":
            self.tape_class_entered(expression)
        if isinstance(manager, LibObject) and manager.family == "exit-stack":
            bound(manager)
            end = body()
            for tape in reversed(manager.state.get("entered", ())):
                self.exit_tape(tape)
            return end
        if item.optional_vars is not None:
            bound(manager if isinstance(manager, LibObject | Unknown) else self.unknown("with", expression, [manager]))
        return body()

    def tape_class_entered(self, node: ast.AST) -> None:
        """``with tf.GradientTape as tape``: the class itself is no context manager."""
        raise NotImplementedError

    def generator_manager(self, manager: Generator, bound: Callable[[Value], None], body: Callable[[], str]) -> str:
        """Run a body at the ``yield`` of a function that ``contextlib.contextmanager`` wraps."""
        end = "normal"
        ran = False

        def at_yield(value: Value) -> Value:
            nonlocal end, ran
            if not ran:
                ran = True
                inner = self.stack.pop()
                try:
                    bound(value)
                    end = body()
                finally:
                    self.stack.append(inner)
            return Const(None)

        function = manager.frame.function
        assert function is not None
        assert not isinstance(function.node, ast.Lambda)
        code = function.node

        def run() -> Value:
            self.stack[-1].on_yield = at_yield
            return self.body_of(code)

        self.inside(function, manager.frame, code, run)
        if not ran:
            end = body()
        return end

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

    # -- definitions -----------------------------------------------------------------------------------------------

    def run_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        made = Function(node, self.frame, node.name, span_of(node))
        made.defaults = self.default_values(node.args)
        made.owner = self.frame.self_class if self.frame.names.get("__class_body__") is not None else None
        self.defined.append(made)
        value: Value = made
        for decorator in reversed(node.decorator_list):
            value = self.decorate(made, value, decorator)
        self.bind(node.name, value)

    run_AsyncFunctionDef = run_FunctionDef

    def decorate(self, function: Function, value: Value, decorator: ast.expr) -> Value:
        """What a decorator makes of a function."""
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and target.attr in {"setter", "deleter", "getter"}:
            prior = self.frame.names.get(function.name)
            if isinstance(prior, Function) and target.attr == "setter":
                prior.extra = {**(prior.extra or {}), "setter": function}
                return prior
            return value
        maker = self.eval(target)
        name = maker.name if isinstance(maker, Known) else ""
        if name == "builtins.staticmethod":
            function.kind = "static"
            return value
        if name == "builtins.classmethod":
            function.kind = "class"
            return value
        if name in {"builtins.property", "functools.cached_property", "abc.abstractproperty"}:
            function.kind = "property"
            return value
        if name in GRAPH:
            function.graph = True
            options = decorator.keywords if isinstance(decorator, ast.Call) else []
            for option in options:
                if (
                    option.arg == "jit_compile"
                    and isinstance(option.value, ast.Constant)
                    and option.value.value is True
                ):
                    function.extra = {**(function.extra or {}), "jit_compile": Const(True)}
            return value
        if name == "tensorflow.custom_gradient":
            return self.custom_gradient(function, decorator)
        if name == "functools.partial" and isinstance(decorator, ast.Call) and decorator.args:
            inner = self.eval(decorator.args[0])
            if isinstance(inner, Known) and (inner.name in TRANSPARENT):
                function.graph = function.graph or inner.name in GRAPH
                return value
        if name in TRANSPARENT or name.startswith(("contextlib.", "typing.", "abc.", "builtins.")):
            return value
        if isinstance(maker, Function | Bound | Instance | ClassValue):
            applied = self.eval(decorator) if isinstance(decorator, ast.Call) else maker
            return self.call(applied, [value], {}, decorator)
        if isinstance(maker, Method) and isinstance(maker.owner, Known):
            return value
        function.opaque = True
        return value

    def custom_gradient(self, function: Function, node: ast.AST) -> Value:
        """A function whose gradient the program gives itself: what it passes on is not followed."""
        return LibObject("tensorflow.custom_gradient", "custom-gradient", span_of(node), (function,))

    def run_ClassDef(self, node: ast.ClassDef) -> None:
        bases = tuple(self.eval(base) for base in node.bases)
        frame = Frame(self.frame)
        cls = ClassValue(node, bases, frame, span_of(node))
        frame.self_class = cls
        frame.names["__class_body__"] = Const(True)
        empty = self.comprehension_function(node)
        self.inside(empty, frame, node, lambda: Const(self.block(node.body)))
        for value in frame.names.values():
            if isinstance(value, Function) and value.owner is None:
                value.owner = cls
            if isinstance(value, Function):
                value.frame = frame.parent or self.globals
        made: Value = cls
        for decorator in reversed(node.decorator_list):
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            maker = self.eval(target)
            if isinstance(maker, Unknown):
                made = cls
        self.bind(node.name, made)


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


def _loading(target: ast.expr) -> ast.expr:
    """The expression that reads what an augmented assignment writes."""
    if isinstance(target, ast.Name):
        return ast.Name(id=target.id, ctx=ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load())
    assert isinstance(target, ast.Subscript)
    return ast.Subscript(value=target.value, slice=target.slice, ctx=ast.Load())
