"""Keeps what entering each function came to, so that what is the same the next time need not be run again.

The functions that nothing calls are entered one by one, and what each does to the program's state is undone. So what
entering one comes to depends on the program's state, on the bodies that it looks into, on what it asks of the whole
text, and on the little that the entries before it leave: what code of others has seen, and which classes there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlint.flow.machine import calls, entering

if TYPE_CHECKING:
    from gradlint.flow.machine.core import Core
    from gradlint.flow.state.record import Noted
    from gradlint.flow.values.program import Function
    from gradlint.flow.values.values import Edge, Value

COUNTS = ("clock", "recordings", "steps_in_modules")
"""What the machine counts."""
LISTS = ("controls", "defined", "classes", "made_tapes", "untracked", "kept_alive")
TABLES = ("tape_names", "asked_for")
SETS = ("used_elsewhere", "inside_other_tapes", "constructed")
"""What grows with what is entered, and is looked at when the program has ended or by later entries."""
OWN = ("paused_spans", "unseen_spans", "graph_loops", "graph_outputs", "doomed", "replaced")
"""What tells of the values that an entry makes, which no other entry meets."""
BY_NODE = ("free_names", "generators", "written", "looked_at", "nodes_in_loops", "questions")
"""What is known of the program's text."""
LOADED = ("modules_by_path", "modules_by_frame", "held_by_modules", "lines")
"""What grows with the project's modules as they are imported."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the entries before one leave for it.

    Attributes:
        edges: What code of others has seen, as :attr:`Core.escaped` depends on it.
        anything: Whether that may be anything.
        seen: The same, by their ids.
        callbacks: What functions that code of others has seen may set.
        constructed: The classes of which the program makes objects, by their ids.
        controls: What the conditions that have been met depend on.
        classes: How many classes there are.
    """

    edges: tuple[Edge, ...]
    anything: bool
    seen: dict[int, Any]
    callbacks: dict[tuple[int, Any], Any]
    constructed: frozenset[int]
    classes: int
    controls: tuple[Value, ...]

    @classmethod
    def of(cls, machine: Core) -> Shared:
        """What there is for the entry that comes now."""
        escaped = machine.escaped
        return cls(
            escaped.edges,
            escaped.anything,
            dict(machine.escaped_by_id),
            dict(machine.callbacks),
            frozenset(machine.constructed),
            len(machine.classes),
            tuple(machine.controls),
        )

    def is_like(self, other: Shared, *, with_controls: bool) -> bool:
        """Whether an entry finds the same, with or without the controls."""
        return (
            (not with_controls or list(map(id, self.controls)) == list(map(id, other.controls)))
            and self.anything == other.anything
            and [id(edge.parent) for edge in self.edges] == [id(edge.parent) for edge in other.edges]
            and self.seen.keys() == other.seen.keys()
            and self.callbacks.keys() == other.callbacks.keys()
            and (self.constructed, self.classes) == (other.constructed, other.classes)
        )

    def put_into(self, machine: Core) -> None:
        """Let code of others have seen just this; the classes are the machine's own affair."""
        machine.escaped.edges, machine.escaped.anything = self.edges, self.anything
        machine.escaped_by_id, machine.callbacks = dict(self.seen), dict(self.callbacks)


@dataclass(slots=True)
class Extent:
    """The machine's counts and what it has gathered, at a time."""

    counts: dict[str, int]
    lengths: dict[str, int]
    tables: dict[str, dict[Any, Any]]
    sets: dict[str, set[Any]]
    entered: dict[int | tuple[int, ...], int]
    notes: int
    spent: int

    @classmethod
    def of(cls, machine: Core) -> Extent:
        """The mark of this moment."""
        return cls(
            {name: getattr(machine, name) for name in COUNTS},
            {name: len(getattr(machine, name)) for name in LISTS},
            {name: dict(getattr(machine, name)) for name in TABLES},
            {name: set(getattr(machine, name)) for name in SETS},
            dict(machine.entered),
            len(machine.recorder.notes),
            machine.account.spent,
        )


