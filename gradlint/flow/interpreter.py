"""What a part of the analysis may ask of whatever runs the program.

The models of library callables, the model of the tape and the parts of the machine know one another through this
:class:`~typing.Protocol` only, so that none of them imports what stands above it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from gradlint.flow.causes import NoneInto
    from gradlint.flow.facts import Cause, Cut, Span
    from gradlint.flow.state.activation import Activation
    from gradlint.flow.state.loops import GraphLoop
    from gradlint.flow.state.record import Recorder
    from gradlint.flow.values.modules import ModuleValue
    from gradlint.flow.values.names import Wrappers
    from gradlint.flow.values.premises import Premise
    from gradlint.flow.values.program import ClassValue, Frame, Function, Generator
    from gradlint.flow.values.values import (
        Array,
        Dict,
        LibObject,
        LostNone,
        Method,
        Params,
        Recording,
        Tape,
        Tensor,
        Unknown,
        Value,
        Variable,
    )


class Interpreter(Protocol):
    """Runs a program; made by :class:`~gradlint.flow.machine.machine.Machine`.

    Attributes:
        code: The program.
        wrappers: What the settings say of functions that cannot be followed.
        tree: The program's tree.
        recorder: Notes what is found out.
        clock: How many expressions and statements have run.
        stack: The running calls, the innermost last.
        escaped: What code of others has seen, and so may use.
        anything: Something of which nothing is known.
        kept_alive: Values whose identity something refers to, so that they must outlive the program's last use.
        controls: What the conditions of the program depend on, in the order of the run.
        looked_at: The ids of the nodes of functions whose bodies were run or looked into, and that of the controls
            where they were gone through.
        eager: Whether the function that is called next runs eagerly inside a graph.
        recordings: How many recordings have begun.
        made_tapes: The tapes, in the order of their making.
        tape_names: What a tape is called, by its id.
        used_elsewhere: The ids of the tapes and values that code which is not followed may use.
        inside_other_tapes: The ids of the gradient calls that ran inside another tape's block.
        paused_spans: When a tape's recording was stopped, and when it went on.
        unseen_spans: From when to when something ran that no tape sees.
        graph_loops: The loops that graphs were made of.
        graph_outputs: When each call of a ``tf.function`` that gave several values began, and what it gave.
        doomed: By a value's id, the exception that the operation which would make it raises, and where; no exception
            where that has been noted on its own.
        alone: Whether a function runs that nothing in the program calls, as code of others may call it.
        asked_for: The sources of all gradient calls, by their ids.
        untracked: The variables that lists of sources leave out, as they are met.
        replaced: By a tensor's id, the tensor, the Variable whose name it took, the name and the assignment.
    """

    code: str
    wrappers: Wrappers
    tree: ast.AST
    recorder: Recorder
    clock: int
    stack: list[Activation]
    escaped: Unknown
    anything: Unknown
    kept_alive: list[Value]
    controls: list[Value]
    looked_at: set[int]
    eager: bool
    recordings: int
    made_tapes: list[Tape]
    tape_names: dict[int, str]
    used_elsewhere: set[int]
    inside_other_tapes: set[int]
    paused_spans: list[tuple[int, int]]
    unseen_spans: list[tuple[int, int]]
    doomed: dict[int, tuple[str, Span]]
    graph_loops: list[GraphLoop]
    graph_outputs: list[tuple[int, tuple[Value, ...]]]
    alone: bool
    asked_for: dict[int, Value]
    untracked: list[Any]
    replaced: dict[int, tuple[Value, Variable, str, ast.AST]]

    # -- the budget, the source text, the journal ------------------------------------------------------------------

    def tick(self) -> int:
        """Advance the clock.

        Raises:
            ExhaustedError: If the budget has run out.
        """

    def spend(self, visits: int) -> None:
        """Count values and edges that are looked at.

        Raises:
            ExhaustedError: If the budget has run out.
        """

    def text(self, node: ast.AST | Span | None) -> str:
        """The program's text at a node, on one line."""

    def callee(self, node: ast.AST) -> str:
        """What is called in a call, as it is written."""

    def set(self, where: dict[Any, Any], key: Any, value: Any) -> None:
        """Write state through the journal."""

    # -- where the program is --------------------------------------------------------------------------------------

    @property
    def frame(self) -> Frame:
        """The frame that names are looked up in first."""

    @property
    def recording(self) -> tuple[Recording, ...]:
        """The recordings that see an operation now."""

    def record_with(self, recordings: tuple[Recording, ...]) -> None:
        """Let these recordings, and no others, see the operations that follow."""

    def graph_loop(self, *, is_sure: bool) -> AbstractContextManager[GraphLoop]:
        """What is run inside is the turns of a loop that a graph is made of."""

    @property
    def in_graph(self) -> bool:
        """Whether the running code is traced into a graph by ``tf.function``."""

    @property
    def converts(self) -> bool:
        """Whether AutoGraph converts the running code: that of a ``tf.function``, but not what Keras calls of it."""

    def symbolic(self, value: Value) -> bool:
        """Whether a value surely is of the graph that is being traced, so that it has no number yet."""

    @property
    def compiled(self) -> bool:
        """Whether the running code stands in a function that XLA compiles."""

    @property
    def graphs(self) -> int:
        """How many functions being traced into graphs the running code stands in."""

    @property
    def legacy_keras(self) -> bool:
        """Whether the program may run on Keras 2: that of TensorFlow below 2.16, or one that it chooses itself."""

    @property
    def ended(self) -> Premise | None:
        """Where the running flow has surely ended for the version it is judged by; None where it goes on."""

    def lacks(self, name: str, version: str, exception: str) -> None:
        """The program uses what TensorFlow has not had since a version, so that it raises there."""

    def ends(self, name: str, exception: str) -> None:
        """The program uses what no TensorFlow has, so that it raises there."""

    def mentions(self, *parts: str) -> bool:
        """Whether the code of the program, or of a module of the project that has run, has a name with such a part."""

    @property
    def loop_names(self) -> frozenset[str]:
        """The names that a loop of the program binds to one item after the other."""

    def in_later_turn(self, node: ast.AST) -> bool:
        """Whether a node stands in a loop's body, so that what it does shows from the next turn on."""

    def unseen(self) -> AbstractContextManager[None]:
        """While no tape sees what runs: in ``tf.init_scope``, another thread, a data set's function."""

    # -- making values ---------------------------------------------------------------------------------------------

    def depend(self, value: Value, parents: Iterable[Value], cut: Cut | None = None, *, sure: bool = True) -> None:
        """Let a fresh value depend on others, by an operation that runs now."""

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

    def cut(self, cause: Cause, node: ast.AST) -> Cut:
        """A reason why no gradient passes, at a node."""

    def unknown(
        self, why: str, node: ast.AST | None, parents: Iterable[Value] = (), *, anything: bool = False
    ) -> Unknown:
        """A value that cannot be followed but may be connected to what went in."""

    def opened(self, premise: Premise, node: ast.AST | None, parents: Iterable[Value] = ()) -> Unknown:
        """What may be anything at all, since a premise does not hold for sure."""

    def foreign(self, why: str, node: ast.AST | None, given: Iterable[Value]) -> Unknown:
        """What code of others gives back: it may be connected to all that went in, now or earlier."""

    def call_back(self) -> None:
        """Code of others runs, and may call what it has seen of the program."""

    def escape(self, value: Value) -> None:
        """Note that code of others has seen a value."""

    def leaves_array(self, array: Array, value: Value, node: ast.AST) -> None:
        """A store into an array: what is stored leaves TensorFlow."""

    # -- asking about values ---------------------------------------------------------------------------------------

    def leaves(self, value: Value, depth: int = 6) -> Iterator[Value]:
        """The values that stand for tensors in a nest of lists, tuples and dictionaries."""

    def captured(self, function: Function | Generator) -> Iterator[Value]:
        """The values that a function sees in the frames around it, or a generator in its own and those around that."""

    def follows(self, recording: Recording, value: Variable | Params) -> bool:
        """Whether a recording may watch a variable: by itself, or because the program said so."""

    def site_of(self, value: Value, recording: Recording) -> Span | None:
        """Where a value was made, as seen from the function that entered a tape: there, or the call that led there."""

    def name_of(self, value: Value) -> str:
        """A name under which the running code can reach a value, or what makes it; empty where neither is known."""

    def named(self, value: Value) -> str | None:
        """A name that holds a value where the code runs."""

    def attribute_of(self, value: Value) -> str | None:
        """The attribute of an object in reach of the running code that holds a value."""

    def truth(self, value: Value, node: ast.AST) -> bool | None:
        """Whether a condition holds, or None where that is not known; notes what it depends on."""

    def iterate(self, value: Value, node: ast.AST) -> tuple[list[Value], bool]:
        """The items that iterating a value gives, and whether there are no more than these."""

    def consumed(self, value: Value, node: ast.AST) -> Value:
        """What a library's function gets of an argument: of a generator its items, which it computes now."""

    def keys(self, value: Dict, node: ast.AST) -> list[Value]:
        """The keys of a dictionary; those that the program computes are unknown."""

    # -- running code ----------------------------------------------------------------------------------------------

    def eval(self, node: ast.expr | None) -> Value:
        """The value of an expression."""

    def block(self, body: list[ast.stmt]) -> str:
        """Run statements in order; gives ``normal``, ``return``, ``break``, ``continue`` or ``raise``."""

    def comprehend(
        self,
        node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
        each: Callable[[], Value],
        frame: Frame | None = None,
        first: Value | None = None,
    ) -> tuple[list[Value], bool]:
        """Run a comprehension's clauses; gives the values and whether there are no more than these."""

    def fork(self, ways: list[Callable[[], Value]], labels: list[str]) -> Value:
        """Run several ways from here, each apart, and join what they leave and give."""

    def attribute(self, value: Value, name: str, node: ast.AST) -> Value:
        """Read an attribute."""

    def set_attribute(self, value: Value, name: str, new: Value, node: ast.AST) -> None:
        """Write an attribute."""

    def class_attribute(self, cls: ClassValue, name: str) -> Value | None:
        """What a class of the program, or one of its bases in the program, binds to a name."""

    def call(
        self,
        function: Value,
        args: list[Value],
        kwargs: dict[str, Value],
        node: ast.AST,
        *,
        star: bool = False,
    ) -> Value:
        """Call a value."""

    def library_call(self, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call something from a library."""

    def method_call(self, method: Method, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call a library's method."""

    def object_call(self, value: LibObject, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call an object of a library's class."""

    def foreign_call(self, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call code that cannot be followed."""

    def inside(self, function: Function, frame: Frame, node: ast.AST, run: Callable[[], Value]) -> Value:
        """Run something as the body of a function."""

    def comprehension_function(self, node: ast.AST) -> Function:
        """A stand-in for the function that a piece of code runs as."""

    def custom_gradient(self, function: Function, node: ast.AST) -> Value:
        """A function whose gradient the program gives itself: what it passes on is not followed."""

    # -- imports ---------------------------------------------------------------------------------------------------

    def imported(self, name: str, node: ast.AST, inside: str = "") -> Value:
        """The value of an imported name."""

    def used(self, value: Value) -> Value:
        """What an imported value is, now that it is used."""

    def starred(self, frame: object, name: str) -> Value | None:
        """A name that a ``from module import *`` brought, where a module of the project has it."""

    def member(self, module: ModuleValue, name: str) -> Value | None:
        """Something of a module of the project; None where it is not known."""

    def module_of(self, name: str, level: int, importer: str | None) -> ModuleValue | None:
        """A module of the project; None where it has none of that name."""

    def set_member(self, module: ModuleValue, name: str, value: Value) -> None:
        """Give something of a module of the project another value."""

    def let_change(self, module: ModuleValue) -> None:
        """Let whatever a module of the project holds be something else from now on."""

    # -- what raises -----------------------------------------------------------------------------------------------

    def raised(self, exception: str) -> None:
        """The program surely raises here; where something in it catches, go there."""

    def doom(self, value: Value, node: ast.AST, exception: str) -> None:
        """The operation that would make a value raises: no gradient of anything made of it is ever asked for."""

    def leaves_graph(self, value: Value, node: ast.AST, cause: Cause, exception: str) -> None:
        """A conversion that raises inside a ``tf.function``, before any gradient is asked for."""

    # -- tapes -----------------------------------------------------------------------------------------------------

    def differentiated_again(self, node: ast.AST) -> bool:
        """Whether a gradient call ran inside another tape's block, which may go on from its result."""

    def none_used(self, lost: LostNone, node: ast.AST, into: NoneInto, exception: str) -> Value:
        """Note that a gradient that is None goes into an operation, which raises, and give a value for what follows."""

    # -- updates ---------------------------------------------------------------------------------------------------

    def applied(self, pairs: Value, node: ast.AST) -> None:
        """An optimizer applies gradients."""

    def augment_variable(self, node: ast.AugAssign, left: Variable) -> bool:
        """``v += x`` on a Variable: gives whether the name still holds it."""
