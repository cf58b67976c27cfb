"""A claim rests on premises: where code that is not seen may break one, nothing is said, and nowhere else."""

from __future__ import annotations

import textwrap

import pytest

from gradlint.flow.analysis import analyse
from gradlint.flow.facts import Kind

HEAD = """\
import functools
import numpy as np
import tensorflow as tf
from abc import ABC, abstractmethod
from elsewhere import library
"""

QUIET = {
    "an optimizer, or the program's wrapper of one": """
        import abc
        class Wrapper(abc.ABC):
            def __init__(self, optimizer):
                self.optimizer = optimizer
            def minimize(self, loss, given, tape):
                self.optimizer.apply_gradients([(tape.gradient(loss, given), given)])
        def get(identifier):
            return identifier if isinstance(identifier, Wrapper) else Wrapper(identifier)
        given = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            loss = given * given
        get(tf.keras.optimizers.Adam()).minimize(loss, given, tape)
        """,
    "a default that a check keeps from being used": """
        class Helper:
            def __init__(self, config, model=None, loss=None):
                if (config.steps > 1 or config.random) and (not model or not loss):
                    raise ValueError("both are needed")
                self.config = config
                self.model = model or (lambda _: tf.constant(0.0))
                self.loss = loss or (lambda _, __: tf.constant(0.0))
            def neighbour(self, x, y):
                for _ in range(1, self.config.steps):
                    with tf.GradientTape() as tape:
                        tape.watch(x)
                        loss = self.loss(y, self.model(x))
                    x = x + tape.gradient(loss, x)
                return x
        def plain(x, y, config):
            return Helper(config).neighbour(tf.constant(x), y)
        """,
    "a default that a check inside another one keeps from being used": """
        def step(x, config, model=None):
            if config.steps > 1:
                if model is None:
                    raise ValueError("needed")
            if model is None:
                model = lambda _: tf.constant(0.0)
            for _ in range(1, config.steps):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    loss = model(x)
                x = x + tape.gradient(loss, x)
            return x
        def plain(x, config):
            return step(tf.constant(x), config)
        """,
    "a default that an assertion keeps from being used": """
        def step(x, config, model=None):
            assert config.steps <= 1 or model is not None
            model = model or (lambda _: tf.constant(0.0))
            for _ in range(1, config.steps):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    loss = model(x)
                x = x + tape.gradient(loss, x)
            return x
        def plain(x, config):
            return step(tf.constant(x), config)
        """,
    "a second call that is tried for its error": """
        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w * w
        tape.gradient(y, w)
        try:
            tape.gradient(y, w)
        except RuntimeError as error:
            print(error)
        """,
    "a call that is tried for any error": """
        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w * w
        tape.gradient(y, w)
        try:
            print(tape.gradient(y, w))
        except Exception as error:
            print(error)
        """,
    "a class that a library may configure": """
        @library.configurable
        class Model(tf.keras.Model):
            def __init__(self, trainable=False):
                super().__init__()
                self.w = self.add_weight(shape=(), trainable=trainable)
            def call(self, x):
                return x * self.w
        @library.configurable
        class Wider(Model):
            def __init__(self, rounded=True):
                super().__init__()
        model = Wider()
        with tf.GradientTape() as tape:
            value = model(2.0)
        tape.gradient(value, model.w)
        """,
    "a record that a library may configure": """
        import dataclasses
        @library.configurable
        @dataclasses.dataclass
        class Config:
            trainable: bool = False
        w = tf.Variable(1.0, trainable=Config().trainable)
        with tf.GradientTape() as tape:
            value = w * w
        tape.gradient(value, w)
        """,
    "a tape that watches something unknown beside nothing else": """
        class Model(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self._layers = list()
                self._layers.append(tf.keras.layers.Dense(1))
            def call(self, x):
                for layer in self._layers:
                    x = layer(x)
                return x
        def train(model, x):
            params = library.weights(model)
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(params)
                cost = tf.reduce_sum(tf.split(model(x), 2)[0])
            return tape.gradient(cost, params)
        train(Model(), np.concatenate([np.ones((2, 3)), np.ones((2, 3))]))
        """,
    "a cast that has nothing to do": """
        class Random:
            def __init__(self, kind, value):
                self.kind = kind
                self.held = tf.convert_to_tensor(value)
            @property
            def value(self):
                self.held = tf.cast(self.held, self.kind.dtype)
                return self.held
        x = Random(library.Normal(0.0, 1.0), 1.0)
        with tf.GradientTape() as tape:
            tape.watch(x.value)
            y = 2.0 * x.value
        tape.gradient(y, [x.value])
        """,
    "a class whose objects a metaclass makes": """
        class Auto(type):
            def __call__(cls, *args):
                made = super().__call__(*args)
                made.w = tf.Variable(3.0)
                return made
        class Model(metaclass=Auto):
            def __init__(self):
                self.w = tf.constant(1.0)
        class Own(Model):
            pass
        model = Own()
        with tf.GradientTape() as tape:
            y = model.w * 2.0
        tape.gradient(y, model.w)
        """,
    "a class that its base completes": """
        class Base:
            def __init_subclass__(cls, scale=1.0, **options):
                super().__init_subclass__(**options)
                cls.w = tf.Variable(scale)
        class Model(Base, scale=3.0):
            w = tf.constant(0.0)
        with tf.GradientTape() as tape:
            y = Model.w * 2.0
        tape.gradient(y, Model.w)
        """,
    "a layer whose activation does not exist": """
        class Model(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.first = tf.keras.layers.Dense(3, activation="rule")
            def call(self, x):
                self.first(x)
        model = Model()
        model.compile("sgd", "mse")
        model.fit(np.ones((2, 3)), np.ones((2, 3)))
        """,
    "an entropy": """
        model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(3)])
        with tf.GradientTape() as tape:
            p = tf.nn.softmax(model(tf.ones((2, 4))))
            entropy = tf.reduce_sum(-p * tf.math.log(p), axis=-1) - tf.reduce_sum(p * tf.math.log(p), axis=-1)
            loss = tf.reduce_mean(entropy)
        tape.gradient(loss, model.trainable_variables)
        """,
    "what an application's inputs are prepared with is no model": """
        def dream(model, image):
            image = tf.keras.applications.inception_v3.preprocess_input(image)
            with tf.GradientTape() as tape:
                tape.watch(image)
                loss = tf.reduce_sum(model(image))
            return tape.gradient(loss, image)
        """,
    "a hook without a body": """
        class Base(tf.keras.Model):
            def loss(self, x, y):
                '''What subclasses train with.'''
            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = self.loss(x, y)
                return tape.gradient(loss, self.trainable_variables)
        """,
    "a hook that gives a number": """
        class Potential(tf.keras.Model):
            def energy(self, graph):
                return 0.0
            def forces(self, graph):
                with tf.GradientTape() as tape:
                    tape.watch(graph)
                    energy = self.energy(graph)
                return tape.gradient(energy, graph)
        class Own(Potential):
            def energy(self, graph):
                return tf.reduce_sum(graph)
        """,
    "an abstract method in arithmetic": """
        class Base(ABC):
            def __init__(self, weight):
                self.weight = float(weight)
                self.w = tf.Variable(1.0)
            @abstractmethod
            def terms(self, x):
                pass
            def step(self, x):
                with tf.GradientTape() as tape:
                    first, second = self.terms(x)
                    loss = first + self.weight * second
                return tape.gradient(loss, self.w)
        """,
    "a method that a subclass in view overrides": """
        class Base:
            def __init__(self):
                self.w = tf.Variable(1.0)
            def loss(self, x):
                return tf.reduce_sum(x)
            def step(self, x):
                with tf.GradientTape() as tape:
                    loss = self.loss(x)
                return tape.gradient(loss, self.w)
        class Weighted(Base):
            def loss(self, x):
                return tf.reduce_sum(self.w * x)
        """,
    "a method of a class that only subclasses have": """
        class Mixin:
            def step(self, x):
                with tf.GradientTape() as tape:
                    loss = self.forward(x)
                return tape.gradient(loss, self.w)
        """,
    "an attribute that others fill": """
        class Search:
            def __init__(self):
                self.start = None
            def step(self):
                with tf.GradientTape() as tape:
                    tape.watch(self.start)
                    loss = tf.reduce_sum(self.start ** 2)
                return tape.gradient(loss, self.start)
        """,
    "a layer that another method of an unseen caller built": """
        class Player:
            def __init__(self):
                self.net = tf.keras.Sequential([tf.keras.layers.Dense(1)])
            def act(self, x):
                return self.net(x)
            def learn(self, x):
                weights = self.net.trainable_variables
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(self.net(x))
                return tape.gradient(loss, weights)
        """,
    "a descriptor that is not seen": """
        class Kernel:
            def __init__(self):
                self.raw = tf.Variable(0.5)
            scaled = functools.partialmethod(library.scale, 2.0)
            value = library.positive_property("raw")
        kernel = Kernel()
        with tf.GradientTape() as tape:
            loss = kernel.scaled() + kernel.value
        tape.gradient(loss, kernel.raw)
        """,
    "a callback that appends": """
        def outputs(network, x):
            seen = []
            with tf.GradientTape() as tape:
                def note(value):
                    tape.watch(value)
                    seen.append(value)
                    return value
                y = network.run(x, note)
            return tape.gradient(y, seen)
        """,
    "a bound method that code of others calls": """
        class Probe:
            def __init__(self):
                self.seen = tf.constant(0.0)
            def note(self, value):
                self.seen = value
            def run(self, network, x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = network.run(x, self.note)
                return tape.gradient(self.seen, x)
        Probe().run(library.network, tf.constant(1.0))
        """,
    "the else of an is None": """
        def slope(x, start=None):
            y = None if start is None else tf.constant(2.0)
            with tf.GradientTape() as tape:
                if y is not None:
                    tape.watch(y)
                    loss = y * y
                    return tape.gradient(loss, y)
        slope(1.0, library.start)
        """,
    "a return where the value is None": """
        def slope(flag):
            y = tf.Variable(2.0) if flag else None
            if y is None:
                return None
            with tf.GradientTape() as tape:
                loss = y * y
            return tape.gradient(loss, y)
        slope(library.flag)
        """,
    "pairs of alternatives": """
        def listed(xs):
            if isinstance(xs, (list, tuple)):
                return xs, True
            return [xs], False
        def slopes(f, xs):
            xs, many = listed(xs)
            with tf.GradientTape() as tape:
                for x in xs:
                    tape.watch(x)
                y = f(*xs)
            grads = tape.gradient(y, xs)
            return grads if many else grads[0]
        """,
    "one of several values is watched": """
        def slope(x, raw):
            x = tf.constant(1.0) if raw is None else raw.get("x", 2.0)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
            return tape.gradient(y, x)
        slope(None, library.raw)
        """,
    "graph mode stands on the other way": """
        def train(model, x, optimizer):
            if not tf.executing_eagerly():
                return tf.compat.v1.train.AdamOptimizer().minimize(tf.reduce_sum(model(x)))
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(model(x))
            return tape.gradient(loss, model.trainable_variables)
        """,
    "an optimizer of a graph that the caller builds": """
        def train_op(self, x, y):
            with tf.compat.v1.variable_scope("losses"):
                loss = tf.reduce_mean(tf.square(tf.matmul(x, self.w) - y))
            return tf.compat.v1.train.AdamOptimizer().minimize(loss)
        def step(w):
            with tf.GradientTape() as tape:
                y = w * w
            return tape.gradient(y, w)
        """,
    "an operand that is kept above zero": """
        def length(x):
            return tf.sqrt(tf.maximum(tf.reduce_sum(x * x), 1e-7))
        x = tf.Variable([0.0, 1.0])
        with tf.GradientTape() as tape:
            magnitude = length(x)
            y = tf.where(magnitude <= 1e-3, tf.zeros_like(x), x / magnitude)
        tape.gradient(y, x)
        """,
    "an item that is taken after the block": """
        w = tf.Variable(1.0)
        with tf.GradientTape(persistent=True) as tape:
            out = library.both(w)
        tape.gradient(out[0], w)
        tape.gradient([one for one in out], w)
        """,
    "an object that computes when it is used": """
        w = tf.Variable(1.0)
        scale = library.Deferred(w, tf.exp)
        with tf.GradientTape() as tape:
            loss = scale * 2.0
        tape.gradient(loss, w)
        """,
    "an assertion of the None itself": """
        def test_nothing_comes():
            x = tf.constant(1.0)
            with tf.GradientTape() as tape:
                y = x * x
            gradients = tape.gradient(y, [x])
            assert gradients[0] is None
        """,
    "an assertion that it raises": """
        import pytest
        def test_it_raises():
            w = tf.Variable(1.0)
            with tf.GradientTape() as tape:
                y = w * w
            tape.gradient(y, w)
            with pytest.raises(RuntimeError):
                tape.gradient(y, w)
        """,
    "a name of its own that is also one around it": """
        e = tf.Variable(2.0)
        @tf.custom_gradient
        def log1pexp(x):
            e = tf.exp(x)
            return tf.math.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))
        x = tf.constant(1.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = log1pexp(x)
        tape.gradient(y, x)
        """,
    "a layer that is there and never called": """
        class Net(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.used, self.spare = tf.keras.layers.Dense(1), tf.keras.layers.Dense(1)
            def call(self, x):
                return self.used(x)
            def learn(self, x):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(self(x))
                return tape.gradient(loss, self.trainable_variables)
        """,
    "a model of layers of which one may be another": """
        part = library.load() if library.path else tf.keras.Sequential([tf.keras.layers.Dense(1)])
        whole = tf.keras.Sequential()
        whole.add(part)
        whole.compile("sgd", "mse")
        whole.fit(np.ones((1, 2)), np.ones((1, 1)))
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(whole(tf.ones((1, 2))))
        tape.gradient(loss, whole.trainable_variables)
        """,
    "layers that a page leaves out": """
        trunk = tf.keras.Sequential([...])
        model = tf.keras.Sequential([trunk, tf.keras.Sequential([...])])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(tf.ones((1, 2))))
        tape.gradient(loss, model.trainable_variables)
        """,
    "a model that code of others puts a part on": """
        entry = tf.keras.Input((4,))
        model = tf.keras.Model(entry, tf.keras.layers.Dense(3)(entry))
        library.prepare(model)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model.head(model(tf.ones((1, 4)))))
        tape.gradient(loss, [*model.head.trainable_variables])
        """,
    "a list that is converted element by element": """
        def slopes(values):
            for index, value in enumerate(values):
                values[index] = tf.convert_to_tensor(value)
            with tf.GradientTape() as tape:
                tape.watch(values)
                y = tf.add_n(values)
            return tape.gradient(y, values)
        slopes([1.0, 2.0])
        """,
    "a tape with a gradient method of its own": """
        class Scaled(tf.GradientTape):
            def gradient(self, target, sources, factor=1.0):
                return [factor * one for one in super().gradient(target, sources)]
        w = tf.Variable(1.0)
        with Scaled() as tape:
            loss = w * w
        tape.gradient(loss, [w], factor=2.0)
        """,
}

