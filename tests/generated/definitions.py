"""Functions and classes of the program's own."""

from __future__ import annotations

from tests.generated.statements import Statements
from tests.generated.writing import SHAPES, Callee, Name, Shape


class Definitions(Statements):
    """Writes functions, lambdas and classes, and brings what can be called into scope."""

    def returned(self, shape: Shape) -> None:
        """The end of a function's body."""
        value = self.tensor(shape, 2)
        if self.chance(0.15) and not self.traced:
            self.tag("early-return")
            self.line(f"if {self.pick(('training', 'depth > 3', 'mode == 0'))}:")
            with self.indented():
                self.line(f"return {self.tensor(shape, 1)}")
        if self.chance(0.06) and not self.traced:
            self.tag("early-return")
            self.line(f"if {self.leaf('s')} > {self.pick(('0.1', '90.0'))}:")
            with self.indented():
                self.line(f"return {self.tensor(shape, 1)}")
        self.line(f"return {value}")

    def function(self) -> None:
        """A function of one or two tensors."""
        self.tag("function")
        way = self.weighted({
            "plain": 4.0, "default": 1.5, "lambda": 1.5, "closure": 1.0, "varargs": 0.7, "kwargs": 0.7, "graph": 1.4,
            "recursive": 0.5, "decorated": 0.7, "nested": 0.7, "partial": 0.5, "generator": 0.3, "keyword": 0.5,
        })  # fmt: skip
        shapes: tuple[Shape, ...] = tuple(self.pick(SHAPES) for _ in range(self.pick((1, 1, 2))))
        result: Shape = self.pick(SHAPES)
        name = self.fresh(self.pick(("model", "forward", "f", "loss_fn", "step", "layer", "net", "compute")))
        getattr(self, "define_" + way)(name, shapes, result)

    def parameters(self, shapes: tuple[Shape, ...]) -> list[str]:
        return ["a", "c", "d"][: len(shapes)]

    def body(self, shapes: tuple[Shape, ...], result: Shape, *, traced: bool = False, count: int | None = None) -> None:
        """A function's body over its parameters ``a`` and ``c``."""
        with self.inside_function(traced=traced):
            before = self.scope.parent
            if self.chance(0.6):
                # Most functions work on their own parameters; the others see the module's Variables too.
                self.scope.parent = None
                self.scope.callees = (
                    [callee for callee in before.callable() if callee.text.isidentifier()] if before else []
                )
            for parameter, shape in zip(self.parameters(shapes), shapes, strict=True):
                self.add(parameter, "tensor", shape)
            self.statements(self.pick((0, 1, 1, 2, 3)) if count is None else count, 1)
            self.returned(result)

    def define_plain(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        names = self.parameters(shapes)
        self.line(f"def {name}({', '.join(names)}):")
        self.body(shapes, result)
        self.scope.callees.append(Callee(name, shapes, result, tuple(names)))

    def define_default(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("default")
        names = self.parameters(shapes)
        self.line(f"def {name}({', '.join(names)}, k={self.number()}, flag={self.pick(('True', 'False', 'None'))}):")
        with self.inside_function():
            for parameter, shape in zip(names, shapes, strict=True):
                self.add(parameter, "tensor", shape)
            self.add("k", "number", "s")
            self.line(f"if {self.pick(('flag', 'not flag', 'flag is None', 'k > 1.0'))}:")
            with self.indented():
                if self.chance(0.4):
                    self.line(f"return {self.tensor(result, 1)}")
                else:
                    self.write_rebind(0)
            self.statements(self.pick((0, 1)), 1)
            self.returned(result)
        self.scope.callees.append(Callee(name, shapes, result, tuple(names)))

    def define_keyword(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("kwargs")
        self.line(f"def {name}(a, *, c):")
        self.body(("v", "s"), result)
        for text in (f"{name}",):
            wrapper = self.fresh("call")
            self.line(f"{wrapper} = lambda a, c: {text}(a, c=c)")
            self.scope.callees.append(Callee(wrapper, ("v", "s"), result, ("a", "c")))
        del shapes

    def define_lambda(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("lambda")
        with self.inside_function():
            self.depth -= 1
            for parameter, shape in zip(self.parameters(shapes), shapes, strict=True):
                self.add(parameter, "tensor", shape)
            text = f"{name} = lambda {', '.join(self.parameters(shapes))}: {self.tensor(result, 2)}"
            self.line(text)
            self.depth += 1
        self.scope.callees.append(Callee(name, shapes, result, tuple(self.parameters(shapes))))

    def define_closure(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("closure")
        maker = self.fresh("make")
        names = self.parameters(shapes)
        self.line(f"def {maker}(rate):")
        with self.inside_function():
            self.add("rate", "number", "s")
            if self.chance(0.4):
                own = self.fresh("variable")
                self.line(f"{own} = tf.Variable({self.number()})")
                self.add(own, "variable", "s")
            self.line(f"def inner({', '.join(names)}):")
            self.body(shapes, result, count=1)
            self.line("return inner")
        self.line(f"{name} = {maker}({self.number()})")
        self.scope.callees.append(Callee(name, shapes, result))

    def define_varargs(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        del shapes, result
        self.tag("varargs")
        self.line(f"def {name}(*args{self.pick(('', ', **kwargs', ', k=2.0'))}):")
        with self.inside_function():
            if self.chance(0.5):
                self.line("total = tf.zeros(3)")
                self.line("for part in args:")
                with self.indented():
                    self.line(f"total = total + {self.pick(('part', 'tf.sin(part)', 'part * part', 'np.sin(part)'))}")
                self.line("return total")
            else:
                self.line(f"return tf.add_n({self.pick(('list(args)', '[part * 2.0 for part in args]'))}) + args[0]")
        self.scope.callees.append(Callee(name, ("v",), "v", spread=True))

    def define_kwargs(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("kwargs")
        names = self.parameters(shapes)
        inner = self.fresh("base")
        self.line(f"def {inner}({', '.join(names)}):")
        self.body(shapes, result)
        signature, forwarded = self.pick(
            (("*args, **kwargs", "*args, **kwargs"), ("a, **kwargs", "a, **kwargs"), ("*args", "*args"))
        )
        self.line(f"def {name}({signature}):")
        with self.indented():
            self.line(f"return {inner}({forwarded})")
        self.scope.callees.append(Callee(name, shapes, result, () if signature == "*args" else tuple(names)))

    def define_graph(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("tf.function")
        names = self.parameters(shapes)
        way = self.pick(("@tf.function", "@tf.function", "@tf.function(reduce_retracing=True)", "call"))
        if way != "call":
            self.line(way)
        inner = name if way != "call" else self.fresh("base")
        self.line(f"def {inner}({', '.join(names)}):")
        self.body(shapes, result, traced=True)
        if way == "call":
            self.line(f"{name} = tf.function({inner})")
        self.scope.callees.append(Callee(name, shapes, result, tuple(names), traced=True))

    def define_recursive(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        del shapes, result
        self.tag("recursion")
        self.line(f"def {name}(a, n=2):")
        with self.inside_function():
            self.scope.parent = None
            self.add("a", "tensor", "v")
            self.line("if n == 0:")
            with self.indented():
                self.line(f"return {self.tensor('v', 1)}")
            self.line(f"return {name}({self.tensor('v', 2)}, n - 1) {self.pick(('* 0.5', '+ a', '* a'))}")
        self.scope.callees.append(Callee(name, ("v",), "v"))

    def define_decorated(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("decorator")
        decorator = self.fresh("wrap")
        names = self.parameters(shapes)
        self.line(f"def {decorator}(fn):")
        with self.indented():
            if self.chance(0.5):
                self.line("@functools.wraps(fn)")
            self.line("def wrapper(*args, **kwargs):")
            with self.indented():
                if self.chance(0.3):
                    self.line("out = fn(*args, **kwargs)")
                    self.line(
                        f"return {self.pick(('out * 2.0', 'tf.identity(out)', 'np.sin(out) + out', 'tf.round(out)'))}"
                    )
                else:
                    self.line("return fn(*args, **kwargs)")
            self.line("return wrapper")
        self.line(f"@{decorator}")
        self.line(f"def {name}({', '.join(names)}):")
        self.body(shapes, result)
        self.scope.callees.append(Callee(name, shapes, result, tuple(names)))

    def define_nested(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        self.tag("closure")
        names = self.parameters(shapes)
        self.line(f"def {name}({', '.join(names)}):")
        with self.inside_function():
            for parameter, shape in zip(names, shapes, strict=True):
                self.add(parameter, "tensor", shape)
            helper = self.fresh("helper")
            self.line(f"def {helper}(a):")
            self.body(("v",), "v", count=1)
            self.scope.callees.append(Callee(helper, ("v",), "v", ("a",)))
            self.statements(1, 1)
            self.returned(result)
        self.scope.callees.append(Callee(name, shapes, result, tuple(names)))

    def define_partial(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        del shapes
        self.tag("partial")
        inner = self.fresh("base")
        self.line(f"def {inner}(c, a):")
        self.body(("v", "s"), result)
        bound = self.leaf("s")
        self.line(f"{name} = functools.partial({inner}, {self.pick((f'a={bound}', f'a={self.number()} * {bound}'))})")
        self.scope.callees.append(Callee(name, ("v",), result))

    def define_generator(self, name: str, shapes: tuple[Shape, ...], result: Shape) -> None:
        del shapes, result
        self.tag("generator")
        inner = self.fresh("stream")
        self.line(f"def {inner}(a):")
        with self.indented():
            self.line("for k in (1.0, 2.0):")
            with self.indented():
                self.line(f"yield {self.pick(('a * k', 'tf.sin(a) * k', 'np.sin(a) * k', 'tf.stop_gradient(a) * k'))}")
        self.line(f"def {name}(a):")
        with self.indented():
            self.line(self.pick((f"return sum({inner}(a))", f"return tf.add_n(list({inner}(a)))")))
        self.scope.callees.append(Callee(name, ("v",), "v"))

    # -- classes ---------------------------------------------------------------------------------------------------

    def klass(self) -> None:
        """A class that holds Variables, and an object of it."""
        self.tag("class")
        way = self.weighted({"init": 4.0, "dataclass": 1.0, "module": 1.0, "inherited": 1.5, "static": 0.7})
        label = self.fresh(self.pick(("Model", "Net", "Layer", "Policy", "Agent")))
        base = ""
        if way == "inherited":
            self.tag("inheritance")
            base = label + "Base"
            self.line(f"class {base}:")
            with self.indented():
                self.init(["w"])
                self.method("shared", traced=False)
            self.line(f"class {label}({base}):")
            with self.indented():
                self.line("def __init__(self, size=3):")
                with self.indented():
                    self.line(
                        self.pick(("super().__init__(size)", "super().__init__()", f"{base}.__init__(self, size)"))
                    )
                    self.line(f"self.b = {self.variable_of('s')}")
                self.methods(("w", "b"), inherited=True)
            made = f"{label}()"
        elif way == "dataclass":
            self.tag("dataclass")
            self.line("@dataclasses.dataclass")
            self.line(f"class {label}:")
            with self.indented():
                self.line("w: tf.Variable")
                self.line(
                    "b: tf.Variable"
                    + (" = dataclasses.field(default_factory=lambda: tf.Variable(0.4))" if self.chance(0.5) else "")
                )
                self.methods(("w", "b"))
            made = f"{label}({self.variable_of('v')}, {self.variable_of('s')})"
        elif way == "static":
            self.line(f"class {label}:")
            with self.indented():
                self.line(f"w = {self.variable_of('v')}")
                self.line("@classmethod")
                self.line("def create(cls):")
                with self.indented():
                    self.line("made = cls()")
                    self.line(f"made.b = {self.variable_of('s')}")
                    self.line("return made")
                self.line("@staticmethod")
                self.line("def square(a):")
                with self.indented():
                    self.line(f"return {self.pick(('a * a', 'tf.square(a)', 'np.square(a) * a', 'tf.round(a) + a'))}")
                self.methods(("w", "b"))
            made = f"{label}.create()"
        else:
            self.line(f"class {label}{'(tf.Module)' if way == 'module' else ''}:")
            with self.indented():
                self.init(["w", "b"], module=way == "module")
                self.methods(("w", "b"))
            made = f"{label}()"
        holder = self.fresh(self.pick(("net", "policy", "obj", "agent")))
        self.line(f"{holder} = {made}")
        self.add(f"{holder}.w", "variable", "v", bare=False)
        if way != "never":
            self.add(f"{holder}.b", "variable", "s", bare=False)
        if way == "module":
            self.tag("tf.Module")
            self.scope.names.append(Name(f"{holder}.trainable_variables", "list", "v", (), bare=False))
        for method, shapes, result in self.written:
            self.scope.callees.append(Callee(f"{holder}.{method}" if method else holder, shapes, result))
        if way == "static":
            self.scope.callees.append(Callee(f"{label}.square", ("v",), "v"))
            self.scope.callees.append(Callee(f"{holder}.square", ("v",), "v"))

    def variable_of(self, shape: Shape) -> str:
        """A new Variable."""
        value = self.pick(("[0.3, -0.6, 1.4]", "tf.constant([0.2, 0.9, -1.1])", "np.array([0.4, 1.3, 0.7], np.float32)",
                           "[1.0, 2.0, 3.0]", "tf.random.normal([3])", "tf.ones(3)"))  # fmt: skip
        if shape == "s":
            value = self.pick(("0.8", "-1.3", "2.5", "tf.constant(0.6)", "tf.random.uniform(())"))
        more = self.pick(("", "", ", name='kernel'", ", trainable=True"))
        return f"tf.Variable({value}{more})"

    written: list[tuple[str, tuple[Shape, ...], Shape]]

    def init(self, attributes: list[str], *, module: bool = False) -> None:
        """An ``__init__`` that makes the Variables, and sometimes what is derived from them too early."""
        self.line("def __init__(self, size=3):")
        with self.indented():
            if module:
                self.line("super().__init__()")
            for attribute in attributes:
                self.line(f"self.{attribute} = {self.variable_of('v' if attribute == 'w' else 's')}")
            self.line("self.rate = 0.5")

    def methods(self, attributes: tuple[str, ...], *, inherited: bool = False) -> None:
        """The methods of a class: plain ones, a property, ``__call__``."""
        self.written = []
        if self.chance(0.4):
            self.tag("property")
            self.line("@property")
            self.line("def gain(self):")
            with self.indented():
                self.line(
                    f"return {self.pick(('tf.exp(-self.b)', 'self.b * 2.0', 'tf.stop_gradient(self.b)', 'self.b'))}"
                )
            extra: list[tuple[str, Shape]] = [("self.gain", "s")]
        else:
            extra = []
        for name in self.dice.sample(["forward", "__call__", "loss", "encode"], self.pick((1, 2, 3))):
            self.method(name, attributes=attributes, extra=extra, traced=self.chance(0.12))
        if inherited:
            self.written.append(("shared", ("v",), "v"))

    def method(
        self,
        name: str,
        *,
        attributes: tuple[str, ...] = ("w",),
        extra: list[tuple[str, Shape]] | None = None,
        traced: bool = False,
    ) -> None:
        """One method over the object's attributes."""
        if traced:
            self.tag("tf.function")
            self.line("@tf.function")
        result: Shape = "v" if name == "shared" else self.pick(SHAPES)
        self.line(f"def {name}(self, a):")
        with self.inside_function(traced=traced):
            self.scope.parent = None
            self.add("a", "tensor", "v")
            for attribute in attributes:
                self.add(f"self.{attribute}", "variable", "v" if attribute == "w" else "s", bare=False)
            for text, shape in extra or ():
                self.add(text, "tensor", shape, bare=False)
            for other, shapes, given in getattr(self, "written", []):
                if not traced and name != "shared":
                    self.scope.callees.append(Callee(f"self.{other}" if other else "self", shapes, given))
            self.statements(self.pick((0, 1, 2)), 1)
            if self.chance(0.15) and not traced:
                self.line(f"self.cache = {self.tensor('v', 1)}")
                self.add("self.cache", "tensor", "v", bare=False)
            self.returned(result)
        if name != "shared":
            self.written.append(("" if name == "__call__" else name, ("v",), result))
