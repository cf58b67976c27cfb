"""Fixes of round trips, of NumPy behind TensorFlow, of sums over tapes and of what is asked for."""

from __future__ import annotations

import pytest

from gradlint.checking import check
from gradlint.fixing import fix_source
from gradlint.settings import Settings
from gradlint.sources.read import from_text

from . import mending
from .programs import arrived, program, run

BLOCK = """
import json
import pickle
import numpy as np
v = tf.Variable([3.0, 4.0])
with tf.GradientTape() as tape:
    h = v * v
    e = {}
    y = tf.reduce_sum(e * e)
g = tape.gradient(y, v)
"""
WRITTEN = {
    "pickle.loads(pickle.dumps(h))": "h",
    "tf.io.parse_tensor(tf.io.serialize_tensor(h), tf.float32)": "h",
    "tf.make_ndarray(tf.make_tensor_proto(h))": "h",
    "tf.strings.to_number(tf.strings.as_string(h))": "h",
    "tf.bitcast(tf.bitcast(h, tf.int32), tf.float32)": "h",
    "tf.bitcast(h, tf.float32)": "h",
    "float(f'{h[0]}')": "h[0]",
    "float(str(float(h[0])))": "h[0]",
    "np.frombuffer(memoryview(h), np.float32)": "h",
    "tf.numpy_function(np.square, [h], tf.float32)": "tf.square(h)",
    "tf.stop_gradient(h)": "h",
    "tf.one_hot(tf.argmax(v), 2)": "tf.nn.softmax(v)",
}


@pytest.mark.parametrize("written", WRITTEN)
def test_one_expression(written: str) -> None:
    code, expected = program(BLOCK.format(written)), program(BLOCK.format(WRITTEN[written]))
    result = mending.fixed_source(from_text(code, "a.py"))
    assert result.after.text == expected
    assert all(one.fix.applicability == "unsafe" for one in result.applied)
    assert not arrived(run(code))
    assert arrived(run(expected))


