"""Statements: assignments, containers, branches and loops, inside a tape or not."""

from __future__ import annotations

from tests.generated.expressions import LEFT, LEFT_SCALAR, Expressions
from tests.generated.writing import DIFFERENTIABLE, EVEN_SHAPES, SHAPES, Name


class Statements(Expressions):
    """Writes the statements of a block."""

    def statements(self, count: int, nesting: int = 2) -> None:
        """Write some statements."""
        for _ in range(count):
            self.statement(nesting)

    def statement(self, nesting: int) -> None:
        """Write one statement."""
        ways = {
            "new": 7.0, "rebind": 2.0, "augment": 1.2, "unpack": 1.0, "list": 1.0, "dict": 0.7, "alias": 0.5,
            "array": 0.8, "assign": 0.5, "benign": 0.8, "swap": 0.3, "tuple": 0.3,
        }  # fmt: skip
        if nesting > 0:
            ways |= {
                "if": 1.4,
                "for": 1.4,
                "while": 0.5,
                "try": 0.5,
                "accumulate": 0.8,
                "if_data": 0.6,
                "comprehend": 0.8,
            }
            if self.tapes:
                ways["paused"] = 0.25
        if self.traced:
            for way in ("array", "assign", "if_data", "while", "try", "paused", "tuple"):
                ways.pop(way, None)
        getattr(self, "write_" + self.weighted(ways))(nesting)

    def write_new(self, _: int) -> None:
        shape = self.pick(SHAPES)
        value = self.tensor(shape, self.pick((1, 2, 2, 3)))
        name = self.fresh("tensor")
        if value.isidentifier():
            value = f"{value} * {self.number()}"
        self.line(f"{name} = {value}")
        self.add(name, "tensor", shape)

    def write_rebind(self, _: int) -> None:
        names = [name for name in self.known("tensor", bare=True)[-4:] if self.local(name)]
        if self.chance(0.06):
            names = [name for name in self.known("variable", bare=True) if self.local(name)] or names
        if not names:
            return self.write_new(_)
        name = self.pick(names)
        value = self.tensor(name.shape, 2)
        if self.chance(0.6):
            value = f"{name.text} * {value}" if " " not in value else f"{name.text} + ({value})"
        self.tag("rebind")
        self.line(f"{name.text} = {value}")
        if name.kind == "variable":
            self.add(name.text, "tensor", name.shape)
        return None

    def write_augment(self, _: int) -> None:
        names = [name for name in self.known("tensor", bare=True)[-4:] if self.local(name)]
        if not names:
            return self.write_new(_)
        name = self.pick(names)
        self.tag("augmented")
        operator = self.pick(("+=", "*=", "-="))
        self.line(f"{name.text} {operator} {self.tensor(name.shape, 1)}")
        return None

    def local(self, name: Name) -> bool:
        """Whether an assignment to a name here binds the same name: no function stands between."""
        scope = self.scope
        while True:
            if any(other.text == name.text for other in scope.names):
                return name.text.isidentifier()
            if scope.function or scope.parent is None:
                return False
            scope = scope.parent

    def write_unpack(self, _: int) -> None:
        self.tag("unpacking")
        way = self.pick(("pair", "star", "tensor", "nested", "zip"))
        first, second = self.fresh("tensor"), self.fresh("tensor")
        one, two = self.iterated(), self.iterated()
        if way == "pair":
            self.line(f"{first}, {second} = {one}, {two}")
        elif way == "star":
            rest = self.fresh("list")
            self.line(f"{first}, *{rest} = [{one}, {two}, {self.tensor('v', 1)}]")
            self.line(f"{second} = {self.pick((f'{rest}[0] * {rest}[1]', f'sum({rest})', f'tf.add_n({rest})'))}")
        elif way == "tensor":
            third = self.fresh("tensor")
            self.line(f"{first}, {second}, {third} = tf.unstack({one})")
            for name in (first, second, third):
                self.add(name, "tensor", "s")
            return
        elif way == "nested":
            third = self.fresh("tensor")
            self.line(f"{first}, ({second}, {third}) = {one}, ({two}, {self.tensor('s', 1)})")
            self.add(third, "tensor", "s")
        else:
            self.line(f"{first}, {second} = [p * q for p, q in zip(({one}, {two}), (1.0, 2.0))]")
        self.add(first, "tensor", "v")
        self.add(second, "tensor", "v")

    def write_swap(self, _: int) -> None:
        names = [name for name in self.known("tensor", shape="v", bare=True)[-5:] if self.local(name)]
        if len(names) < 2:
            return self.write_new(_)
        one, two = self.dice.sample(names, 2)
        self.line(f"{one.text}, {two.text} = {two.text}, {one.text}")
        return None

    def write_list(self, _: int) -> None:
        self.tag("containers")
        name = self.fresh("list")
        shapes = [self.pick(SHAPES) for _ in range(self.pick((2, 3)))]
        parts = [self.tensor(shape, 1) for shape in shapes]
        way = self.pick(("plain", "append", "extend", "plus", "replace"))
        if way == "append":
            self.line(f"{name} = [{', '.join(parts[:-1])}]")
            self.line(f"{name}.append({parts[-1]})")
        elif way == "extend":
            self.line(f"{name} = []")
            self.line(f"{name}.extend([{', '.join(parts)}])")
        elif way == "plus":
            self.line(f"{name} = [{', '.join(parts[:-1])}] + [{parts[-1]}]")
        else:
            self.line(f"{name} = [{', '.join(parts)}]")
        if way == "replace":
            self.line(f"{name}[0] = {self.tensor(shapes[0], 1)}")
        items = tuple(Name(f"{name}[{index}]", "tensor", shape, bare=False) for index, shape in enumerate(shapes))
        self.add(name, "list", "v", items)

    def write_tuple(self, _: int) -> None:
        self.tag("containers")
        name = self.fresh("list")
        parts = [self.tensor("v", 1) for _ in range(2)]
        self.line(f"{name} = {', '.join(parts)}")
        self.add(name, "list", "v", tuple(Name(f"{name}[{index}]", "tensor", "v", bare=False) for index in (0, -1)))

    def write_dict(self, _: int) -> None:
        self.tag("containers")
        name = self.fresh("dict")
        one, two = self.iterated(), self.iterated()
        way = self.pick(("plain", "call", "store", "update", "comprehension"))
        if way == "plain":
            self.line(f"{name} = {{'a': {one}, 'b': {two}}}")
        elif way == "call":
            self.line(f"{name} = dict(a={one}, b={two})")
        elif way == "store":
            self.line(f"{name} = {{}}")
            self.line(f"{name}['a'] = {one}")
            self.line(f"{name}['b'] = {two}")
        elif way == "update":
            self.line(f"{name} = {{'a': {one}}}")
            self.line(f"{name}.update({{'b': {two}}})")
        else:
            self.line(f"{name} = {{key: part * 2.0 for key, part in zip('ab', [{one}, {two}])}}")
        reads = self.pick((("{}['a']", "{}['b']"), ("{}.get('a')", "{}['b']"), ("list({}.values())[0]", "{}['b']")))
        self.add(name, "dict", "v", tuple(Name(read.format(name), "tensor", "v", bare=False) for read in reads))

    def write_alias(self, _: int) -> None:
        names = [name for name in self.known(*DIFFERENTIABLE) if self.plain(name)]
        if not names:
            return self.write_new(_)
        self.tag("alias")
        name = self.pick(names)
        alias = self.fresh(name.kind)
        self.line(f"{alias} = {name.text}")
        self.add(alias, name.kind, name.shape)
        return None

    def write_array(self, _: int) -> None:
        self.tag("numpy")
        if self.chance(0.3):
            name = self.fresh("number")
            self.line(f"{name} = {self.pick(('float(@)', 'float(@.numpy())')).replace('@', self.leaf('s'))}")
            self.add(name, "number", "s")
            return
        shape = self.pick(EVEN_SHAPES)
        name = self.fresh("array")
        form = self.pick(LEFT_SCALAR[1:4] if shape == "s" and self.chance(0.3) else LEFT)
        if form == "float(@.numpy())":
            form = "@.numpy()"
        self.line(f"{name} = {form.replace('@', self.leaf(shape))}")
        self.add(name, "array", shape)

    def write_assign(self, _: int) -> None:
        names = self.known("variable", "frozen")
        if not names:
            return self.write_new(_)
        self.tag("assign")
        name = self.pick(names)
        method = self.pick(("assign", "assign_add", "assign_sub"))
        if self.chance(0.3):
            self.line(f"{name.text}.{method}({self.pick(('0.1', '0.2'))} * {self.leaf(name.shape)})")
        else:
            self.line(f"{name.text}.{method}({self.tensor(name.shape, 1)})")
        return None

    def write_benign(self, _: int) -> None:
        """What people do beside the loss: print, log, check."""
        leaf = self.leaf("v")
        if self.traced:
            self.line(f"tf.debugging.assert_all_finite({leaf}, 'finite')")
            return
        self.tag("benign")
        self.line(
            self.pick((
                f"print(float(tf.reduce_mean({leaf})))", f"history.append(float(tf.reduce_sum({leaf})))",
                f"print('value', np.mean({leaf}))", f"assert {leaf}.shape == (3,)",
                f"tf.debugging.assert_all_finite({leaf}, 'finite')", f"print(\"%.3f\" % tf.norm({leaf}))",
                f"history.append({leaf}.numpy().mean())",
            ))
        )  # fmt: skip

    # -- control flow ----------------------------------------------------------------------------------------------

    def write_if(self, nesting: int) -> None:
        """A branch that the program's own constants decide."""
        self.tag("if-constant")
        number = self.known("number")
        test = self.pick(("training", "not training", "mode == 'train'", "mode != 'train'", "depth > 1", "depth >= 5",
                          "mode in ('train', 'fit')", "training and depth > 1", "debug is None", "verbose or training"))  # fmt: skip
        del number
        self.branches(test, nesting)

    def write_if_data(self, nesting: int) -> None:
        """A branch that a tensor decides."""
        self.tag("if-data")
        leaf = self.leaf("s")
        self.branches(self.pick((f"{leaf} > 0.2", f"tf.reduce_sum({leaf}) < 3.0", f"float({leaf}) > 0.1",
                                 f"np.abs({leaf}) < 1.0", f"tf.reduce_any({leaf} > 0.5)")), nesting)  # fmt: skip

    def branches(self, test: str, nesting: int) -> None:
        shared = None
        if self.chance(0.5):
            shared = self.fresh("tensor")
            shape = self.pick(EVEN_SHAPES)
        self.line(f"if {test}:")
        with self.indented():
            self.statements(self.pick((0, 1, 2)), nesting - 1)
            if shared:
                self.line(f"{shared} = {self.tensor(shape, 2)}")
        if shared or self.chance(0.4):
            self.line("else:")
            with self.indented():
                self.statements(self.pick((0, 1)), nesting - 1)
                if shared:
                    self.line(f"{shared} = {self.tensor(shape, 2)}")
        if shared:
            self.add(shared, "tensor", shape)

    def write_for(self, nesting: int) -> None:
        self.tag("for")
        ways = ["range(2)", "range(3)", "[0.5, 1.5]", "enumerate(['a', 'b'])", "zip([1.0, 2.0], [3.0, 4.0])"]
        if not self.traced:
            ways += [f"tf.unstack({self.leaf('v')})", "range(depth)"]
        head = self.pick(ways)
        variable = {"e": "i, tag", "z": "p, q"}.get(head[0], "i")
        if head.startswith("tf."):
            variable = self.fresh("tensor")
        self.line(f"for {variable} in {head}:")
        with self.indented():
            if head.startswith("tf."):
                self.add(variable, "tensor", "s")
            elif head[0] == "z":
                self.add("p", "number", "s")
                self.add("q", "number", "s")
            self.rebinding_body(nesting)
            if self.chance(0.25):
                stop = f"{variable} >= 1" if head.startswith("range") else "depth > 1"
                self.line(f"if {stop}:")
                with self.indented():
                    if self.chance(0.5):
                        self.write_rebind(0)
                    self.line(self.pick(("break", "continue")))
                self.write_rebind(0)
                self.tag("break")

    def rebinding_body(self, nesting: int) -> None:
        """A loop's body: what it does to names from before shows in the next turn."""
        if self.chance(0.7):
            self.write_rebind(0)
        self.statements(self.pick((0, 1, 2)), nesting - 1)
        if self.chance(0.3):
            self.write_augment(0)

    def write_while(self, nesting: int) -> None:
        self.tag("while")
        counter = self.fresh("integer")
        self.line(f"{counter} = 0")
        self.line(f"while {counter} < {self.pick(('2', '3', 'depth'))}:")
        with self.indented():
            self.rebinding_body(nesting)
            if self.chance(0.2):
                self.line(f"if {self.leaf('s')} > {self.pick(('0.0', '50.0'))}:")
                with self.indented():
                    self.write_rebind(0)
                    self.line("break")
                self.tag("break")
            self.line(f"{counter} += 1")

    def write_accumulate(self, _: int) -> None:
        """A sum that a loop gathers."""
        self.tag("for")
        total = self.fresh("tensor")
        lists = self.known("list")
        if lists and self.chance(0.5):
            self.tag("containers")
            names = f"({', '.join(self.leaf('v') for _ in range(2))})" if self.chance(0.3) else self.pick(lists).text
            self.line(f"{total} = {self.pick(('0.0', 'tf.zeros(3)', 'tf.constant(0.0)'))}")
            self.line(f"for part in {names}:")
            with self.indented():
                self.line(
                    self.pick(
                        (f"{total} += part", f"{total} = {total} + tf.sin(part)", f"{total} += tf.reduce_sum(part)")
                    )
                )
            self.line(f"{total} = {total} + tf.zeros(3)")
        else:
            self.line(f"{total} = tf.zeros(3)")
            self.line(f"for i in range({self.pick(('2', '3', 'depth'))}):")
            with self.indented():
                self.line(f"{total} += {self.tensor('v', 2)}")
        self.add(total, "tensor", "v")

    def write_comprehend(self, _: int) -> None:
        self.tag("comprehension")
        name = self.fresh("list")
        inner = self.leaf("v")
        self.line(
            f"{name} = " + self.pick((
                f"[tf.sin({inner}) * k for k in (1.0, 2.0)]", f"[part * {self.number()} for part in ({inner}, {self.leaf('v')})]",
                f"[{inner} ** (k + 1) for k in range(2) if k >= 0]", f"list(map(lambda part: part * {self.number()}, [{inner}, {self.leaf('v')}]))",
                f"[part + row for part in [{inner}] for row in ({self.leaf('v')}, {self.leaf('s')})]",
                f"[(part if flag else tf.cos(part)) for part, flag in zip([{inner}, {self.leaf('v')}], (True, False))]",
            ))
        )  # fmt: skip
        self.add(name, "list", "v", tuple(Name(f"{name}[{index}]", "tensor", "v", bare=False) for index in range(2)))
        if self.chance(0.5):
            total = self.fresh("tensor")
            self.line(f"{total} = {self.pick(('sum', 'tf.add_n'))}({name})")
            self.add(total, "tensor", "v")

    def write_try(self, nesting: int) -> None:
        self.tag("try")
        shared = self.fresh("tensor")
        self.line("try:")
        way = self.pick(("fine", "fine", "raises", "key"))
        with self.indented():
            self.statements(self.pick((0, 1)), nesting - 1)
            if way == "raises":
                self.line(f"raise {self.pick(('ValueError', 'RuntimeError'))}('no')")
            elif way == "key":
                self.line(f"{shared} = {self.tensor('v', 1)} * settings['missing']")
            else:
                self.line(f"{shared} = {self.tensor('v', 2)}")
        self.line(f"except {self.pick(('Exception', '(ValueError, RuntimeError, KeyError)', 'Exception as error'))}:")
        with self.indented():
            self.line(f"{shared} = {self.tensor('v', 1)}")
        if self.chance(0.3):
            self.line("finally:")
            with self.indented():
                self.line("history.append(0.0)")
        self.add(shared, "tensor", "v")

    def write_paused(self, nesting: int) -> None:
        self.tag("stop-recording")
        self.line(f"with {self.tapes[-1]}.stop_recording():")
        with self.indented():
            self.statements(1, nesting - 1)
            shared = self.fresh("tensor")
            self.line(f"{shared} = {self.tensor('v', 2)}")
        self.add(shared, "tensor", "v")
