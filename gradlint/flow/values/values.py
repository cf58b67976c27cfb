"""What a name can hold while a program is followed: values instead of tensors.

Every evaluation of a creating expression makes one object here, and names, containers and attributes point at it;
so identity is identity. What can change about an object (a list's items, a tape's state) stands in its ``state``
dictionary, which is written through the :class:`~gradlint.flow.state.store.Store` only.

A value that a gradient could pass through has ``edges`` to the values that it was computed from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from gradlint.flow.account import hide, pay, pay_for
from gradlint.flow.values.bounds import DEEP, MOST, NEST, SOME, Extent, extent_of

if TYPE_CHECKING:
    from gradlint.flow.facts import Cut, Span
    from gradlint.flow.values.premises import Premise


class Edge:
    """A value's dependence on another one.

    Attributes:
        parent: The value that was computed with.
        cut: Why no gradient passes, or None where one does.
        live: The recordings that saw the operation while the parent could be followed back by them.
        sure: False where the gradient only might pass: unknown code stands between the two.
        seen: The recordings that were running when the operation ran.
    """

    __slots__ = ("cut", "live", "parent", "seen", "sure")

    def __init__(
        self,
        parent: Value,
        cut: Cut | None = None,
        live: frozenset[Recording] = frozenset(),
        *,
        sure: bool = True,
        seen: frozenset[Recording] = frozenset(),
    ) -> None:
        pay(1)
        self.parent = parent
        self.cut = cut
        self.live = live
        self.sure = sure
        self.seen = seen


class _Everywhere(frozenset["Recording"]):
    """The set of all recordings, for what is no operation and so is seen by none and by all."""

    def __contains__(self, item: object) -> bool:
        return True


NO_EDGES: tuple[Edge, ...] = ()
NOWHERE: frozenset[Recording] = frozenset()
EVERYWHERE: frozenset[Recording] = _Everywhere()


class Value:
    """Anything that a name can hold."""

    __slots__ = ("born", "edges", "span", "tracked", "where")
    nests: ClassVar[bool] = False
    extent: Extent = (1, 0)
    where: Any
    edges: tuple[Edge, ...]
    tracked: frozenset[Recording]
    span: Span | None
    born: int

    def __init__(self, span: Span | None = None) -> None:
        pay(1)
        self.edges = NO_EDGES
        self.tracked = NOWHERE
        self.span = span
        self.born = 0
        self.where = None


class Const(Value):
    """A Python scalar, string or None that the program fixes."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class LostNone(Const):
    """The None that a gradient call gave for a source."""

    __slots__ = ("call",)

    def __init__(self, call: Span) -> None:
        super().__init__(None)
        self.call = call


class Number(Value):
    """A Python scalar that was computed; ``kind`` is ``int``, ``float``, ``bool``, ``str``, ``shape`` or empty.

    ``known`` is the number that it is, else None; ``texts`` are those of which a text is one, where that is known.
    """

    __slots__ = ("kind", "known", "texts")

    def __init__(self, kind: str = "", span: Span | None = None, known: Any = None) -> None:
        super().__init__(span)
        self.kind = kind
        self.known = known
        self.texts: frozenset[str] = frozenset()


class Array(Value):
    """A NumPy array or scalar."""

    __slots__ = ("dtype", "known")

    def __init__(self, dtype: str | None = None, span: Span | None = None, known: Any = None) -> None:
        super().__init__(span)
        self.dtype = dtype
        self.known = known


class Tensor(Value):
    """A ``tf.Tensor``.

    Attributes:
        dtype: The dtype's name, or None where it is not known.
        op: The canonical name of what made it.
        known: Its value where the program fixes it and it is a scalar.
        copy_of: The value of which it is a fresh copy, slice or conversion.
        gradient_of: The gradient call that gave it.
        extra: Facts that only single operations leave behind (the axis of a norm, a variable that was read).
    """

    __slots__ = ("copy_of", "dtype", "extra", "gradient_of", "known", "op")

    def __init__(self, dtype: str | None = None, span: Span | None = None, op: str = "", known: Any = None) -> None:
        super().__init__(span)
        self.dtype = dtype
        self.op = op
        self.known = known
        self.copy_of: Value | None = None
        self.gradient_of: Span | None = None
        self.extra: dict[str, Any] | None = None


