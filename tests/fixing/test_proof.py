"""A fix is offered only where the analysis bears it out: the kinds of fix that read well and break a program."""

from __future__ import annotations

import ast
import json
import textwrap

import pytest

from gradlint.checking import check
from gradlint.fixing import fix_source
from gradlint.fixing.bound import unbound_reads
from gradlint.settings import Settings
from gradlint.sources.read import from_text

from .programs import arrived, run

HEADER = "import tensorflow as tf\n"
TAKEN_FROM_A_LOOP = """
w = tf.Variable([1.0, 2.0])
n = int(input())
with tf.GradientTape(persistent=True) as tape:
    values = w * w
for i in range(n):
    print(tape.gradient(values[i], w))
"""
A_LIST_HAS_NO_VALUE = """
import keras
params = [keras.Variable(1.0, trainable=False), keras.Variable(2.0, trainable=False)]
with tf.GradientTape() as tape:
    loss = params[0] * params[1]
g = tape.gradient(loss, params)
"""
NEVER_RECORDED = """
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = x * x
g = tape.gradient(y, x)
z = x * 2.0
h = tape.gradient(z, x)
"""
OTHERS_COUNT_ON_THE_STATE = """
w = tf.Variable(3.0)
state = tf.Variable(0.0)
with tf.GradientTape() as tape:
    state.assign(w * 2.0)
    y = state * state
g = tape.gradient(y, [w, state])
"""
FORGOTTEN_AGAIN = """
x = tf.constant(3.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    if True:
        tape.reset()
    y = x * x
g = tape.gradient(y, x)
"""
SILENT_INSTEAD_OF_LOUD = """
import numpy as np
w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    losses = [w * 2.0, w * 3.0]
worst = [loss.numpy() for loss in losses]
g = tape.gradient(np.mean(losses), w)
"""


def found(code: str, path: str = "a.py", **settings: object) -> list[tuple[str, str | None, str | None]]:
    """Each finding's code, its fix's applicability, and why a fix is withheld."""
    text = code if path.endswith(".ipynb") else HEADER + textwrap.dedent(code).lstrip("\n")
    checked = check(from_text(text, path), Settings(**settings))  # type: ignore[arg-type]
    return [
        (finding.code, finding.fix.applicability if finding.fix is not None else None, finding.withheld)
        for finding in checked.findings
    ]


@pytest.mark.parametrize(
    ("code", "rule", "reason"),
    [
        (TAKEN_FROM_A_LOOP, "GT205", "`i` may be unbound"),
        (NEVER_RECORDED, "GT401", "not certain that the gradient with respect to `x` arrives"),
        (OTHERS_COUNT_ON_THE_STATE, "GT204", "introduces another finding"),
        (FORGOTTEN_AGAIN, "GT102", "the finding remains"),
    ],
)
def test_what_is_not_proved_is_withheld_with_the_reason(code: str, rule: str, reason: str) -> None:
    said = [(applicability, why) for of, applicability, why in found(code) if of == rule]
    assert said
    for applicability, why in said:
        assert applicability is None
        assert why is not None
        assert reason in why


@pytest.mark.parametrize("code", [A_LIST_HAS_NO_VALUE, SILENT_INSTEAD_OF_LOUD])
def test_what_is_offered_brings_the_gradient(code: str) -> None:
    source = from_text(HEADER + code.lstrip("\n"), "a.py")
    fixed = fix_source(source, lambda changed: check(changed).findings, lambda text: from_text(text, "a.py"))
    assert fixed.changed
    assert not arrived(run(source.code))
    assert arrived(run(fixed.after.code))


def notebook(*cells: str) -> str:
    made = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell} for cell in cells
    ]
    metadata = {"language_info": {"name": "python"}}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


CELLS = {
    "before the block": (
        "import tensorflow as tf\nw = tf.Variable(2.0)",
        "y = w * w",
        "print(y)",
        "with tf.GradientTape() as tape:\n    loss = y * 2.0\ng = tape.gradient(loss, w)",
    ),
    "behind the block": (
        "import tensorflow as tf\nw = tf.Variable(2.0)",
        "with tf.GradientTape() as tape:\n    y = w * w",
        "for step in range(3):\n    print(y)",
        "loss = y * 2.0\ng = tape.gradient(loss, w)",
    ),
}


@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS)
def test_no_block_reaches_over_the_cells_of_a_notebook(cells: tuple[str, ...]) -> None:
    assert [(rule, applicability) for rule, applicability, _ in found(notebook(*cells), "a.ipynb")] == [("GT205", None)]


