"""Fixes of what the analysis finds: what they write, that TensorFlow bears them out, and what they leave alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gradlint.sources.read import from_text

from . import mending
from .programs import arrived, program, run


@dataclass(frozen=True)
class Case:
    """A program in which one thing is changed; ``g`` is the gradient that then arrives."""

    code: str
    text: str
    old: str
    new: str
    applicability: str = "unsafe"


CASES = {
    "a list of Variables rebound": Case(
        "GT101",
        """
        ws = [tf.Variable(1.0), tf.Variable(2.0)]
        ws = [0.5 * w for w in ws]
        with tf.GradientTape() as tape:
            y = ws[0] * ws[1]
        g = tape.gradient(y, ws)
        """,
        "ws = [0.5 * w for w in ws]\n",
        "for w in ws:\n    w.assign(0.5 * w)\n",
        "safe",
    ),
    "the weights of a layer": Case(
        "GT103",
        """
        layer = tf.keras.layers.BatchNormalization()
        x = tf.ones((4, 2))
        layer(x)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(x, training=True) ** 2)
        g = tape.gradient(y, layer.weights)
        """,
        "layer.weights",
        "layer.trainable_weights",
    ),
    "an argument of integers": Case(
        "GT105",
        """
        def slope(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(tf.cast(x, tf.float32) ** 2)
            return tape.gradient(y, x)

        g = slope(tf.constant([1, 2]))
        """,
        "    with tf",
        "    x = tf.cast(x, tf.float32)\n    with tf",
    ),
    "tokens that are embedded": Case(
        "GT105",
        """
        embedding = tf.keras.layers.Embedding(8, 2)
        tokens = tf.constant([[1, 5]])
        with tf.GradientTape() as tape:
            tape.watch(tokens)
            vectors = embedding(tokens)
            y = tf.norm(vectors)
        g = tape.gradient(y, tokens)
        """,
        "    tape.watch(tokens)\n    vectors = embedding(tokens)\n    y = tf.norm(vectors)\n"
        "g = tape.gradient(y, tokens)",
        "    vectors = embedding(tokens)\n    y = tf.norm(vectors)\ng = tape.gradient(y, vectors)",
    ),
    "several slices": Case(
        "GT108",
        """
        p = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        with tf.GradientTape() as tape:
            a, b = p[:, 0], p[:, 1]
            y = tf.reduce_sum(p**2)
        d_a, d_b = tape.gradient(y, [a, b])  # by column
        g = [d_a, d_b]
        """,
        "d_a, d_b = tape.gradient(y, [a, b])  # by column\n",
        "gradient_of_p = tape.gradient(y, p)  # by column\nd_a, d_b = gradient_of_p[:, 0], gradient_of_p[:, 1]\n",
        "safe",
    ),
    "variables kept in an attribute": Case(
        "GT109",
        """
        class Trainer:
            def __init__(self, net):
                self.net = net
                self.kept = net.trainable_variables

            def gradients(self, x):
                with tf.GradientTape() as tape:
                    y = tf.reduce_sum(self.net(x))
                return tape.gradient(y, self.kept)

        g = Trainer(tf.keras.Sequential([tf.keras.layers.Dense(1)])).gradients(tf.ones((2, 2)))
        """,
        "        self.kept = net.trainable_variables\n",
        "",
        "safe",
    ),
    "variables of a model that is not built": Case(
        "GT109",
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            y = model(tf.ones((2, 3)))
        g = tape.gradient(y, variables)
        """,
        "variables = model.trainable_variables\nwith tf.GradientTape() as tape:\n    y = model(tf.ones((2, 3)))\n"
        "g = tape.gradient(y, variables)",
        "with tf.GradientTape() as tape:\n    y = model(tf.ones((2, 3)))\n"
        "g = tape.gradient(y, model.trainable_variables)",
        "safe",
    ),
    "a model that is frozen": Case(
        "GT109",
        """
        net = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        net.trainable = False
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(net(tf.ones((2, 2))))
        g = tape.gradient(y, net.trainable_variables)
        """,
        "net.trainable = False\n",
        "",
    ),
    "a tape kept on an object": Case(
        "GT110",
        """
        class Probe:
            def __init__(self):
                self.x = tf.constant(3.0)
                self.tape = tf.GradientTape()
                self.tape.watch(self.x)

            def slope(self):
                with self.tape:
                    y = self.x**2
                return self.tape.gradient(y, self.x)

        g = Probe().slope()
        """,
        "        self.tape.watch(self.x)\n\n    def slope(self):\n        with self.tape:\n",
        "\n    def slope(self):\n        with self.tape:\n            self.tape.watch(self.x)\n",
        "safe",
    ),
    "trainable Keras variables watched": Case(
        "GT110",
        """
        net = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
        with tf.GradientTape() as tape:
            tape.watch(net.trainable_variables)
            y = tf.reduce_sum(net(tf.ones((2, 2))))
        g = tape.gradient(y, net.trainable_variables)
        """,
        "    tape.watch(net.trainable_variables)\n",
        "",
        "safe",
    ),
    "a sample": Case(
        "GT201",
        """
        import numpy as np

        mean, scale = tf.Variable([1.0, 2.0]), tf.Variable(0.5)
        with tf.GradientTape() as tape:
            z = np.random.normal(mean, tf.exp(scale)).astype(np.float32)
            y = tf.reduce_sum(z**2)
        g = tape.gradient(y, [mean, scale])
        """,
        "np.random.normal(mean, tf.exp(scale)).astype(np.float32)",
        "mean + tf.exp(scale) * tf.random.normal(tf.shape(mean))",
    ),
    "an array of another dtype": Case(
        "GT201",
        """
        import numpy as np

        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(np.square(x).astype("float64"))
        g = tape.gradient(y, x)
        """,
        'np.square(x).astype("float64")',
        'tf.cast(tf.square(x), "float64")',
        "safe",
    ),
    "one element a row": Case(
        "GT202",
        """
        import numpy as np

        q, actions = tf.Variable([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(q.numpy()[np.arange(2), actions] ** 2)
        g = tape.gradient(y, q)
        """,
        "q.numpy()[np.arange(2), actions]",
        "tf.gather(q, actions, axis=1, batch_dims=1)",
    ),
    "what a function captures": Case(
        "GT206",
        """
        k = tf.Variable(2.0)

        def scaled(x):
            return k * x

        with tf.GradientTape() as tape:
            y = tf.py_function(scaled, [3.0], tf.float32)
        g = tape.gradient(y, k)
        """,
        "(x):\n    return k * x\n\nwith tf.GradientTape() as tape:\n    y = tf.py_function(scaled, [3.0],",
        "(x, k):\n    return k * x\n\nwith tf.GradientTape() as tape:\n    y = tf.py_function(scaled, [3.0, k],",
        "safe",
    ),
    "a running mean": Case(
        "GT208",
        """
        w, mean = tf.Variable([1.0, 2.0]), tf.keras.metrics.Mean()
        with tf.GradientTape() as tape:
            error = w**2
            mean.update_state(error)
            y = mean.result()
        g = tape.gradient(y, w)
        """,
        "y = mean.result()",
        "y = tf.reduce_mean(error)",
    ),
    "a contrast": Case(
        "GT302",
        """
        image = tf.Variable(tf.random.uniform((4, 4, 3)))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.image.adjust_contrast(image, 1.5) ** 2)
        g = tape.gradient(y, image)
        """,
        "tf.image.adjust_contrast(image, 1.5)",
        "(1.5 * image + (1.0 - 1.5) * tf.reduce_mean(image, axis=[-3, -2], keepdims=True))",
    ),
    "a saturation": Case(
        "GT302",
        """
        image = tf.Variable(tf.random.uniform((4, 4, 3)))
        with tf.GradientTape() as tape:
            toned = tf.image.adjust_saturation(image, 0.5)
            y = tf.reduce_sum(toned**2)
        g = tape.gradient(y, image)
        """,
        "tf.image.adjust_saturation(image, 0.5)",
        "0.5 * image + (1.0 - 0.5) * tf.image.rgb_to_grayscale(image)",
    ),
    "resizing by area": Case(
        "GT302",
        """
        image = tf.Variable(tf.random.uniform((1, 4, 4, 3)))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.image.resize(image, (2, 2), method=tf.image.ResizeMethod.AREA) ** 2)
        g = tape.gradient(y, image)
        """,
        "ResizeMethod.AREA",
        "ResizeMethod.BILINEAR",
    ),
    "integers that a cast meets": Case(
        "GT303",
        """
        score, stars = tf.Variable([1.5, 2.5]), tf.constant([1, 4])
        with tf.GradientTape() as tape:
            rating = tf.cast(score, tf.int32)
            y = tf.reduce_sum(tf.cast(rating - stars, tf.float32) ** 2)
        g = tape.gradient(y, score)
        """,
        "tf.cast(score, tf.int32)\n    y = tf.reduce_sum(tf.cast(rating - stars,",
        "score\n    y = tf.reduce_sum(tf.cast(rating - tf.cast(stars, score.dtype),",
    ),
    "pixels for a display": Case(
        "GT303",
        """
        image = tf.Variable([0.2, 0.4])
        with tf.GradientTape() as tape:
            pixels = tf.image.convert_image_dtype(image, tf.uint8)
            y = tf.reduce_sum(tf.cast(pixels, tf.float32) ** 2)
        g = tape.gradient(y, image)
        """,
        "tf.image.convert_image_dtype(image, tf.uint8)",
        "image * 255.0",
    ),
    "a comparison": Case(
        "GT304",
        """
        x = tf.Variable([0.2, 0.4])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.cast(2.0 * x < 0.5, tf.float32))
        g = tape.gradient(y, x)
        """,
        "tf.cast(2.0 * x < 0.5, tf.float32)",
        "tf.sigmoid(10.0 * (0.5 - 2.0 * x))",
    ),
    "a comparison that has a name": Case(
        "GT304",
        """
        x = tf.Variable([0.2, 0.4])
        with tf.GradientTape() as tape:
            large = tf.greater(x, 0.0)
            y = tf.reduce_sum(tf.cast(large, tf.float32))
        g = tape.gradient(y, x)
        """,
        "tf.greater(x, 0.0)\n    y = tf.reduce_sum(tf.cast(large, tf.float32))",
        "tf.sigmoid(10.0 * x)\n    y = tf.reduce_sum(large)",
    ),
    "a threshold of tf.where": Case(
        "GT305",
        """
        x, t = tf.constant([0.2, 0.4]), tf.Variable(0.3)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.where(x > t, x, 0.0))
        g = tape.gradient(y, t)
        """,
        "tf.where(x > t, x, 0.0)",
        "tf.sigmoid(10.0 * (x - t)) * x",
    ),
    "one source of a list": Case(
        "GT307",
        """
        w, b = tf.Variable(2.0), tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w**2
        grads = tape.gradient(y, [b, w])
        g = list(zip(grads, [b, w]))
        """,
        "[b, w])\ng = list(zip(grads, [b, w]))",
        "[w])\ng = list(zip(grads, [w]))",
    ),
    "a source with a name and an update of its own": Case(
        "GT307",
        """
        w, v, b = tf.Variable(2.0), tf.Variable(3.0), tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w * v
        d_w, d_b, d_v = tape.gradient(y, [w, b, v])
        b.assign_sub(0.1 * d_b)
        g = [d_w, d_v]
        """,
        "d_w, d_b, d_v = tape.gradient(y, [w, b, v])\nb.assign_sub(0.1 * d_b)\n",
        "d_w, d_v = tape.gradient(y, [w, v])\n",
    ),
    "a tape never entered": Case(
        "GT401",
        """
        x = tf.Variable(3.0)
        tape = tf.GradientTape()
        # the forward pass
        y = x**2
        g = tape.gradient(y, x)
        """,
        "tape = tf.GradientTape()\n# the forward pass\ny = x**2\n",
        "with tf.GradientTape() as tape:\n    # the forward pass\n    y = x**2\n",
        "safe",
    ),
    "the last calls of a block": Case(
        "GT402",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x**2
            a = tape.gradient(y, x)
            g = tape.gradient(y + x, x)
        del tape
        """,
        "    a = tape.gradient(y, x)\n    g = tape.gradient(y + x, x)\n",
        "    total = y + x\na = tape.gradient(y, x)\ng = tape.gradient(total, x)\n",
        "safe",
    ),
    "an inner gradient of a function": Case(
        "GT404",
        """
        def slope(x):
            with tf.GradientTape() as tape:
                y = x**3
            return tape.gradient(y, x)

        x = tf.Variable(3.0)
        first = slope(x)
        with tf.GradientTape() as tape:
            z = first**2
        g = tape.gradient(z, x)
        """,
        "first = slope(x)\nwith tf.GradientTape() as tape:\n",
        "with tf.GradientTape() as tape:\n    first = slope(x)\n",
        "safe",
    ),
    "a tape that is never asked": Case(
        "GT406",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            # only the value
            g = x**2
        print(g)
        """,
        "with tf.GradientTape() as tape:\n    # only the value\n    g = x**2\n",
        "# only the value\ng = x**2\n",
    ),
    "the gradients of other variables": Case(
        "GT502",
        """
        v, w = [tf.Variable(1.0)], [tf.Variable(2.0)]
        optimizer = tf.keras.optimizers.SGD()
        with tf.GradientTape(persistent=True) as tape:
            y = v[0] * w[0]
        d_v = tape.gradient(y, v)
        g = tape.gradient(y, w)
        del tape
        optimizer.apply_gradients(zip(d_v, w))
        """,
        "zip(d_v, w)",
        "zip(g, w)",
    ),
    "a loss that is not a scalar": Case(
        "GT701",
        """
        w = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            loss = w**2
        g = tape.gradient(loss, w)
        """,
        "    loss = w**2\n",
        "    loss = w**2\n    loss = tf.reduce_mean(loss)\n",
    ),
    "values by one number": Case(
        "GT701",
        """
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            values = w * tf.constant([1.0, 2.0])
        g = tape.gradient(values, w)
        """,
        "tape.gradient(values",
        "tape.jacobian(values",
    ),
}


