"""Rarer forms: TensorFlow's own control flow, ``match``, ``global``, context managers, tensor arrays, own gradients."""

from __future__ import annotations

from typing import ClassVar

from tests.generated.definitions import Definitions
from tests.generated.writing import Callee


class Forms(Definitions):
    """Writes what programs use now and then."""

    rare: ClassVar[dict[str, float]] = {
        "cond": 1.0, "map_fn": 1.0, "while_loop": 0.6, "scan": 0.5, "match": 1.0, "array": 0.6, "many": 1.5,
        "items": 1.0, "chunks": 0.5, "nested_lists": 0.7, "enumerate": 0.7, "custom": 0.5, "conditional_rebind": 1.0,
    }  # fmt: skip

    def statement(self, nesting: int) -> None:
        if self.chance(0.1) and not self.traced and nesting > 0:
            getattr(self, "rare_" + self.weighted(self.rare))()
        else:
            super().statement(nesting)

    def named(self, value: str, shape: str = "v") -> None:
        """Bind a value to a new name."""
        name = self.fresh("tensor")
        self.line(f"{name} = {value}")
        self.add(name, "tensor", shape)  # type: ignore[arg-type]

    def rare_cond(self) -> None:
        self.tag("tf.cond")
        test = self.pick(("tf.constant(True)", f"{self.leaf('s')} > 0.1", f"tf.reduce_sum({self.leaf('v')}) < 0.0"))
        self.named(f"tf.cond({test}, lambda: {self.tensor('v', 1)} * 1.0, lambda: {self.tensor('v', 1)} * 2.0)")

    def rare_map_fn(self) -> None:
        self.tag("tf.map_fn")
        body = self.pick(("k * k", "tf.sin(k)", f"k * {self.leaf('s')}", "tf.round(k)", "tf.stop_gradient(k) + k"))
        function = self.pick(("tf.map_fn", "tf.vectorized_map"))
        self.named(f"{function}(lambda k: {body}, {self.leaf('v')})")

    def rare_while_loop(self) -> None:
        self.tag("tf.while_loop")
        start = self.leaf("v")
        body = self.pick((f"(i + 1, r * {self.leaf('s')})", "(i + 1, tf.sin(r))", "(i + 1, tf.round(r) * 1.0)"))
        self.named(f"tf.while_loop(lambda i, r: i < 2, lambda i, r: {body}, (0, {start} * 1.0))[1]")

    def rare_scan(self) -> None:
        self.tag("tf.scan")
        start = self.leaf("s")
        self.named(f"tf.scan(lambda total, k: total + k * k, {self.leaf('v')}, initializer={start} * 1.0)")

    def rare_match(self) -> None:
        self.tag("match")
        name = self.fresh("tensor")
        self.line(f"match {self.pick(('mode', 'depth'))}:")
        with self.indented():
            self.line(f"case {self.pick((chr(39) + 'train' + chr(39), '2', '2 | 3'))}:")
            with self.indented():
                self.line(f"{name} = {self.tensor('v', 2)}")
            self.line("case _:")
            with self.indented():
                self.line(f"{name} = {self.tensor('v', 2)}")
        self.add(name, "tensor", "v")

    def rare_array(self) -> None:
        self.tag("tf.TensorArray")
        name = self.fresh("ta")
        self.line(f"{name} = tf.TensorArray(tf.float32, size=2)")
        self.line(f"{name} = {name}.write(0, {self.tensor('v', 1)})")
        self.line(f"{name} = {name}.write(1, {self.tensor('v', 1)})")
        self.named(f"tf.reduce_sum({name}.stack(), axis=0)")

    def rare_many(self) -> None:
        """Several Variables in one list."""
        self.tag("list-of-variables")
        name = self.fresh("many")
        if self.scope.parent is not None:
            return self.rare_enumerate()
        self.line(f"{name} = [{self.variable_of('v')} for _ in range({self.pick(('2', '3'))})]")
        self.add(f"{name}[0]", "variable", "v", bare=False)
        self.add(f"{name}[1]", "variable", "v", bare=False)
        self.add(name, "list", "v", bare=False)
        return None

    def rare_items(self) -> None:
        self.tag("dict-items")
        total = self.fresh("tensor")
        self.line(f"{total} = tf.zeros(3)")
        self.line(f"for key, part in {{'a': {self.tensor('v', 1)}, 'b': {self.tensor('v', 1)}}}.items():")
        with self.indented():
            self.line(self.pick((f"{total} += part", f"{total} = {total} + (part if key == 'a' else tf.round(part))")))
        self.add(total, "tensor", "v")

    def rare_chunks(self) -> None:
        one, two = self.fresh("tensor"), self.fresh("tensor")
        self.line(f"{one}, {two} = tf.split({self.tensor('v', 1)}, [1, 2])")
        self.line(f"{one} = {one} * tf.ones(3)")
        self.add(one, "tensor", "v")
        self.line(f"{two} = tf.reduce_sum({two})")
        self.add(two, "tensor", "s")

    def rare_nested_lists(self) -> None:
        self.tag("containers")
        name = self.fresh("list")
        self.line(f"{name} = [({self.tensor('v', 1)}, {self.number()}), ({self.tensor('v', 1)}, {self.number()})]")
        total = self.fresh("tensor")
        self.line(
            f"{total} = {self.pick((f'sum(part * k for part, k in {name})', f'{name}[0][0] * {name}[1][1]', f'{name}[-1][0] + 0.0'))}"
        )
        self.add(total, "tensor", "v")

    def rare_enumerate(self) -> None:
        total = self.fresh("tensor")
        self.line(f"{total} = 0.0")
        self.line(f"for number, part in enumerate([{self.leaf('v')}, {self.leaf('v')}]):")
        with self.indented():
            self.line("if number == 0:")
            with self.indented():
                self.line(self.pick(("continue", f"{total} = {total} + part * 2.0", "part = tf.stop_gradient(part)")))
            self.line(f"{total} = {total} + part")
        self.add(total, "tensor", "v")

    def rare_conditional_rebind(self) -> None:
        """A name that one branch binds again."""
        self.tag("if-constant")
        names = [name for name in self.known("tensor", bare=True)[-3:] if self.local(name)]
        if not names:
            return self.write_new(0)
        name = self.pick(names)
        self.line(f"if {self.pick(('training', 'not training', 'depth > 1', 'depth == 2'))}:")
        with self.indented():
            self.line(f"{name.text} = {self.tensor(name.shape, 2)}")
        return None

    def rare_custom(self) -> None:
        if self.scope.parent is not None:
            return self.rare_cond()
        self.tag("tf.custom_gradient")
        name = self.fresh("clipped")
        self.line("@tf.custom_gradient")
        self.line(f"def {name}(a):")
        with self.indented():
            self.line("def backward(upstream):")
            with self.indented():
                self.line(f"return upstream * {self.number()}")
            self.line(f"return {self.pick(('tf.round(a)', 'a * 1.0', 'tf.sign(a)'))}, backward")
        self.scope.callees.append(Callee(name, ("v",), "v"))
        return None
