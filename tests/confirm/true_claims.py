"""Claims that are true and near to those that only look so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.confirm.wrong_kinds import RIGHT_KINDS

if TYPE_CHECKING:
    from tests.confirm.wrong_rules import Claims

TRUE: Claims = {
    **RIGHT_KINDS,
    "a value that reaches the target by an array": (
        """
        import numpy as np
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            h = x.numpy()
            y = tf.constant(np.square(h)) * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "x.numpy()", "code_of_rule": "GT202"},
    ),
    "a value that reaches it by a list": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        kept = []
        with tf.GradientTape() as tape:
            for power in (1.0, 2.0):
                kept.append(tf.round(x) * power)
            y = tf.add_n(kept)
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "a value that reaches it in a function": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        @tf.function
        def loss():
            return tf.round(x) * 2.0
        with tf.GradientTape() as tape:
            y = loss()
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "a value that picks out an element": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 0.5])
        table = tf.constant([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = table[tf.argmax(x)] * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.argmax(x)", "code_of_rule": "GT301"},
    ),
    "a long loop without another way": (
        """
        import tensorflow as tf
        x, y = tf.Variable(3.0), tf.Variable(1.0)
        for turn in range(400):
            with tf.GradientTape() as tape:
                loss = y * tf.round(x)
            g = tape.gradient(loss, x)
            if turn % 100 == 0:
                print(loss)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "a slope of zero everywhere": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.sign(x) * 2.0
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "tf.sign(x)", "code_of_rule": "GT301"},
    ),
    "a part that is really missing": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x + float(x * 4.0)
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "float(x * 4.0)", "code_of_rule": "GT202"},
    ),
    "a variable that is assigned what is made of itself": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 2.5])
        with tf.GradientTape() as tape:
            x.assign(x / 2.0)
            y = tf.reduce_sum(x * x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "x.assign(x / 2.0)", "code_of_rule": "GT204"},
    ),
    "a part that is assigned to another variable": (
        """
        import tensorflow as tf
        x, kept = tf.Variable(1.5), tf.Variable(0.0)
        with tf.GradientTape() as tape:
            kept.assign(x * 2.0)
            y = kept + x * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "kept.assign(x * 2.0)", "code_of_rule": "GT204"},
    ),
    "a gradient of a custom function that is None": (
        """
        import tensorflow as tf
        @tf.custom_gradient
        def f(v):
            return v * 2.0, lambda dy: None
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = f(x) * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "f(x)", "code_of_rule": "GT301"},
    ),
    "an infinite slope of one of two terms on a line": (
        """
        import tensorflow as tf
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = tf.exp(x) + tf.sqrt(x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "nan", "flagged": "tf.sqrt(x)", "code_of_rule": "GT602"},
    ),
    "a constant that is watched after its use": (
        """
        import tensorflow as tf
        k = tf.constant(2.0)
        with tf.GradientTape() as tape:
            y = k * k
            tape.watch(k)
        g = tape.gradient(y, k)
        """,
        {"source": "k", "flagged": "tape.watch(k)", "code_of_rule": "GT106"},
    ),
    "a computed tensor that is watched after its use": (
        """
        import tensorflow as tf
        k = tf.reshape(tf.range(3.0), [3])
        with tf.GradientTape() as tape:
            y = k * k
            tape.watch(k)
        g = tape.gradient(y, k)
        """,
        {"source": "k", "flagged": "tape.watch(k)", "code_of_rule": "GT106"},
    ),
    "integers that are taken out of two values": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 0.5, 2.5])
        with tf.GradientTape() as tape:
            y = tf.math.top_k(x, 2).indices
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "tf.math.top_k(x, 2)", "code_of_rule": "GT301"},
    ),
    "text as the target": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 0.5])
        with tf.GradientTape() as tape:
            y = tf.io.serialize_tensor(x)
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.io.serialize_tensor(x)", "code_of_rule": "GT301"},
    ),
    "an order that has the same sum": (
        """
        import tensorflow as tf
        x = tf.Variable([1.3, -0.7, 2.6, 0.4])
        with tf.GradientTape() as tape:
            y = tf.argsort(x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "tf.argsort(x)", "code_of_rule": "GT301"},
    ),
    "a whole number of which the next one comes to the same": (
        """
        import tensorflow as tf
        x = tf.Variable(13.7)
        with tf.GradientTape() as tape:
            y = tf.truncatediv(tf.cast(x, tf.int32), 2)
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.cast(x, tf.int32)", "code_of_rule": "GT303"},
    ),
    "truth values of which the opposite comes to the same": (
        """
        import tensorflow as tf
        x = tf.Variable([1.3, -0.7])
        with tf.GradientTape() as tape:
            y = tf.reduce_any(x > 0.0)
        g = tape.gradient(y, x)
        """,
        {"flagged": "x > 0.0", "code_of_rule": "GT304"},
    ),
    "one of several targets that a value leads to": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape(persistent=True) as tape:
            first = tf.round(x) * 2.0
            second = tf.floor(x) + x
            third = tf.stop_gradient(tf.floor(x)) + tf.round(x)
        g = [tape.gradient(y, x) for y in (first, second, third)]
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "one of two truth values of which the other decides here": (
        """
        import tensorflow as tf
        x = tf.Variable(3.7)
        with tf.GradientTape() as tape:
            y = tf.logical_and(x > 1.0, x < 2.0)
        g = tape.gradient(y, x)
        """,
        {"flagged": "x > 1.0", "code_of_rule": "GT304"},
    ),
    "an element that an array takes up": (
        """
        import numpy as np
        import tensorflow as tf
        x = tf.Variable([1.5, 2.5])
        with tf.GradientTape() as tape:
            h = x * x
            kept = np.zeros(2, np.float32)
            kept[0] = h[0]
            y = tf.reduce_sum(kept)
        g = tape.gradient(y, x)
        """,
        {"flagged": "kept[0] = h[0]", "code_of_rule": "GT201"},
    ),
    "signs that come to the same in the target": (
        """
        import tensorflow as tf
        x = tf.Variable([1.3, -0.7])
        with tf.GradientTape() as tape:
            s = tf.sign(x)
            y = tf.reduce_sum(s * s)
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "tf.sign(x)", "code_of_rule": "GT301"},
    ),
    "zeros of a tensor that is made of what a function is given": (
        """
        import tensorflow as tf
        def slope(value):
            x = tf.constant(value)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.sign(x)
            return tape.gradient(y, x)
        slope(0.4)
        """,
        {"outcome": "zero", "flagged": "tf.sign(x)", "code_of_rule": "GT301"},
    ),
    "a picture that is made of whole numbers": (
        """
        import tensorflow as tf
        x = tf.Variable([[[1.3], [7.2]]])
        with tf.GradientTape() as tape:
            y = tf.io.encode_png(tf.cast(x, tf.uint8))
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.cast(x, tf.uint8)", "code_of_rule": "GT303"},
    ),
    "a part that is lost where the other one is level": (
        """
        import tensorflow as tf
        x = tf.Variable([0.0, 0.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x * x) + tf.reduce_sum(tf.stop_gradient(x * 3.0))
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "tf.stop_gradient(x * 3.0)", "code_of_rule": "GT306"},
    ),
    "a function's graph that stops the gradient": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 2.25])
        @tf.function
        def inner(v):
            return tf.stop_gradient(v)
        @tf.function
        def f(v):
            return inner(v)
        f(tf.Variable([0.5, 0.75]))
        with tf.GradientTape() as tape:
            y = f(x) * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "f(x)", "code_of_rule": "GT306"},
    ),
    "a tape that watches nothing by itself": (
        """
        import tensorflow as tf
        x = tf.Variable(2.0)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.GradientTape(watch_accessed_variables=False)", "code_of_rule": "GT104"},
    ),
    "a tape that is never asked, beside a long loop": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        for turn in range(300):
            x.assign_sub(0.01)
        """,
        {"source": None, "flagged": "tf.GradientTape()", "code_of_rule": "GT406"},
    ),
}
"""The nearest programs of which the like is true."""