class Symbolic(Value):
    """A Keras symbolic tensor: what ``Input``, ``layer(symbolic)`` and ``model.output`` give.

    ``call`` is the call that made it: the layer, its arguments, and which output it is; ``named`` those with a name.
    """

    __slots__ = ("call", "layer", "named")

    def __init__(self, span: Span | None = None, layer: Value | None = None) -> None:
        super().__init__(span)
        self.layer = layer
        self.call: tuple[Value, tuple[Value, ...], int | None] | None = None
        self.named: dict[str, Value] = {}


class Variable(Value):
    """A ``tf.Variable`` or ``keras.Variable``.

    Attributes:
        dtype: The dtype's name, or None.
        trainable: None where it is not known.
        keras: Whether it is a ``keras.Variable``; None where it is not known.
        state: ``known``: its value where the program fixes it.
    """

    __slots__ = ("dtype", "keras", "state", "trainable")

    def __init__(
        self, dtype: str | None, span: Span | None, *, trainable: bool | None = True, keras: bool | None = False
    ) -> None:
        super().__init__(span)
        self.dtype = dtype
        self.trainable = trainable
        self.keras = keras
        self.state: dict[Any, Any] = {}


class Params(Value):
    """The variables that a layer or model made for itself, taken together as one source."""

    __slots__ = ("owner", "state", "trainable")

    def __init__(self, owner: Value, span: Span | None, *, trainable: bool | None = True) -> None:
        super().__init__(span)
        self.owner = owner
        self.trainable = trainable
        self.state: dict[Any, Any] = {}


class Storage(Value):
    """The ``tf.Variable`` behind a ``keras.Variable``: what its ``.value`` is. Watching it watches the variable."""

    __slots__ = ("base",)

    def __init__(self, base: Variable | Params) -> None:
        super().__init__(base.span)
        self.base = base


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a sequence; where ``exact`` is false there may be more of the same, in any number.

    What would be too many is one value that stands for each of them: see :func:`widened`.

    Attributes:
        values: The items.
        exact: Whether there are no more than these.
        extent: How many values stand in it, and how deep, as it was when it was made.
    """

    values: tuple[Value, ...] = ()
    exact: bool = True
    extent: Extent = field(default=(1, 1), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        extent = extent_of(self.values)
        most = MOST if self.exact or all(isinstance(item, Params | Variable) for item in self.values) else SOME
        if len(self.values) > most or extent[0] > NEST or extent[1] > DEEP:
            object.__setattr__(self, "values", (widened(self.values),))
            object.__setattr__(self, "exact", False)
            extent = extent_of(self.values)
        object.__setattr__(self, "extent", extent)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The entries of a dictionary; where ``exact`` is false there may be others, among them ``rest``."""

    entries: tuple[tuple[Any, Value], ...] = ()
    exact: bool = True
    rest: tuple[Value, ...] = ()
    extent: Extent = field(default=(1, 1), init=False, repr=False, compare=False)
    _found: dict[Any, Value] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        held = tuple(value for _, value in self.entries)
        extent = extent_of((*held, *self.rest))
        kept = MOST if extent[0] <= NEST and extent[1] <= DEEP else 0
        if len(self.entries) > kept:
            object.__setattr__(self, "rest", (*self.rest, *held[kept:]))
            object.__setattr__(self, "entries", self.entries[:kept])
            object.__setattr__(self, "exact", False)
        if len(self.rest) > (SOME if kept else 0):
            object.__setattr__(self, "rest", (widened(self.rest),))
        object.__setattr__(self, "extent", extent if kept else (2, 1))

    def get(self, key: Any) -> Value | None:
        """The value that stands under a key."""
        if self._found is None:
            pay_for(len(self.entries))
            object.__setattr__(self, "_found", {(type(name), name): value for name, value in reversed(self.entries)})
        assert self._found is not None
        return self._found.get((type(key), key))

    def put(self, key: Any, value: Value) -> Pairs:
        """The same entries with one changed or added."""
        if self.get(key) is not None:
            return Pairs(tuple((k, value if k == key else v) for k, v in self.entries), self.exact, self.rest)
        made = Pairs((*self.entries, (key, value)), self.exact, self.rest)
        found = self._found
        if found is not None and len(made.entries) > len(self.entries):
            # What was found out goes on to the new one; the old one can find it out again.
            found[type(key), key] = value
            object.__setattr__(made, "_found", found)
            object.__setattr__(self, "_found", None)
        elif found is not None and len(made.entries) == len(self.entries):
            # A full one keeps its entries: what stands under their keys is the same for both.
            object.__setattr__(made, "_found", found)
            object.__setattr__(made, "entries", self.entries)
        return made


