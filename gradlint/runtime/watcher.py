"""Looks on while a program runs: takes TensorFlow's reports in, and says of each gradient call what came of it."""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from gradlint.runtime import places
from gradlint.runtime.record import BOOL, DIFFERENTIABLE, FLOATS, Exit, Operation, Record, Write
from gradlint.runtime.stepping import AskedInsides
from gradlint.runtime.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.runtime.observed import Observed

CONVERSIONS = frozenset({"__array__", "__float__", "__int__", "__index__", "__complex__", "__bool__", "__format__"})
"""The methods by which Python and NumPy take a value out of TensorFlow."""
ANSWERED = 200
"""How many tapes that were asked are remembered."""
_WRITING = ("Assign", "Scatter", "Apply")
"""What the names of the operations that write a variable have in them."""


class _Inside(threading.local):
    """Whether this thread is inside the watcher's own work, or inside an exit or gradient call already noted."""

    busy = False
    asking = False

    def __init__(self) -> None:
        super().__init__()
        self.stack: tuple[places.Place, ...] = ()
        """The user's lines of the gradient call that is running."""
        self.touched: list[Any] = []
        """The variables whose handles were asked for since TensorFlow's last report."""


class Watcher:
    """One look at a running program.

    Args:
        observe: Called with what came of each gradient call that lost something, in the order of the program.
        failed: Called with the text of an error of the watcher's own; the program goes on.
    """

    def __init__(self, observe: Callable[[Observed], None], failed: Callable[[str], None]) -> None:
        self.record = Record()
        self.windows: WeakKeyDictionary[Any, Window] = WeakKeyDictionary()
        self.recording: list[Window] = []
        self.inside = _Inside()
        self.observe = observe
        self.failed = failed
        self.broken = False
        self._forms: dict[int, tuple[int, tuple[Any, ...]]] = {}
        """The dtype and shape of variables, by their handles."""
        self.named: dict[int, str] = {}
        """What the sources of gradient calls are called, by their identities; kept where facts are recorded."""
        self.seen: dict[tuple[places.Place, str], tuple[str, ...]] = {}
        """The sources of each gradient call, by its line and method; kept where facts are recorded."""
        self.records = False
        """Whether facts are recorded."""
        self.calls = 0
        """How many gradient calls were seen."""
        self.answered: deque[Window] = deque([Window()], ANSWERED)
        """When the tapes recorded that have been asked lately, though the tapes themselves may be gone."""
        self.asked: dict[tuple[places.Place, ...], int] = {}
        """How often each line has asked for gradients: what is lost in part is looked for ever more rarely."""
        self.insides = AskedInsides(observe, self.counted)
        """The traced functions that ask for gradients."""
        self.times: dict[tuple[Any, ...], int] = {}
        """How often each loss was seen, by the line of the call, the source and the outcome."""
        self.judged: Callable[[], None] = lambda: None
        """Called after each gradient call."""

    def begin_again(self) -> None:
        """Forget which gradient calls were seen."""
        self.calls = 0
        for seen in (self.times, self.asked, self.seen):
            seen.clear()

    def guarded(self, what: Callable[..., None], *arguments: Any) -> None:
        """Do a part of the watcher's work; what fails in it is a message, and the watching ends there."""
        if self.broken:
            return
        before = self.inside.busy
        self.inside.busy = True
        try:
            what(*arguments)
        except Exception:  # the watcher's own error must never be the program's
            self._fail()
        finally:
            self.inside.busy = before

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """While the watcher itself uses TensorFlow, nothing is noted."""
        before = self.inside.busy
        self.inside.busy = True
        try:
            yield
        finally:
            self.inside.busy = before

    def in_thread(self) -> None:
        """A thread of the program begins: TensorFlow's callbacks are kept by thread."""
        from tensorflow.python.eager import context
        from tensorflow.python.framework import op_callbacks

        if op_callbacks.should_invoke_op_callbacks() and self.operated in context.context().op_callbacks:
            return
        op_callbacks.add_op_callback(self.operated)

    def came_back(self, token: str | bytes, outputs: Any) -> None:
        """The Python function of a ``tf.py_function`` has returned."""
        from gradlint.runtime.sources import flattened

        numbers = tuple([getattr(one, "_id", -1) for one in flattened(outputs)])
        self.record.came_back(token if isinstance(token, str) else token.decode(), numbers)

    def operated(
        self,
        kind: str | bytes,
        inputs: tuple[Any, ...],
        attributes: tuple[Any, ...],
        outputs: tuple[Any, ...],
        op_name: str | None = None,
        graph: Any = None,
    ) -> None:
        """TensorFlow's report of an operation that ran, or was added to a graph."""
        inside = self.inside
        if inside.busy or self.broken:
            return
        inside.busy = True
        try:
            name = kind if isinstance(kind, str) else kind.decode()
            if graph is not None:
                self._traced(name, inputs, outputs, graph)
            elif outputs:
                self._ran(name, inputs, attributes, outputs)
            else:
                self._acted(name, inputs)
                self._called(name, inputs, tuple([one._id for one in inputs]), ())
        except Exception:  # the watcher's own error must never be the program's
            self._fail()
        finally:
            inside.busy = False

    def _fail(self) -> None:
        self.broken = True
        self.failed(traceback.format_exc())

    def touched(self, variable: Any) -> None:
        """A variable's handle was asked for: the next operation may have read it."""
        touched = self.inside.touched
        if not touched or touched[-1] is not variable:
            touched.append(variable)
            if len(touched) > 1000:
                del touched[:-100]

    def _read_inside(self, fresh: list[Any], stack: tuple[places.Place, ...]) -> None:
        """Note the variables that TensorFlow read in C++ on the way into an operation.

        Args:
            fresh: What went in that no remembered operation made.
            stack: The user's lines.
        """
        for variable in {id(one): one for one in self.inside.touched}.values():
            handle = variable.__dict__["_handle"]
            form = self._forms.get(handle._id)
            if form is None:
                form = self._forms[handle._id] = (variable.dtype.as_datatype_enum, tuple(variable.shape))
            alike = [one for one in fresh if (one._datatype_enum(), one._shape_tuple()) == form]
            alike = [one for one in alike if self._shares(one, variable)]
            if alike:
                fresh = [one for one in fresh if one is not alike[0]]
                number = handle._id
                moment = self.record.tick()
                self.record.add(
                    Operation("ReadVariableOp", (number,), (alike[0]._id,), moment, stack, (), (form[0],), ())
                )

    @staticmethod
    def _shares(tensor: Any, variable: Any) -> bool:
        """Whether a tensor lies where a variable's value lies, as one that was read from it does."""
        from tensorflow.python.eager import record as tapes

        from gradlint.runtime import sources

        with tapes.stop_recording():
            value = variable.value()
        return sources.address(tensor) == sources.address(value)

    def _ran(self, kind: str, inputs: tuple[Any, ...], attributes: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        record, inside = self.record, self.inside
        made = record.made
        ins = tuple([one._id for one in inputs])
        fresh: tuple[int, ...] = ()
        for position, number in enumerate(ins):
            if number not in made and inputs[position]._datatype_enum() in FLOATS:
                fresh += (number,)
        if inside.asking:
            stack = inside.stack
        else:
            stack = places.stack(sys._getframe()) if fresh else places.innermost(sys._getframe())
        if inside.touched:
            if fresh:
                self._read_inside([one for one in inputs if one._id in fresh], stack)
            inside.touched.clear()
        record.clock += 1
        operation = Operation(
            kind,
            ins,
            tuple([one._id for one in outputs]),
            record.clock,
            stack,
            fresh,
            tuple([one._datatype_enum() for one in outputs]),
            attributes,
            inside.asking,
        )
        record.add(operation)
        self._called(kind, inputs, ins, outputs)
        if self.recording:
            operation.values = (tuple(inputs), tuple(outputs))
            for window in self.recording:
                window.operations.append(operation)

    def _called(self, kind: str, inputs: tuple[Any, ...], numbers: tuple[int, ...], outputs: tuple[Any, ...]) -> None:
        """An operation ran: if it was a traced function, look at the gradient calls inside."""
        if self.insides.by_graph and (kind.startswith("__") or "Partitioned" in kind):
            self.insides.ran(self.record.graph_of(kind, len(numbers), numbers), inputs, outputs)

    def _acted(self, kind: str, inputs: tuple[Any, ...]) -> None:
        """An operation without a result ran: it may have written a variable, or begun to run over a dataset."""
        self.inside.touched.clear()
        ins = tuple([one._id for one in inputs])
        if kind == "MakeIterator":
            self._fed(ins)
        elif len(ins) > 1 and any(part in kind for part in _WRITING):
            self._wrote(kind, ins)

    def _wrote(self, kind: str, inputs: tuple[int, ...]) -> None:
        handle, value = inputs[0], inputs[-1] if "Scatter" in kind else inputs[1]
        initial = kind == "AssignVariableOp" and not self.record.written(handle)
        frame = sys._getframe()
        metric = bool(self.recording) and places.of_metric(frame)
        write = Write(value, self.record.tick(), places.stack(frame), initial, metric=metric)
        self.record.write(handle, write)

    def _fed(self, inputs: tuple[int, ...]) -> None:
        """An iterator begins over a dataset: what it gives comes from there."""
        dataset, iterator = inputs
        self.record.write(iterator, Write(dataset, self.record.tick(), places.stack(sys._getframe()), False, data=True))

    def _traced(self, kind: str, inputs: tuple[Any, ...], outputs: tuple[Any, ...], graph: Any) -> None:
        created = self.record.created.get(graph)
        if created is None:
            created = self.record.created[graph] = {}
            name = getattr(graph, "name", None)
            if name is not None:
                import weakref

                self.record.traced.setdefault(name, []).append(weakref.ref(graph))
        moment = self.record.tick()
        for output in outputs:
            created[output._id] = moment
        if not outputs and len(inputs) > 1 and any(part in kind for part in _WRITING):
            value = inputs[-1] if "Scatter" in kind else inputs[1]
            self.record.write(_outermost(inputs[0]), Write(value._id, moment, places.current(), False, value))

    def left(self, tensor: Any, how: str) -> None:
        """A tensor is being turned into a NumPy array or a Python number."""
        self.inside.touched.clear()
        kind = tensor._datatype_enum()
        if kind in DIFFERENTIABLE or kind == BOOL:
            frame = sys._getframe()
            stack = places.stack(frame)
            how = "__bool__" if kind == BOOL and not tensor._rank() else _asked_by(frame) or how
            self.record.exits.append(Exit(tensor._id, self.record.tick(), stack, how))

    def counted(self, stack: tuple[places.Place, ...], source: str, outcome: str) -> bool:
        """Count a loss; whether it was seen before, so that it need not be explained again.

        Args:
            stack: The user's lines of the call.
            source: How the source is written.
            outcome: What it got.
        """
        key = (stack[:1], source, outcome)
        self.times[key] = self.times.get(key, 0) + 1
        return self.times[key] > 1

    def window(self, tape: Any) -> Window:
        """When a tape recorded."""
        found = self.windows.get(tape)
        if found is None:
            found = self.windows[tape] = Window()
        return found

    def opened(self, tape: Any) -> None:
        """A tape begins, or goes on, to record."""
        window = self.window(tape)
        if not window.spans:
            window.stack = places.current()
        window.spans.append([self.record.tick(), None])
        self.recording.append(window)

    def closed(self, tape: Any) -> None:
        """A tape stops to record, for good or for a while."""
        window = self.window(tape)
        if window.open:
            window.spans[-1][1] = self.record.tick()
        if window in self.recording:
            self.recording.remove(window)

    def refused(self, tensor: Any, refusal: Exception) -> None:
        """A tape refused to watch something."""
        from gradlint.runtime.failures import refused

        observed = refused(places.current(), refusal)
        if observed.call and not self.counted(observed.call, "watch", "error"):
            self.observe(observed)

    def watched(self, tape: Any, tensor: Any) -> None:
        """A tape is told to watch something."""
        from gradlint.runtime.sources import flattened, identity

        window = self.window(tape)
        moment = self.record.tick()
        stack = places.current()
        for one in flattened(tensor):
            window.watched.setdefault(identity(one), (moment, stack))

    def ask(self, original: Any, method: str, tape: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """A gradient call: let TensorFlow answer, look at the answer, and hand it on as it is."""
        if self.inside.asking or self.inside.busy or self.broken:
            return original(tape, *arguments, **options)
        self.inside.asking = True
        self.inside.stack = places.stack(sys._getframe())
        try:
            result = original(tape, *arguments, **options)
        except Exception as failure:  # raised again below: it is TensorFlow's answer
            self.inside.asking = False
            self.guarded(self._judge, method, tape, (arguments, options), None, failure)
            raise
        finally:
            self.inside.asking = False
        self.guarded(self._judge, method, tape, (arguments, options), result, None)
        return result

    def _judge(
        self,
        method: str,
        tape: Any,
        passed: tuple[tuple[Any, ...], dict[str, Any]],
        result: Any,
        failure: Exception | None,
    ) -> None:
        from gradlint.runtime.answers import judged
        from gradlint.runtime.calls import ObservedCall

        self.calls += 1
        window = self.window(tape)
        stack = places.current()
        call = ObservedCall(method, tape, stack, *passed)
        times = self.asked[stack[:1]] = self.asked.get(stack[:1], 0) + 1
        often = times & (times - 1)
        others = () if often else tuple(self.answered)
        for observed in judged(self.record, window, call, result, failure, self.counted, others):
            self.observe(observed)
        if failure is None:
            self.insides.add(call, result)
        if self.records and stack:
            asked = call.sources()
            self.seen[stack[0], method] = tuple(one.text for one in asked)
            self.named.update((number, one.text) for one in asked for number in one.identities)
        window.asked.append(stack)
        self.answered.append(Window(window.spans))
        if not tape._persistent:
            for operation in window.operations:
                operation.values = None
            window.operations.clear()
        self.judged()


def _asked_by(frame: Any) -> str | None:
    """The conversion of a variable that asks its tensor for the value: ``__array__``, ``__float__``; None elsewhere."""
    while frame is not None and not places.of_user(frame.f_code.co_filename):
        if frame.f_code.co_name in CONVERSIONS and not places.of_gradlint(frame.f_code.co_filename):
            return str(frame.f_code.co_name)
        frame = frame.f_back
    return None


def _outermost(tensor: Any) -> int:
    """The identity of what a parameter of a traced function stands for outside all functions; its own for another."""
    while True:
        graph = getattr(tensor, "graph", None)
        captures = () if hasattr(tensor, "numpy") else getattr(graph, "captures", ())
        outer = next((outside for outside, inside in captures if inside is tensor), None)
        if outer is None:
            number: int = tensor._id
            return number
        tensor = outer
