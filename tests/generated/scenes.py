"""Whole scenes around a tape: several tapes, training loops, and tapes in functions and classes."""

from __future__ import annotations

from tests.generated.tapes import Tapes
from tests.generated.writing import Callee, Name


class Scenes(Tapes):
    """Writes scenes."""

    def helper_scene(self) -> None:
        """A function that is given what to differentiate, or the tape itself."""
        self.tag("tape-handed-on")
        name, asked = self.fresh("grad_of"), self.leaf("v")
        way = self.pick(("function", "function", "tape", "returned"))
        if way == "function":
            self.line(f"def {name}(fn, point):")
            with self.indented():
                self.line("with tf.GradientTape() as tape:")
                with self.indented():
                    self.line(self.pick(("tape.watch(point)", "tape.watch(point)", "point = tf.identity(point)")))
                    self.line("value = tf.reduce_sum(fn(point))")
                self.line("return tape.gradient(value, point)")
            callees = [callee for callee in self.scope.callable() if callee.shapes == ("v",) and not callee.spread]
            function = self.pick(callees).text if callees else "tf.sin"
            self.line(f"slope = {name}({function}, {asked})")
            self.line(
                f"slope = {name}(lambda q: {self.pick(('q * q', 'tf.round(q)', f'q * {asked}', 'np.sin(q) + q'))}, {self.leaf('v')})"
            )
        elif way == "tape":
            self.line(f"def {name}(tape, value, sources):")
            with self.indented():
                self.line("return tape.gradient(value, sources)")
            self.line("with tf.GradientTape() as tape:")
            with self.indented():
                self.line(f"value = {self.scalar()}")
            self.line(f"slope = {name}(tape, value, [{', '.join(self.chosen())}])")
        else:
            self.line(f"def {name}():")
            with self.inside_function():
                self.line("with tf.GradientTape() as tape:")
                with self.indented():
                    self.line(f"value = {self.scalar()}")
                self.line("return value, tape")
            self.line(f"value, recorded = {name}()")
            self.line(f"slope = recorded.gradient(value, [{', '.join(self.chosen())}])")

    # -- several tapes ---------------------------------------------------------------------------------------------

    def nested_scene(self) -> None:
        """Two tapes, one in the other: second derivatives, or two losses."""
        self.tag("nested")
        outer, inner = self.fresh("outer"), self.fresh("inner")
        variables = self.known("variable", "constant")
        if not variables:
            return self.tape_scene()
        source = self.pick(variables)
        second = self.pick(("persistent=True", "", ""))
        self.line(f"with tf.GradientTape({second}) as {outer}:")
        self.tapes.append(outer)
        before = self.scope
        with self.indented():
            self.scope.names = before.names
            if source.kind == "constant" and self.chance(0.8):
                self.line(f"{outer}.watch({source.text})")
            if self.chance(0.4):
                self.statements(1, 1)
            self.line(f"with tf.GradientTape({self.pick(('', 'persistent=True'))}) as {inner}:")
            names = self.scope.names
            with self.indented():
                self.scope.names = names
                if source.kind == "constant" and self.chance(0.8):
                    self.line(f"{inner}.watch({source.text})")
                self.statements(self.pick((0, 1, 2)), 1)
                value = self.fresh("tensor")
                expression = self.tensor("v", 2)
                form = self.pick(("tf.reduce_sum({} ** 3)", "tf.reduce_sum(tf.sin({}))", "tf.reduce_sum({})"))
                self.line(f"{value} = {form.format(expression)} + tf.reduce_sum({source.text} ** 3)")
                self.scope.names = []
            first = self.fresh("grad")
            where = self.pick(("inside", "inside", "inside", "after"))
            if where == "inside":
                self.line(f"{first} = {inner}.gradient({value}, {source.text})")
                wrapped = self.pick((first, first, f"tf.stop_gradient({first})", f"tf.constant({first}.numpy())"))
                loss = self.fresh("penalty")
                more = self.pick(("0.0", f"tf.reduce_sum({self.leaf('v')})"))
                self.line(f"{loss} = tf.reduce_sum({wrapped} ** 2) + {more}")
            before.names = self.scope.names if self.scope.names else before.names
            self.scope.names = []
        self.tapes.pop()
        if where == "after":
            self.line(f"{first} = {inner}.gradient({value}, {source.text})")
            loss = value
            if self.chance(0.3):
                loss = first
        asked = self.pick((source.text, f"[{source.text}]", f"[{', '.join(self.chosen())}]"))
        self.line(f"second = {outer}.gradient({loss}, {asked})")
        return None

    def loop_scene(self) -> None:
        """A training loop; what the first turn does shows in the second."""
        self.tag("training-loop")
        variables = list(self.known("variable"))
        used = [name.text for name in self.dice.sample(variables, min(len(variables), self.pick((1, 2))))]
        optimizer = self.chance(0.5)
        if optimizer:
            self.tag("optimizer")
            self.line(f"opt = keras.optimizers.{self.pick(('SGD', 'Adam'))}(0.01)")
        self.line(f"for {self.pick(('epoch', 'iteration', '_'))} in range({self.pick(('2', '3'))}):")
        with self.indented():
            self.line(f"with tf.GradientTape({self.pick(('', '', 'persistent=True'))}) as tape:")
            self.tapes.append("tape")
            names = self.scope
            with self.indented():
                self.scope.names = names.names
                self.watches("tape", quiet=False)
                self.statements(self.pick((0, 1, 2)), 1)
                value = self.scalar()
                self.line(f"loss = {value}")
                self.scope.names = []
            self.tapes.pop()
            one = len(used) == 1 and self.chance(0.5) and not optimizer
            listed = used[0] if one else f"[{', '.join(used)}]"
            self.line(f"grads = tape.gradient(loss, {listed})")
            if optimizer:
                self.line(f"pairs = [(g, v) for g, v in zip(grads, {listed}) if g is not None]")
                self.line("if pairs:")
                with self.indented():
                    self.line("opt.apply_gradients(pairs)")
            elif one:
                self.line("if grads is not None:")
                with self.indented():
                    way = self.pick(("assign", "assign_sub", "rebind"))
                    if way == "rebind" and used[0].isidentifier():
                        self.tag("update-rebinds")
                        self.line(f"{used[0]} = {used[0]} - 0.1 * grads")
                    elif way == "assign":
                        self.line(f"{used[0]}.assign({used[0]} - 0.1 * grads)")
                    else:
                        self.line(f"{used[0]}.assign_sub(0.1 * grads)")
            else:
                self.line(f"for g, v in zip(grads, {listed}):")
                with self.indented():
                    self.line("if g is not None:")
                    with self.indented():
                        self.line("v.assign_sub(0.1 * g)")

    def function_scene(self) -> None:
        """A function that holds the tape, called once or twice."""
        self.tag("tape-in-function")
        name = self.fresh(self.pick(("train_step", "compute_grads", "get_gradient", "saliency")))
        graph = self.chance(0.15)
        if graph:
            self.tag("tf.function")
            self.line("@tf.function")
        self.line(f"def {name}(x_in, flag=True):")
        with self.inside_function(traced=graph):
            parent = self.scope.parent
            assert parent is not None
            if graph:
                # Variables and functions that can be traced; nothing else of the module's.
                self.scope.callees = [callee for callee in parent.callable() if callee.traced]
            self.add("x_in", "constant", "v")
            if not graph and self.chance(0.3):
                self.line(f"if {self.pick(('flag', 'not flag'))}:")
                with self.indented():
                    self.line(
                        self.pick(
                            (
                                "x_in = x_in * 2.0",
                                "x_in = tf.convert_to_tensor(x_in)",
                                "x_in = tf.Variable(x_in)",
                                "print(x_in)",
                            )
                        )
                    )
            if graph:
                self.traced_scene()
            else:
                self.tape_scene(inside=True)
            last = next(
                (line.strip().partition(" = ")[0] for line in reversed(self.lines) if ".gradient(" in line), "None"
            )
            self.line(f"return {last if last.startswith('d_') and not graph else 'loss' if graph else '1.0'}")
        arguments = []
        for _ in range(self.pick((1, 2))):
            text = self.leaf("v")
            arguments.append(self.pick((text, text, "tf.constant([0.1, 0.4, 0.9])", f"{text}, flag=False")))
        for argument in arguments:
            self.line(f"result = {name}({argument})")

    def traced_scene(self) -> None:
        """A simple tape inside a ``tf.function``."""
        self.line("with tf.GradientTape() as tape:")
        names = self.scope
        with self.indented():
            self.scope.names = names.names
            self.watches("tape", quiet=False)
            self.statements(self.pick((0, 1, 2)), 1)
            self.line(f"loss = {self.scalar()}")
            self.scope.names = []
        self.line(f"grads = tape.gradient(loss, [{', '.join(self.chosen())}])")

    def class_scene(self) -> None:
        """A class whose method holds the tape."""
        self.tag("tape-in-method")
        label = self.fresh("Trainer")
        self.line(f"class {label}:")
        with self.indented():
            early = self.chance(0.25)
            with_optimizer = self.chance(0.3)
            self.line("def __init__(self, rate=0.1):")
            with self.indented():
                self.line(f"self.w = {self.variable_of('v')}")
                self.line(f"self.b = {self.variable_of('s')}")
                self.line(
                    f"self.c = {self.pick(('tf.constant([0.2, 0.5, 0.9])', 'tf.Variable([0.2, 0.5, 0.9], trainable=False)'))}"
                )
                self.line("self.params = [self.w, self.b]")
                if early:
                    self.tag("outside")
                    self.line(
                        f"self.early = {self.pick(('tf.exp(-self.b) * tf.ones(3)', 'self.w * 2.0', 'tf.nn.softmax(self.w)'))}"
                    )
                if with_optimizer:
                    self.line("self.opt = keras.optimizers.SGD(rate)")
            self.line("def predict(self, a):")
            with self.inside_function():
                self.scope.parent = None
                self.object_names(early=early)
                self.add("a", "tensor", "v")
                self.statements(self.pick((0, 1)), 1)
                self.returned("v")
            self.line("def step(self, a):")
            with self.inside_function():
                self.scope.parent = None
                self.scope.callees.append(Callee("self.predict", ("v",), "v"))
                self.object_names(early=early)
                self.add("a", "constant", "v")
                self.scope.names.append(Name("self.params", "list", "v", (), bare=False))
                self.tape_scene()
                self.line("return self.b")
        holder = self.fresh("trainer")
        self.line(f"{holder} = {label}()")
        for _ in range(self.pick((1, 2))):
            self.line(f"{holder}.step({self.leaf('v')})")
        if self.chance(0.3):
            self.line("with tf.GradientTape() as tape:")
            with self.indented():
                self.line(f"loss = tf.reduce_sum({holder}.predict({self.leaf('v')}))")
            self.line(f"grads = tape.gradient(loss, {holder}.params)")

    def object_names(self, *, early: bool) -> None:
        """What a method sees of its object."""
        self.add("self.w", "variable", "v", bare=False)
        self.add("self.b", "variable", "s", bare=False)
        self.add("self.c", "constant", "v", bare=False)
        if early:
            self.add("self.early", "tensor", "v", bare=False)
