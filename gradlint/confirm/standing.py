"""How the flagged places of a program stand to a gradient call: what their values are connected to."""

from __future__ import annotations

import importlib
import numbers
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradlint.confirm.values import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.confirm.protocol import Event
    from gradlint.confirm.tapes import Tapes
    from gradlint.confirm.values import Serials, Values

LEAVES = 64
"""How many leaves of a nest are looked at."""
HELD = 12
"""How many evaluations of a place are kept."""
DEEP, WITHIN = 4, 5_000
"""How many steps deep, and at how many objects, variables are looked for in an object's attributes."""
SOURCES = 400
"""How many sources a gradient call may have for places to be looked at."""

NUMBERS = ("numpy", "tensorflow.python.framework.dtypes", "tensorflow.core", "google.protobuf")
"""Modules whose values hold numbers alone."""
PLAIN = (numbers.Number, str, bytes, type(None), bool)


@dataclass(slots=True)
class Evaluation:
    """One evaluation of a flagged expression.

    Attributes:
        mark: The place.
        seq: Its number in the order of what was seen.
        value: What it gave.
        operands: The values that it was made of.
        tapes: The tapes that recorded.
        ops: TensorFlow's operations that ran meanwhile; None where that is not known.
    """

    mark: int
    seq: int
    value: Any
    operands: list[Any]
    tapes: tuple[int, ...]
    ops: frozenset[str] | None = None


