"""Brings a machine back to where it had run a program's top and had entered nothing, to go on from there again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.machine import entries, turns
from gradlint.flow.machine.entries import Extent, Shared
from gradlint.flow.machine.leaving import Holdings

if TYPE_CHECKING:
    import ast
    from collections.abc import Collection

    from gradlint.flow.account import Account
    from gradlint.flow.machine.core import Core

_ELSE = frozenset({
    *entries.COUNTS, *entries.LISTS, *entries.TABLES, *entries.SETS, *entries.OWN, *entries.BY_NODE, *entries.LOADED,
    "account", "finder", "ended_by", "callbacks", "code", "entered", "enters", "escaped_by_id", "tree",
})  # fmt: skip
"""What of the machine is looked after by itself."""


class Resume:
    """A machine's state after a program's top.

    Args:
        machine: The machine.

    Attributes:
        looked_at: The functions whose bodies the top has looked into.
    """

    def __init__(self, machine: Core) -> None:
        self._mark = Extent.of(machine)
        self._shared = Shared.of(machine)
        self._own = {name: type(getattr(machine, name))(getattr(machine, name)) for name in entries.OWN}
        self._journal = machine.store.mark()
        self._modules = machine.relevance.modules
        self._limit = machine.account.limit
        self._rest = _rest(machine)
        self._holdings = _holdings(machine)
        self.looked_at = frozenset(machine.looked_at)

    def is_left_alone(self, machine: Core) -> bool:
        """Whether what was entered since left all as it was, so that it does not matter in which order, or whether."""
        now = _holdings(machine)
        self._limit = min(self._limit, machine.account.limit)
        alone = (
            now.whole
            and self._holdings.hold_in(now)
            and self._journal == machine.store.mark()
            and self._rest == _rest(machine)
            and not entries.reaches_a_bound(machine)
        )
        self._holdings = now
        return alone

    def restore(self, machine: Core, account: Account, code: str) -> None:
        """Bring the machine back.

        Args:
            machine: The machine.
            account: What it pays into from now on.
            code: The program by now.

        Raises:
            ExhaustedError: If there is less left than getting here took.
        """
        machine.account = machine.store.account = account
        machine.relevance.rewrite(code, self._modules)
        account.pay(self._mark.spent)
        account.limit = min(account.limit, self._limit)
        for name, count in self._mark.counts.items():
            setattr(machine, name, count)
        for name, length in self._mark.lengths.items():
            del getattr(machine, name)[length:]
        for name, known in (*self._mark.tables.items(), *self._mark.sets.items(), *self._own.items()):
            setattr(machine, name, known.copy())
        machine.entered = dict(self._mark.entered)
        machine.looked_at = set(self.looked_at)
        del machine.recorder.notes[self._mark.notes :]
        self._shared.put_into(machine)


def forget_nodes(machine: Core, gone: Collection[int], made: ast.AST) -> None:
    """Forget what is known of nodes that are gone, and learn what stands in a loop of those in their place."""
    machine.free_names = {key: names for key, names in machine.free_names.items() if key[0] not in gone}
    machine.generators = {key: known for key, known in machine.generators.items() if key not in gone}
    machine.written = {key: names for key, names in machine.written.items() if key not in gone}
    if machine.nodes_in_loops is not None:
        machine.nodes_in_loops = machine.nodes_in_loops.difference(gone) | turns.inside(made)


def _rest(machine: Core) -> dict[str, Any]:
    """What else the machine knows: what holds things by how many they are, the rest as it is."""
    return {name: _told(value) for name, value in vars(machine).items() if name not in _ELSE}


def _told(value: object) -> object:
    if isinstance(value, list | dict | set):
        return len(value)
    return value if isinstance(value, int | str) else id(value)


def _holdings(machine: Core) -> Holdings:
    roots = (machine.module, machine.active, machine.flow, *machine.modules_by_path.values())
    return Holdings(roots, (machine.escaped, machine.anything))
