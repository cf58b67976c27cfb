"""Gradient calls: what is asked of a tape, and what it gives."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint.flow.causes import BadCall, Unconnected
from gradlint.flow.graph import derivatives
from gradlint.flow.libraries.models import LibraryCall, methods
from gradlint.flow.tapes import ask as questions
from gradlint.flow.tapes.question import TapeCall, tape_name
from gradlint.flow.tapes.tape import flag
from gradlint.flow.values.dtypes import of as dtype_of
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import (
    Const,
    Dict,
    Items,
    Join,
    Known,
    LostNone,
    Pairs,
    Recording,
    Seq,
    Tape,
    Tensor,
    Unknown,
    Value,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.flow.interpreter import Interpreter
    from gradlint.flow.tapes.question import Answered


_KEYWORDS = {
    "gradient": ("target", "sources", "output_gradients", "unconnected_gradients"),
    "jacobian": ("target", "sources", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
    "batch_jacobian": ("target", "source", "unconnected_gradients", "parallel_iterations", "experimental_use_pfor"),
}


@methods(Tape, "gradient", "jacobian", "batch_jacobian")
def gradient(machine: Interpreter, tape: Tape, call: LibraryCall) -> Value:
    """``tape.gradient(target, sources)`` and its kin."""
    return gradient_call(machine, tape, call.name, call.args, call.kwargs, call.node)


def gradient_call(
    machine: Interpreter, tape: Tape, method: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """``tape.gradient(target, sources)`` and its kin: ask the questions, give what TensorFlow gives."""
    names = _KEYWORDS[method]
    given = dict(zip(names, args, strict=False))
    given.update(kwargs)
    if not isinstance(node, ast.Call) or tape.state["escaped"] is not False or "**" in given:
        return any_gradient(machine, given.get(names[1]), node, [tape, *args])
    wrong = [name for name in kwargs if name not in names and not name.startswith("**")]
    if wrong or names[1] not in given or "target" not in given:
        machine.used_elsewhere.add(id(tape))
        return bad_call(machine, method, wrong, node)
    written = dict(zip(names, node.args, strict=False))
    written |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            return any_gradient(machine, given.get(names[1]), node, [tape, *args])
    question = TapeCall(
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
        loops=flag(given.get("experimental_use_pfor"), default=True) is False,
    )
    if len(node.args) > 2 and method == "gradient" and isinstance(given["output_gradients"], Variable):
        cause = BadCall(machine.text(node), how="second-source", name=machine.text(node.args[2]))
        machine.recorder.claim(cause, span_of(node))
    silenced = given.get("unconnected_gradients")
    if isinstance(silenced, Const) and silenced.value not in ("none", "zero"):
        cause = BadCall(f"{tape_name(node)}.{method}", how="unconnected-value")
        machine.recorder.claim(cause, span_of(node), exception="ValueError")
        machine.used_elsewhere.add(id(tape))
        machine.raised("ValueError")
        return machine.unknown("gradient", node, anything=True)
    answered = questions.ask(machine, question)
    if answered.exception == "LookupError":
        machine.set(tape.state, "failed", True)
    use_up(machine, tape, node, question, refused=answered.refused)
    if answered.exception:
        machine.raised(answered.exception)
        return machine.unknown("gradient", node)
    return gradients_of(machine, question, question.sources, answered, node)


def bad_call(machine: Interpreter, method: str, wrong: list[str], node: ast.Call) -> Value:
    """A gradient call that Python or TensorFlow refuses for its arguments."""
    cause = BadCall(f"{tape_name(node)}.{method}", how="no-sources")
    if wrong:
        cause = replace(cause, how="unknown-keyword", name=wrong[0])
    machine.recorder.claim(cause, span_of(node), exception="TypeError")
    machine.raised("TypeError")
    return machine.unknown("gradient", node, anything=True)


def use_up(machine: Interpreter, tape: Tape, node: ast.AST, question: TapeCall, *, refused: bool) -> None:
    """A gradient call uses a tape up, unless the tape is persistent or the call's arguments were refused."""
    recording = tape.state["recording"]
    if any(item.tape is not tape for item in machine.recording):
        machine.inside_other_tapes.add(id(node))
    tape.uses.append((node, tape.state["open"] and not tape.state["paused"], recording, question))
    if not refused and tape.persistent is False and tape.state["used"] is None:
        machine.set(tape.state, "used", node)
        if tape.state["open"]:
            machine.record_with(tuple(item for item in machine.recording if item.tape is not tape))