class Standing:
    """Keeps the last evaluations of the flagged places, and asks tapes about them."""

    def __init__(self, tf: Any, tapes: Tapes, serials: Serials, values: Values) -> None:
        self.tf = tf
        self.tape = tapes
        self.serials = serials
        self.values = values
        self.evaluations: dict[int, deque[Evaluation]] = {}
        self.bound: dict[int, deque[Any]] = {}
        self.gradients: Any = importlib.import_module("tensorflow.python.framework.ops").gradient_registry
        self.reached: set[int] = set()
        """The places that were passed."""

    def add(self, mark: int, evaluation: Evaluation) -> None:
        """Keep an evaluation."""
        self.reached.add(mark)
        self.evaluations.setdefault(mark, deque(maxlen=HELD)).append(evaluation)

    def take(self, mark: int, part: Any) -> None:
        """Keep of the last evaluation, where it gave several values, the part that the program takes out of them."""
        held = self.evaluations.get(mark)
        if held and isinstance(held[-1].value, (list, tuple, dict)):
            held[-1].value = part

    def hold(self, mark: int, value: Any) -> None:
        """Keep what a flagged statement bound alive, so that its number stays its own."""
        self.bound.setdefault(mark, deque(maxlen=HELD)).append(value)

    def tapes(self) -> Iterator[Any]:
        """The ``GradientTape`` objects that flagged expressions gave."""
        for held in self.evaluations.values():
            for evaluation in held:
                if isinstance(evaluation.value, self.tf.GradientTape):
                    yield evaluation.value

    def terms(
        self, tape: Any, sources: Sequence[Any], flat: Sequence[Any], targets: Sequence[Any]
    ) -> dict[str, list[Event]]:
        """For each flagged place, how its last evaluations stand to a tape.

        Args:
            tape: The C++ tape, or None where there is none to ask.
            sources: What the call was asked about, flattened, as it was written.
            flat: The same as the tensors that the tape knows.
            targets: What the call differentiates, flattened.
        """
        if len(sources) > SOURCES:
            return {}
        number = self.tape.number(tape)
        return {
            str(mark): [
                {**term, "reaches": self._reaches(evaluation, term, tape, targets)}
                for evaluation in held
                for term in [self._term(evaluation, number, tape, sources, flat)]
            ]
            for mark, held in self.evaluations.items()
        }

    def _term(
        self, evaluation: Evaluation, number: int, tape: Any, sources: Sequence[Any], flat: Sequence[Any]
    ) -> Event:
        value = evaluation.value
        return {
            "seq": evaluation.seq,
            "taped": bool(evaluation.tapes),
            "under": bool(number) and number in evaluation.tapes,
            "ids": self.ids(value),
            "kind": self.kind(value),
            "dtype": str(getattr(getattr(value, "dtype", None), "name", getattr(value, "dtype", "")))[:40],
            "sum": self._sum(value),
            "state": self.state(value, tape, sources, flat),
            "held": self._held(evaluation, tape, sources, flat),
            "holds": self.kind(self.bound[evaluation.mark][-1]) if self.bound.get(evaluation.mark) else "",
            "ops": None if evaluation.ops is None else [self._operation(name) for name in sorted(evaluation.ops)],
            "operands": [
                {
                    "state": self.state(operand, tape, sources, flat),
                    "kind": self.kind(operand),
                    "sum": self._sum(operand),
                }
                for operand in evaluation.operands
            ],
        }

    def _operation(self, name: str) -> Event:
        """An operation, and whether TensorFlow has a gradient of it: ``function``, ``none`` or ``missing``."""
        try:
            found = self.gradients.lookup(name)
        except LookupError:
            return {"name": name[:80], "gradient": "missing"}
        return {"name": name[:80], "gradient": "none" if found is None else "function"}

    def _reaches(self, evaluation: Evaluation, term: Event, tape: Any, targets: Sequence[Any]) -> bool:
        """Whether a gradient of the target reaches a value from which none goes on to a source, or, where one does,
        what the value's statement bound.
        """
        if tape is None or not {"none", "zero"} & {*term["state"], *term["held"]}:
            return False
        held = self.bound.get(evaluation.mark)
        bound = bool(held) and not {"none", "zero"} & {*term["state"]}
        parts = self._parts(held[-1] if held and bound else evaluation.value)
        tensors = [part for part in parts if self.tf.is_tensor(part) and not self.values.variable(part)]
        return any(self._leads(tape, target, tensor) for target in targets[:4] for tensor in tensors[:8])

    def _leads(self, tape: Any, target: Any, tensor: Any) -> bool:
        if target is tensor:
            return True
        if not self.tf.is_tensor(target) or not (hasattr(tensor, "numpy") or not self._elsewhere(tensor)):
            return False
        try:
            return self.tape.gradient(tape, target, [tensor])[0] is not None
        except Exception:  # A gradient's function may be the program's, and raise anything.
            return False

    def _sum(self, value: Any) -> float | None:
        return None if hasattr(value, "variables") else self.values.total(value)

    def _held(self, evaluation: Evaluation, tape: Any, sources: Sequence[Any], flat: Sequence[Any]) -> list[str]:
        """How what the flagged statement bound in the end stands; nothing where it binds nothing."""
        held = self.bound.get(evaluation.mark)
        return self.state(held[-1], tape, sources, flat) if held else []

    def state(self, value: Any, tape: Any, sources: Sequence[Any], flat: Sequence[Any]) -> list[str]:
        """For each source: ``value`` where a gradient of the value reaches it, ``zero`` or ``none`` where none does,
        ``unknown``, or the type of the exception that asking for it raises.
        """
        found = ["none"] * len(sources)
        for leaf in self._parts(value):
            for place, one in enumerate(self._leaf(leaf, tape, sources, flat)):
                if _rank(one) > _rank(found[place]):
                    found[place] = one
        return found

    def _parts(self, value: Any) -> list[Any]:
        """A value's leaves, with the tensors that a composite is made of, also where it stands in a nest."""
        return [part for leaf in self.leaves(value) for inner in _elements(leaf) for part in self._components(inner)]

    def _components(self, leaf: Any) -> list[Any]:
        if type(leaf).__name__ not in {"SparseTensor", "RaggedTensor", "IndexedSlices"}:
            return [leaf]
        return list(self.tf.nest.flatten(leaf, expand_composites=True))

    def _leaf(self, leaf: Any, tape: Any, sources: Sequence[Any], flat: Sequence[Any]) -> list[str]:
        held = canonical(leaf)
        same = ["value" if self._is_source(held, source, tape) else "none" for source in sources]
        if self.values.variable(leaf):
            return same
        if self.tf.is_tensor(leaf):
            asked = self._asked(leaf, tape, flat, len(sources))
            own: list[bool] = [canonical(source) is held for source in sources]
            return [one if is_it else other for is_it, one, other in zip(own, same, asked, strict=True)]
        if isinstance(leaf, PLAIN) or type(leaf).__module__.startswith(NUMBERS):
            if str(getattr(leaf, "dtype", "")) == "object":
                return ["unknown"] * len(sources)
            return ["none"] * len(sources)
        if isinstance(leaf, self.tf.data.Dataset) or type(leaf).__name__ in {"TensorShape", "PyCapsule"}:
            return ["none"] * len(sources)
        variables = self._variables(leaf)
        if variables is not None:
            held_by = {id(canonical(variable)): canonical(variable) for variable in variables}
            found = [(held_by.get(id(canonical(source))), source) for source in sources]
            return [
                "value" if one is not None and self._is_source(one, source, tape) else "unknown"
                for one, source in found
            ]
        return ["unknown"] * len(sources)

    def _is_source(self, value: Any, source: Any, tape: Any) -> bool:
        """Whether a value is a source that the tape may know of."""
        return bool(canonical(source) is value and self.tape.knows(tape, value) != "nothing")

    def _asked(self, tensor: Any, tape: Any, flat: Sequence[Any], count: int) -> list[str]:
        if tape is None or len(flat) != count:
            return ["unknown"] * count
        if not hasattr(tensor, "numpy") and self._elsewhere(tensor):
            return ["unknown"] * count
        try:
            found = self.tape.gradient(tape, tensor, flat)
        except Exception as error:  # A gradient's function may be the program's; the type is what is reported.
            return [type(error).__name__] * count
        floating = bool(getattr(tensor.dtype, "is_floating", False) or getattr(tensor.dtype, "is_complex", False))
        if not floating:
            return ["none"] * count
        outcomes = [self.values.outcome(one) for one in found]
        weights = self.values.weights(tensor) if "zero" in outcomes else None
        if weights is not None:  # Elements may change, and their sum stay the same.
            outcomes = [self.values.outcome(one) for one in self.tape.gradient(tape, tensor, flat, weights)]
        return [{"none": "none", "zero": "zero"}.get(one, "value") for one in outcomes]

    def _elsewhere(self, tensor: Any) -> bool:
        """Whether a symbolic tensor belongs to another graph than the one that is being made."""
        graph = getattr(tensor, "graph", None)
        return self.tf.executing_eagerly() or graph is not self.tf.compat.v1.get_default_graph()

    def _variables(self, value: Any) -> list[Any] | None:
        """What a layer, a model or a module holds; None for anything else."""
        if not (isinstance(value, self.tf.Module) or type(value).__module__.startswith("keras.") or _is_layer(value)):
            return None
        try:
            return list(value.variables)
        except Exception:  # A model's property is the program's, and raises what it likes.
            return None

    def made(self, value: Any) -> list[Any]:
        """The trainable variables that a value is or holds."""
        found = [value] if self.values.variable(value) else self._variables(value) or []
        return [one for one in found if getattr(one, "trainable", False)]

    def within(self, owner: Any) -> set[int]:
        """The numbers of the variables that an object's attributes lead to, a few steps deep."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = [(owner, 0)]
        while waiting and len(seen) < WITHIN:
            value, depth = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if self.values.variable(value):
                found.add(self.serials.of(value))
            elif isinstance(value, (list, tuple, set)):
                waiting += [(one, depth) for one in value]
            elif isinstance(value, dict):
                waiting += [(one, depth) for one in value.values()]
            elif depth < DEEP and (isinstance(value, self.tf.Module) or _is_layer(value) or value is owner):
                waiting += [(one, depth + 1) for one in vars(value).values()] if hasattr(value, "__dict__") else []
        return found

    def leaves(self, value: Any) -> list[Any]:
        """A nest's leaves, the first of them."""
        if isinstance(value, (list, tuple, dict)):
            return self.values.flat(value)[:LEAVES]
        return [value]

    def ids(self, value: Any) -> list[int]:
        """The numbers of what a value is or holds: a nest's leaves, a module's variables."""
        found = []
        for leaf in self.leaves(value):
            found.append(self.serials.of(leaf))
            found += [self.serials.of(variable) for variable in (self._variables(leaf) or [])[:SOURCES]]
        return found

    def kind(self, value: Any) -> str:
        """What sort of thing a value is: ``variable``, ``tensor``, ``metric``, or the name of its type."""
        if self.values.assigned(value):
            return "result of an assignment"
        if self.values.variable(value):
            return "variable"
        if self.tf.is_tensor(value):
            return "tensor"
        return "metric" if _is_metric(value) else type(value).__name__[:80]

    def count(self, value: Any) -> int | None:
        """How many leaves a list, tuple or dict has; None for anything else."""
        return len(self.values.flat(value)) if isinstance(value, (list, tuple, dict)) else None


def _elements(leaf: Any) -> list[Any]:
    """What an array of objects holds; anything else is its own only element."""
    if str(getattr(leaf, "dtype", "")) != "object" or not hasattr(leaf, "ravel"):
        return [leaf]
    return list(leaf.ravel())[:LEAVES]


def _is_layer(value: Any) -> bool:
    return any(kind.__module__.startswith("keras.") for kind in type(value).__mro__)


def _is_metric(value: Any) -> bool:
    return any(kind.__name__ == "Metric" and "keras" in kind.__module__ for kind in type(value).__mro__)


def _rank(state: str) -> int:
    return {"none": 0, "zero": 1, "unknown": 2, "value": 4}.get(state, 3)