class Seq(Value):
    """A list, tuple, set or the like; ``state["items"]`` is an :class:`Items`."""

    __slots__ = ("extra", "kind", "state")
    nests = True

    def __init__(self, items: Items, kind: str = "list", span: Span | None = None) -> None:
        super().__init__(span)
        self.kind = kind
        self.state: dict[Any, Any] = {"items": items}
        self.extra: dict[str, Any] | None = None

    @property
    def items(self) -> Items:
        """What it holds now."""
        items: Items = self.state["items"]
        return items

    @property
    def extent(self) -> Extent:  # type: ignore[override]  # what a container holds changes
        """How much it holds now."""
        return self.items.extent


class Dict(Value):
    """A dictionary; ``state["pairs"]`` is a :class:`Pairs`."""

    __slots__ = ("state",)
    nests = True

    def __init__(self, pairs: Pairs, span: Span | None = None) -> None:
        super().__init__(span)
        self.state: dict[Any, Any] = {"pairs": pairs}

    @property
    def pairs(self) -> Pairs:
        """What it holds now."""
        pairs: Pairs = self.state["pairs"]
        return pairs

    @property
    def extent(self) -> Extent:  # type: ignore[override]  # what a container holds changes
        """How much it holds now."""
        return self.pairs.extent


class Recording:
    """One recording of a tape: from its first operation to the call of ``gradient`` that uses it up.

    ``watched`` maps the id of an object to the object, and ``used`` that of a Variable that an operation read to the
    Variable; both are written through the store.
    """

    __slots__ = ("began", "number", "tape", "used", "watched", "where")

    def __init__(self, tape: Tape, number: int, began: int) -> None:
        self.tape = tape
        self.number = number
        self.began = began
        self.watched: dict[Any, Any] = {}
        self.used: dict[Any, Any] = {}
        self.where: Any = None


class Tape(Value):
    """A ``tf.GradientTape``.

    Attributes:
        persistent: None where it is not known; likewise ``accessed`` (``watch_accessed_variables``).
        state: ``recording``: the current :class:`Recording` or None; ``open``: whether its block is running;
            ``used``: the gradient call that used it up; ``failed``: whether one ended in the middle of its work;
            ``paused``; ``escaped``; ``uses``: its gradient calls.
    """

    __slots__ = ("accessed", "call", "persistent", "persistent_text", "state", "uses")

    def __init__(self, span: Span, persistent: bool | None, accessed: bool | None) -> None:
        super().__init__(span)
        self.persistent = persistent
        self.accessed = accessed
        self.persistent_text = ""
        self.call = span
        self.uses: list[Any] = []
        self.state: dict[Any, Any] = {
            "recording": None,
            "open": False,
            "used": None,
            "paused": False,
            "escaped": False,
            "entered": False,
        }


