"""Every line of the table of members is evaluated under a tape."""

from __future__ import annotations

import builtins
import copy
import math
import operator
from typing import Any

import numpy as np
import pytest

from gradlint.knowledge.members import Member, member, members
from gradlint.knowledge.table import Effect

OWN = {"tensor": ("x", "s"), "variable": ("v",), "keras variable": ("k",)}
FOUR = np.array([[0.3, 0.8, 0.5], [0.9, 0.2, 0.6]], np.float32)


def values() -> dict[str, Any]:
    import keras
    import tensorflow as tf

    return {
        "x": tf.constant(FOUR),
        "a": tf.constant(FOUR + 1.0),
        "s": tf.constant(0.7),
        "t": tf.constant(1.3),
        "v": tf.Variable(FOUR),
        "k": keras.Variable(FOUR),
        "n": FOUR + 2.0,
    }


def judge(case: Member) -> tuple[str, str, str]:
    import tensorflow as tf

    from tools.generator.probe import better, describe, effect_on

    space = values()
    own = OWN.get(case.owner, ())
    watched = {name: space[name].value if name == "k" else space[name] for name in "xastvk"}
    modules = {"tf": tf, "np": np, "math": math, "copy": copy, "operator": operator}
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(list(watched.values()))
        value = eval(case.case, space | modules)
    described = describe(value)
    if described.kind == "variable" and case.result == "variable":
        with tape:
            outputs = [tf.convert_to_tensor(value)]
    else:
        outputs = described.outputs

    def effect(names: tuple[str, ...]) -> str:
        if not names:
            return "notensor"
        if not outputs:
            return "none" if described.kind == "none" else "notfloat"
        verdicts = [effect_on(tape, [watched[name] for name in names], output) for output in outputs]
        found = verdicts[0]
        for verdict in verdicts[1:]:
            found = better(found, verdict)
        return found

    given = tuple(name for name in watched if name not in own)
    return effect(own), effect(given), described.kind


@pytest.mark.parametrize("case", members().values(), ids=lambda case: f"{case.owner} {case.name}")
def test_does_what_the_table_says(case: Member) -> None:
    if case.exception:
        with pytest.raises(getattr(builtins, case.exception)):
            judge(case)
        return
    effect, given, result = judge(case)
    assert result == case.result
    if case.effect not in (Effect.NOTENSOR, Effect.VARIABLE):
        assert effect == case.effect
    if case.effect is Effect.VARIABLE:
        assert effect == "none"
    if case.given is not Effect.NOTENSOR:
        assert given == ("none" if case.given is Effect.STATE else case.given)


def test_knows_no_other() -> None:
    assert member("tensor", "no_such_thing") is None
    assert member("tensor", "numpy") == members()["tensor", "numpy"]


def test_keeps_the_lines_that_matter_most() -> None:
    found = member("variable", "assign")
    assert found is not None
    assert (found.effect, found.given) == (Effect.PASSES, Effect.STATE)
    assert len(members()) >= 150
