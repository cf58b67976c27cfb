"""Tapes: what they watch, when they record, and what a gradient call asks of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.facts import Kind
from gradlint.flow.graph import derivatives
from gradlint.flow.interpreter import Interpreter
from gradlint.flow.libraries.models import LibraryCall, models
from gradlint.flow.tapes import ask as questions
from gradlint.flow.tapes.question import Call
from gradlint.flow.values.dtypes import of as dtype_of
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.program import Generator, Instance
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
    Pairs,
    Params,
    Recording,
    Seq,
    StopRecording,
    Storage,
    Symbolic,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.tapes.question import Answered

METHODS = frozenset({"gradient", "jacobian", "batch_jacobian"})
_KEYWORDS = {
    "gradient": ("target", "sources", "output_gradients", "unconnected_gradients"),
    "jacobian": ("target", "sources", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
    "batch_jacobian": ("target", "source", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
}


@models("tensorflow.GradientTape")
def gradient_tape(machine: Interpreter, call: LibraryCall) -> Value:
    """``tf.GradientTape(...)``."""
    return machine.make_tape(call.args, call.kwargs, call.node)


class Tapes(Interpreter):
    """The part of the machine that knows tapes."""

    def make_tape(self, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """``tf.GradientTape(...)``."""
        span = span_of(node)
        self.recorder.tapes.add(span)
        given = dict(zip(("persistent", "watch_accessed_variables"), args, strict=False)) | kwargs
        for name in given:
            if name not in {"persistent", "watch_accessed_variables"} and not name.startswith("**"):
                self.recorder.claim(
                    Kind.BAD_CALL,
                    span,
                    "error",
                    detail={"reason": "unknown-keyword", "variable": name, "exception": "TypeError"},
                )
                self.raised("TypeError")
        persistent = _flag(given.get("persistent"), default=False)
        accessed = _flag(given.get("watch_accessed_variables"), default=True)
        tape = Tape(span, persistent, accessed)
        tape.born = self.tick()
        tape.state["graphs"] = self.graphs
        odd = given.get("persistent")
        if odd is not None and not isinstance(odd, Unknown | Number | Join) and persistent is None:
            tape.persistent_text = self.text(node)
            tape.persistent = False
            self.set(tape.state, "odd", True)
        self.made_tapes.append(tape)
        return tape

    # -- the recording window --------------------------------------------------------------------------------------

    def enter_tape(self, tape: Tape, node: ast.AST) -> None:
        """Begin a tape's recording, or go on with it."""
        recording = tape.state["recording"]
        if tape.state["open"] is True and tape.state["entered"] is True:
            self.recorder.claim(
                Kind.BAD_CALL, span_of(node), "error", detail={"reason": "nested", "exception": "ValueError"}
            )
            self.raised("ValueError")
        if not isinstance(recording, Recording) or tape.state["used"] is not None:
            self.recordings += 1
            recording = Recording(tape, self.recordings, self.tick())
            recording.where = self.stack[-1] if self.stack else None
            self.set(tape.state, "recording", recording)
            self.set(tape.state, "used", None)
        self.set(tape.state, "open", True)
        self.set(tape.state, "entered", True)
        self.record_with((*self.recording, recording))
        for leaf in tape.state.get("early", ()):
            self.set(recording.watched, id(leaf), (leaf, self.tick(), node, True))

    def exit_tape(self, tape: Tape) -> None:
        """End a tape's block."""
        self.set(tape.state, "open", False)
        self.record_with(tuple(item for item in self.recording if item.tape is not tape))

    def pause(self, tape: Tape) -> Any:
        """Stop a tape's recording for a while."""
        before = self.recording
        self.set(tape.state, "paused", True)
        self.record_with(tuple(item for item in before if item.tape is not tape))
        return before

    def resume(self, tape: Tape, before: Any) -> None:
        """Go on with a tape's recording."""
        self.set(tape.state, "paused", False)
        if tape.state["open"] and tape.state["recording"] is not None and tape.state["used"] is None:
            self.record_with((*self.recording, tape.state["recording"]))

    def reset_tape(self, tape: Tape, node: ast.AST) -> Value:
        """``tape.reset()``: what was recorded and watched is forgotten."""
        if tape.state["open"] is True:
            self.exit_tape(tape)
            self.set(tape.state, "recording", None)
            self.set(tape.state, "used", None)
            self.set(tape.state, "reset", True)
            self.enter_tape(tape, node)
        return Const(None)

    # -- methods ---------------------------------------------------------------------------------------------------

    def tape_call(self, tape: Tape, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
        """Call a tape's method."""
        if name in METHODS:
            return self.gradient_call(tape, name, args, kwargs, node)
        if name == "watch":
            if len(args) > 1 and isinstance(node, ast.Call) and len(args) == len(node.args):
                together = ast.copy_location(ast.Tuple(elts=node.args, ctx=ast.Load()), node.args[0])
                together.end_lineno, together.end_col_offset = node.args[-1].end_lineno, node.args[-1].end_col_offset
                self.refuse(tape, node, together, "two-arguments", "TypeError")
                self.watch(tape, sequence(args, "tuple"), node)
            elif args or kwargs:
                self.watch(tape, args[0] if args else next(iter(kwargs.values())), node)
            return Const(None)
        if name == "stop_recording":
            return StopRecording(tape)
        if name == "reset":
            return self.reset_tape(tape, node)
        if name in {"__enter__", "_push_tape"}:
            self.enter_tape(tape, node)
            return tape
        if name in {"__exit__", "_pop_tape"}:
            self.exit_tape(tape)
            return Const(None)
        if name == "watched_variables":
            return self.watched_variables(tape, node)
        if name == "gradients":
            self.recorder.claim(
                Kind.BAD_CALL,
                span_of(node),
                "error",
                detail={"reason": "unknown-method", "method": name, "exception": "AttributeError"},
            )
            self.raised("AttributeError")
        return self.unknown(name, node, [tape, *args], anything=True)

    def watched_variables(self, tape: Tape, node: ast.AST) -> Value:
        """``tape.watched_variables()``: the Variables that were used or watched, in the order of their making."""
        recording = tape.state["recording"]
        if not isinstance(recording, Recording) or tape.state["escaped"] is not False:
            return self.unknown("watched variables", node, [tape], anything=True)
        found = [value for value in recording.used.values() if isinstance(value, Value)]
        found += [entry[0] for entry in recording.watched.values() if entry is not None]
        seen = {id(value): value for value in found if isinstance(value, Variable | Params)}
        whole = all(isinstance(value, Variable) for value in seen.values()) and not self.escaped.edges
        values = sorted(seen.values(), key=lambda value: value.born)
        return Seq(Items(tuple(values), whole), "tuple", span_of(node))

    def watch(self, tape: Tape, value: Value, node: ast.AST) -> None:
        """``tape.watch(x)``."""
        recording = tape.state["recording"]
        argument = node.args[0] if isinstance(node, ast.Call) and node.args else node
        if not isinstance(recording, Recording):
            if tape.state["entered"] is False and tape.state["escaped"] is False:
                self.set(tape.state, "early", (*tape.state.get("early", ()), *self.watchable(value)))
                self.refuse(tape, node, argument, "not-entered", "AttributeError")
            return
        if isinstance(value, Generator):
            self.refuse(tape, node, argument, "generator", "ValueError")
            value = sequence(self.iterate(value, node)[0])
        for leaf in self.watchable(value):
            if not isinstance(leaf, Join):
                self.watch_one(tape, recording, leaf, node, argument)
            elif len({refused(option) for option in leaf.options} - {None}) == 1 and all(map(refused, leaf.options)):
                self.watch_one(tape, recording, leaf.options[0], node, argument)
            else:
                for option in leaf.options:
                    if refused(option) is None:
                        self.watch_one(tape, recording, option, node, argument)
        if isinstance(value, Seq) and value.extra and value.extra.get("unknown") is not None:
            self.watch_one(tape, recording, value.extra["unknown"], node, argument)

    def watchable(self, value: Value) -> list[Value]:
        """The leaves of what is watched, the storage of a ``keras.Variable`` told apart from the variable."""
        if isinstance(value, Seq):
            return [leaf for item in value.items.values for leaf in self.watchable(item)]
        return [value] if isinstance(value, Storage) else list(self.leaves(value))

    def watch_one(self, tape: Tape, recording: Recording, leaf: Value, node: ast.AST, argument: ast.AST) -> None:
        """Watch one tensor or Variable."""
        reason = refused(leaf)
        if reason is not None:
            self.set(recording.watched, id(leaf), (leaf, self.tick(), node, True))
            self.refuse(tape, node, argument, reason, "ValueError")
            return
        if isinstance(leaf, Seq | Dict | Const):
            return
        if isinstance(leaf, Instance):
            for field in leaf.attrs.values():
                if isinstance(field, Tensor | Variable):
                    self.watch_one(tape, recording, field, node, argument)
        leaf = leaf.base if isinstance(leaf, Storage) else leaf
        if isinstance(leaf, Tensor) and self.graphs > tape.state["graphs"]:
            return
        self.set(recording.watched, id(leaf), (leaf, self.tick(), node, tape.state["open"] is not False))
        self.kept_alive.append(leaf)
        whole = leaf.extra.get("part of") if isinstance(leaf, Tensor) and leaf.extra else None
        if isinstance(whole, Tensor):
            self.set(recording.watched, id(whole), (whole, self.clock, node, True))

    @staticmethod
    def refused_watch(tape: Tape, value: Value) -> bool:
        """Whether the program asked a tape to watch what it does not take, and so came no further."""
        recording = tape.state["recording"]
        return isinstance(recording, Recording) and id(value) in recording.watched and refused(value) is not None

    def refuse(self, tape: Tape, node: ast.AST, argument: ast.AST, reason: str, exception: str) -> None:
        """Note that TensorFlow refuses to watch something."""
        self.recorder.claim(
            Kind.WATCH_REFUSED,
            span_of(node),
            "error",
            detail={
                "reason": reason,
                "exception": exception,
                "variable": self.text(argument),
                "source": self.text(argument),
                "tape": self.tape_name(node),
            },
            places={"argument": span_of(argument), "call": span_of(node), "tape_call": tape.call},
        )
        self.raised(exception)

    @staticmethod
    def tape_name(node: ast.AST) -> str:
        """What the tape is called in a call of one of its methods."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return ast.unparse(node.func.value)
        return "tape"

    # -- gradient calls --------------------------------------------------------------------------------------------

    def gradient_call(
        self, tape: Tape, method: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
    ) -> Value:
        """``tape.gradient(target, sources)`` and its kin: ask the questions, give what TensorFlow gives."""
        names = _KEYWORDS[method]
        given = dict(zip(names, args, strict=False))
        given.update(kwargs)
        if not isinstance(node, ast.Call) or tape.state["escaped"] is not False or "**" in given:
            return self.any_gradient(given.get(names[1]), node, [tape, *args])
        wrong = [name for name in kwargs if name not in names and not name.startswith("**")]
        if wrong or names[1] not in given or "target" not in given:
            self.used_elsewhere.add(id(tape))
            return self.bad_call(method, wrong, node)
        written = dict(zip(names, node.args, strict=False))
        written |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                return self.any_gradient(given.get(names[1]), node, [tape, *args])
        question = Call(
            tape=tape,
            method=method,
            node=node,
            target=given["target"],
            sources=given[names[1]],
            target_node=written["target"],
            sources_node=written[names[1]],
            seed=given.get("output_gradients"),
            seed_node=written.get("output_gradients"),
            silenced=_is_zero(given.get("unconnected_gradients")),
            known_seed="output_gradients" in given,
            loops=_flag(given.get("experimental_use_pfor"), default=True) is False,
        )
        if len(node.args) > 2 and method == "gradient" and isinstance(given["output_gradients"], Variable):
            detail = {
                "reason": "second-source",
                "callee": self.text(node),
                "source": self.text(node.args[2]),
                "replacement": f"[{self.text(node.args[1])}, {self.text(node.args[2])}]",
            }
            self.recorder.claim(Kind.BAD_CALL, span_of(node), "error", detail=detail)
        silenced = given.get("unconnected_gradients")
        if isinstance(silenced, Const) and silenced.value not in ("none", "zero"):
            detail = {"reason": "unconnected-value", "method": method, "tape": self.tape_name(node)}
            self.recorder.claim(Kind.BAD_CALL, span_of(node), "error", detail={**detail, "exception": "ValueError"})
            self.used_elsewhere.add(id(tape))
            self.raised("ValueError")
            return self.unknown("gradient", node, anything=True)
        answered = questions.ask(self, question)
        if answered.exception == "LookupError":
            self.set(tape.state, "failed", True)
        self.use(tape, node, question, refused=answered.refused)
        if answered.exception:
            self.raised(answered.exception)
            return self.unknown("gradient", node)
        return self.gradients(question, question.sources, answered, node)

    def bad_call(self, method: str, wrong: list[str], node: ast.Call) -> Value:
        """A gradient call that Python or TensorFlow refuses for its arguments."""
        reason = "unknown-keyword" if wrong else "no-sources"
        detail = {"reason": reason, "method": method, "exception": "TypeError"}
        if wrong:
            detail["variable"] = wrong[0]
        self.recorder.claim(Kind.BAD_CALL, span_of(node), "error", detail=detail)
        self.raised("TypeError")
        return self.unknown("gradient", node, anything=True)

    def use(self, tape: Tape, node: ast.AST, question: Call, *, refused: bool) -> None:
        """A gradient call uses a tape up, unless the tape is persistent or the call's arguments were refused."""
        recording = tape.state["recording"]
        if any(item.tape is not tape for item in self.recording):
            self.inside_other_tapes.add(id(node))
        tape.uses.append((node, tape.state["open"] and not tape.state["paused"], recording, question))
        if not refused and tape.persistent is False and tape.state["used"] is None:
            self.set(tape.state, "used", node)
            if tape.state["open"]:
                self.record_with(tuple(item for item in self.recording if item.tape is not tape))

    def gradients(
        self,
        question: Call,
        sources: Value,
        answered: Answered,
        node: ast.AST,
        made_of: dict[int, list[Value]] | None = None,
    ) -> Value:
        """The gradients in the structure of the sources.

        Args:
            question: The gradient call.
            sources: Its sources, or some of them.
            answered: What the call gives.
            node: Where it stands.
            made_of: By a source's id, the values that its gradient is computed from.
        """
        if made_of is None:
            made_of = self.made_of(question)
        if isinstance(sources, Seq):
            items = tuple(self.gradients(question, item, answered, node, made_of) for item in sources.items.values)
            kind = "list" if sources.kind in {"list", "generator"} else sources.kind
            made = Seq(Items(items, sources.items.exact), kind, span_of(node))
            made.extra = {"gradients_of": sources}
            return made
        if isinstance(sources, Dict):
            entries = tuple(
                (key, self.gradients(question, item, answered, node, made_of)) for key, item in sources.pairs.entries
            )
            rest = tuple(self.gradients(question, item, answered, node, made_of) for item in sources.pairs.rest)
            return Dict(Pairs(entries, sources.pairs.exact, rest), span_of(node))
        if id(sources) in answered.lost:
            return LostNone(span_of(node))
        return self.any_gradient(sources, node, [question.target], made_of, question.seed)

    def made_of(self, question: Call) -> dict[int, list[Value]]:
        """By each source's id, the values that its gradient is computed from, where they are known."""
        recording = question.tape.state["recording"]
        if not isinstance(recording, Recording):
            return {}
        targets = list(self.leaves(question.target))
        sources = [leaf for leaf in _single(question.sources) if not isinstance(leaf, Unknown | Join)]
        return derivatives.depends_on(targets, sources, recording, self.spend)

    def any_gradient(
        self,
        source: Value | None,
        node: ast.AST,
        targets: list[Value],
        made_of: dict[int, list[Value]] | None = None,
        seed: Value | None = None,
    ) -> Value:
        """A gradient that arrives, or may: a tensor that other tapes can go on from.

        It is linear in the seed, ``output_gradients``, so that it depends on it whatever was differentiated.
        """
        seeds = list(self.leaves(seed)) if seed is not None else []
        if isinstance(source, Unknown) or source is None:
            given = [*targets, *seeds, *([source] if source is not None else [])]
            made_unknown = self.unknown("gradient", node, given)
            made_unknown.computed = True
            return made_unknown
        if isinstance(source, Seq | Dict):
            return self.unknown("gradient", node, [*targets, *seeds, *self.leaves(source)])
        made = Tensor(dtype_of(source), span_of(node), "gradient")
        made.gradient_of = span_of(node)
        parents = [leaf for target in targets for leaf in self.leaves(target)]
        found = (made_of or {}).get(id(source))
        self.depend(made, [*([*parents, source] if found is None else found), *seeds], sure=False)
        kept = {id(value) for value in found or ()}
        lost = [parent for parent in parents if found is not None and id(parent) not in kept]
        self.depend(made, lost, self.cut(Kind.UNCONNECTED, node, reason="linear"))
        return made

    def none_used(self, lost: LostNone, node: ast.AST, reason: str, exception: str) -> None:
        """A gradient that is None goes into arithmetic or into an operation."""
        self.recorder.claim(
            Kind.NONE_APPLIED,
            span_of(node),
            "error",
            detail={"reason": reason, "exception": exception, "call_line": str(lost.call.line)},
            places={"call": lost.call},
        )
        self.raised(exception)

    def tape_class_entered(self, node: ast.AST) -> None:
        """``with tf.GradientTape as tape``: the class itself is no context manager."""
        self.recorder.claim(
            Kind.BAD_CALL, span_of(node), "error", detail={"reason": "with-a-class", "exception": "TypeError"}
        )
        self.raised("TypeError")


def refused(leaf: Value) -> str | None:
    """Why TensorFlow refuses to watch a value, or None where it does not."""
    if isinstance(leaf, Variable):
        return "keras-variable" if leaf.keras is True else None
    if isinstance(leaf, Params):
        owner = leaf.owner
        is_keras = isinstance(owner, LibObject) and owner.name.startswith("keras.")
        return "keras-variable" if is_keras else None
    if isinstance(leaf, Array):
        return "ndarray"
    if isinstance(leaf, Const):
        return "none" if leaf.value is None else "string" if isinstance(leaf.value, str) else "number"
    if isinstance(leaf, Number) and leaf.kind in {"int", "float", "str"}:
        return "number"
    if isinstance(leaf, LibObject) and leaf.family in {"layer", "model"}:
        return "model" if leaf.family == "model" else "layer"
    if isinstance(leaf, Instance) and leaf.library.startswith("keras."):
        return "model"
    if isinstance(leaf, Symbolic):
        return "symbolic"
    return None


def _single(sources: Value) -> Iterator[Value]:
    """The sources one by one, as :meth:`Tapes.gradients` takes them apart."""
    if isinstance(sources, Seq):
        for item in sources.items.values:
            yield from _single(item)
    elif isinstance(sources, Dict):
        for item in (*(held for _, held in sources.pairs.entries), *sources.pairs.rest):
            yield from _single(item)
    else:
        yield sources


def _flag(value: Value | None, *, default: bool) -> bool | None:
    """A flag's value, or None where it is not known or is no boolean."""
    if value is None:
        return default
    if isinstance(value, Const) and isinstance(value.value, bool):
        return value.value
    return None


def _is_zero(value: Value | None) -> bool | None:
    """Whether ``unconnected_gradients`` asks for zeros; None where that is not known."""
    if value is None:
        return False
    if isinstance(value, Known):
        return value.name.endswith(".ZERO")
    if isinstance(value, Const):
        return bool(value.value == "zero")
    return None
