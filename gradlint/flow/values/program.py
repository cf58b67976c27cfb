"""What the program itself defines: its functions and classes, their objects, and the frames that hold names."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from gradlint.flow.account import pay, pay_for
from gradlint.flow.values.values import Known, Value

if TYPE_CHECKING:
    import ast

    from gradlint.flow.facts import Span


class Frame:
    """The names of one running function, class body or module."""

    __slots__ = ("function", "globals", "names", "nonlocals", "parent", "self_class")

    def __init__(self, parent: Frame | None, function: Function | None = None) -> None:
        self.names: dict[Any, Any] = {}
        self.parent = parent
        self.function = function
        self.globals: frozenset[str] = frozenset()
        self.nonlocals: frozenset[str] = frozenset()
        self.self_class: ClassValue | None = parent.self_class if parent is not None else None


class Function(Value):
    """A function or lambda of the program.

    Attributes:
        graph: Whether it runs as a ``tf.function``.
        opaque: Whether a decorator that is not known wraps it.
        kind: ``function``, ``static``, ``class``, ``property`` or ``cached-property``.
        memo: What ``functools.cache`` keeps of earlier calls, by their arguments; None where nothing is kept.
    """

    __slots__ = ("defaults", "extra", "frame", "graph", "kind", "memo", "name", "node", "opaque", "owner")

    def __init__(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, frame: Frame, name: str, span: Span | None
    ) -> None:
        super().__init__(span)
        self.node = node
        self.frame = frame
        self.name = name
        self.defaults: dict[str, Value] = {}
        self.graph = False
        self.opaque = False
        self.kind = "function"
        self.owner: ClassValue | None = None
        self.extra: dict[str, Value] | None = None
        self.memo: dict[Any, Any] | None = None

    def copy(self) -> Function:
        """The same function as another object."""
        made = Function(self.node, self.frame, self.name, self.span)
        made.defaults, made.owner, made.kind = self.defaults, self.owner, self.kind
        made.graph, made.opaque, made.extra, made.memo = self.graph, self.opaque, self.extra, self.memo
        return made


class Bound(Value):
    """A function of the program, bound to an object."""

    __slots__ = ("function", "owner")

    def __init__(self, function: Value, owner: Value) -> None:
        super().__init__()
        self.function = function
        self.owner = owner


class Partial(Value):
    """What ``functools.partial`` gives."""

    __slots__ = ("args", "function", "kwargs")

    def __init__(self, function: Value, args: tuple[Value, ...], kwargs: dict[str, Value]) -> None:
        super().__init__()
        self.function = function
        self.args = args
        self.kwargs = kwargs


class ClassValue(Value):
    """A class of the program; ``frame.names`` are its attributes.

    ``mro`` are the class and all that it descends from, in the order in which Python looks for an attribute; a base
    that is no class of the program stands for itself alone. ``opened`` is whether a decorator that is not known got it,
    and may have added to it; ``ruled`` is whether a metaclass of its own makes the class and its objects.
    """

    __slots__ = ("bases", "frame", "mro", "name", "node", "opened", "ruled")

    def __init__(self, node: ast.ClassDef, bases: tuple[Value, ...], frame: Frame, span: Span) -> None:
        super().__init__(span)
        self.node = node
        self.name = node.name
        self.bases = bases
        self.frame = frame
        self.opened = False
        self.ruled = False
        self.mro: tuple[Value, ...] = (self, *_merged([_line(base) for base in bases], bases))


def _line(base: Value) -> tuple[Value, ...]:
    return base.mro if isinstance(base, ClassValue) else (base,)


def _merged(lines: list[tuple[Value, ...]], bases: tuple[Value, ...]) -> list[Value]:
    """The C3 linearisation of what several bases descend from (Python's "method resolution order").

    Python refuses bases that have none; they are taken one after the other then, each class once.
    """
    rows = [list(reversed(line)) for line in (*lines, bases) if line]
    pay_for(4 * sum(map(len, rows)))
    later = Counter(_name(value) for row in rows for value in row[:-1])
    found: list[Value] = []
    while rows:
        head = next((row[-1] for row in rows if not later[_name(row[-1])]), None)
        if head is None:
            rest = {_name(value): value for row in rows for value in reversed(row)}
            return [*found, *rest.values()]
        found.append(head)
        pay(len(rows))
        for row in rows:
            if _name(row[-1]) == _name(head):
                row.pop()
                if row:
                    later[_name(row[-1])] -= 1
        rows = [row for row in rows if row]
    return found


def _name(value: Value) -> object:
    """What tells a base from others: the same class of a library is another value each time that it is named."""
    return value.name if isinstance(value, Known) else id(value)


class Instance(Value):
    """An object of a class of the program; ``state["attrs"]`` are its attributes.

    ``library`` is the canonical name of the library's class that it descends from, or empty. ``invented`` says that
    nothing in view makes it: it stands for whatever a caller has, which may be of a subclass.
    """

    __slots__ = ("attrs", "cls", "invented", "library", "open", "state")

    def __init__(self, cls: ClassValue, library: str, span: Span | None, *, open_: bool) -> None:
        super().__init__(span)
        self.cls = cls
        self.library = library
        self.open = open_
        self.invented = False
        self.attrs: dict[Any, Any] = {}
        self.state: dict[Any, Any] = {}


class Super(Value):
    """What ``super()`` gives in a method."""

    __slots__ = ("cls", "owner")

    def __init__(self, cls: ClassValue, owner: Value) -> None:
        super().__init__()
        self.cls = cls
        self.owner = owner


class Generator(Value):
    """What runs when it is iterated: a generator expression, a generator function's call, ``map`` and its like.

    Attributes:
        node: The expression, or the generator function.
        frame: The names that it sees.
        run: Runs it; gives the items, and whether there are no more than these.
        held: What it will compute its items from, besides the names that it sees.
    """

    __slots__ = ("frame", "held", "node", "run")

    def __init__(self, node: ast.AST, frame: Frame, run: Any, held: tuple[Value, ...] = ()) -> None:
        super().__init__()
        self.node = node
        self.frame = frame
        self.run = run
        self.held = held