PROGRAMS = {
    "a sum over the tapes of a loop": (
        """
        w = tf.Variable(2.0)
        total = 0.0
        for x in [1.0, 2.0]:
            with tf.GradientTape() as tape:
                total += (w * x - 1.0) ** 2
        g = tape.gradient(total, w)
        """,
        """
        w = tf.Variable(2.0)
        total = 0.0
        with tf.GradientTape() as tape:
            for x in [1.0, 2.0]:
                total += (w * x - 1.0) ** 2
        g = tape.gradient(total, w)
        """,
    ),
    "no sources": (
        """
        w = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = w * w
        g = tape.gradient(y)
        """,
        """
        w = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = w * w
        g = tape.gradient(y, tape.watched_variables())
        """,
    ),
    "a watch before a reset": (
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            tape.reset()
            y = x * x
        g = tape.gradient(y, x)
        """,
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            tape.reset()
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "a constant among what is watched": (
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch([x, "x"])
            y = x * x
        g = tape.gradient(y, x)
        """,
        """
        x = tf.constant(3.0)
        with tf.GradientTape() as tape:
            tape.watch([x])
            y = x * x
        g = tape.gradient(y, x)
        """,
    ),
    "the other loss": (
        """
        a, c = tf.Variable(1.0), tf.Variable(2.0)
        with tf.GradientTape(persistent=True) as tape:
            actor_loss = a * 3.0
            critic_loss = c * c
        f = tape.gradient(actor_loss, a)
        g = tape.gradient(actor_loss, c)
        """,
        """
        a, c = tf.Variable(1.0), tf.Variable(2.0)
        with tf.GradientTape(persistent=True) as tape:
            actor_loss = a * 3.0
            critic_loss = c * c
        f = tape.gradient(actor_loss, a)
        g = tape.gradient(critic_loss, c)
        """,
    ),
    "zeros that hide a cause": (
        """
        w = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.constant((w * w).numpy())
        g = tape.gradient(y, w, unconnected_gradients="zero")
        """,
        """
        w = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.constant(w * w)
        g = tape.gradient(y, w)
        """,
    ),
    "an accuracy": (
        """
        v = tf.Variable([[1.0, 3.0, 2.0]])
        with tf.GradientTape() as tape:
            y = 1.0 - tf.reduce_mean(tf.cast(tf.equal(tf.argmax(v, 1), [1]), tf.float32))
        g = tape.gradient(y, v)
        """,
        """
        v = tf.Variable([[1.0, 3.0, 2.0]])
        with tf.GradientTape() as tape:
            y = 1.0 - tf.reduce_mean(tf.gather(tf.nn.softmax(v), [1], axis=1, batch_dims=1))
        g = tape.gradient(y, v)
        """,
    ),
    "a loop over a dataset of a Tensor's rows": (
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            y = 0.0
            for e in tf.data.Dataset.from_tensor_slices(x):
                y += e * e
        g = tape.gradient(y, x)
        """,
        """
        x = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            y = 0.0
            for e in tf.unstack(x):
                y += e * e
        g = tape.gradient(y, x)
        """,
    ),
    "a result that is stored in an array": (
        """
        import numpy as np
        v = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            a = np.zeros(2, np.float32)
            np.add(a, v * v, out=a)
            y = tf.reduce_sum(a)
        g = tape.gradient(y, v)
        """,
        """
        import numpy as np
        v = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            a = np.zeros(2, np.float32)
            a = tf.add(a, v * v)
            y = tf.reduce_sum(a)
        g = tape.gradient(y, v)
        """,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    broken, expected = (program(text) for text in PROGRAMS[name])
    assert mending.fixed_source(from_text(broken, "a.py")).after.text == expected
    assert not arrived(run(broken)) or name in {"a sum over the tapes of a loop", "zeros that hide a cause"}
    assert arrived(run(expected))


LEFT = {
    "a step whose next cause has no fix": """
        v = tf.Variable([0.3, 0.7])
        with tf.GradientTape() as tape:
            y = tf.reduce_mean(tf.cast(tf.equal(tf.round(v), [0.0, 1.0]), tf.float32))
        g = tape.gradient(y, v)
        """,
    "a loop that takes a step in each turn": """
        w = tf.Variable(2.0)
        total = 0.0
        for x in [1.0, 2.0]:
            with tf.GradientTape() as tape:
                total += (w * x - 1.0) ** 2
            print(tape.watched_variables())
        g = tape.gradient(total, w)
        """,
    "bits of another dtype": """
        v = tf.Variable([3.0, 4.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.cast(tf.bitcast(v, tf.int32), tf.float32))
        g = tape.gradient(y, v)
        """,
    "zeros of a source that is not used": """
        v, w = tf.Variable(3.0), tf.Variable(4.0)
        with tf.GradientTape() as tape:
            y = v * v
        g = tape.gradient(y, w, unconnected_gradients="zero")
        """,
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_alone(name: str) -> None:
    source = from_text(program(LEFT[name]), "a.py")
    result = mending.fixed_source(source)
    assert result.findings
    assert result.after.text == source.text


def test_a_cosine_of_numpy_is_no_safe_fix() -> None:
    """NumPy rounds it otherwise, so the last bit may be another one; of the larger of two zeros, the sign may be."""
    code = program("import numpy as np\nx = tf.Variable([[0.1, 0.2]])\nwith tf.GradientTape() as tape:\n")
    code += "    y = tf.convert_to_tensor({}(x))\ng = tape.gradient(y, x)\n"
    for function, safe in (("np.cos", False), ("np.sqrt", True), ("np.max", False), ("np.std", False)):
        source = from_text(code.format(function), "a.py")
        findings = check(source, Settings()).findings
        assert [one.fix is not None and one.fix.applicability for one in findings] == ["safe" if safe else "unsafe"]


def test_fixes_are_read_from_the_whole_text_again() -> None:
    """A fix that brings the next cause to light is followed by that cause's fix, or not offered."""
    code = program(PROGRAMS["zeros that hide a cause"][0])
    source = from_text(code, "a.py")
    steps = fix_source(source, mending.check, lambda text: from_text(text, source.path), unsafe=True).applied
    assert [one.finding.code for one in steps] == ["GT405", "GT202"]
