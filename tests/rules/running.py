"""Runs a rule's example under TensorFlow and records what each gradient call gave each source."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf

METHODS = ("gradient", "jacobian", "batch_jacobian")
PATH = "<example>"


@dataclass
class Run:
    """What came of a program.

    Attributes:
        outcomes: Of each gradient call, in the order in which they ran, what each source got: ``value``, ``none``,
            ``zero``, ``nan`` or ``error``.
        gradients: The same calls' results, flattened, as arrays or None.
        exception: The type of the exception that ended the program, or that a gradient call raised.
    """

    outcomes: list[list[str]] = field(default_factory=list)
    gradients: list[list[Any]] = field(default_factory=list)
    exception: str | None = None


def run(code: str) -> Run:
    """Run a program to its end or to its exception."""
    record = Run()
    tf.random.set_seed(7)
    np.random.seed(7)
    module = ModuleType("__main__")
    with _recording(record), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, PATH, "exec"), vars(module))
        except Exception as error:
            record.exception = type(error).__name__
    keras.backend.clear_session()
    return record


@contextlib.contextmanager
def _recording(record: Run) -> Any:
    kept = {method: getattr(tf.GradientTape, method) for method in METHODS}

    def wrap(method: str) -> Any:
        original = kept[method]

        def call(*arguments: Any, **keywords: Any) -> Any:
            if sys._getframe(1).f_code.co_filename != PATH:
                return original(*arguments, **keywords)
            try:
                result = original(*arguments, **keywords)
            except Exception:
                record.outcomes.append(["error"])
                record.gradients.append([])
                raise
            if tf.executing_eagerly():
                flat = [_array(one) for one in tf.nest.flatten(result)]
                record.outcomes.append([_outcome(one) for one in flat])
                record.gradients.append(flat)
            return result

        return call

    for method in METHODS:
        setattr(tf.GradientTape, method, wrap(method))
    try:
        yield
    finally:
        for method, original in kept.items():
            setattr(tf.GradientTape, method, original)


def _array(gradient: Any) -> Any:
    return None if gradient is None else np.asarray(tf.convert_to_tensor(gradient))


def _outcome(gradient: Any) -> str:
    if gradient is None:
        return "none"
    if not np.all(np.isfinite(gradient)):
        return "nan"
    return "value" if np.any(gradient) else "zero"