def gradients_of(
    machine: Interpreter,
    question: TapeCall,
    sources: Value,
    answered: Answered,
    node: ast.AST,
    made_of: dict[int, list[Value]] | None = None,
) -> Value:
    """The gradients in the structure of the sources.

    Args:
        machine: What runs the program.
        question: The gradient call.
        sources: Its sources, or some of them.
        answered: What the call gives.
        node: Where it stands.
        made_of: By a source's id, the values that its gradient is computed from.
    """
    if made_of is None:
        made_of = dependencies(machine, question)
    if isinstance(sources, Seq):
        items = tuple(gradients_of(machine, question, item, answered, node, made_of) for item in sources.items.values)
        kind = "list" if sources.kind in {"list", "generator"} else sources.kind
        made = Seq(Items(items, sources.items.exact), kind, span_of(node))
        made.extra = {"gradients_of": sources}
        return made
    if isinstance(sources, Dict):
        entries = tuple(
            (key, gradients_of(machine, question, item, answered, node, made_of)) for key, item in sources.pairs.entries
        )
        rest = tuple(gradients_of(machine, question, item, answered, node, made_of) for item in sources.pairs.rest)
        return Dict(Pairs(entries, sources.pairs.exact, rest), span_of(node))
    if id(sources) in answered.lost:
        # What is not followed may be a list, for which the call gives a list of None.
        return machine.unknown("gradient", node) if isinstance(sources, Unknown) else LostNone(span_of(node))
    return any_gradient(machine, sources, node, [question.target], made_of, question.seed)


def dependencies(machine: Interpreter, question: TapeCall) -> dict[int, list[Value]]:
    """By each source's id, the values that its gradient is computed from, where they are known."""
    recording = question.tape.state["recording"]
    if not isinstance(recording, Recording):
        return {}
    targets = list(machine.leaves(question.target))
    sources = [leaf for leaf in _single(question.sources) if not isinstance(leaf, Unknown | Join)]
    return derivatives.depends_on(targets, sources, recording, machine.spend)


def any_gradient(
    machine: Interpreter,
    source: Value | None,
    node: ast.AST,
    targets: list[Value],
    made_of: dict[int, list[Value]] | None = None,
    seed: Value | None = None,
) -> Value:
    """A gradient that arrives, or may: a tensor that other tapes can go on from.

    It is linear in the seed, ``output_gradients``, so that it depends on it whatever was differentiated.
    """
    seeds = list(machine.leaves(seed)) if seed is not None else []
    if isinstance(source, Unknown) or source is None:
        given = [*targets, *seeds, *([source] if source is not None else [])]
        made_unknown = machine.unknown("gradient", node, given)
        made_unknown.computed = True
        return made_unknown
    if isinstance(source, Seq | Dict):
        return machine.unknown("gradient", node, [*targets, *seeds, *machine.leaves(source)])
    made = Tensor(dtype_of(source), span_of(node), "gradient")
    made.gradient_of = span_of(node)
    parents = [leaf for target in targets for leaf in machine.leaves(target)]
    found = (made_of or {}).get(id(source))
    machine.depend(made, [*([*parents, source] if found is None else found), *seeds], sure=False)
    kept = {id(value) for value in found or ()}
    lost = [parent for parent in parents if found is not None and id(parent) not in kept]
    machine.depend(made, lost, machine.cut(Unconnected(why="linear"), node))
    return made


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


def _is_zero(value: Value | None) -> bool | None:
    """Whether ``unconnected_gradients`` asks for zeros; None where that is not known."""
    if value is None:
        return False
    if isinstance(value, Known):
        return value.name.endswith(".ZERO")
    if isinstance(value, Const):
        return bool(value.value == "zero")
    return None