class StopRecording(Value):
    """What ``tape.stop_recording()`` gives to a ``with``."""

    __slots__ = ("tape",)

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape


class Known(Value):
    """Something from a library, by its canonical dotted name (``tensorflow.math.sin``, ``numpy``)."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class LibObject(Value):
    """An instance of a library's class, by the class's canonical name (``keras.layers.Dense``).

    ``state`` holds what the analysis knows of it: ``params``, ``built``, ``trainable``, ``layers``, ``outputs`` and
    so on, each written by the library's model.
    """

    __slots__ = ("arguments", "family", "name", "state")

    def __init__(self, name: str, family: str, span: Span | None, arguments: tuple[Value, ...] = ()) -> None:
        super().__init__(span)
        self.name = name
        self.family = family
        self.arguments = arguments
        self.state: dict[Any, Any] = {}


class Method(Value):
    """A library's method, bound to a value."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: Value, name: str) -> None:
        super().__init__()
        self.owner = owner
        self.name = name


class Join(Value):
    """One of several values, by the way that the program took."""

    __slots__ = ("labels", "options")

    def __init__(self, options: tuple[Value, ...], labels: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.options = options
        self.labels = labels
        self.edges = tuple(Edge(option, None, EVERYWHERE, sure=False, seen=EVERYWHERE) for option in options)
        self.tracked = frozenset().union(*(option.tracked for option in options))


class Unknown(Value):
    """Something that cannot be followed.

    Attributes:
        anything: Whether it may be connected to anything at all, as a parameter may; otherwise only to its edges.
        attrs: The attributes that were read from it, so that reading one twice gives one object.
        why: What it is, in a word, for the editor's hover.
        computed: Whether it surely is a tensor, or a nest of them, that an operation made when it was born.
        premise: What would have to hold for it to be known.
    """

    __slots__ = ("anything", "attrs", "computed", "premise", "why")

    def __init__(self, why: str = "", span: Span | None = None, *, anything: bool = False) -> None:
        super().__init__(span)
        self.why = why
        self.anything = anything
        self.computed = False
        self.premise: Premise | None = None
        self.attrs: dict[Any, Any] = {}


def everywhere(value: Value) -> tuple[Edge, ...]:
    """An edge that holds for every recording, for what is part of something rather than computed from it."""
    return () if isinstance(value, Const) else (Edge(value, None, EVERYWHERE, sure=False, seen=EVERYWHERE),)


def sure_everywhere(value: Value) -> tuple[Edge, ...]:
    """An edge that surely holds for every recording."""
    return () if isinstance(value, Const) else (Edge(value, None, EVERYWHERE, seen=EVERYWHERE),)


def either(*values: Value) -> Unknown:
    """Something unknown that is one of several values; what is done to it may be done to each of them."""
    made = Unknown("one of many", anything=any(isinstance(value, Unknown) and value.anything for value in values))
    made.edges = tuple(edge for value in values for edge in everywhere(value))
    hide(values)
    return made


def widened(values: tuple[Value, ...], depth: int = 3) -> Value:
    """One value that stands for each of many: a number for numbers, a row of such for rows of numbers, else unknown."""
    kinds = {_number_kind(value) for value in values}
    if "" not in kinds:
        return Number(kinds.pop() if len(kinds) == 1 else "str" if "str" in kinds else "float")
    rows = [value.items.values for value in values if isinstance(value, Seq) and value.items.exact]
    if depth and len(rows) == len(values) and len({len(row) for row in rows}) == 1:
        columns = [widened(column, depth - 1) for column in zip(*rows, strict=True)]
        if columns and all(isinstance(column, Number | Seq) for column in columns):
            return Seq(Items(tuple(columns)), "list")
    return either(*values)


def _number_kind(value: Value) -> str:
    """The kind of a Python number or text that depends on nothing; empty for all else."""
    if isinstance(value, Const) and isinstance(value.value, bool | int | float | str):
        return type(value.value).__name__
    return value.kind if isinstance(value, Number) and not value.edges else ""
