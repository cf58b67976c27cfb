"""Runs packages beside TensorFlow under a tape and prints, as the last line, what each did to a gradient."""

from __future__ import annotations

import inspect
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

FIXED = {"low": [0.1, 0.2], "high": [1.5, 2.5], "peak": [0.8, 1.5], "probs": [0.3, 0.7], "loc": [0.2, 0.4]}
"""Values of parameters that do not take just any positive numbers."""
LEFT_OUT = {"validate_args", "allow_nan_stats", "name", "dtype", "parameters", "self"}


def main() -> None:
    """Run the distributions and the bijectors that are named, and a function of each other package."""
    seen: dict[str, dict[str, object]] = {
        name: bijector(name.removeprefix("bijectors.")) if name.startswith("bijectors.") else distribution(name)
        for name in sys.argv[1:]
    }
    for name, value in packages().items():
        seen[name] = {"tensor": hasattr(value, "dtype") and type(value).__module__.startswith("tensorflow")}
    print(json.dumps(seen))


def distribution(name: str) -> dict[str, object]:
    """Whether a gradient passes a distribution's sample and its log_prob."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    if name in MADE:
        return composed(name)
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


MADE: dict[str, Callable[[Any, Any, Any], Any]] = {
    "Gamma": lambda tfp, a, b: tfp.distributions.Gamma(a, b),
    "InverseGamma": lambda tfp, a, b: tfp.distributions.InverseGamma(a, b),
    "Uniform": lambda tfp, a, b: tfp.distributions.Uniform(-a, b),
    "MultivariateNormalTriL": lambda tfp, a, b: tfp.distributions.MultivariateNormalTriL(
        a, tfp.bijectors.FillScaleTriL()(tf_stack(b))
    ),
    "Independent": lambda tfp, a, b: tfp.distributions.Independent(tfp.distributions.Normal(a, b), 1),
    "Sample": lambda tfp, a, b: tfp.distributions.Sample(tfp.distributions.Normal(a, b), 3),
    "MixtureSameFamily": lambda tfp, a, b: tfp.distributions.MixtureSameFamily(
        tfp.distributions.Categorical(logits=a), tfp.distributions.Normal([0.0, 1.0], b)
    ),
    "TransformedDistribution": lambda tfp, a, b: tfp.distributions.TransformedDistribution(
        tfp.distributions.Normal(a, 1.0), tfp.bijectors.Scale(b)
    ),
    "JointDistributionSequential": lambda tfp, a, b: tfp.distributions.JointDistributionSequential(
        [tfp.distributions.Normal(a, 1.0), tfp.distributions.Normal(0.0, b)]
    ),
    "JointDistributionNamed": lambda tfp, a, b: tfp.distributions.JointDistributionNamed(
        {"a": tfp.distributions.Normal(a, 1.0), "b": tfp.distributions.Normal(0.0, b)}
    ),
}
"""How the distributions are made that take more than positive numbers."""


def tf_stack(value: Any) -> Any:
    """Three numbers of two."""
    import tensorflow as tf

    return tf.concat([value, value[:1]], 0)


def composed(name: str) -> dict[str, object]:
    """Whether a gradient passes the sample and the log_prob of a distribution that is made by hand."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    first, second = tf.Variable([0.3, 0.6]), tf.Variable([1.2, 1.7])
    with tf.GradientTape(persistent=True) as tape:
        made = MADE[name](tfp, first, second)
        sample = tf.nest.map_structure(tf.stop_gradient, made.sample(seed=1))
        drawn = tf.nest.flatten(made.sample(seed=1))
        density = made.log_prob(sample)
    given = {"a": first, "b": second}
    reached = [any(tape.gradient(one, source) is not None for one in drawn) for source in given.values()]
    return {
        "sample": all(reached),
        "log_prob": all(passes(tape, density, given)),
        "variables": len(made.trainable_variables),
    }


def bijector(name: str) -> dict[str, object]:
    """Whether a gradient passes what a bijector computes, and how many of its Variables it keeps."""
    import tensorflow as tf
    import tensorflow_probability as tfp

    tfb, scale = tfp.bijectors, tf.Variable([1.2, 1.7])
    inner: dict[str, list[Any]] = {
        "Chain": [[tfb.Scale(scale), tfb.Exp()]],
        "Invert": [tfb.Scale(scale)],
        "RealNVP": [1, None, lambda x, units, **kwargs: (x * scale[0], x + scale[1])],
        "Scale": [scale],
        "ScaleMatvecDiag": [scale],
        "ScaleMatvecTriL": [tf.linalg.diag(scale)],
        "Shift": [scale],
    }
    point, sources = tf.Variable([0.3, 0.4, 0.5] if name.startswith("Fill") else [0.3, 0.4]), []
    with tf.GradientTape() as tape:
        if name == "ScaleMatvecTriL":
            inner[name] = [tf.linalg.diag(scale)]
        made = getattr(tfb, name)(*inner.get(name, []))
        value = tf.reduce_sum(made.forward(point)) + tf.reduce_sum(made.forward_log_det_jacobian(point, 1))
        if not name.startswith("Fill"):
            value += tf.reduce_sum(made.inverse(tf.abs(point)))
    sources = [point, *([scale] if name in inner else [])]
    reached = tape.gradient(value, sources)
    return {"passes": all(one is not None for one in reached), "variables": len(made.trainable_variables)}


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
