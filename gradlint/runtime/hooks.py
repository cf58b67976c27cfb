"""What is changed in TensorFlow while a watcher looks on, and put back afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.runtime.watcher import Watcher

EXITS = ("numpy", "__array__", "__float__", "__int__", "__index__", "__complex__", "__bool__", "__format__")
"""The methods of an eager tensor through which a value leaves TensorFlow.

Source: ``tensorflow.python.framework.ops._EagerTensorBase`` (TensorFlow 2.16 to 2.21).
"""
_BUFFER_OF_TYPE = 160
"""Where a type object of CPython on a 64-bit machine points to its buffer methods (``PyTypeObject.tp_as_buffer``)."""

_GETTING = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p, ctypes.c_int)
"""The type of ``bf_getbuffer``: the object, the ``Py_buffer`` to fill, and flags."""

_NOTHING = object()


class _Handle:
    """The attribute ``_handle`` of a variable, which notes each time that it is asked for.

    TensorFlow reads a variable that is passed to an operation in C++ and reports no operation for that; but it takes
    the handle from the variable, so the variables that were asked for since the last report are those that may have
    been read (``ReadVariableOp`` in ``tensorflow/python/eager/pywrap_tfe_src.cc``, TensorFlow 2.16 to 2.21).
    """

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    def __get__(self, variable: Any, owner: Any = None) -> Any:
        if variable is None:
            return self
        try:
            handle = variable.__dict__["_handle"]
        except KeyError:
            raise AttributeError("_handle") from None
        if not self.watcher.inside.busy:
            self.watcher.touched(variable)
        return handle

    def __set__(self, variable: Any, handle: Any) -> None:
        variable.__dict__["_handle"] = handle

    def __delete__(self, variable: Any) -> None:
        variable.__dict__.pop("_handle", None)


class Hooks:
    """The changes, each with what was there before."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.before: list[tuple[Any, str, Any]] = []
        self.buffer: tuple[Any, int] | None = None
        self.asked_for_buffer: Any = None
        """What stands in the slot, which has to live as long as that."""

    def install(self) -> None:
        """Put everything in place. TensorFlow is imported by then."""
        from tensorflow.python.eager import backprop
        from tensorflow.python.framework import op_callbacks, ops
        from tensorflow.python.ops import resource_variable_ops, script_ops

        tape = backprop.GradientTape
        base = ops._EagerTensorBase
        for name in ("gradient", "jacobian", "batch_jacobian"):
            self._wrap(tape, name, self._asked)
        self._wrap(tape, "_push_tape", self._pushed)
        self._wrap(tape, "_pop_tape", self._popped)
        self._wrap(tape, "watch", self._watched)
        for name in EXITS:
            if name in base.__dict__:
                self._wrap(base, name, self._left)
        self._watch_buffer(ops.EagerTensor)
        self._add(resource_variable_ops.BaseResourceVariable, "_handle", _Handle(self.watcher))
        self._wrap(threading.Thread, "start", self._starting)
        self._wrap(threading.Thread, "_bootstrap_inner", self._threaded)
        self._wrap(script_ops.EagerFunc, "__call__", self._called_back)
        op_callbacks.add_op_callback(self.watcher.operated)

    def remove(self) -> None:
        """Put back what was there before."""
        from tensorflow.python.framework import op_callbacks

        for owner, name, before in reversed(self.before):
            if before is _NOTHING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        self.before.clear()
        if self.buffer is not None:
            slot, address = self.buffer
            slot.value = address
            self.buffer = None
        with contextlib.suppress(KeyError):
            op_callbacks.remove_op_callback(self.watcher.operated)

    def _add(self, owner: Any, name: str, now: Any) -> None:
        if name not in owner.__dict__:
            self.before.append((owner, name, _NOTHING))
            setattr(owner, name, now)

    def _replace(self, owner: Any, name: str, now: Any) -> None:
        self.before.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, now)

    def _wrap(self, owner: Any, name: str, how: Callable[[Any, str], Any]) -> None:
        original = owner.__dict__[name]
        self._replace(owner, name, functools.wraps(original)(how(original, name)))

    def _watch_buffer(self, eager_tensor: type) -> None:
        """Note where NumPy, or anything else, asks an eager tensor for its memory, and let it have that.

        Only where the layout of types is known: CPython with 64-bit pointers.
        """
        if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8:
            return
        if getattr(sys, "_is_gil_enabled", lambda: True)() is False:
            return
        methods = ctypes.c_void_p.from_address(id(eager_tensor) + _BUFFER_OF_TYPE).value
        if not methods:
            return
        slot = ctypes.c_void_p.from_address(methods)
        if slot.value:
            self.asked_for_buffer = _GETTING(self._lent(_GETTING(slot.value)))
            self.buffer = (slot, slot.value)
            slot.value = ctypes.cast(self.asked_for_buffer, ctypes.c_void_p).value

    def _lent(self, original: Any) -> Any:
        """What stands for ``bf_getbuffer``: it notes the exit and hands the memory out as TensorFlow does."""
        watcher = self.watcher

        def lent(tensor: Any, view: Any, flags: int) -> int:
            before = watcher.inside.busy
            if not before:
                watcher.guarded(watcher.left, tensor, "__array__")
            watcher.inside.busy = True
            try:
                return int(original(tensor, view, flags))
            except Exception:  # TensorFlow refuses: no exception can leave a function that C calls
                return -1
            finally:
                watcher.inside.busy = before

        return lent

    def _asked(self, original: Any, name: str) -> Any:
        watcher = self.watcher

        def asked(tape: Any, *arguments: Any, **options: Any) -> Any:
            return watcher.ask(original, name, tape, arguments, options)

        return asked

    def _pushed(self, original: Any, _name: str) -> Any:
        watcher = self.watcher

        def pushed(tape: Any) -> Any:
            result = original(tape)
            watcher.guarded(watcher.opened, tape)
            return result

        return pushed

    def _popped(self, original: Any, _name: str) -> Any:
        watcher = self.watcher

        def popped(tape: Any) -> Any:
            watcher.guarded(watcher.closed, tape)
            return original(tape)

        return popped

    def _watched(self, original: Any, _name: str) -> Any:
        watcher = self.watcher

        def watched(tape: Any, tensor: Any) -> Any:
            try:
                result = original(tape, tensor)
            except Exception as refusal:  # raised again below: it is TensorFlow's answer
                watcher.guarded(watcher.refused, tensor, refusal)
                raise
            watcher.guarded(watcher.watched, tape, tensor)
            return result

        return watched

    def _called_back(self, original: Any, _name: str) -> Any:
        """The Python function of a ``tf.py_function``, which TensorFlow may call in a thread of its own.

        Source: ``tensorflow.python.ops.script_ops.EagerFunc`` (TensorFlow 2.16 to 2.21).
        """
        watcher = self.watcher

        def called_back(function: Any, device: Any, token: Any, arguments: Any) -> Any:
            watcher.guarded(watcher.in_thread)
            outputs = original(function, device, token, arguments)
            watcher.guarded(watcher.came_back, token, outputs)
            return outputs

        return called_back

    def _left(self, original: Any, name: str) -> Any:
        watcher = self.watcher

        def left(tensor: Any, *arguments: Any, **options: Any) -> Any:
            if not watcher.inside.busy:
                watcher.guarded(watcher.left, tensor, name)
                watcher.inside.busy = True
                try:
                    return original(tensor, *arguments, **options)
                finally:
                    watcher.inside.busy = False
            return original(tensor, *arguments, **options)

        return left

    def _starting(self, original: Any, _name: str) -> Any:
        """A thread is started: a strategy's replicas run what their parent traces, whose lines AutoGraph has mapped."""
        watcher = self.watcher

        def starting(thread: Any) -> Any:
            watcher.guarded(self._keep_map, thread)
            return original(thread)

        return starting

    @staticmethod
    def _keep_map(thread: Any) -> None:
        from tensorflow.python.util import tf_stack

        mappers = tf_stack._source_mapper_stacks[tf_stack._get_thread_key()]
        if len(mappers) > 1:
            vars(thread)["gradlint_mappers"] = list(mappers)

    @staticmethod
    def _map_lines(thread: Any) -> None:
        from tensorflow.python.util import tf_stack

        mappers = vars(thread).pop("gradlint_mappers", None)
        if mappers is not None:
            tf_stack._source_mapper_stacks[tf_stack._get_thread_key()][:] = mappers

    def _threaded(self, original: Any, _name: str) -> Any:
        watcher = self.watcher

        def threaded(thread: Any) -> Any:
            watcher.guarded(watcher.in_thread)
            watcher.guarded(self._map_lines, thread)
            return original(thread)

        return threaded
