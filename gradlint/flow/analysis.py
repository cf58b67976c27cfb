"""The analysis' front door."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.flow.account import ExhaustedError, opened
from gradlint.flow.facts import Facts
from gradlint.flow.machine.entry import is_graph_code, parsed_if_asking
from gradlint.flow.machine.machine import Machine
from gradlint.flow.state.expected import Expected
from gradlint.flow.state.record import Recorder

if TYPE_CHECKING:
    from gradlint.flow.memory import Memory
    from gradlint.flow.state.record import Follower
    from gradlint.flow.values.modules import Finder
    from gradlint.flow.values.names import Wrappers
    from gradlint.knowledge.versions import Target


def analyse(
    code: str,
    *,
    wrappers: Wrappers | None = None,
    finder: Finder | None = None,
    everything: bool = False,
    follower: Follower | None = None,
    target: Target | None = None,
    memory: Memory | None = None,
) -> Facts:
    """Follow every value of a program and answer each gradient call's questions.

    Args:
        code: A Python program.
        wrappers: What is known of functions that cannot be followed.
        finder: Finds the modules of the project that the program imports; where None, they are unknown. Where
            following them takes more than the budget, the program is followed without them too, and the reading that
            is sure of more sources counts.
        everything: Whether to follow also what no tape can have to do with.
        follower: Looks at the values of each gradient call.
        target: The versions of TensorFlow that the program is written for; where None, any.
        memory: What is remembered of the program as it was, and will be of it as it is.

    Raises:
        SyntaxError: If a program that looks as if it asked for gradients is not one.
    """
    known = None if memory is None else memory.recall(code, wrappers, finder, target)
    if known is not None:
        return known
    tree = ast.parse(code) if everything else parsed_if_asking(code)
    if tree is None:
        return Facts()
    if is_graph_code(code, tree):
        return Facts()

    def run(finder: Finder | None) -> Facts:
        return _run(
            code, tree, wrappers, finder, everything=everything, follower=follower, target=target, memory=memory
        )

    with opened() as account:
        if finder is not None:
            with account.share(account.left):
                facts = run(finder)
            if facts.complete or not facts.parts:
                return facts
        apart = run(None)
    if finder is None or _sure(facts) <= _sure(apart):
        return apart
    if follower is None:
        return facts
    with opened():
        return run(finder)


def _sure(facts: Facts) -> int:
    """How many sources of gradient calls an analysis is sure of."""
    questions = (question for call in facts.calls for question in call.questions)
    return sum(one.answer in {"lost", "partial"} or one.proved for one in questions)


def _run(
    code: str,
    tree: ast.Module,
    wrappers: Wrappers | None,
    finder: Finder | None,
    *,
    everything: bool,
    follower: Follower | None,
    target: Target | None,
    memory: Memory | None,
) -> Facts:
    recorder = Recorder()
    if follower is not None:
        follower.begin()
        recorder.follower = follower
    recorder.expected = Expected(code, tree)
    machine = Machine(code, recorder, finder=finder, everything=everything)
    machine.wrappers = wrappers or machine.wrappers
    machine.target = target or machine.target
    try:
        machine.begin(tree)
        if memory is not None:
            memory.begin(machine)
        machine.finish()
        if memory is not None:
            memory.end(machine, tree)
    except (ExhaustedError, RecursionError):
        recorder.complete = False
    return recorder.facts()
