"""The machine's base: its state, its clock, its budget, the running recordings, and how operations make values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, NoReturn

from gradlint.flow import account
from gradlint.flow.account import STEP, ExhaustedError
from gradlint.flow.causes import NoneUsed
from gradlint.flow.facts import Cut, Span
from gradlint.flow.machine.graphs import InGraphs
from gradlint.flow.machine.relevance import Relevance
from gradlint.flow.state.store import MISSING, Store
from gradlint.flow.values import making
from gradlint.flow.values.dtypes import DISCRETE
from gradlint.flow.values.making import is_followed, kept_by, span_of
from gradlint.flow.values.modules import ModuleValue
from gradlint.flow.values.names import Wrappers
from gradlint.flow.values.premises import Premise, Rests
from gradlint.flow.values.program import ClassValue, Frame, Function, Generator, Instance
from gradlint.flow.values.texts import lines_of
from gradlint.flow.values.values import (
    EVERYWHERE,
    NOWHERE,
    Const,
    Dict,
    Edge,
    Items,
    Join,
    Known,
    LibObject,
    LostNone,
    Pairs,
    Params,
    Recording,
    Seq,
    Storage,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
    everywhere,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.flow.causes import NoneInto
    from gradlint.flow.facts import Cause
    from gradlint.flow.machine.callbacks import Place
    from gradlint.flow.state.activation import Activation
    from gradlint.flow.state.loops import Loop
    from gradlint.flow.state.record import Recorder
    from gradlint.flow.values.modules import Finder

ESCAPED = 4096
"""How many values code of others may have seen before it may know anything."""
DEPTH = 24
"""How deep calls are followed."""


class RaisedError(Exception):
    """The program surely raises here, and something in it catches."""

    def __init__(self, exception: str) -> None:
        super().__init__(exception)
        self.exception = exception


def _record_with_all(edges: list[Edge], recorded: frozenset[Recording]) -> None:
    """Let an operation that is recorded for one of its inputs be recorded with all of them.

    A tensor that is watched only later is found among them (TensorFlow 2.21).
    """
    for edge in edges:
        if edge.cut is not None or edge.live is EVERYWHERE or not isinstance(edge.parent, Tensor):
            continue
        if edge.parent.dtype not in DISCRETE:
            edge.live = edge.live | (recorded & edge.seen)


class Core(InGraphs):
    """State and operations that every part of the machine needs."""

    def __init__(self, code: str, recorder: Recorder) -> None:
        self.code = code
        self.lines = list(lines_of(code))
        """The program's lines; those of the project's modules that have run follow them."""
        self.relevance = Relevance(code)
        self.account = account.running()
        self.store = Store(self.account)
        self.recorder = recorder
        self.recorder.own = len(self.lines)
        self.judge_for(recorder)
        self.finder: Finder | None = None
        self.modules_by_path: dict[str, ModuleValue] = {}
        self.modules_by_frame: dict[int, ModuleValue] = {}
        self.as_module: ModuleValue | None = None
        """The program itself as the modules that import it see it, once it has run."""
        self.started: ModuleValue | None = None
        """The module that runs as a program of its own, since it imports this one."""
        self.entry: Span | None = None
        """The call of the program that led into the module of the project whose code is running."""
        self.entered_at = 0
        """When the program called into it."""
        self.steps_in_modules = 0
        """How many expressions and statements of other modules were run by the calls that have ended."""
        self.held_by_modules: set[int] = set()
        """What the project's modules hold, which any code of theirs may use."""
        self.imported_at = 0
        """When the program imported the module whose top is running."""
        self.clock = self.forks = self.guards = self.recordings = 0
        self.active: dict[str, tuple[Recording, ...]] = {"recordings": ()}
        """The recordings that see an operation now."""
        self.module = Frame(None)
        self.stack: list[Activation] = []
        self.controls: list[Value] = []
        self.escaped = Unknown("code of others")
        self.escaped_by_id: dict[int, Value] = {}
        self.anything = Unknown("unknown", anything=True)
        self.free_names: dict[tuple[int, bool], tuple[str, ...]] = {}
        self.eager = False
        self.everything = False
        """Whether to enter also the functions that no tape can have to do with."""
        self.begin_noting()
        self.wrappers = Wrappers()
        self.tree: ast.AST = ast.Module(body=[], type_ignores=[])
        self.entered: dict[int | tuple[int, ...], int] = {}
        self.generators: dict[int, bool] = {}
        self.written: dict[int, frozenset[str]] = {}
        self.defined: list[Function] = []
        self.classes: list[ClassValue] = []
        self.constructed: set[int] = set()
        """The ids of the classes of which the program makes objects."""
        self.callbacks: dict[tuple[int, Any], Place] = {}
        """What functions that code of others has seen may set: by the dictionary that holds it and the key."""
        self.replaced: dict[int, tuple[Value, Variable, str, ast.AST]] = {}
        self.kept_alive: list[Value] = []
        self.paused_spans: list[tuple[int, int]] = []
        self.unseen_spans: list[tuple[int, int]] = []
        self.made_tapes: list[Tape] = []
        self.tape_names: dict[int, str] = {}
        self.loops: list[Loop] = []
        self.nodes_in_loops: set[int] | None = None
        self.used_elsewhere: set[int] = set()
        self.alone = False
        self.asked_for: dict[int, Value] = {}
        self.untracked: list[Any] = []
        self.inside_other_tapes: set[int] = set()
        self.doomed: dict[int, tuple[str, Span]] = {}
        self.graph_loops = []
        self.open_graph_loops = []
        self.graph_outputs: list[tuple[int, tuple[Value, ...]]] = []

    # -- the budget and the source text ----------------------------------------------------------------------------

    def tick(self) -> int:
        """Advance the clock.

        Raises:
            ExhaustedError: If the budget has run out.
        """
        self.clock += 1
        account = self.account
        account.spent += STEP  # what `Account.pay` does, at what runs most often
        if account.spent > account.limit:
            raise ExhaustedError
        if account.hidden:
            self.release()
        return self.clock

    def release(self) -> None:
        """Let code of others have what has come to stand behind an unknown value."""
        hidden, self.account.hidden = self.account.hidden, []
        for value in hidden:
            self.escape(value)

    def spend(self, visits: int) -> None:
        """Count values and edges that are looked at.

        Raises:
            ExhaustedError: If the budget has run out.
        """
        self.account.pay(2 * visits)

    def set(self, where: dict[Any, Any], key: Any, value: Any) -> None:
        """Write state through the journal."""
        self.store.set(where, key, value)

    # -- recordings ------------------------------------------------------------------------------------------------

    @property
    def recording(self) -> tuple[Recording, ...]:
        """The recordings that see an operation now."""
        return self.active["recordings"]

    def record_with(self, recordings: tuple[Recording, ...]) -> None:
        """Let these recordings, and no others, see the operations that follow."""
        self.set(self.active, "recordings", recordings)

    def tracked(self, value: Value) -> frozenset[Recording]:
        """The running recordings that may follow a value back, so that an operation on it is recorded."""
        active = self.recording
        if not active:
            return NOWHERE
        if isinstance(value, Tensor):
            if value.dtype in DISCRETE:
                return NOWHERE
            found = value.tracked
        elif isinstance(value, Variable | Params):
            return frozenset(recording for recording in active if self.follows(recording, value))
        elif isinstance(value, Unknown):
            if not value.computed:
                return frozenset(active)
            found = value.tracked
        elif isinstance(value, Join):
            return frozenset().union(*(self.tracked(option) for option in value.options))
        elif isinstance(value, Instance | LibObject | Function | Seq | Dict | Generator | ClassValue):
            return frozenset(active)
        else:
            found = value.tracked
        key = id(value)
        # A tape whose block is over sees nothing more, though another one records.
        running = found.intersection(active) if found else found
        watching = [recording for recording in active if recording.watched.get(key, MISSING) is not MISSING]
        return running.union(watching) if watching else running

    @staticmethod
    def follows(recording: Recording, value: Variable | Params) -> bool:
        """Whether a recording may watch a variable that has a gradient: by itself, or because the program said so."""
        return not (isinstance(value, Variable) and value.dtype in DISCRETE) and Core.watches(recording, value)

    @staticmethod
    def watches(recording: Recording, value: Variable | Params) -> bool:
        """Whether a recording may list a variable among those it watches, of whatever type."""
        if recording.watched.get(id(value), MISSING) is not MISSING:
            return True
        if recording.tape.state.get("watches more"):
            return True
        return recording.tape.accessed is not False and value.trainable is not False

    # -- operations ------------------------------------------------------------------------------------------------

    def depend(
        self,
        value: Value,
        parents: Iterable[Value],
        cut: Cut | None = None,
        *,
        sure: bool = True,
    ) -> None:
        """Let a fresh value depend on others, by an operation that runs now."""
        active = self.recording
        seen = frozenset(active)
        edges = list(value.edges)
        tracked = value.tracked
        followed = is_followed(value, cut)
        for parent in parents:
            if isinstance(parent, Const):
                continue
            if isinstance(parent, Storage):
                parent = parent.base
            live = self._seen_of(parent) if active else NOWHERE
            if not followed:
                live = NOWHERE
            edges.append(Edge(parent, cut, live, sure=sure, seen=seen))
            if live:
                tracked |= live
        recorded = tracked & seen if tracked else NOWHERE
        if recorded:
            _record_with_all(edges, recorded)
        if self.open_graph_loops:
            self.use_in_loops([edge.parent for edge in edges[len(value.edges) :]])
        value.edges = tuple(edges)
        value.tracked = tracked
        if not value.born:
            value.born = self.tick()
            value.where = self.stack[-1] if self.stack else None

    def _seen_of(self, parent: Value) -> frozenset[Recording]:
        """The running recordings that follow an operation on a value; those note the Variable that it reads."""
        if isinstance(parent, Variable | Params):
            for recording in self.recording:
                if id(parent) not in recording.used and self.watches(recording, parent):
                    self.set(recording.used, id(parent), parent)
        return self.tracked(parent)

    def tensor(
        self,
        node: ast.AST | None,
        parents: Iterable[Value],
        *,
        dtype: str | None = None,
        op: str = "",
        cut: Cut | None = None,
        sure: bool = True,
        known: Any = None,
    ) -> Tensor:
        """A tensor that an operation makes now."""
        made = Tensor(dtype, span_of(node) if node is not None else None, op, known)
        self.depend(made, parents, cut, sure=sure)
        return made

    def cut(self, cause: Cause, node: ast.AST) -> Cut:
        """A reason why no gradient passes, at a node."""
        return Cut(cause, span_of(node))

    def unknown(
        self, why: str, node: ast.AST | None, parents: Iterable[Value] = (), *, anything: bool = False
    ) -> Unknown:
        """A value that cannot be followed but may be connected to what went in."""
        made = Unknown(why, span_of(node) if node is not None else None, anything=anything)
        self.depend(made, parents, sure=False)
        return made

    def opened(self, premise: Premise, node: ast.AST | None, parents: Iterable[Value] = ()) -> Unknown:
        """What may be anything at all, since a premise does not hold for sure."""
        made = self.unknown(premise.subject, node, parents, anything=True)
        made.premise = premise
        return made

    def foreign(self, why: str, node: ast.AST | None, given: Iterable[Value]) -> Unknown:
        """What code of others gives back: it may be connected to all that went in, now or earlier."""
        parents = [value for value in given if not isinstance(value, Const)]
        for value in parents:
            self.escape(value)
        self.call_back()
        return kept_by(self.unknown(why, node, [*parents, self.escaped]), node, (*parents, self.escaped))

    def call_back(self) -> None:
        """Code of others runs, and may call what it has seen of the program: what that sets may be anything."""
        self.account.pay(1 + len(self.callbacks) // 4)
        for where, key in self.callbacks.values():
            held = where.get(key)
            if isinstance(held, Unknown) and held.anything:
                continue
            set_by = Premise(Rests.CALLBACK, str(key))
            if held is None:  # The object has none of its own yet, but may have its class's.
                self.set(where, key, self.opened(set_by, None))
            elif isinstance(held, Items) and held.exact:
                self.set(where, key, Items((*held.values, self.opened(set_by, None)), exact=False))
            elif isinstance(held, Pairs) and held.exact:
                self.set(where, key, Pairs(held.entries, False, (*held.rest, self.opened(set_by, None))))
            elif isinstance(held, Value) and not isinstance(held, Variable | Function | ClassValue):
                self.set(where, key, self.opened(set_by, None, [held]))

    def escape(self, value: Value) -> None:
        """Note that code of others has seen a value."""
        if isinstance(value, Tape):
            self.set(value.state, "escaped", True)
        elif isinstance(value, Seq):
            for item in value.items.values:
                if isinstance(item, Tape):
                    self.escape(item)
        elif isinstance(value, ModuleValue):
            self.let_change(value)
        if isinstance(value, Unknown | Const | Known | ModuleValue) or id(value) in self.escaped_by_id:
            return
        if len(self.escaped_by_id) >= ESCAPED:
            self.escaped.anything = True
            return
        self.escaped_by_id[id(value)] = value
        making.gain(self.escaped, everywhere(value))

    def forget_escaped(self, edges: tuple[Edge, ...], function: Function, since: int) -> None:
        """Forget what code of others saw of one function, but for what the function did not make itself.

        Args:
            edges: What code of others had seen before the function ran.
            function: The function.
            since: The clock's time before it ran.
        """
        code = function.node
        last = code.end_lineno or code.lineno
        kept = list(edges)
        for edge in self.escaped.edges[len(edges) :]:
            value = edge.parent
            is_own = value.born > since or (value.span is not None and code.lineno <= value.span.line <= last)
            if is_own and id(value) not in self.held_by_modules:
                del self.escaped_by_id[id(value)]
            else:
                kept.append(edge)
        self.account.pay_for(len(self.escaped.edges))
        self.escaped.edges = tuple(kept)

    # -- what containers and functions hold ------------------------------------------------------------------------

    def leaves(self, value: Value, depth: int = 6) -> Iterator[Value]:
        """The values that stand for tensors in a nest of lists, tuples and dictionaries.

        Where they are too many there is one more after them, of which nothing is known.
        """
        return making.leaves(value, depth, self.anything)

    def doom(self, value: Value, node: ast.AST, exception: str) -> None:
        """The operation that would make a value raises: no gradient of anything made of it is ever asked for."""
        self.doomed[id(value)] = exception, span_of(node)
        self.kept_alive.append(value)
        self.raised(exception)

    def none_used(self, lost: LostNone, node: ast.AST, into: NoneInto, exception: str) -> Value:
        """A gradient that is None goes into an operation, which raises: where it first does, that is noted."""
        if id(lost) not in self.doomed:
            self.recorder.claim(NoneUsed(into=into, call=lost.call), span_of(node), exception=exception)
        made = self.unknown("None", node, anything=True)
        self.doomed |= dict.fromkeys((id(lost), id(made)), ("", span_of(node)))
        self.kept_alive += [lost, made]
        self.raised(exception)
        return made

    def leaves_graph(self, value: Value, node: ast.AST, cause: Cause, exception: str) -> None:
        """A conversion to a value raises inside a ``tf.function``; nothing is said where that may run without a graph.

        Args:
            value: What the conversion would give.
            node: The conversion.
            cause: What is claimed of it.
            exception: What it raises.
        """
        if self.mentions("run_functions_eagerly"):
            return
        self.recorder.claim(cause, span_of(node), exception=exception)
        self.doom(value, node, exception)

    @property
    def frame(self) -> Frame:
        """The frame that names are looked up in first."""
        return self.stack[-1].frame if self.stack else self.module

    @property
    def globals(self) -> Frame:
        """The names of the module that the running code belongs to."""
        frame = self.frame
        while frame.parent is not None:
            frame = frame.parent
        return frame

    def raised(self, exception: str) -> None:
        """The program surely raises here; where something in it catches, go there."""
        if self.guards:
            self.leave(exception)

    def leave(self, exception: str) -> NoReturn:
        """Go to what catches.

        Raises:
            RaisedError: Always.
        """
        raise RaisedError(exception)
