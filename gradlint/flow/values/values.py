"""What a name can hold while a program is followed: values instead of tensors.

Every evaluation of a creating expression makes one object here, and names, containers and attributes point at it;
so identity is identity. What can change about an object (a list's items, a tape's state) stands in its ``state``
dictionary, which is written through the :class:`~gradlint.flow.state.store.Store` only.

A value that a gradient could pass through has ``edges`` to the values that it was computed from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradlint.flow.facts import Kind, Span
    from gradlint.flow.values.premises import Premise


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a gradient does not pass from a value to the one computed from it.

    Attributes:
        kind: The sort of break.
        span: The expression that breaks it.
        callee: What is called there, as it is written.
        name: The callee's canonical name, where it is known.
        detail: Further names for the message.
    """

    kind: Kind
    span: Span
    callee: str = ""
    name: str = ""
    detail: tuple[tuple[str, str], ...] = ()


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
    where: Any
    edges: tuple[Edge, ...]
    tracked: frozenset[Recording]
    span: Span | None
    born: int

    def __init__(self, span: Span | None = None) -> None:
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

    ``known`` is the number that it is, or None where that is not known.
    """

    __slots__ = ("kind", "known")

    def __init__(self, kind: str = "", span: Span | None = None, known: Any = None) -> None:
        super().__init__(span)
        self.kind = kind
        self.known = known


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

    ``call`` is the layer's call that made it, where it was seen: the layer, its arguments, and which of several
    outputs it is.
    """

    __slots__ = ("call", "layer")

    def __init__(self, span: Span | None = None, layer: Value | None = None) -> None:
        super().__init__(span)
        self.layer = layer
        self.call: tuple[Value, tuple[Value, ...], int | None] | None = None


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
    """The items of a sequence; where ``exact`` is false there may be more of the same, in any number."""

    values: tuple[Value, ...] = ()
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Pairs:
    """The entries of a dictionary; where ``exact`` is false there may be others, among them ``rest``."""

    entries: tuple[tuple[Any, Value], ...] = ()
    exact: bool = True
    rest: tuple[Value, ...] = ()

    def get(self, key: Any) -> Value | None:
        """The value that stands under a key."""
        for name, value in self.entries:
            if name == key and type(name) is type(key):
                return value
        return None

    def put(self, key: Any, value: Value) -> Pairs:
        """The same entries with one changed or added."""
        if self.get(key) is None:
            return Pairs((*self.entries, (key, value)), self.exact, self.rest)
        return Pairs(tuple((k, value if k == key else v) for k, v in self.entries), self.exact, self.rest)


class Seq(Value):
    """A list, tuple, set or the like; ``state["items"]`` is an :class:`Items`."""

    __slots__ = ("extra", "kind", "state")

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


class Dict(Value):
    """A dictionary; ``state["pairs"]`` is a :class:`Pairs`."""

    __slots__ = ("state",)

    def __init__(self, pairs: Pairs, span: Span | None = None) -> None:
        super().__init__(span)
        self.state: dict[Any, Any] = {"pairs": pairs}

    @property
    def pairs(self) -> Pairs:
        """What it holds now."""
        pairs: Pairs = self.state["pairs"]
        return pairs


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
        computed: Whether it surely is a tensor, or a nest of tensors, that an operation made when it was born; so a
            recording that did not see the operation does not follow it back.
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
    if isinstance(value, Const):
        return ()
    return (Edge(value, None, EVERYWHERE, sure=False, seen=EVERYWHERE),)


def sure_everywhere(value: Value) -> tuple[Edge, ...]:
    """An edge that surely holds for every recording."""
    return () if isinstance(value, Const) else (Edge(value, None, EVERYWHERE, seen=EVERYWHERE),)
