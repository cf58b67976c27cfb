"""Tapes: what they watch, what runs inside and outside them, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.generated.forms import Forms
from tests.generated.writing import DIFFERENTIABLE, SHAPES, Name

if TYPE_CHECKING:
    from tests.generated.writing import Kind


class Tapes(Forms):
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
            "copy": 0.7, "whole": 0.4,
        })  # fmt: skip
        shape = self.pick(SHAPES)
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
        elif way == "copy":
            names = self.known("variable")
            if not names:
                return
            self.tag("copy")
            base = self.pick(names)
            kind: Kind = self.pick(("variable", "constant"))
            name = self.fresh(kind)
            forms = ("tf.Variable({})", "tf.Variable({} * 2.0)") if kind == "variable" else (
                "tf.identity({})", "{}.read_value()", "{}.value()", "{} + 0.0", "tf.convert_to_tensor({})", "tf.constant({}.numpy())",
            )  # fmt: skip
            self.line(f"{name} = {self.pick(forms).format(base.text)}")
            self.add(name, kind, base.shape)
        elif way == "whole":
            self.tag("integer")
            name = self.fresh("integer")
            self.line(
                f"{name} = {self.pick(('tf.Variable(3)', 'tf.constant(2)', 'tf.Variable(2, dtype=tf.int32)', 'tf.constant([1, 2, 3])'))}"
            )
            self.add(name, "integer", "s")
            derived = self.fresh("constant")
            self.line(f"{derived} = tf.cast({name}, tf.float32) * 1.0")
            self.add(derived, "constant", "v" if "[" in self.lines[-2] else "s")
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
        if self.chance(0.06):
            self.tag("tape-made-before")
            self.line(f"{tape} = tf.GradientTape({', '.join(options)})")
            self.line(f"with {tape}:")
        else:
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
        if persistent and self.chance(0.15):
            self.ask_in_turn(tape, loss)
        if not inner or persistent:
            for _ in range(self.pick((1, 2, 3)) if persistent else 1):
                self.ask(tape, loss)
            if not persistent and self.chance(0.05):
                self.tag("asked-twice")
                self.line("try:")
                with self.indented():
                    self.ask(tape, loss)
                    # A call that a program only makes to be refused stands last, and is not reported.
                    self.line("print('asked twice')")
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
            held = self.known("variable")
            if held:
                one = self.pick(held)
                self.line(f"{one.text}.assign_add({'0.1' if one.shape == 's' else 'tf.ones(3)'})")
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
        return next(
            line for line in reversed(self.lines) if line.endswith(f" as {tape}:") or f"{tape} = tf.Grad" in line
        )

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
        if self.chance(0.03):
            return self.refused(tape, loss)
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
        if self.chance(0.04):
            self.tag("output_gradients")
            extra = f", output_gradients={self.pick((f'tf.ones_like({target})', '2.0 * ' + target))}"
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
        return None

    def refused(self, tape: str, loss: Name) -> None:
        """A gradient call that raises, inside a ``try``."""
        self.tag("refused")
        wrong = [name.text for name in self.known("array", "number")] + ["2.0", "[1.0, 2.0]", "'w'", "None"]
        target, source = loss.text, self.pick(wrong)
        if self.chance(0.4):
            target, source = (
                self.pick((f"{target}.numpy()", f"float(tf.reduce_sum({target}))", "1.0")),
                self.pick(self.askable()),
            )
        self.line("try:")
        with self.indented():
            self.line(f"d_{loss.text} = {tape}.gradient({target}, {source})")
        self.line("except Exception as error:")
        with self.indented():
            self.line("print(error)")

    def ask_in_turn(self, tape: str, loss: Name) -> None:
        """A persistent tape that is asked for one source after the other."""
        self.tag("asked-in-turn")
        one, two = self.pick(self.askable()), self.pick(self.askable())
        if self.chance(0.5):
            self.line(f"each = [{tape}.gradient({loss.text}, v) for v in ({one}, {two})]")
        else:
            self.line(f"for v in [{one}, {two}]:")
            with self.indented():
                self.line(f"print({tape}.gradient({loss.text}, v))")
