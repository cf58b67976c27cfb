"""What a probe reads of the values that it meets, and what it makes of them."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import zlib
from typing import Any

KEPT = 400_000
"""How many bytes the values of one place may take to be handed to another run."""
LONG = 10.0
"""The step from which on whole numbers are moved to zero."""


class Serials:
    """Numbers for objects, from 1; an object that has one is kept, so that no other takes its identity."""

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[int, Any]] = {}

    def of(self, value: Any) -> int:
        """The number of an object; a Keras variable and the TensorFlow variable in it are one."""
        value = canonical(value)
        found = self._numbers.get(id(value))
        if found is None:
            found = self._numbers[id(value)] = (len(self._numbers) + 1, value)
        return found[0]


def is_keras_variable(value: Any) -> bool:
    """Whether a value is a ``keras.Variable``."""
    return type(value).__module__.startswith("keras.") and hasattr(value, "assign") and hasattr(value, "dtype")


def canonical(value: Any) -> Any:
    """What stands for a value: for a Keras variable the TensorFlow variable in it."""
    if is_keras_variable(value):
        held = vars(value).get("_value") if hasattr(value, "__dict__") else None
        return value if held is None else held
    return value


class Values:
    """Reads and changes tensors, variables, arrays, Python numbers, and nests of them.

    Args:
        tf: TensorFlow, as the program has it.

    Attributes:
        unreadable: What reading a value raises where that holds no numbers, or not as many.
    """

    def __init__(self, tf: Any) -> None:
        self.tf = tf
        self.unreadable: tuple[type[Exception], ...] = (
            *(ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError),
            tf.errors.OpError,
        )

    def flat(self, value: Any) -> list[Any]:
        """The values in a nest, in the order of flattening."""
        try:
            return list(self.tf.nest.flatten(value))
        except self.unreadable:
            return [value]

    def counts(self, sources: Any) -> list[int]:
        """How many flattened sources each element of the list of sources has, in the order of flattening."""
        if isinstance(sources, dict):
            with contextlib.suppress(TypeError):
                return [len(self.flat(sources[key])) for key in sorted(sources)]
        if isinstance(sources, (list, tuple)):
            return [len(self.flat(source)) for source in sources]
        return [len(self.flat(sources))]

    def outcome(self, gradient: Any) -> str:
        """What came of a gradient: ``none``, ``nan``, ``zero`` or ``value``."""
        import numpy as np

        if gradient is None:
            return "none"
        dense = self.dense(gradient)
        if not hasattr(dense, "numpy"):
            return "value"
        array = np.asarray(dense.numpy())
        if array.dtype.kind in "OSU":  # Text, which a target may be.
            return "value"
        if array.dtype.kind not in "fciub":
            array = array.astype(np.float64)
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            return "nan"
        return "zero" if array.size and not array.any() else "value"

    def shown(self, gradient: Any) -> str:
        """A gradient as a line of text."""
        import numpy as np

        dense = self.dense(gradient)
        if gradient is None or not hasattr(dense, "numpy"):
            return str(None if gradient is None else type(gradient).__name__)
        text = np.array2string(np.asarray(dense.numpy()), precision=4, threshold=4, edgeitems=2, separator=", ")
        return " ".join(text.split())[:60]

    def symbolic(self, gradient: Any) -> bool:
        """Whether a gradient has no numbers: it was made while a graph was traced."""
        return gradient is not None and not hasattr(self.dense(gradient), "numpy")

    def named(self, source: Any) -> str:
        """A source's name, or its type."""
        name = getattr(source, "path", None) or getattr(source, "name", None) if self.variable(source) else None
        return str(name or type(source).__name__)[:80]

    def size(self, target: Any) -> int | None:
        """How many numbers a target holds, or None where that is not known."""
        try:
            return int(sum(self.tf.size(part).numpy() for part in self.flat(target)))
        except self.unreadable:
            return None

    def total(self, target: Any) -> float | None:
        """The sum of a target's numbers, which is what its gradient is the gradient of; None where it has none.

        Whole numbers have no gradient: they are weighed by their places, so that others in the same sum are told apart.
        Nor has text: a number stands for it that is another one for another text.
        """
        try:
            return sum(self._summed(part) for part in self.flat(target))
        except self.unreadable:
            return None

    def _summed(self, part: Any) -> float:
        import numpy as np

        array = np.asarray(self.dense(part))
        if self.tf.is_tensor(part) and array.dtype.kind in "OS":
            return float(zlib.crc32(b"\0".join(map(bytes, array.ravel()))))
        weights = direction(array.shape) if array.dtype.kind in "biu" else 1.0
        return float((array.astype(np.float64) * weights).sum())

    def weights(self, tensor: Any) -> Any:
        """Weights for a tensor's elements; None where it has one alone, or none that can be weighed."""
        with contextlib.suppress(*self.unreadable):
            shape = tuple(tensor.shape)
            if hasattr(tensor, "numpy") and tensor.dtype.is_floating and any(size > 1 for size in shape):
                return self.tf.constant(direction(shape), dtype=tensor.dtype)
        return None

    def precise(self, values: list[Any]) -> bool:
        """Whether all of some values are of double precision."""
        return bool(values) and all("float64" in str(getattr(value, "dtype", "")) for value in values)

    def dot(self, gradient: Any) -> float | None:
        """How a target changes, by its gradient, where a source is moved along its direction; None if unknown."""
        import numpy as np

        if gradient is None:
            return 0.0
        try:
            array = np.asarray(self.whole(gradient), dtype=np.float64)
            found = float((array * direction(array.shape)).sum())
        except self.unreadable:
            return None
        return found if np.isfinite(found) else None

    def whole(self, value: Any) -> Any:
        """A tensor with the numbers of a composite in their places."""
        return self.tf.convert_to_tensor(value) if type(value).__name__ == "IndexedSlices" else self.dense(value)

    def variable(self, value: Any) -> bool:
        """Whether a value is a ``tf.Variable`` or a ``keras.Variable``."""
        if isinstance(value, self.tf.Variable):
            return True
        return is_keras_variable(value)

    def assigned(self, value: Any) -> bool:
        """Whether a value is what an assignment to a variable gives: the variable, to be read."""
        return type(value).__name__ == "_UnreadVariable"

    def floating(self, value: Any) -> bool:
        """Whether a value is a float, or holds floats."""
        import numpy as np

        if isinstance(value, np.ndarray):
            return bool(value.dtype.kind == "f")
        if self.tf.is_tensor(value) or self.variable(value):
            return bool(self.tf.as_dtype(value.dtype).is_floating)
        return isinstance(value, float)

    def filled(self, value: Any, fill: float) -> Any:
        """A value of the same shape that holds one number everywhere."""
        import numpy as np

        if isinstance(value, float):
            return fill
        if isinstance(value, np.ndarray):
            return np.full_like(value, fill)
        if hasattr(value, "assign"):
            value.assign(self.tf.fill(value.shape, self.tf.cast(fill, value.dtype)))
            return value
        return self.tf.fill(self.tf.shape(value), self.tf.cast(fill, value.dtype))

    def moved(self, value: Any, step: float) -> Any:
        """A value moved along its direction."""
        import numpy as np

        if isinstance(value, float):
            return value + step * float(direction(()))
        if isinstance(value, np.ndarray):
            return (value + step * direction(value.shape)).astype(value.dtype)
        by = self.tf.constant(step * direction(tuple(value.shape)), dtype=value.dtype)
        if hasattr(value, "assign"):
            value.assign(value + by)
            return value
        return value + by

    def nudged(self, value: Any, step: float) -> Any:
        """A nest with each number in it moved; None where it holds none that can be.

        Whole numbers move towards zero, or from it to one, so that what they index is still there: by one, by half, and
        by all, as the step is longer. What is true or false becomes the other, or false, or true.
        """
        if not isinstance(value, (list, tuple, dict)):
            return self._nudged(value, step)
        leaves = self.flat(value)
        moved = [self._nudged(leaf, step) for leaf in leaves]
        if all(one is None for one in moved):
            return None
        return self.tf.nest.pack_sequence_as(
            value, [old if new is None else new for old, new in zip(leaves, moved, strict=True)]
        )

    def _nudged(self, value: Any, step: float) -> Any:
        import numpy as np

        if self.variable(value) or not (
            self.tf.is_tensor(value) or isinstance(value, (np.ndarray, np.generic, bool, int, float))
        ):
            return None
        if self.tf.is_tensor(value) and not hasattr(value, "numpy"):
            return None
        array = np.asarray(value)
        if array.dtype.kind == "f":
            made = (array + step * direction(array.shape)).astype(array.dtype)
        elif array.dtype.kind in "iub":
            made = _nearer(array, abs(step)) if step else array
        else:
            return None
        if self.tf.is_tensor(value):
            return self.tf.constant(made, dtype=value.dtype)
        return made if isinstance(value, np.ndarray) else type(value)(made)

    def packed(self, value: Any) -> str | None:
        """A nest of numbers, arrays and tensors as text; None where it is something else, or too large."""
        import numpy as np

        leaves = []
        for leaf in self._first(value):
            if self.tf.is_tensor(leaf) and hasattr(leaf, "numpy"):
                leaves.append(("tensor", np.asarray(leaf.numpy())))
            elif isinstance(leaf, (np.ndarray, np.generic, bool, int, float)):
                leaves.append((type(leaf).__name__, np.asarray(leaf)))
            else:
                return None
        if sum(array.nbytes for _, array in leaves) > KEPT or any(
            array.dtype.kind not in "fiub" for _, array in leaves
        ):
            return None
        buffer = io.BytesIO()
        # Zeros of both signs are one number.
        np.savez(buffer, *(array + array.dtype.type(0) if array.dtype.kind == "f" else array for _, array in leaves))
        return json.dumps([[kind for kind, _ in leaves], base64.b64encode(buffer.getvalue()).decode()])

    def _first(self, value: Any) -> list[Any]:
        """The values in a nest; of a data set, those of its first element."""
        if not isinstance(value, self.tf.data.Dataset):
            return self.flat(value)
        return [leaf for element in value.take(1) for leaf in self.flat(element)]

    def unpacked(self, text: str, like: Any) -> Any:
        """The values of a text in the nest of another value.

        Raises:
            ValueError: If there are not as many.
        """
        import numpy as np

        kinds, data = json.loads(text)
        with np.load(io.BytesIO(base64.b64decode(data)), allow_pickle=False) as arrays:
            found = [arrays[name] for name in arrays.files]
        made: list[Any] = []
        for kind, array in zip(kinds, found, strict=True):
            if kind == "tensor":
                made.append(self.tf.constant(array))
            elif kind == "ndarray":
                made.append(array)
            else:
                made.append(array[()] if kind not in {"bool", "int", "float"} else array.item())
        return self.tf.nest.pack_sequence_as(like, made)

    def dense(self, value: Any) -> Any:
        """The tensor that holds the numbers of a composite."""
        for kind, part in (("IndexedSlices", "values"), ("SparseTensor", "values"), ("RaggedTensor", "flat_values")):
            if type(value).__name__ == kind:
                return getattr(value, part)
        return value


def _nearer(array: Any, far: float) -> Any:
    """Whole numbers nearer to zero, or truth values, changed in another way by a short, a longer and a long step."""
    import numpy as np

    if array.dtype.kind == "b":
        return ~array if far < 1 else np.full_like(array, far > LONG)
    if far < 1:
        made = np.where(array > 0, array - 1, array + 1)
    else:
        made = np.trunc(array / 2) if far < LONG else np.zeros_like(array)
    return made.astype(array.dtype)


def direction(shape: tuple[int, ...]) -> Any:
    """A fixed direction in which a value of a shape is moved: numbers between a half and one and a half."""
    import numpy as np

    size = int(np.prod(shape)) if shape else 1
    return (1.0 + 0.5 * np.cos(1.7 * np.arange(size))).reshape(shape)