FOUND = {
    "a class that the program makes objects of": (
        """
        class Net(tf.keras.Model):
            def loss(self, x, y):
                pass
            def step(self, x, y):
                with tf.GradientTape() as tape:
                    loss = self.loss(x, y)
                return tape.gradient(loss, self.trainable_variables)
        Net().step(tf.ones((1, 2)), tf.ones((1, 1)))
        """,
        "target-not-tensor",
    ),
    "a method that does something": (
        """
        class Net:
            def __init__(self):
                self.w = tf.Variable(1.0)
            def loss(self):
                return tf.constant(np.square(self.w))
            def step(self):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_sum(self.loss())
                return tape.gradient(loss, self.w)
        """,
        "numpy",
    ),
    "a base class that the program makes objects of too": (
        """
        class Base:
            def __init__(self):
                self.w = tf.Variable(1.0)
            def loss(self):
                return float(self.w) * 2.0
            def step(self):
                with tf.GradientTape() as tape:
                    loss = tf.constant(self.loss())
                return tape.gradient(loss, self.w)
        class Other(Base):
            def loss(self):
                return self.w * 2.0
        Base().step()
        """,
        "python",
    ),
    "a property of a lambda that leaves TensorFlow": (
        """
        class Kernel:
            def __init__(self):
                self.raw = tf.Variable(0.5)
            value = property(lambda self: np.exp(self.raw))
        kernel = Kernel()
        with tf.GradientTape() as tape:
            loss = tf.constant(2.0) * kernel.value
        tape.gradient(loss, kernel.raw)
        """,
        "numpy",
    ),
    "a setter that assigns": (
        """
        class Blur:
            def __init__(self):
                self.log = tf.Variable(0.5)
            def read(self):
                return self.log
            def write(self, value):
                self.log.assign(value)
            radius = property(read, write)
        blur, w = Blur(), tf.Variable(1.0)
        with tf.GradientTape() as tape:
            blur.radius = w * 2.0
            loss = blur.radius ** 2
        tape.gradient(loss, w)
        """,
        "assigned",
    ),
    "the way on which it is None": (
        """
        def slope(flag):
            y = tf.Variable(2.0) if flag else None
            with tf.GradientTape() as tape:
                if y is None:
                    tape.watch(y)
                loss = tf.constant(1.0)
        slope(library.flag)
        """,
        "watch-refused",
    ),
    "a number on every way": (
        """
        def slope(flag):
            x = 1.0 if flag == "one" else 2.0
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
        slope(library.flag)
        """,
        "watch-refused",
    ),
    "one of two optimizers, neither of them the program's": (
        """
        def get(flag):
            return tf.keras.optimizers.Adam() if flag else tf.keras.optimizers.SGD()
        given = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            loss = given * given
        get(library.flag).minimize(loss, given, tape)
        """,
        "minimize",
    ),
    "minimize where TensorFlow runs eagerly": (
        """
        def train(model, x):
            if tf.executing_eagerly():
                loss = tf.reduce_sum(model(x))
                with tf.GradientTape() as tape:
                    pass
                return tf.compat.v1.train.AdamOptimizer().minimize(loss)
        train(tf.keras.Sequential([tf.keras.layers.Dense(1)]), tf.ones((1, 2)))
        """,
        "minimize",
    ),
    "NumPy on a tensor of the graph": (
        """
        w = tf.Variable(1.0)
        @tf.function
        def step(x):
            with tf.GradientTape() as tape:
                loss = w * np.sqrt(x)
            return tape.gradient(loss, w)
        step(tf.constant(2.0))
        """,
        "numpy",
    ),
    "int in a function that AutoGraph converts": (
        """
        w = tf.Variable(2.5)
        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.cast(int(w), tf.float32) * 2.0
            return tape.gradient(loss, w)
        step()
        """,
        "cast",
    ),
    "a name that only looks replaced": (
        """
        class Shown:
            pass
        shown = Shown()
        shown.square = 1
        w = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            loss = tf.constant(np.square(w))
        tape.gradient(loss, w)
        """,
        "numpy",
    ),
    "a thread, which no tape of another one sees": (
        """
        import threading
        w, box = tf.Variable(3.0), []
        with tf.GradientTape() as tape:
            thread = threading.Thread(target=lambda: box.append(w * w))
            thread.start()
            thread.join()
            loss = box[0] * 2.0
        tape.gradient(loss, w)
        """,
        "outside",
    ),
    "an operand that reaches zero": (
        """
        x = tf.Variable([0.0, 1.0])
        with tf.GradientTape() as tape:
            magnitude = tf.sqrt(tf.reduce_sum(x * x))
            y = tf.where(magnitude <= 0.0, tf.zeros_like(x), x / magnitude)
        tape.gradient(y, x)
        """,
        "nan-through-where",
    ),
    "an error that is caught and raised again": (
        """
        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w * w
        tape.gradient(y, w)
        try:
            tape.gradient(y, w)
        except RuntimeError as error:
            print(error)
            raise
        """,
        "tape-reused",
    ),
    "an error beside the one that is caught": (
        """
        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = w * w
        tape.gradient(y, w)
        try:
            tape.gradient(y, w)
        except KeyboardInterrupt:
            print("interrupted")
        """,
        "tape-reused",
    ),
    "an error somewhere in what is tried": (
        """
        w = tf.Variable(1.0)
        try:
            for _ in range(3):
                with tf.GradientTape() as tape:
                    y = w * w
                tape.gradient(y, w)
                tape.gradient(y, w)
        except RuntimeError as error:
            print(error)
        """,
        "tape-reused",
    ),
    "a function that nothing checks": (
        """
        def step(x, config, model=None):
            model = model or (lambda _: tf.constant(0.0))
            if config.steps > 9:
                raise ValueError("too many")
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = model(x)
            return x + tape.gradient(loss, x)
        def plain(x, config):
            return step(tf.constant(x), config)
        """,
        "unconnected",
    ),
    "an abstract class's constant": (
        """
        class Model(ABC):
            def __init__(self):
                self.w = tf.constant(1.0)
        class Other(metaclass=type(ABC)):
            pass
        model = Model()
        with tf.GradientTape() as tape:
            y = model.w * 2.0
        tape.gradient(y, model.w)
        """,
        "unwatched",
    ),
    "a layer whose activation has two names": (
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(3, activation="swish")])
        with tf.GradientTape() as tape:
            y = tf.round(model(tf.ones((1, 3))))
        tape.gradient(y, model.trainable_variables)
        """,
        "non-differentiable",
    ),
    "a layer whose activation may be the program's": (
        """
        tf.keras.utils.get_custom_objects().update({"rule": tf.nn.relu})
        model = tf.keras.Sequential([tf.keras.layers.Dense(3, activation="rule")])
        with tf.GradientTape() as tape:
            y = tf.round(model(tf.ones((1, 3))))
        tape.gradient(y, model.trainable_variables)
        """,
        "non-differentiable",
    ),
    "a decorator of the program on a class": (
        """
        def kept(cls):
            return cls
        @kept
        class Model(tf.keras.Model):
            def __init__(self, soft=False):
                super().__init__()
                self.soft = soft
                self.w = self.add_weight(shape=())
            def call(self, x):
                return x * self.w if self.soft else tf.round(x * self.w)
        model = Model()
        with tf.GradientTape() as tape:
            value = model(2.0)
        tape.gradient(value, model.trainable_variables)
        """,
        "non-differentiable",
    ),
    "an assertion of another gradient": (
        """
        def test_something_comes():
            x = tf.constant(1.0)
            with tf.GradientTape() as tape:
                y = x * x
            gradient = tape.gradient(y, x)
            assert gradient is not None
        """,
        "unwatched",
    ),
    "a layer that nothing in view has built": (
        """
        model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
        weights = model.trainable_variables
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(tf.ones((1, 2))))
        tape.gradient(loss, weights)
        """,
        "no-variables",
    ),
}


def program(text: str) -> str:
    return HEAD + textwrap.dedent(text)


@pytest.mark.parametrize("name", QUIET)
def test_what_may_be_otherwise_is_not_claimed(name: str) -> None:
    claims = analyse(program(QUIET[name])).claims
    assert [(claim.kind, claim.span.line) for claim in claims if claim.severity != "info"] == []


@pytest.mark.parametrize("name", FOUND)
def test_what_surely_holds_is_still_claimed(name: str) -> None:
    code, kind = FOUND[name]
    assert kind in {claim.kind for claim in analyse(program(code)).claims if claim.severity != "info"}


@pytest.mark.parametrize(("sources", "exceptions"), [("model.variables", set()), ("w", {"TypeError"})])
def test_what_gets_none_is_a_list_where_that_is_not_known(sources: str, exceptions: set[str]) -> None:
    code = f"""
        w = tf.Variable(1.0)
        model = library.Model()
        with tf.GradientTape() as tape:
            y = model(tf.ones((1, 3))) * w
        y = tf.reduce_mean(y)
        gradients = tape.gradient(y, {sources})
        tf.keras.optimizers.Adam().apply_gradients(zip(gradients, {sources}))
        """
    claims = [claim for claim in analyse(program(code)).claims if claim.severity != "info"]
    assert Kind.OUTSIDE in {claim.kind for claim in claims}
    assert {claim.exception for claim in claims} - {None} == exceptions