@dataclass(slots=True)
class EnteredFunction:
    """What entering one function came to.

    Attributes:
        loaded: The modules of the project that were imported, by how many lines stand before each.
    """

    before: Shared
    after: Shared
    looked_at: frozenset[int]
    loaded: tuple[tuple[int, str], ...]
    counts: dict[str, int]
    lists: dict[str, list[Any]]
    tables: dict[str, dict[Any, Any]]
    sets: dict[str, set[Any]]
    entered: dict[int | tuple[int, ...], int]
    notes: list[Noted]
    spent: int

    @classmethod
    def since(cls, machine: Core, mark: Extent, before: Shared, loaded: tuple[tuple[int, str], ...]) -> EnteredFunction:
        """What has been added since a mark."""
        return cls(
            before,
            Shared.of(machine),
            frozenset(machine.looked_at),
            loaded,
            {name: getattr(machine, name) - count for name, count in mark.counts.items()},
            {name: getattr(machine, name)[length:] for name, length in mark.lengths.items()},
            {
                name: {key: value for key, value in getattr(machine, name).items() if key not in known}
                for name, known in mark.tables.items()
            },
            {name: getattr(machine, name) - known for name, known in mark.sets.items()},
            {
                key: count - mark.entered.get(key, 0)
                for key, count in machine.entered.items()
                if count != mark.entered.get(key, 0)
            },
            machine.recorder.notes[mark.notes :],
            machine.account.spent - mark.spent,
        )

    def fits(self, machine: Core, before: Shared) -> bool:
        """Whether what is there now is what the entry found."""
        return self.before.is_like(before, with_controls=id(machine.controls) in self.looked_at)

    def add_to(self, machine: Core) -> None:
        """Let the machine have what the entry came to, as if it had been run."""
        machine.account.pay(self.spent)
        for name, count in self.counts.items():
            setattr(machine, name, getattr(machine, name) + count)
        for name, added in self.lists.items():
            getattr(machine, name).extend(added)
        for name, entries in self.tables.items():
            getattr(machine, name).update(entries)
        for name, members in self.sets.items():
            getattr(machine, name).update(members)
        for key, count in self.entered.items():
            machine.entered[key] = machine.entered.get(key, 0) + count
        for first, code in self.loaded:
            machine.relevance.extend(first, code)
        machine.recorder.notes += self.notes
        self.after.put_into(machine)


class StaleError(Exception):
    """What was kept does not fit the program as it is now."""


class Entries:
    """Enters functions, and keeps what that came to.

    Attributes:
        known: The functions that were entered, by their ids, each with what that came to.
        is_loose: Whether something is left that the next entry sees to.
    """

    def __init__(self, machine: Core) -> None:
        self.known: dict[int, tuple[Function, EnteredFunction]] = {}
        self.is_loose = bool(machine.account.hidden)
        self._before: dict[int, tuple[Function, EnteredFunction]] = {}
        self._run = 0

    def begin_again(self, body: int | None) -> None:
        """Enter all anew: what has looked into a body has to be run, the rest may be taken as it was."""
        self._before = {key: one for key, one in self.known.items() if body not in one[1].looked_at}
        if any(entry.loaded for key, (_, entry) in self.known.items() if key not in self._before):
            raise StaleError
        self.known, self._run = {}, 0

    def end_again(self) -> None:
        """All are entered.

        Raises:
            StaleError: If one that imported a module of the project was not.
        """
        if any(entry.loaded and key not in self.known for key, (_, entry) in self._before.items()):
            raise StaleError
        self._before = {}

    def enter(self, machine: Core, function: Function) -> None:
        """Enter a function, or take what that came to before where nothing that counts for it has changed."""
        if id(function.node) in machine.entered:
            return
        before = Shared.of(machine)
        kept = self._before.get(id(function))
        if kept is not None and kept[1].fits(machine, before):
            self._take(machine, *kept)
            return
        mark, read, lines = Extent.of(machine), machine.looked_at, len(machine.lines)
        machine.looked_at = set()
        entering.enter_and_forget(machine, function)
        loaded = tuple(
            (part.first, machine.modules_by_path[part.path].found.code)
            for part in machine.recorder.parts
            if part.first >= lines
        )
        if loaded and self._before:
            raise StaleError
        self.known[id(function)] = function, EnteredFunction.since(machine, mark, before, loaded)
        machine.looked_at = read
        self.is_loose = self.is_loose or bool(machine.account.hidden)
        self._run += 1

    def _take(self, machine: Core, function: Function, entry: EnteredFunction) -> None:
        if entry.loaded and self._run:
            raise StaleError  # What was run now has found the module as it is only afterwards.
        entry.add_to(machine)
        self.known[id(function)] = function, entry


def reaches_a_bound(machine: Core) -> bool:
    """Whether a bound on what is followed was met, so that what came before counts for what came after."""
    return (
        max(machine.entered.values(), default=0) >= calls.ENTRIES
        or calls.spent_in_modules(machine) > calls.STEPS_IN_MODULES
        or machine.escaped.anything
    )
