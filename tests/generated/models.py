"""Keras: models of every style, layers, losses, metrics and optimizers."""

from __future__ import annotations

from collections.abc import Callable

from tests.generated.scenes import Scenes

Model = tuple[str, list[str], Callable[[str], str], list[str]]
"""A model's name, what to differentiate by, how it is called, and the layers that may be frozen."""
ACTIVATIONS = ("'relu'", "'tanh'", "'sigmoid'", "tf.nn.tanh", "None", "'softplus'")


class Models(Scenes):
    """Writes scenes with Keras models; inputs are (4, 3), outputs (4, 1)."""

    def keras_scene(self) -> None:
        """A model, a loss over it and the gradients by its variables."""
        self.tag("keras")
        self.line("features = tf.random.normal([4, 3])")
        self.line("labels = tf.random.normal([4, 1])")
        if self.chance(0.15):
            self.adversarial_scene()
        elif self.chance(0.1):
            self.explained_scene()
        elif self.chance(0.15):
            self.fitted_scene()
        else:
            self.model_scene()

    def model_scene(self) -> None:
        """A model, a loss over it, and a loop around it or not."""
        model, collections, call, pieces = getattr(self, "model_" + self.weighted({
            "sequential": 3.0, "functional": 2.0, "subclass": 3.0, "layer": 1.0, "heads": 1.0, "added": 1.0,
        }))()  # fmt: skip
        frozen = self.chance(0.15)
        if frozen and pieces:
            self.tag("frozen")
            self.line(f"{self.pick(pieces)}.trainable = False")
        early = self.chance(0.08)
        if early:
            self.tag("outside")
            self.line(f"predicted = {call('features')}")
        optimizer = self.chance(0.4)
        if optimizer:
            self.tag("optimizer")
            self.line(f"optimizer = keras.optimizers.{self.pick(('Adam', 'SGD', 'RMSprop'))}(learning_rate=0.01)")
        metric = self.chance(0.2)
        if metric:
            self.tag("metric")
            self.line(f"metric = keras.metrics.{self.pick(('Mean', 'Mean'))}()")
        loss_object = self.pick(
            ("", "keras.losses.MeanSquaredError()", "keras.losses.Huber()", "keras.losses.MeanAbsoluteError()")
        )
        if loss_object:
            self.line(f"loss_fn = {loss_object}")
        loop = self.chance(0.3)
        if loop:
            self.line("for epoch in range(2):")
            self.depth += 1
        persistent = self.chance(0.3)
        self.line(f"with tf.GradientTape({'persistent=True' if persistent else ''}) as tape:")
        self.depth += 1
        watched = self.chance(0.25)
        if watched:
            self.tag("input-gradient")
            self.line("tape.watch(features)")
        if not early:
            way = self.weighted({"call": 10.0, "predict": 0.6, "numpy": 0.8, "stop": 0.4, "round": 0.4, "argmax": 0.3})
            if way == "predict":
                self.tag("predict")
                self.line(
                    f"predicted = {model}.predict(features, verbose=0)"
                    if model_like(model)
                    else f"predicted = {call('features')}.numpy()"
                )
            else:
                self.line(f"predicted = {call('features')}")
                if way == "numpy":
                    self.tag("numpy")
                    self.line(
                        f"predicted = {self.pick(('predicted.numpy()', 'np.tanh(predicted)', 'tf.constant(np.array(predicted))'))}"
                    )
                elif way == "stop":
                    self.line("predicted = tf.stop_gradient(predicted)")
                elif way == "round":
                    self.line("predicted = tf.round(predicted)")
                elif way == "argmax":
                    self.line("predicted = tf.cast(tf.argmax(predicted, axis=1), tf.float32)[:, None]")
        loss = self.pick(("tf.reduce_mean(tf.square(predicted - labels))", "tf.reduce_mean(keras.losses.MeanSquaredError()(labels, predicted))",
                          "tf.reduce_mean((labels - predicted) ** 2)", "tf.reduce_sum(tf.nn.softplus(predicted * labels))"))  # fmt: skip
        if loss_object and self.chance(0.7):
            loss = "loss_fn(labels, predicted)"
        self.line(f"loss = {loss}")
        if self.chance(0.25):
            self.tag("regularisation")
            self.line(self.pick((
                f"loss += 0.01 * tf.add_n([tf.nn.l2_loss(v) for v in {collections[0]}])",
                f"loss = loss + sum(tf.reduce_sum(tf.square(v)) for v in {collections[0]}[:1])",
                f"loss += tf.reduce_sum({model}.losses)" if model_like(model) else "loss += 0.0",
            )))  # fmt: skip
        if metric:
            self.line("metric.update_state(loss)")
            if self.chance(0.25):
                self.line("loss = metric.result()")
        self.depth -= 1
        if self.chance(0.06):
            self.tag("after")
            self.line("loss = loss * 2.0")
        sources = self.pick(collections)
        for number in range(self.pick((1, 2)) if persistent else 1):
            chosen = sources if number == 0 else self.pick([*collections, "features"])
            if (watched and self.chance(0.5)) or self.chance(0.05):
                chosen = "features"
            self.line(f"grads = tape.gradient(loss, {chosen})")
            sources = chosen
        if optimizer and sources != "features":
            self.line(
                f"pairs = [(g, v) for g, v in zip({'grads' if '[' not in sources or sources.endswith(']') else '[grads]'}, {sources}) if g is not None]"
                if _many(sources)
                else "pairs = []"
            )
            self.line("if pairs:")
            with self.indented():
                self.line("optimizer.apply_gradients(pairs)")
        if loop:
            self.depth -= 1

    def adversarial_scene(self) -> None:
        """A generator and a discriminator, each with its own tape."""
        self.tag("gan")
        self.line(
            "generator = keras.Sequential([keras.Input(shape=(2,)), keras.layers.Dense(4, activation='relu'), keras.layers.Dense(3)])"
        )
        self.line(
            "discriminator = keras.Sequential([keras.Input(shape=(3,)), keras.layers.Dense(4, activation='tanh'), keras.layers.Dense(1)])"
        )
        self.line("entropy = keras.losses.BinaryCrossentropy(from_logits=True)")
        self.line("noise = tf.random.normal([4, 2])")
        self.line("with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:")
        with self.indented():
            self.line(
                f"fake = {self.pick(('generator(noise, training=True)', 'generator(noise)', 'generator.predict(noise, verbose=0)', 'tf.stop_gradient(generator(noise))'))}"
            )
            if self.chance(0.2):
                self.line(
                    f"fake = {self.pick(('fake * 2.0', 'tf.convert_to_tensor(np.array(fake))', 'tf.clip_by_value(fake, -9.0, 9.0)'))}"
                )
            self.line("real_output = discriminator(features, training=True)")
            self.line("fake_output = discriminator(fake, training=True)")
            self.line("gen_loss = entropy(tf.ones_like(fake_output), fake_output)")
            self.line(
                "disc_loss = entropy(tf.ones_like(real_output), real_output) + entropy(tf.zeros_like(fake_output), fake_output)"
            )
        swapped = self.chance(0.15)
        self.line(
            f"gen_grads = gen_tape.gradient({'disc_loss' if swapped else 'gen_loss'}, generator.trainable_variables)"
        )
        self.line(
            f"disc_grads = disc_tape.gradient({self.pick(('disc_loss', 'disc_loss', 'gen_loss'))}, discriminator.trainable_variables)"
        )

    def fitted_scene(self) -> None:
        """A model with its own ``train_step``, trained by ``fit``."""
        self.tag("train_step")
        self.line("class Fitted(keras.Model):")
        with self.indented():
            self.line("def __init__(self):")
            with self.indented():
                self.line("super().__init__()")
                self.line("self.hidden = keras.layers.Dense(4, activation='tanh')")
                self.line("self.out = keras.layers.Dense(1)")
            self.line("def call(self, inputs, training=False):")
            with self.indented():
                self.line("hidden = self.hidden(inputs)")
                self.line(
                    self.pick(
                        (
                            "hidden = hidden * 2.0",
                            "hidden = tf.stop_gradient(hidden)",
                            "hidden = tf.round(hidden)",
                            "hidden = tf.nn.relu(hidden)",
                        )
                    )
                )
                self.line("return self.out(hidden)")
            self.line("def train_step(self, data):")
            with self.indented():
                self.line("x, y = data")
                self.line("with tf.GradientTape() as tape:")
                with self.indented():
                    self.line("predicted = self(x, training=True)")
                    self.line(
                        self.pick(
                            (
                                "loss = tf.reduce_mean(tf.square(y - predicted))",
                                "loss = self.compute_loss(y=y, y_pred=predicted)",
                                "loss = tf.reduce_mean(tf.abs(y - predicted))",
                            )
                        )
                    )
                self.line(
                    f"grads = tape.gradient(loss, {self.pick(('self.trainable_variables', 'self.trainable_weights', 'self.out.trainable_variables', 'self.hidden.trainable_variables'))})"
                )
                self.line(
                    "pairs = [(g, v) for g, v in zip(grads, self.trainable_variables) if g is not None]"
                    if "self.train" in self.lines[-1]
                    else "pairs = []"
                )
                self.line("if pairs:")
                with self.indented():
                    self.line("self.optimizer.apply_gradients(pairs)")
                self.line("return {'loss': loss}")
        self.line("model = Fitted()")
        self.line("model.compile(optimizer='sgd', loss='mse')")
        self.line("model.fit(features, labels, epochs=1, verbose=0)")

    def explained_scene(self) -> None:
        """The gradient of a score by an inner layer's output, or by the input."""
        self.tag("grad-cam")
        self.line("entry = keras.Input(shape=(3,))")
        self.line("inner = keras.layers.Dense(4, activation='relu', name='inner')(entry)")
        self.line("model = keras.Model(entry, keras.layers.Dense(2)(inner))")
        self.line("both = keras.Model(model.inputs, [model.get_layer('inner').output, model.output])")
        way = self.pick(("right", "two passes", "input", "predict", "symbol"))
        if way == "predict":
            self.line("maps = both.predict(features, verbose=0)[0]")
        self.line("with tf.GradientTape() as tape:")
        with self.indented():
            if self.chance(0.5):
                self.line("tape.watch(features)")
            if way == "predict":
                self.line("score = model(features)")
            elif way == "two passes":
                self.line("maps, _ = both(features)")
                self.line("score = model(features)")
            else:
                self.line("maps, score = both(features)")
            self.line(f"top = score[:, {self.pick(('0', '1', 'tf.argmax(score[0])', 'int(np.argmax(score[0]))'))}]")
        source = {"input": "features", "symbol": "model.get_layer('inner').output"}.get(way, "maps")
        self.line(f"grads = tape.gradient(top, {source})")

    def layer_of(self, units: int, *, first: bool = False) -> str:
        """A layer of a (4, n) batch."""
        dense = f"keras.layers.Dense({units}, activation={self.pick(ACTIVATIONS)})"
        if first or self.chance(0.7):
            return dense
        return self.pick(("keras.layers.Dropout(0.1)", "keras.layers.BatchNormalization()", "keras.layers.LayerNormalization()",
                          "keras.layers.Activation('tanh')", "keras.layers.Lambda(lambda q: q * 2.0)",
                          "keras.layers.Lambda(lambda q: tf.stop_gradient(q))", "keras.layers.ReLU()", "keras.layers.Flatten()"))  # fmt: skip

    def variables_of(self, model: str, layers: list[str]) -> list[str]:
        """What a program may differentiate a model by."""
        found = [f"{model}.trainable_variables"] * 4 + [
            f"{model}.trainable_weights",
            f"{model}.variables",
            f"{model}.weights",
        ]
        for layer in layers:
            found += [f"{layer}.kernel", f"[{layer}.kernel, {layer}.bias]", f"{layer}.trainable_variables"]
        return found

    def model_sequential(self) -> Model:
        self.tag("sequential")
        way = self.pick(("list", "add", "input"))
        middle = [self.layer_of(4) for _ in range(self.pick((0, 1)))]
        layers = [self.layer_of(4, first=True), *middle, "keras.layers.Dense(1)"]
        if way == "add":
            self.line("model = keras.Sequential()")
            if self.chance(0.5):
                self.line("model.add(keras.Input(shape=(3,)))")
                way = "input"
            for layer in layers:
                self.line(f"model.add({layer})")
        else:
            head = "keras.Input(shape=(3,)), " if way == "input" else ""
            self.line(f"model = keras.Sequential([{head}{', '.join(layers)}])")
        if way != "input":
            self.line("model.build((None, 3))" if self.chance(0.5) else "model(features)")
        pieces = ["model.layers[0]", "model.layers[-1]"]
        training = self.pick(("", "", ", training=True", ", training=False"))
        return "model", self.variables_of("model", pieces), lambda x: f"model({x}{training})", pieces

    def model_functional(self) -> Model:
        self.tag("functional")
        self.line("inputs_ = keras.Input(shape=(3,))")
        self.line(f"first = {self.layer_of(4, first=True)}")
        self.line("last = keras.layers.Dense(1, name='last')")
        self.line("mid = first(inputs_)")
        if self.chance(0.4):
            self.line(self.pick(("mid = keras.layers.Concatenate()([mid, inputs_])", "mid = keras.layers.Dropout(0.2)(mid)",
                                 "mid = keras.layers.Lambda(lambda q: tf.round(q))(mid)", "mid = keras.layers.add([mid, mid])",
                                 "mid = keras.ops.tanh(mid)", "mid = mid * 2.0")))  # fmt: skip
        self.line(
            "model = keras.Model(inputs_, last(mid))"
            if self.chance(0.6)
            else "model = keras.Model(inputs=inputs_, outputs=last(mid))"
        )
        return (
            "model",
            self.variables_of("model", ["first", "last"]),
            lambda x: f"model({x})",
            ["first", "last", "model.get_layer('last')"],
        )

    def model_heads(self) -> Model:
        self.tag("heads")
        self.line("inputs_ = keras.Input(shape=(3,))")
        self.line("shared = keras.layers.Dense(4, activation='relu')")
        self.line("policy = keras.layers.Dense(1)")
        self.line("value = keras.layers.Dense(1)")
        self.line("base = shared(inputs_)")
        self.line("model = keras.Model(inputs_, [policy(base), value(base)])")
        call = self.pick(
            (
                "model({})[0]",
                "sum(model({}))",
                "(lambda both: both[0] + tf.stop_gradient(both[1]))(model({}))",
                "model({})[1]",
            )
        )
        return (
            "model",
            self.variables_of("model", ["shared", "policy", "value"]),
            lambda x: call.format(x),
            ["shared", "policy"],
        )

    def model_layer(self) -> Model:
        self.line("layer = keras.layers.Dense(1)")
        if self.chance(0.6):
            self.line("layer.build((None, 3))" if self.chance(0.5) else "layer(features)")
        found = ["layer.trainable_variables"] * 2 + ["layer.weights", "layer.kernel", "[layer.kernel, layer.bias]"]
        if "layer.build" not in self.lines[-1] and "layer(" not in self.lines[-1]:
            found = ["layer.trainable_variables", "layer.variables"]
        return "layer", found, lambda x: f"layer({x})", []

    def model_added(self) -> Model:
        self.tag("add_weight")
        self.line("class Scale(keras.layers.Layer):")
        with self.indented():
            if self.chance(0.5):
                self.line("def build(self, input_shape):")
                with self.indented():
                    self.added()
            else:
                self.line("def __init__(self, units=1, **kwargs):")
                with self.indented():
                    self.line("super().__init__(**kwargs)")
                    self.added()
            self.line("def call(self, inputs):")
            with self.indented():
                body = self.pick(
                    (
                        "tf.matmul(inputs, self.kernel)",
                        "inputs @ self.kernel",
                        "tf.matmul(inputs, tf.stop_gradient(self.kernel))",
                    )
                )
                self.line(f"out = {body}")
                self.line(
                    f"return {self.pick(('out * self.gain', 'out + self.gain', 'tf.round(out) + self.gain', 'tf.nn.tanh(out) * self.gain'))}"
                )
        self.line("layer = Scale()")
        self.line("layer(features)")
        found = [
            "layer.trainable_variables",
            "layer.trainable_weights",
            "layer.weights",
            "layer.kernel",
            "[layer.kernel, layer.gain]",
            "layer.gain",
        ]
        return "layer", found, lambda x: f"layer({x})", []

    def added(self) -> None:
        self.line("self.kernel = self.add_weight(shape=(3, 1), initializer='random_normal', name='kernel')")
        trainable = self.pick(("True", "True", "False"))
        self.line(f"self.gain = self.add_weight(shape=(1,), initializer='ones', trainable={trainable}, name='gain')")

    def model_subclass(self) -> Model:
        self.tag("subclass")
        label = self.fresh("Network")
        base = self.pick(("keras.Model", "keras.Model", "keras.layers.Layer"))
        self.line(f"class {label}({base}):")
        listed = self.chance(0.25)
        with self.indented():
            self.line("def __init__(self, units=4):")
            with self.indented():
                self.line(self.pick(("super().__init__()", f"super({label}, self).__init__()")))
                if listed:
                    self.line("self.blocks = [keras.layers.Dense(units, activation='tanh') for _ in range(2)]")
                else:
                    self.line(f"self.hidden = keras.layers.Dense(units, activation={self.pick(ACTIVATIONS)})")
                self.line("self.head = keras.layers.Dense(1)")
                extra = self.chance(0.4)
                if extra:
                    self.line(
                        self.pick(
                            (
                                "self.temperature = tf.Variable(1.5)",
                                "self.temperature = self.add_weight(shape=(), initializer='ones')",
                            )
                        )
                    )
                unused = self.chance(0.15)
                if unused:
                    self.tag("unused-layer")
                    self.line("self.spare = keras.layers.Dense(2)")
            self.line("def call(self, inputs, training=False):")
            with self.indented():
                if listed:
                    self.line("out = inputs")
                    self.line("for block in self.blocks:")
                    with self.indented():
                        self.line("out = block(out)")
                else:
                    self.line("out = self.hidden(inputs)")
                way = self.weighted({"": 8.0, "stop": 0.7, "round": 0.6, "if": 1.0, "numpy": 0.4, "spare": 0.5})
                if way == "stop":
                    self.line("out = tf.stop_gradient(out)")
                elif way == "round":
                    self.line("out = tf.round(out)")
                elif way == "numpy":
                    self.tag("numpy")
                    self.line("out = tf.constant(np.array(out))")
                elif way == "if":
                    self.line(f"if {self.pick(('training', 'not training'))}:")
                    with self.indented():
                        self.line(
                            self.pick(
                                ("out = tf.nn.dropout(out, 0.1)", "out = tf.stop_gradient(out)", "out = out * 2.0")
                            )
                        )
                elif way == "spare" and unused:
                    self.line("self.spare(out)")
                result = "self.head(out)"
                if extra:
                    result = self.pick(
                        ("self.head(out) * self.temperature", "self.head(out / self.temperature)", "self.head(out)")
                    )
                self.line(f"return {result}")
        self.line(f"model = {label}()")
        if self.chance(0.7):
            self.line("model(features)")
        pieces = ["model.head"] + ([] if listed else ["model.hidden"])
        if self.lines[-1].strip() != "model(features)":
            return (
                "model" if "Model" in base else "layer_model",
                ["model.trainable_variables", "model.variables"],
                lambda x: f"model({x})",
                [],
            )
        training = self.pick(("", "", ", training=True"))
        found = self.variables_of("model", pieces)
        if extra:
            found += ["model.temperature", "[model.temperature]"]
        return "model" if "Model" in base else "layer_model", found, lambda x: f"model({x}{training})", pieces


def model_like(name: str) -> bool:
    """Whether it is a model and not only a layer."""
    return name == "model"


def _many(sources: str) -> bool:
    return sources.endswith(("variables", "weights", "]"))
