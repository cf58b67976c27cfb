"""Tapes: what they watch, what runs inside and outside them, and what is asked of them."""

from __future__ import annotations

from tests.generated.definitions import Definitions
from tests.generated.writing import DIFFERENTIABLE, Name


class Tapes(Definitions):
    """Writes the sources, the tape's block and the gradient calls."""

    def sources(self) -> None:
        """Variables, constants and what else a program differentiates by."""
        for _ in range(self.pick((1, 2, 2, 3))):
            self.source()
        if not self.known("variable", shape="v"):
            name = self.fresh("variable")
            self.line(f"{name} = {self.variable_of('v')}")
            self.add(name, "variable", "v")

    def source(self) -> None:
        way = self.weighted({
            "variable": 6.0, "frozen": 0.6, "constant": 2.0, "integer": 0.5, "outside": 0.5, "array": 0.4, "holder": 0.5,
        })  # fmt: skip
        shape = self.pick(("v", "v", "s"))
        if way == "variable":
            name = self.fresh("variable")
            self.line(f"{name} = {self.variable_of(shape)}")
            self.add(name, "variable", shape)
        elif way == "frozen":
            self.tag("frozen")
            name = self.fresh("frozen")
            self.line(f"{name} = tf.Variable({'[0.4, 1.1, 2.0]' if shape == 'v' else '0.9'}, trainable=False)")
            self.add(name, "frozen", shape)
        elif way == "constant":
            name = self.fresh("constant")
            value = self.pick(("tf.constant([0.5, 1.5, -0.7])", "tf.linspace(0.1, 1.0, 3)", "tf.random.normal([3])",
                               "tf.convert_to_tensor(np.array([0.2, 0.6, 1.9], dtype='float32'))",
                               "tf.cast([1, 2, 3], tf.float32)", "tf.range(3, dtype=tf.float32) + 0.5"))  # fmt: skip
            value = value if shape == "v" else self.pick(("tf.constant(1.7)", "tf.constant(0.6, tf.float32)"))
            self.line(f"{name} = {value}")
            self.add(name, "constant", shape)
        elif way == "integer":
            self.tag("integer")
            name = self.fresh("integer")
            text = self.pick(("tf.Variable([1, 2, 3])", "tf.constant([1, 2, 3])"))
            self.line(f"{name} = {text}")
            self.add(name, "integer", "v")
            if self.chance(0.6):
                derived = self.fresh("constant")
                self.line(f"{derived} = tf.cast({name}, tf.float32)")
                self.add(derived, "constant", "v")
        elif way == "outside":
            if not self.known(*DIFFERENTIABLE):
                return
            self.tag("outside")
            name = self.fresh("tensor")
            self.line(f"{name} = {self.tensor(shape, 1)} * {self.number()}")
            self.add(name, "tensor", shape)
        elif way == "array":
            name = self.fresh("array")
            self.line(f"{name} = np.array([0.3, 0.8, 1.2], dtype=np.float32)")
            self.add(name, "array", "v")
        else:
            self.tag("containers")
            name = self.fresh("dict")
            self.line(f"{name} = {{'kernel': {self.variable_of('v')}, 'bias': {self.variable_of('s')}}}")
            self.add(f"{name}['kernel']", "variable", "v", bare=False)
            self.add(f"{name}['bias']", "variable", "s", bare=False)
            self.scope.names.append(Name(f"list({name}.values())", "list", "v", (), bare=False))

    # -- the block -------------------------------------------------------------------------------------------------

    def tape_scene(self, *, inside: bool = False) -> None:
        """A tape's block and the gradients that are asked of it; ``inside`` says that names in scope may be parameters."""
        persistent = self.chance(0.35)
        quiet = self.chance(0.08)
        options = []
        if persistent:
            self.tag("persistent")
            options.append(self.pick(("persistent=True", "persistent=True", "persistent=not False")))
        if quiet:
            self.tag("watch_accessed_variables")
            options.append("watch_accessed_variables=False")
        tape = self.fresh(self.pick(("tape", "tape", "t_")))
        self.line(f"with tf.GradientTape({', '.join(options)}) as {tape}:")
        self.tapes.append(tape)
        before = self.scope
        with self.indented():
            # A tape's block is no scope of its own: what it binds holds after it.
            self.scope.names, body = before.names, self.scope
            late = self.chance(0.06)
            if not late:
                self.watches(tape, quiet=quiet)
            self.statements(self.pick((0, 1, 2, 2, 3, 4)), 2)
            if late:
                self.watches(tape, quiet=True)
            loss = self.write_loss()
            inner = self.chance(0.08)
            if inner:
                self.tag("asked-inside")
                self.ask(tape, loss)
            if self.chance(0.06) and persistent:
                self.tag("reset")
                self.line(f"{tape}.reset()")
                self.watches(tape, quiet=quiet)
                loss = self.write_loss()
            before.names = body.names
            self.scope.names = []
        self.tapes.pop()
        if self.chance(0.12):
            self.tag("after")
            self.after(loss)
        if not inner or persistent:
            for _ in range(self.pick((1, 2, 3)) if persistent else 1):
                self.ask(tape, loss)
            if not persistent and self.chance(0.05):
                self.tag("asked-twice")
                self.line("try:")
                with self.indented():
                    self.ask(tape, loss)
                self.line("except RuntimeError as error:")
                with self.indented():
                    self.line("print(error)")
        if persistent and self.chance(0.3):
            self.line(f"del {tape}")

    def watches(self, tape: str, *, quiet: bool) -> None:
        """What the program watches by hand."""
        candidates = self.known("constant", "tensor", "frozen")
        if quiet:
            candidates = candidates + self.known("variable")
        for name in candidates:
            if self.chance(0.65 if name.kind == "constant" else 0.3):
                self.tag("watch")
                self.line(f"{tape}.watch({name.text if self.chance(0.85) else f'[{name.text}]'})")

    def write_loss(self) -> Name:
        """The target."""
        value = self.scalar() if self.chance(0.8) else self.tensor("v", 2)
        name = self.fresh(self.pick(("loss", "loss", "cost", "total_loss", "objective")))
        self.line(f"{name} = {value}" if not value.isidentifier() else f"{name} = {value} * 1.0")
        # Not in scope as a tensor: what follows the block would otherwise be computed from it too often.
        return Name(name, "tensor", "s")

    def after(self, loss: Name) -> None:
        """Something that happens after the block and before the gradient."""
        way = self.pick(("scaled", "assigned", "rebound", "print", "names", "summed"))
        if way == "scaled":
            self.line(f"{loss.text} = {loss.text} * 0.5")
        elif way == "summed":
            self.line(f"{loss.text} = tf.reduce_mean({loss.text})")
        elif way == "assigned":
            names = self.known("variable")
            if names:
                name = self.pick(names)
                self.line(f"{name.text}.assign_add({'0.1' if name.shape == 's' else 'tf.ones(3)'})")
        elif way == "rebound":
            self.write_rebind(0)
        elif way == "print":
            self.line(f"print(tf.reduce_mean({loss.text}).numpy())")
        else:
            name = self.fresh("tensor")
            self.line(f"{name} = {self.tensor('v', 2)}")
            self.add(name, "tensor", "v")

    def header(self, tape: str) -> str:
        """The line on which a tape is made."""
        return next(line for line in reversed(self.lines) if line.endswith(f" as {tape}:"))

    # -- the question ----------------------------------------------------------------------------------------------

    def askable(self) -> list[str]:
        """What a gradient may be asked by."""
        weights = {"variable": 6, "constant": 3, "frozen": 2, "tensor": 1, "integer": 2}
        texts: list[str] = []
        for name in self.known("variable", "constant", "frozen", "tensor", "integer"):
            texts += [name.text] * weights[name.kind]
        return texts

    def chosen(self) -> list[str]:
        texts = self.askable()
        wanted = self.pick((1, 1, 2, 3))
        found: list[str] = []
        for _ in range(wanted * 3):
            text = self.pick(texts)
            if text not in found and len(found) < wanted:
                found.append(text)
        return found

    def ask(self, tape: str, loss: Name) -> None:
        """One gradient call."""
        found = self.chosen()
        target = loss.text
        way = self.weighted({"plain": 10.0, "list": 1.0, "dict": 0.6, "copy": 0.4, "collection": 1.5, "named": 0.7,
                             "watched": 0.3, "none-guard": 1.2})  # fmt: skip
        collections = [name.text for name in self.known("list") if not name.items and not name.bare]
        sources = f"[{', '.join(found)}]"
        single = len(found) == 1 and self.chance(0.8)
        if single:
            sources = found[0]
        if way == "dict":
            self.tag("containers")
            sources = "{" + ", ".join(f"'{index}': {text}" for index, text in enumerate(found)) + "}"
        elif way == "copy":
            self.tag("copy")
            name = self.leaf("v")
            sources = self.pick(
                (f"{name}[0]", f"tf.identity({name})", f"{name} * 1.0", f"tf.convert_to_tensor({name})")
            )
        elif way == "collection" and collections:
            sources = self.pick(collections)
            if self.chance(0.2):
                sources = (
                    f"{sources} + [{found[0]}]" if sources.startswith("list(") else f"list({sources}) + [{found[0]}]"
                )
        elif way == "named":
            name = self.fresh("list")
            self.line(f"{name} = [{', '.join(found)}]")
            sources = name
        elif way == "watched":
            self.tag("watched_variables")
            sources = f"{tape}.watched_variables()"
        extra = ""
        if self.chance(0.05):
            self.tag("unconnected_gradients")
            zero = self.pick(("tf.UnconnectedGradients.ZERO", "'zero'"))
            extra = f", unconnected_gradients={zero}"
        if self.chance(0.1):
            target = self.pick((f"[{target}]", f"[{target}, {target}]", f"({target},)"))
        elif self.chance(0.02):
            target = f"{target} * 2.0"
            self.tag("target-outside")
        if self.chance(0.08):
            call = f"{tape}.gradient(target={target}, sources={sources}{extra})"
        elif self.chance(0.03) and single and "persistent=" in self.header(tape):
            self.tag("jacobian")
            call = f"{tape}.jacobian({loss.text}, {sources}, experimental_use_pfor=False)"
        else:
            call = f"{tape}.gradient({target}, {sources}{extra})"
        names = f"d_{loss.text}"
        if not single and way == "plain" and self.chance(0.5):
            names = ", ".join(f"g{index}" for index in range(len(found)))
        self.line(f"{names} = {call}")
        if self.chance(0.3) and names.startswith("d_"):
            self.line(f"print({names})")

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
        variables = [name for name in self.known("variable")]
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
        shape = "v"
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
            self.add("x_in", "constant", shape)
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
                self.scope.callees.append(_callee("self.predict"))
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


def _callee(text: str):  # type: ignore[no-untyped-def]
    from tests.generated.writing import Callee

    return Callee(text, ("v",), "v")
