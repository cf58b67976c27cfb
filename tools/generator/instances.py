"""The calls that are tried on the instances of a class: layers, losses, metrics and the like."""

from __future__ import annotations

import inspect
import itertools
from typing import TYPE_CHECKING, Any

from tools.generator.probe import signature_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONSTRUCTORS: dict[str, tuple[str, ...]] = {
    "units": ("4",),
    "filters": ("2",),
    "kernel_size": ("2",),
    "rate": ("0.5",),
    "stddev": ("0.1",),
    "factor": ("0.2",),
    "height_factor": ("0.2",),
    "width_factor": ("0.2",),
    "height": ("4",),
    "width": ("4",),
    "scale": ("2.0",),
    "size": ("2",),
    "padding": ("1",),
    "cropping": ("1",),
    "n": ("3",),
    "dims": ("(2, 1)",),
    "target_shape": ("(-1, 2)", "(-1,)"),
    "input_dim": ("8",),
    "output_dim": ("4",),
    "num_heads": ("2",),
    "key_dim": ("2",),
    "head_dim": ("4",),
    "num_query_heads": ("2",),
    "num_key_value_heads": ("2",),
    "num_tokens": ("8",),
    "num_bins": ("8",),
    "num_classes": ("3",),
    "axes": ("1",),
    "activation": ("'tanh'",),
    "function": ("lambda x: x * x",),
    "equation": ("'ab,bc->ac'",),
    "output_shape": ("4", "(4, 4)"),
    "cell": ("keras.layers.GRUCell(4)",),
    "cells": ("[keras.layers.GRUCell(4), keras.layers.GRUCell(4)]",),
    "layer": ("keras.layers.Dense(4)", "keras.layers.LSTM(4)", "keras.layers.Conv2D(2, 2)"),
    "value": ("0.3",),
    "learning_rate": ("0.1",),
    "initial_learning_rate": ("0.1",),
    "decay_steps": ("100",),
    "first_decay_steps": ("100",),
    "decay_rate": ("0.9",),
    "boundaries": ("[10, 20]",),
    "values": ("[0.1, 0.05, 0.01]",),
    "crop_height": ("4",),
    "max_value": ("1.0",),
    "contrast_factor": ("0.5",),
    "bin_boundaries": ("[0.2, 0.5]",),
    "tokens": ("['a', 'b']",),
    "num_ops": ("2",),
    "fn": ("lambda y_true, y_pred: keras.ops.mean(keras.ops.square(y_true - y_pred), -1)",),
    "mean_metric_wrapper": ("'m'",),
    "sensitivity": ("0.5",),
    "specificity": ("0.5",),
    "precision": ("0.5",),
    "recall": ("0.5",),
    "target_class_ids": ("[0]",),
    "filepath": ("'model'",),
    "normalized_shape": ("3",),
}
"""What a constructor's parameters without a default are given."""

SHAPES = ("2, 3", "2, 8, 3", "2, 8, 8, 3", "1, 8, 8, 8, 3", "1, 4, 8, 8, 3", "2")
"""The shapes of what layers are called with."""

_BY_KIND = {
    "loss": ("F(2, 3), F(2, 3)", "[1, 2], F(2, 3)", "F(2, 4, 4, 3), F(2, 4, 4, 3)", "I(2, 3), F(2, 8, 4)"),
    "metric": ("F(2, 3), F(2, 3)", "F(2, 3)", "[1, 2], F(2, 3)", "I(2, 3), F(2, 3)", "I(3), I(3)"),
    "regularizer": ("F(3, 3)", "F(2, 3)", "F(3)"),
    "constraint": ("F(3, 3)", "F(2, 3)"),
    "initializer": ("(3, 3)", "(2, 3)", "(2, 2, 3, 3)", "(16,)"),
    "schedule": ("F()",),
}


def attempts(target: Callable[..., Any], kind: str) -> Iterator[str]:
    """The calls to try: the constructor's arguments, ``=>`` and those of the call.

    Args:
        target: A class.
        kind: What sort of class: see :data:`gradlint.knowledge.table.Kind`.
    """
    for constructor in _constructors(target):
        for arguments in _BY_KIND.get(kind) or _layer_arguments():
            yield f"{constructor} => {arguments}"


def _constructors(target: Callable[..., Any]) -> Iterator[str]:
    signature = signature_of(target)
    if signature is None:
        return
    required = [
        p
        for p in signature.parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    choices = [CONSTRUCTORS.get(parameter.name, ("2",)) for parameter in required]
    for combination in itertools.islice(itertools.product(*choices), 8):
        yield ", ".join(
            f"{parameter.name}={value}" if parameter.kind is inspect.Parameter.KEYWORD_ONLY else value
            for parameter, value in zip(required, combination, strict=True)
        )


def _layer_arguments() -> Iterator[str]:
    for shape in SHAPES:
        yield f"F({shape})"
    for shape in SHAPES:
        yield f"[F({shape}), F({shape})]"
        yield f"F({shape}), F({shape})"
    yield "F(2, 3), [F(2, 4)]"
    yield "F(2, 3), [F(2, 4), F(2, 4)]"
    for shape in ("2, 3", "2"):
        yield f"I({shape})"
    yield "tf.constant(['a', 'b'])"
    yield "{'a': F(2, 1), 'b': F(2, 1)}"