def mended(case: Case, text: str, *, unsafe: bool) -> str:
    source = from_text(text, f"{case.code}.py")
    return mending.fix_source(source, mending.check, lambda new: from_text(new, source.path), unsafe=unsafe).after.text


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_and_that_tensorflow_bears_it_out(name: str) -> None:
    case = CASES[name]
    text = program(case.text)
    assert text.count(case.old) == 1
    fixed = mended(case, text, unsafe=True)
    expected = text.replace(case.old, case.new)
    if name == "variables kept in an attribute":
        expected = expected.replace("self.kept", "self.net.trainable_variables")
    assert fixed == expected
    assert (mended(case, text, unsafe=False) == fixed) is (case.applicability == "safe")
    assert arrived(run(fixed))
    assert not mending.check(from_text(fixed, f"{case.code}.py"))


LEFT = {
    "the weight of another source would change": (
        "GT304",
        """
        x, w = tf.Variable([0.2, 0.4]), tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * tf.cast(x > 0.3, tf.float32))
        g = tape.gradient(y, [x, w])
        """,
    ),
    "equality has no direction": (
        "GT304",
        """
        x = tf.Variable([0.2, 0.4])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.cast(x == 0.2, tf.float32))
        g = tape.gradient(y, x)
        """,
    ),
    "both sides with another source": (
        "GT305",
        """
        x, t = tf.Variable([0.2, 0.4]), tf.Variable(0.3)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.where(x > t, x, 0.0))
        d_x, d_t = tape.gradient(y, [x, t])
        """,
    ),
    "an error that is caught": (
        "GT302",
        """
        image = tf.Variable(tf.random.uniform((4, 4, 3)))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.image.adjust_contrast(image, 1.5))
        try:
            g = tape.gradient(y, image)
        except LookupError:
            g = None
        """,
    ),
    "an adjustment without a formula": (
        "GT302",
        """
        image = tf.Variable(tf.random.uniform((4, 4, 3)))
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.image.adjust_hue(image, 0.1))
        g = tape.gradient(y, image)
        """,
    ),
    "an index": (
        "GT303",
        """
        table, x = tf.constant([1.0, 2.0, 4.0]), tf.Variable(1.2)
        with tf.GradientTape() as tape:
            y = tf.gather(table, tf.cast(x, tf.int32))
        g = tape.gradient(y, x)
        """,
    ),
    "every source is lost": (
        "GT307",
        """
        w, b = tf.Variable(2.0), tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w**2
        g = tape.gradient(y, [b])
        """,
    ),
    "a gradient by place": (
        "GT307",
        """
        w, b = tf.Variable(2.0), tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w**2
        grads = tape.gradient(y, [b, w])
        print(grads[1])
        """,
    ),
    "a tape that something else uses": (
        "GT406",
        """
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x**2
            print(tape.watched_variables())
        """,
    ),
    "a gradient of a function that is summed": (
        "GT701",
        """
        x = tf.Variable([1.0, 2.0])
        with tf.GradientTape() as tape:
            y = tf.sin(x)
        g = tape.gradient(y, x)
        """,
    ),
    "a function with another use": (
        "GT206",
        """
        k = tf.Variable(2.0)

        def scaled(x):
            return k * x

        with tf.GradientTape() as tape:
            y = tf.py_function(scaled, [tf.constant(3.0)], tf.float32)
        g = tape.gradient(y, k)
        print(scaled(2.0))
        """,
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_alone(name: str) -> None:
    code, text = LEFT[name]
    source = from_text(program(text), f"{code}.py")
    result = mending.fixed_source(source)
    assert result.after.text == source.text
    assert [one for one in result.findings if one.code == code] or name == "a tape that something else uses"
