"""Runs packages beside TensorFlow under a tape and prints, as the last line, what each did to a gradient."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

FIXED = {"low": [0.1, 0.2], "high": [1.5, 2.5], "peak": [0.8, 1.5], "probs": [0.3, 0.7], "loc": [0.2, 0.4]}
"""Values of parameters that do not take just any positive numbers."""
LEFT_OUT = {"validate_args", "allow_nan_stats", "name", "dtype", "parameters", "self"}


def main() -> None:
    """Run the distributions that are named, and a function of each other package."""
    seen: dict[str, dict[str, object]] = {name: distribution(name) for name in sys.argv[1:]}
    for name, value in packages().items():
        seen[name] = {"tensor": hasattr(value, "dtype") and type(value).__module__.startswith("tensorflow")}
    print(json.dumps(seen))


def distribution(name: str) -> dict[str, object]:
    """Whether a gradient passes a distribution's sample and its log_prob."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    cls = getattr(tfp.distributions, name)
    parameters = inspect.signature(cls.__init__).parameters
    needed = [one for one in parameters if one not in LEFT_OUT and parameters[one].default is inspect.Parameter.empty]
    if not needed:
        needed = [one for one in ("probs", "rate", "loc", "scale_diag") if one in parameters][:2]
        needed = needed[:1] if needed[0] in ("probs", "rate") else needed
    given = {one: tf.Variable(FIXED.get(one, [1.2, 1.7])) for one in needed}
    with tf.GradientTape(persistent=True) as tape:
        made = cls(**given)
        sample = made.sample(seed=1)
        density = made.log_prob(tf.stop_gradient(sample))
    return {"sample": all(passes(tape, sample, given)), "log_prob": all(passes(tape, density, given))}


def passes(tape: Any, target: Any, given: dict[str, Any]) -> list[bool]:
    """For each parameter whether its gradient arrives."""
    if not target.dtype.is_floating:
        return [False for _ in given]
    return [tape.gradient(target, one) is not None for one in given.values()]


def packages() -> dict[str, Any]:
    """What a function of each package gives that is handed a tensor."""
    import cv2
    import pandas
    import scipy.special
    import tensorflow as tf
    from PIL import Image
    from sklearn.preprocessing import scale

    square = tf.ones((4, 4))
    return {
        "scipy": scipy.special.erf(square),
        "sklearn": scale(square),
        "pandas": pandas.DataFrame(square.numpy()),
        "cv2": cv2.GaussianBlur(square.numpy(), (3, 3), 0),
        "PIL": Image.fromarray(square.numpy().astype("uint8")),
    }


if __name__ == "__main__":
    main()
