"""What a probe reads of the values that it meets, and what it makes of them."""

from __future__ import annotations

import contextlib
from typing import Any

STEP = 0.03125
"""How far a trial moves what it shifts; a power of two, so that float16 holds it too."""


class Values:
    """Reads and changes tensors, variables, arrays, Python numbers, and nests of them.

    Args:
        tf: TensorFlow, as the program has it.
    """

    def __init__(self, tf: Any) -> None:
        self.tf = tf

    def flat(self, value: Any) -> list[Any]:
        """The values in a nest, in the order of flattening."""
        try:
            return list(self.tf.nest.flatten(value))
        except Exception:
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
        except Exception:
            return None

    def sum(self, value: Any) -> float | None:
        """A weighted sum of a value's numbers, by which two runs are compared; None where it has none."""
        import numpy as np

        try:
            parts = [np.asarray(self.dense(part), dtype=np.float64) for part in self.flat(value)]
            return float(sum(float((part * np.cos(np.arange(part.size)).reshape(part.shape)).sum()) for part in parts))
        except Exception:
            return None

    def variable(self, value: Any) -> bool:
        """Whether a value is a ``tf.Variable`` or a ``keras.Variable``."""
        if isinstance(value, self.tf.Variable):
            return True
        return type(value).__module__.startswith("keras.") and hasattr(value, "assign")

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

    def moved(self, value: Any) -> Any:
        """A value with :data:`STEP` added to each of its numbers."""
        import numpy as np

        if isinstance(value, (list, tuple, dict)):
            return self.tf.nest.map_structure(self.moved, value)
        if isinstance(value, bool) or not (self.floating(value) or isinstance(value, (int, np.number, np.ndarray))):
            return value
        if self.variable(value):
            return self.tf.convert_to_tensor(value) + self.tf.cast(STEP, value.dtype)
        if self.tf.is_tensor(value):
            return value + self.tf.cast(STEP, value.dtype)
        return value + (type(value)(STEP) if isinstance(value, np.floating) else STEP)

    def zeros_for_none(self, result: Any, sources: Any) -> Any:
        """A gradient call's result with zeros for each None."""
        flat = [
            self.tf.zeros_like(source) if gradient is None else gradient
            for gradient, source in zip(self.flat(result), self.flat(sources), strict=True)
        ]
        return self.tf.nest.pack_sequence_as(sources, flat)

    def dense(self, value: Any) -> Any:
        """The tensor that holds the numbers of a composite."""
        for kind, part in (("IndexedSlices", "values"), ("SparseTensor", "values"), ("RaggedTensor", "flat_values")):
            if type(value).__name__ == kind:
                return getattr(value, part)
        return value