def test_a_line_may_move_into_the_block_of_another_cell() -> None:
    source = from_text(
        notebook(
            "import tensorflow as tf\nw = tf.Variable(2.0)",
            "with tf.GradientTape() as tape:\n    y = w * w",
            "loss = y * 2.0",
            "g = tape.gradient(loss, w)",
        ),
        "a.ipynb",
    )
    fixed = fix_source(source, lambda changed: check(changed).findings, lambda text: from_text(text, "a.ipynb"))
    assert [cell["source"] for cell in json.loads(fixed.after.text)["cells"]] == [
        "import tensorflow as tf\nw = tf.Variable(2.0)",
        "with tf.GradientTape() as tape:\n    y = w * w\n    loss = y * 2.0",
        "",
        "g = tape.gradient(loss, w)",
    ]


def test_a_fix_is_proved_against_every_rule_and_not_only_those_that_are_on() -> None:
    ((rule, applicability, _),) = found(OTHERS_COUNT_ON_THE_STATE, select=("GT204",))
    assert (rule, applicability) == ("GT204", None)


def test_a_fix_that_leads_to_the_next_break_of_the_same_gradient_is_offered() -> None:
    code = """
    import numpy as np
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = np.square(x.numpy())
    g = tape.gradient(tf.constant(y), x)
    """
    assert all(applicability is not None for _, applicability, _ in found(code))


def test_many_fixes_are_proved_together_and_a_wrong_one_is_found_among_them() -> None:
    good = "x{0} = tf.constant(3.0)\nwith tf.GradientTape() as tape:\n    y = x{0} * x{0}\ng = tape.gradient(y, x{0})\n"
    programs = [good.format(number) for number in range(19)]
    said = found("".join([*programs[:9], FORGOTTEN_AGAIN.lstrip(), *programs[9:]]))
    assert [applicability for _, applicability, _ in said] == [*9 * ["safe"], None, *10 * ["safe"]]


def test_a_finding_that_remains_for_one_of_its_gradients_is_not_gone() -> None:
    good = "with tf.GradientTape() as tape:\n    y = x * x\ng = tape.gradient(y, x)\n"
    said = found(f"x = tf.constant(3.0)\n{good}{FORGOTTEN_AGAIN.lstrip().partition(chr(10))[2]}")
    assert [applicability for _, applicability, _ in said] == [None]


