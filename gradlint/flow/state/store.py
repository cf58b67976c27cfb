"""The state of the abstract program, with a journal, so that branches can be run one after the other and joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.flow.account import Account, pay_for, running
from gradlint.flow.values.values import Const, Items, Join, LostNone, Number, Pairs, Value, either

if TYPE_CHECKING:
    from collections.abc import Sequence

Changes = dict[tuple[int, Any], tuple[dict[Any, Any], Any, Any]]
"""By dictionary and key: the dictionary, the key, and the value that it has there."""


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


class Store:
    """Writes state and remembers what was there before.

    All state lives in plain dictionaries that are read directly; only writing goes through here.
    """

    __slots__ = ("account", "journal")

    def __init__(self, account: Account | None = None) -> None:
        self.account = account or running()
        self.journal: list[tuple[dict[Any, Any], Any, Any]] = []

    def set(self, where: dict[Any, Any], key: Any, value: Any) -> None:
        """Write one entry."""
        self.account.pay(1 if not isinstance(value, tuple) else 1 + (len(value) >> 4))
        self.journal.append((where, key, where.get(key, MISSING)))
        if value is MISSING:
            where.pop(key, None)
        else:
            where[key] = value

    def mark(self) -> int:
        """A point to come back to."""
        return len(self.journal)

    def since(self, mark: int) -> Changes:
        """What was written since a mark, with the values that stand there now."""
        self.account.pay(1 + 2 * (len(self.journal) - mark))
        return {(id(where), key): (where, key, where.get(key, MISSING)) for where, key, _ in self.journal[mark:]}

    def undo(self, mark: int) -> Changes:
        """Go back to a mark; gives what was undone."""
        changes = self.since(mark)
        for where, key, old in reversed(self.journal[mark:]):
            if old is MISSING:
                where.pop(key, None)
            else:
                where[key] = old
        del self.journal[mark:]
        return changes

    def apply(self, changes: Changes) -> None:
        """Write the values of a set of changes."""
        for where, key, value in changes.values():
            self.set(where, key, value)

    def merge(self, branches: list[Changes], labels: list[str]) -> None:
        """Write what holds after one of several branches ran, each given as its changes from here."""
        written: dict[tuple[int, Any], list[tuple[int, Any]]] = {}
        places: dict[tuple[int, Any], tuple[dict[Any, Any], Any]] = {}
        for at, changes in enumerate(branches):
            for key, (where, name, value) in changes.items():
                places[key] = where, name
                written.setdefault(key, []).append((at, value))
        for key, values in written.items():
            where, name = places[key]
            here = where.get(name, MISSING)
            if len(values) < len(branches):
                # What stands here is joined once, however many branches leave it.
                first = next((at for at, (branch, _) in enumerate(values) if branch != at), len(values))
                values.insert(first, (first, here))
            joined, label = values[0][1], labels[values[0][0]]
            for branch, value in values[1:]:
                joined = join(joined, value, label, labels[branch])
            if joined is not here:
                self.set(where, name, joined)


def join(a: Any, b: Any, label_a: str = "", label_b: str = "") -> Any:
    """What holds where either of two states may be the case; None stands for "not known" in flags."""
    if a is b:
        return a
    if a is MISSING:
        return None if isinstance(b, bool) else b
    if b is MISSING:
        return None if isinstance(a, bool) else a
    if isinstance(a, Value) and isinstance(b, Value):
        return join_values(a, b, label_a, label_b)
    if isinstance(a, Items) and isinstance(b, Items):
        return join_items(a, b)
    if isinstance(a, Pairs) and isinstance(b, Pairs):
        return join_pairs(a, b)
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a | b
    if isinstance(a, tuple) and isinstance(b, tuple):
        pay_for(len(a) * len(b))
        return a + tuple(item for item in b if item not in a)
    try:
        same = bool(a == b)
    except Exception:  # comparing two foreign constants may raise anything
        same = False
    return a if same else None


MANY = 8
"""How many values one name may hold, by the way taken, before they are one unknown value."""


def join_values(a: Value, b: Value, label_a: str = "", label_b: str = "") -> Value:
    """One value that is either of two."""
    if isinstance(a, Const) and isinstance(b, Const) and not isinstance(a, LostNone) and not isinstance(b, LostNone):
        if type(a.value) is type(b.value) and a.value == b.value:
            return a
        if isinstance(a.value, int | float) and isinstance(b.value, int | float):
            return Number(type(a.value).__name__ if type(a.value) is type(b.value) else "float")
    if isinstance(a, Number) and isinstance(b, Number | Const) and not a.edges and not b.edges:
        return a if isinstance(b, Number) or isinstance(b.value, int | float) else Join((a, b))
    count = sum(len(value.options) if isinstance(value, Join) else 1 for value in (a, b))
    if count > MANY:
        return either(a, b)
    options: list[Value] = []
    labels: list[str] = []
    for value, label in ((a, label_a), (b, label_b)):
        parts = value.options if isinstance(value, Join) else (value,)
        names = value.labels if isinstance(value, Join) and value.labels else (label,) * len(parts)
        for part, name in zip(parts, names, strict=True):
            if not any(part is option for option in options):
                options.append(part)
                labels.append(name)
    return options[0] if len(options) == 1 else Join(tuple(options), tuple(labels))


def join_all(values: Sequence[Value]) -> Value:
    """One value that is any of several, of which there is at least one."""
    joined = values[0]
    for value in values[1:]:
        joined = join_values(joined, value)
    return joined


def join_items(a: Items, b: Items) -> Items:
    """A sequence that holds either of two runs of items."""
    if len(a.values) == len(b.values):
        values = tuple(x if x is y else join_values(x, y) for x, y in zip(a.values, b.values, strict=True))
        return Items(values, a.exact and b.exact)
    longer, shorter = (a, b) if len(a.values) > len(b.values) else (b, a)
    held = {id(value) for value in longer.values}
    return Items(longer.values + tuple(value for value in shorter.values if id(value) not in held), exact=False)


def join_pairs(a: Pairs, b: Pairs) -> Pairs:
    """A dictionary that holds either of two sets of entries."""
    exact = a.exact and b.exact and {key for key, _ in a.entries} == {key for key, _ in b.entries}
    joined = [(key, _joined(value, b.get(key))) for key, value in a.entries]
    joined += [(key, value) for key, value in b.entries if a.get(key) is None]
    held = {id(value) for value in a.rest}
    return Pairs(tuple(joined), exact, a.rest + tuple(value for value in b.rest if id(value) not in held))


def _joined(mine: Value, other: Value | None) -> Value:
    return mine if other is None or other is mine else join_values(mine, other)
