"""Remembers the analysis of a program: a change inside one function costs that function and what looks into it.

What is remembered is taken only where the whole analysis would come to the same: where all but one function's body
stands where it stood, where the program's top and what it calls have not looked into that body, where the whole text
still answers each question that was asked of it as before, and where entering functions has left nothing behind.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.flow.account import ExhaustedError, opened
from gradlint.flow.machine import callers
from gradlint.flow.machine.entries import Entries, StaleError
from gradlint.flow.machine.entry import asks_for_gradients, is_graph_code
from gradlint.flow.machine.resuming import Resume, forget_nodes
from gradlint.flow.machine.units import change, parsed_again
from gradlint.flow.state.expected import Expected
from gradlint.flow.values.names import Wrappers
from gradlint.flow.values.texts import lines_of
from gradlint.knowledge.versions import Target

if TYPE_CHECKING:
    from gradlint.flow.facts import Facts
    from gradlint.flow.machine.machine import Machine
    from gradlint.flow.machine.units import Change
    from gradlint.flow.values.modules import Finder


@dataclass(slots=True)
class _Kept:
    """A program that has been analysed."""

    machine: Machine
    tree: ast.Module
    resume: Resume
    names: frozenset[str]
    entries: Entries


class Memory:
    """What is remembered of the analysis of one program, as it was last."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None
        self._begun: tuple[Resume, frozenset[str], Entries] | None = None

    def begin(self, machine: Machine) -> None:
        """The machine has run a program's top, and is about to enter the rest."""
        self._kept = None
        names = frozenset[str]() if machine.finder is None else callers.asking(machine)
        entries = Entries(machine)
        machine.enters = entries.enter
        self._begun = Resume(machine), names, entries

    def end(self, machine: Machine, tree: ast.Module) -> None:
        """The machine has come to the program's end; keep it where all that it entered left nothing behind."""
        assert self._begun is not None
        resume, names, entries = self._begun
        self._begun = None
        if resume.is_left_alone(machine) and not entries.is_loose:
            self._kept = _Kept(machine, tree, resume, names, entries)

    def recall(
        self,
        code: str,
        wrappers: Wrappers | None,
        finder: Finder | None,
        target: Target | None = None,
    ) -> Facts | None:
        """What the analysis of another text of the program comes to; None where the whole of it has to be analysed.

        Args:
            code: The text.
            wrappers: What is known of functions that cannot be followed.
            finder: Finds the modules of the project that the program imports.
            target: The versions of TensorFlow that the program is written for.
        """
        kept = self._kept
        tree = None if kept is None else parsed_again(kept.tree, _lines(kept), code)
        if kept is None or tree is None:
            return None
        self._kept = None
        if not _is_under_the_same(kept.machine, wrappers, finder, target):
            return None
        found = change(kept.tree, _lines(kept), tree, lines_of(code))
        if found is None or found.shows_outside or id(found.before) in kept.resume.looked_at:
            return None
        self._put(kept, code, found)
        with opened() as account:
            try:
                kept.resume.restore(kept.machine, account, code)
                if not _says_the_same(kept):
                    return None
                kept.entries.begin_again(None if found.before is None else id(found.before))
                kept.machine.finish()
                kept.entries.end_again()
            except (StaleError, ExhaustedError, RecursionError):
                return None
            if not kept.resume.is_left_alone(kept.machine) or kept.entries.is_loose:
                return None
        self._kept = kept
        return kept.machine.recorder.facts()

    @staticmethod
    def _put(kept: _Kept, code: str, found: Change) -> None:
        """Let the remembered program have the other text."""
        gone = found.make()
        if found.before is not None:
            forget_nodes(kept.machine, gone, found.before)
        # What is remembered of a tree as a whole is remembered by the module's node.
        kept.tree = ast.Module(kept.tree.body, kept.tree.type_ignores)
        kept.machine.tree, kept.machine.code = kept.tree, code
        kept.machine.lines[: kept.machine.recorder.own] = lines_of(code)


def _lines(kept: _Kept) -> list[bytes]:
    return kept.machine.lines[: kept.machine.recorder.own]


def _is_under_the_same(
    machine: Machine, wrappers: Wrappers | None, finder: Finder | None, target: Target | None
) -> bool:
    if machine.wrappers != (wrappers or Wrappers()) or machine.target != (target or Target()):
        return False
    if machine.finder is None or finder is None:
        return machine.finder is finder
    if not finder.takes_over(machine.finder):
        return False
    machine.finder = finder
    return True


def _says_the_same(kept: _Kept) -> bool:
    """Whether the whole text answers all that was asked of it as before."""
    machine, tree = kept.machine, kept.tree
    expected = Expected(machine.code, tree)
    same = (
        asks_for_gradients(machine.code, tree)
        and not is_graph_code(machine.code, tree)
        and expected.says_what(machine.recorder.expected)
        and all(machine.ask_again(question) == answer for question, answer in machine.questions.items())
        and (machine.finder is None or callers.asking(machine) == kept.names)
    )
    machine.recorder.expected = expected
    return same