NEVER_OFFERED = {
    "an inner tape of the same name made persistent": (
        "GT401",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            with tf.GradientTape() as tape:
                y = x * x * x
            dy = tape.gradient(y, x)
        d2y = tape.gradient(dy, x)
        """,
    ),
    "a tensor of a ragged list": (
        "GT107",
        """
        values = [[1.0, 2.0], [3.0]]
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.ragged.constant(values))
        g = tape.gradient(y, values)
        """,
    ),
    "a whole training loop in a tape": (
        "GT205",
        """
        import matplotlib.pyplot as plt
        w = tf.Variable(1.0)
        scale = tf.exp(w)
        history = []
        for step in range(10):
            history.append(step)
            plt.plot(history)
        with tf.GradientTape() as tape:
            loss = scale * 2.0
        g = tape.gradient(loss, w)
        """,
    ),
    "a stopped gradient that others read": (
        "GT306",
        """
        w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            target = tf.stop_gradient(w * 2.0)
            error = tf.square(target)
            loss = tf.reduce_mean(error + target)
        g = tape.gradient(loss, w)
        """,
    ),
    "gradients that others read, applied to another network": (
        "GT502",
        """
        a = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        b = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(a(tf.ones((3, 2))))
        g = tape.gradient(loss, a.trainable_variables)
        tf.keras.optimizers.SGD().apply_gradients(zip(g, b.trainable_variables))
        print(g)
        """,
    ),
    "several targets taken for sources": (
        "GT307",
        """
        a, b = tf.Variable(1.0), tf.Variable(2.0)
        with tf.GradientTape() as tape:
            loss = a * b
        g = tape.gradient([a, b], loss)
        """,
    ),
}


@pytest.mark.parametrize("name", NEVER_OFFERED)
def test_what_is_never_offered(name: str) -> None:
    rule, code = NEVER_OFFERED[name]
    said = [applicability for of, applicability, _ in found(code) if of == rule]
    assert said
    assert set(said) == {None}


UNSAFE_ONLY = {
    "a stopped gradient": (
        "GT306",
        """
        w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.stop_gradient(w * 2.0))
        g = tape.gradient(loss, w)
        """,
    ),
    "a recording that is stopped": (
        "GT205",
        """
        w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            with tape.stop_recording():
                y = w * 2.0
            loss = tf.reduce_sum(y)
        g = tape.gradient(loss, w)
        """,
    ),
    "the other network trained": (
        "GT502",
        """
        a = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        b = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(a(tf.ones((3, 2))))
        g = tape.gradient(loss, a.trainable_variables)
        tf.keras.optimizers.SGD().apply_gradients(zip(g, b.trainable_variables))
        """,
    ),
}


@pytest.mark.parametrize("name", UNSAFE_ONLY)
def test_what_may_be_on_purpose_is_unsafe(name: str) -> None:
    rule, code = UNSAFE_ONLY[name]
    assert [applicability for of, applicability, _ in found(code) if of == rule] == ["unsafe"]


def test_one_target_in_a_list_is_swapped_without_it() -> None:
    code = HEADER + "vecs = tf.Variable([1.0, 2.0])\nwith tf.GradientTape() as tape:\n    loss = tf.norm(vecs)\n"
    source = from_text(f"{code}g = tape.gradient([vecs], loss)\n", "a.py")
    fixed = fix_source(source, lambda changed: check(changed).findings, lambda text: from_text(text, "a.py"))
    assert fixed.after.text == f"{code}g = tape.gradient(loss, vecs)\n"


BOUND = {
    "in order": ("a = 1\nb = a", {}),
    "before it is bound": ("b = a\na = 1", {("", "a"): 1}),
    "on one branch": ("if p():\n    a = 1\nb = a", {("", "a"): 1, ("", "p"): 1}),
    "on both branches": ("if 1 > 2:\n    a = 1\nelse:\n    a = 2\nb = a", {}),
    "where one branch leaves": ("def f(x):\n    if x:\n        a = 1\n    else:\n        return\n    return a", {}),
    "by a loop that may not turn": ("def f(n):\n    for i in range(n):\n        pass\n    return i", {("f", "i"): 1}),
    "by a loop that turns": ("def f():\n    for i in range(3):\n        a = i\n    return a + i", {}),
    "by a loop that is left early": (
        "def f():\n    for i in range(3):\n        if i:\n            break\n        a = i\n    return a",
        {("f", "a"): 1},
    ),
    "by an endless loop": ("def f():\n    while True:\n        a = 1\n        break\n    return a", {}),
    "in a try": ("try:\n    a = 1\nexcept ValueError:\n    pass\nb = a", {("", "a"): 1}),
    "in a try and its handlers": ("try:\n    a = 1\nexcept ValueError:\n    a = 2\nb = a", {}),
    "at its end": ("try:\n    pass\nfinally:\n    a = 1\nb = a", {}),
    "by an item": ("with open('x') as a:\n    b = a\nc = b", {}),
    "in a comprehension": ("a = [i for i in range(3) if i]\nb = i", {("", "i"): 1}),
    "by a walrus": ("if (a := 1):\n    b = a", {}),
    "and unbound again": ("a = 1\ndel a\nb = a", {("", "a"): 1}),
    "in a module that is read later": ("def f():\n    return a\na = 1", {}),
    "nowhere": ("def f():\n    return a", {("f", "a"): 1}),
    "by a star": ("from m import *\nb = a", {}),
    "by a pattern": ("match 1:\n    case [a, *b]:\n        c = a\n    case _:\n        c = 1\nd = c", {}),
    "by an augmented assignment": ("def f():\n    a += 1", {("f", "a"): 1}),
    "in a class": ("class C:\n    a = 1\n    b = a\n    def f(self):\n        return a", {("C.f", "a"): 1}),
    "globally": ("a = 1\ndef f():\n    global a\n    a += 1", {}),
    "as a parameter": ("def f(a, *b, c=1, **d):\n    return (a, b, c, d, lambda e: e + a)", {}),
    "by an exception": ("try:\n    pass\nexcept OSError as e:\n    print(e)\nb = e", {("", "e"): 1}),
}


@pytest.mark.parametrize(("code", "expected"), BOUND.values(), ids=BOUND)
def test_reads_of_what_may_not_be_bound(code: str, expected: dict[tuple[str, str], int]) -> None:
    assert dict(unbound_reads(ast.parse(code))) == expected
