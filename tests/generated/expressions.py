"""Float expressions of a wanted shape, over the names in scope, some of which lose the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.generated.writing import DIFFERENTIABLE, Page

if TYPE_CHECKING:
    from tests.generated.writing import Callee, Name, Shape

SMOOTH = (
    "tf.sin", "tf.cos", "tf.tanh", "tf.square", "tf.math.sigmoid", "tf.nn.softplus", "tf.sigmoid", "tf.math.softplus",
    "tf.identity", "tf.math.tanh", "tf.nn.tanh", "tf.nn.elu", "tf.math.atan", "tf.negative", "tf.nn.swish", "tf.exp",
    "tf.abs", "tf.nn.leaky_relu", "tf.math.erf", "tf.convert_to_tensor", "tf.math.log1p(tf.square(@))", "tf.nn.selu",
)  # fmt: skip
BROKEN = (
    "tf.stop_gradient(@)", "tf.round(@)", "tf.sign(@)", "tf.floor(@)", "tf.cast(tf.cast(@, tf.int32), tf.float32)",
    "tf.cast(@ > 0.3, tf.float32)", "tf.cast(tf.greater(@, 0.3), tf.float32)", "tf.math.ceil(@)", "tf.zeros_like(@)",
    "tf.ones_like(@)", "tf.math.rint(@)", "tf.cast(tf.math.is_nan(@), tf.float32)",
    "tf.where(@ > 0.2, 1.5, 0.5)", "tf.cast(tf.cast(@ * 10.0, 'int64'), 'float32')", "tf.nn.relu(tf.sign(@))",
)  # fmt: skip
SHAPED = ("tf.cast(tf.shape(@)[0], tf.float32)", "tf.cast(tf.size(@), tf.float32)", "float(@.shape[0])")
LEFT = (
    "np.sin(@)", "np.tanh(@)", "np.square(@)", "np.exp(@)", "np.abs(@)", "@.numpy()", "np.array(@)",
    "np.asarray(@)", "np.clip(@, -1.0, 1.0)", "np.sin(@.numpy())", "np.maximum(@, 0.1)", "np.float32(2.0) * np.cos(@)",
)  # fmt: skip
LEFT_SCALAR = (
    "float(@)",
    "@.numpy()",
    "np.mean(@)",
    "float(@.numpy())",
    "@.numpy().item()",
    "math.sin(@)",
    "np.sum(@)",
)
REWRAPPED = ("tf.constant(@)", "tf.convert_to_tensor(@)", "tf.Variable(@)", "tf.constant(@, dtype=tf.float32)")
REDUCED = (
    "tf.reduce_sum(@)", "tf.reduce_mean(@)", "tf.reduce_max(@)", "tf.math.reduce_sum(@)", "tf.norm(@ + 0.7)",
    "tf.reduce_mean(tf.square(@))", "tf.math.reduce_mean(@, axis=0)", "tf.reduce_logsumexp(@)", "sum(tf.unstack(@))",
    "tf.tensordot(@, @, 1)", "tf.einsum('i->', @)", "tf.linalg.norm(@ - 2.1)",
)  # fmt: skip
WIDENED = ("tf.stack([@, @, @])", "tf.fill([3], @)", "tf.broadcast_to(@, [3])", "tf.ones(3) * @", "tf.repeat(@, 3)")
MOVED = (
    "@[::-1]", "tf.reshape(@, (3,))", "tf.reverse(@, [0])", "tf.gather(@, [2, 0, 1])", "tf.roll(@, 1, axis=0)",
    "tf.squeeze(@[None, :])", "tf.concat([@[:1], @[1:]], axis=0)", "tf.cumsum(@)", "tf.nn.softmax(@)", "@[..., :]",
    "tf.squeeze(tf.expand_dims(@, 0), 0)", "tf.linalg.matvec(tf.eye(3), @)", "tf.stack(tf.unstack(@))",
    "tf.reshape(tf.matmul(@[None, :], tf.eye(3)), [-1])", "tf.sort(@)", "tf.nn.log_softmax(@)", "tf.pad(@[:2], [[0, 1]])",
)  # fmt: skip


class Expressions(Page):
    """Writes expressions; ``loss`` is the share of inner nodes that lose the gradient."""

    loss = 0.12
    clause = False
    """Whether the expression may come to stand in a comprehension's clause, where no name may be bound."""

    def iterated(self) -> str:
        """An expression for something that is iterated."""
        before, self.clause = self.clause, True
        value = self.tensor("v", 1)
        self.clause = before
        return value

    def leaf(self, shape: Shape) -> str:
        """A name that is a tensor or a Variable of the wanted shape, or a short expression over one."""
        names = self.known(*DIFFERENTIABLE, shape=shape)
        if names:
            recent = names[-4:] if self.chance(0.4) else names
            return self.pick(recent).text
        other = self.known(*DIFFERENTIABLE)
        if not other:
            return self.pick(("tf.constant([0.3, 1.2, 2.0])", "tf.ones(3)")) if shape == "v" else "tf.constant(0.7)"
        name = self.pick(other)
        return f"tf.reduce_sum({name.text})" if shape == "s" else f"tf.stack([{name.text}, {name.text}, {name.text}])"

    def tensor(self, shape: Shape = "v", depth: int = 2) -> str:
        """An expression that gives a tensor or a Variable."""
        if depth <= 0:
            return self.leaf(shape)
        if self.chance(self.loss):
            return self.broken(shape, depth)
        way = self.weighted({
            "leaf": 1.0, "binary": 5.0, "unary": 4.0, "call": 3.0, "move": 1.2, "other": 1.2, "special": 1.4,
        })  # fmt: skip
        if way == "binary":
            return self.binary(shape, depth)
        if way == "unary":
            return self.unary(shape, depth)
        if way == "call":
            return self.called(shape, depth) or self.unary(shape, depth)
        if way == "move" and shape == "v":
            return self.filled(self.pick(MOVED), "v", depth, once=True)
        if way == "other":
            if shape == "s":
                return self.filled(self.pick(REDUCED), "v", depth, once=True)
            return self.filled(self.pick(WIDENED), "s", depth, once=True)
        if way == "special":
            return self.special(shape, depth)
        return self.leaf(shape)

    def filled(self, form: str, shape: Shape, depth: int, *, once: bool = False) -> str:
        """A form with ``@`` replaced by expressions; by one name only where the form repeats it or calls a method."""
        simple = once and form.count("@") > 1
        part = self.leaf(shape) if simple else self.tensor(shape, depth - 1)
        if not simple and "@" in form:
            at = form.index("@")
            alone = (at > 0 and form[at - 1] in "([, ") and form[at + 1 : at + 2] in {")", ","} and "* @" not in form
            part = part if alone else _atom(part)
        return form.replace("@", part)

    def unary(self, shape: Shape, depth: int) -> str:
        function = self.pick(SMOOTH)
        inner = self.tensor(shape, depth - 1)
        if "@" in function:
            return function.replace("@", inner)
        if function == "tf.exp":
            return f"tf.exp(-tf.square({inner}))"
        return f"{function}({inner})"

    def binary(self, shape: Shape, depth: int) -> str:
        left = self.tensor(shape, depth - 1)
        if self.chance(0.3):
            operator = self.pick(("*", "+", "-", "/"))
            number = self.pick([self.number(), self.number(), *[name.text for name in self.known("number")]])
            if self.chance(0.3) and operator != "/":
                return f"{_atom(number)} {operator} {_atom(left)}"
            return f"{_atom(left)} {operator} {_atom(number)}"
        if self.chance(0.15):
            return f"{_atom(left)} ** {self.pick(('2', '2.0', '3'))}"
        right = self.tensor("s", depth - 1) if shape == "v" and self.chance(0.3) else self.tensor(shape, depth - 1)
        operator = self.weighted({"*": 4.0, "+": 4.0, "-": 2.0, "f": 1.5})
        if operator == "f":
            function = self.pick(("tf.add", "tf.multiply", "tf.maximum", "tf.subtract", "tf.math.add", "tf.minimum"))
            return f"{function}({left}, {right})"
        return f"{_atom(left)} {operator} {_atom(right)}"

    def special(self, shape: Shape, depth: int) -> str:
        """Python's own ways to make a value."""
        arrays = self.known("array", shape=shape)
        way = self.pick(
            ("where", "index", "lambda", "ternary", "sum", "array", "item", "walrus", "clip", "loop", "read")
        )
        inner = self.tensor(shape, depth - 1)
        if way == "where":
            other = self.tensor(shape, depth - 1)
            self.tag("where")
            return f"tf.where({self.leaf(shape)} > 0.4, {inner}, {other})"
        if way == "index" and shape == "s":
            return f"{_atom(self.tensor('v', depth - 1))}[{self.pick(('0', '1', '-1', '2'))}]"
        if way == "lambda":
            self.tag("lambda")
            argument = self.pick(("v", "q", "r"))
            body = self.pick(("{0} * {0}", "tf.sin({0})", "{0} + " + _atom(self.leaf(shape)), "2.0 * {0}"))
            return f"(lambda {argument}: {body.format(argument)})({inner})"
        if way == "ternary":
            self.tag("ternary")
            test = self.pick(("True", "False", "1 > 2", f"{self.number()} < 1.0", "not False"))
            return f"({inner} if {test} else {self.tensor(shape, depth - 1)})"
        if way == "sum":
            self.tag("comprehension")
            loop = self.pick(("i in range(2)", "i in (1.0, 2.0)", "i in [1, 2]", "_, i in enumerate([0.5, 1.5])"))
            cast = "i" if "." in loop else "float(i + 1)"
            return f"sum({_atom(inner)} * {cast} for {loop})"
        if way == "array" and arrays:
            return f"{_atom(inner)} {self.pick(('*', '+', '-'))} {self.pick(arrays).text}"
        if way == "item":
            holders = [name for name in self.known("list", "dict") if name.items]
            choices = [item for holder in holders for item in holder.items if item.shape == shape]
            if choices:
                self.tag("containers")
                return self.pick(choices).text
        if way == "walrus" and self.depth and not self.traced and not self.clause:
            self.tag("walrus")
            name = self.fresh("tensor")
            return f"({name} := {inner}) * {name}"
        if way == "read":
            names = self.known("variable", shape=shape)
            if names and not self.traced:
                return f"{self.pick(names).text}{self.pick(('.value()', '.read_value()'))}"
        if way == "clip":
            return f"tf.clip_by_value({inner}, -{self.number()}0, {self.number()}0)"
        if way == "loop" and shape == "s" and not self.traced:
            self.tag("comprehension")
            return f"tf.add_n([part * {self.number()} for part in tf.unstack({self.leaf('v')})])"
        return inner

    def broken(self, shape: Shape, depth: int) -> str:
        """An expression that loses the gradient of what it is computed from."""
        inner = _atom(self.tensor(shape, depth - 1))
        way = self.weighted({"op": 3.0, "left": 4.0, "rewrap": 1.5, "shape": 0.6, "argmax": 0.8, "opaque": 0.5})
        if self.traced and way in {"left", "rewrap", "opaque"}:
            way = "op"
        if way == "left":
            self.tag("numpy")
            forms = LEFT_SCALAR if shape == "s" and self.chance(0.5) else LEFT
            gone = self.pick(forms).replace("@", inner)
            if self.chance(0.2):
                return f"tf.sin(tf.cast({gone}, tf.float32))"
            if "math." in gone or gone.startswith("float") or gone.endswith(".item()"):
                return f"{gone} * {_atom(self.leaf(shape))}"
            return f"{gone} {self.pick(('*', '+'))} {_atom(self.leaf(shape))}"
        if way == "rewrap":
            self.tag("rewrap")
            if self.chance(0.3):
                return self.pick(REWRAPPED[2:3]).replace("@", inner)
            return self.pick(REWRAPPED).replace("@", self.pick(LEFT[:3]).replace("@", inner))
        if way == "shape":
            self.tag("shape")
            whole = self.leaf("v")
            gone = self.pick(SHAPED[:2] if self.traced else SHAPED).replace("@", whole)
            return f"{gone} * {_atom(self.leaf(shape))}"
        if way == "argmax":
            self.tag("argmax")
            gone = f"tf.cast({self.pick(('tf.argmax', 'tf.math.argmax', 'tf.argmin'))}({self.tensor('v', depth - 1)}), "
            gone += "tf.float32)"
            return (
                f"{gone} + {_atom(self.leaf(shape))}"
                if self.chance(0.5)
                else f"{gone} * tf.ones_like({self.leaf(shape)})"
            )
        if way == "opaque":
            self.tag("opaque")
            return self.pick((
                f"tf.reshape(tf.numpy_function(np.sin, [{inner}], tf.float32), {'(3,)' if shape == 'v' else '()'})",
                f"tf.py_function(tf.sin, [{inner}], tf.float32)",
            ))  # fmt: skip
        self.tag("op")
        return self.pick(BROKEN).replace("@", inner)

    def called(self, shape: Shape, depth: int) -> str | None:
        """A call of one of the program's own functions, methods, layers or lambdas."""
        callees = [
            callee for callee in self.scope.callable() if callee.result == shape and (not self.traced or callee.traced)
        ]
        if not callees:
            return None
        return self.call(self.pick(callees[-4:]), depth)

    def call(self, callee: Callee, depth: int) -> str:
        """A call with fresh arguments."""
        arguments = [self.tensor(wanted, depth - 1) for wanted in callee.shapes]
        if callee.spread and self.chance(0.7):
            self.tag("varargs")
            extra = [self.tensor(callee.shapes[-1] if callee.shapes else "v", 0) for _ in range(self.pick((1, 2)))]
            if self.chance(0.3):
                return f"{callee.text}(*[{', '.join(arguments + extra)}])"
            arguments += extra
        if callee.named and self.chance(0.5) and not callee.spread:
            self.tag("kwargs")
            split = self.pick(range(len(arguments) + 1))
            keywords = dict(zip(callee.named[split:], arguments[split:], strict=False))
            if len(keywords) == len(arguments) - split:
                if self.chance(0.25):
                    packed = ", ".join(f"'{name}': {value}" for name, value in keywords.items())
                    return f"{callee.text}({', '.join([*arguments[:split], '**{' + packed + '}'])})"
                named = [f"{name}={value}" for name, value in keywords.items()]
                return f"{callee.text}({', '.join(arguments[:split] + named)})"
        return f"{callee.text}({', '.join(arguments)})"

    def scalar(self) -> str:
        """A loss over the names in scope."""
        names = self.known(*DIFFERENTIABLE)[-6:]
        form = self.pick((
            "tf.reduce_sum({})", "tf.reduce_mean({})", "tf.reduce_sum(tf.square({}))", "tf.math.reduce_mean({})",
            "tf.reduce_sum(tf.sin({}))",
        ))  # fmt: skip
        inner = self.tensor("v", 2) if not names or self.chance(0.3) else self.pick(names).text
        for name in self.dice.sample(names, min(len(names), self.pick((0, 0, 1, 2)))):
            inner = f"{_atom(inner)} {self.pick(('*', '+'))} {name.text}"
        return form.format(inner)

    def plain(self, name: Name) -> bool:
        """Whether a name stands for itself, with no attribute or item in it."""
        return name.text.isidentifier()


def _atom(code: str) -> str:
    """An expression as an operand: in parentheses where it is an operation."""
    depth = 0
    for index, character in enumerate(code):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif (character == " " and depth == 0) or (character == "-" and index == 0):
            return f"({code})"
    return code
