"""The arguments that probes are made with: small expressions such as ``F(2, 3)`` that can be written to a file.

A :class:`Sampler` evaluates the text of a call's arguments. Each float tensor that it makes is remembered, so that
the probe can watch it; the same text, seed and :class:`Trial` always give the same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    import inspect


@dataclass(frozen=True, slots=True)
class Trial:
    """How the random floats of a call are drawn.

    Attributes:
        low: The smallest float.
        high: The largest.
        dtype: The dtype of ``F``; complex tensors have the dtype of twice its size.
        seed: The seed of everything random, TensorFlow's and Keras' too.
    """

    low: float
    high: float
    dtype: str = "float32"
    seed: int = 0


TRIALS = (Trial(0.1, 0.9), Trial(-2.0, 2.0, seed=1), Trial(1.1, 3.0, seed=2), Trial(-9.0, 9.0, seed=3))
"""Draws enough to tell a gradient that is zero everywhere from one that is zero here."""


class Call(NamedTuple):
    """The arguments of a call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class Sampler:
    """Evaluates the texts of arguments and remembers the float tensors that it made."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.random = np.random.default_rng(trial.seed)
        self.tracked: list[tf.Tensor] = []
        self.namespace = {
            name: getattr(self, name) for name in ("F", "P", "C", "H", "I", "L", "U", "B", "S", "R", "V", "A", "K")
        } | {"tf": tf, "np": np, "keras": keras}

    def evaluate(self, text: str) -> Call:
        """The arguments that a text such as ``F(2, 3), axis=0`` stands for.

        Args:
            text: What stands between the parentheses of a call.

        Raises:
            Exception: Whatever the text's evaluation raises.
        """
        space = self.namespace | {"_capture": lambda *args, **kwargs: Call(args, kwargs)}
        call: Call = eval(f"_capture({text})", space)
        return call

    def _track(self, values: Any, dtype: str | None = None) -> tf.Tensor:
        tensor = tf.constant(values, dtype or self.trial.dtype)
        self.tracked.append(tensor)
        return tensor

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return self.random.uniform(self.trial.low, self.trial.high, shape)

    def F(self, *shape: int) -> tf.Tensor:  # noqa: N802
        """A float tensor."""
        return self._track(self._draw(shape))

    def P(self, *shape: int) -> tf.Tensor:  # noqa: N802
        """A symmetric positive definite matrix, the last dimension square."""
        matrix = self._draw((*shape, shape[-1]))
        return self._track(matrix @ np.swapaxes(matrix, -1, -2) + np.eye(shape[-1]))

    def C(self, *shape: int) -> tf.Tensor:  # noqa: N802
        """A complex tensor."""
        return self._track(
            self._draw(shape) + 1j * self._draw(shape), "complex64" if self.trial.dtype == "float32" else "complex128"
        )

    def H(self, *shape: int) -> tf.Tensor:  # noqa: N802
        """A float tensor that is always float32."""
        return self._track(self._draw(shape), "float32")

    def I(self, *shape: int, high: int = 2) -> tf.Tensor:  # noqa: E743, N802
        """An int32 tensor of numbers from 0."""
        return tf.constant(self.random.integers(0, high, shape), tf.int32)

    def L(self, *shape: int, high: int = 2) -> tf.Tensor:  # noqa: N802
        """An int64 tensor of numbers from 0."""
        return tf.constant(self.random.integers(0, high, shape), tf.int64)

    def U(self, *shape: int) -> tf.Tensor:  # noqa: N802
        """A uint8 tensor."""
        return tf.constant(self.random.integers(0, 255, shape), tf.uint8)

    def B(self, *shape: int) -> tf.Tensor:  # noqa: N802
        """A tensor of truth values, with both values where there is room."""
        return tf.reshape(tf.constant(np.arange(int(np.prod(shape, dtype=int))) % 2 == 0), shape)

    def S(self, *shape: int) -> tf.SparseTensor:  # noqa: N802
        """A sparse tensor all of whose elements are set but the last."""
        places = list(np.ndindex(shape))[:-1]
        return tf.SparseTensor(places, self.F(len(places)), shape)

    def R(self) -> tf.RaggedTensor:  # noqa: N802
        """A ragged tensor of rows with 2, 0 and 3 floats."""
        return tf.RaggedTensor.from_row_lengths(self.F(5), [2, 0, 3])

    def V(self, *shape: int) -> tf.Variable:  # noqa: N802
        """A variable with floats in it, which is not itself looked at."""
        return tf.Variable(tf.constant(self._draw(shape), self.trial.dtype))

    def A(self, *shape: int) -> Any:  # noqa: N802
        """A NumPy array of floats."""
        return self._draw(shape).astype(self.trial.dtype)

    def K(self, *shape: int) -> Any:  # noqa: N802
        """A Keras variable, which is not itself looked at."""
        return keras.Variable(self._draw(shape).astype(self.trial.dtype))


def reset(seed: int) -> None:
    """Set every random seed, so that a call can be repeated."""
    keras.utils.set_random_seed(seed)


def bind(signature: inspect.Signature | None, call: Call) -> dict[str, Any]:
    """The arguments by the names of their parameters; without a signature by their positions.

    Args:
        signature: What the callable takes.
        call: The arguments.

    Raises:
        TypeError: If the arguments do not fit the signature.
    """
    if signature is None:
        return {f"arg{i}": value for i, value in enumerate(call.args)} | call.kwargs
    bound = signature.bind(*call.args, **call.kwargs).arguments
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD and parameter.name in bound:
            bound.update(bound.pop(parameter.name))
    return dict(bound)
