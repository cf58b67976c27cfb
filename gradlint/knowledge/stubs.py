"""The reader of stubs: what a callable of any package does to a gradient, declared in a ``.pyi`` file by argument.

A stub is Python's own syntax, read as a tree and never run::

    # acme/render.pyi, or acme.pyi for the package itself
    def rasterize(scene: Passes, lights: Lost, *, size) -> Tensor[float32]: ...
    def gather(params: Passes, indices: Steers) -> Tensor[Same]: ...
    def resize(images: Passes, method: When["area", Lookup["ResizeArea"]]) -> Tensor: ...
    def vectorized(fn: Called["elems"], elems: Passes) -> Tensor: ...
    class Light:
        def __init__(self, power: Passes): ...
        def at(self: Passes, point: Passes) -> Tensor: ...
        def flicker(self: Of["power"]) -> Tensor: ...
        @property
        def trainable_variables(self) -> Variables: ...
    class Film(Layer, trainable=True):
        def __call__(self, inputs: Passes, condition: Passes) -> Tensor: ...
    def __getattr__(name) -> Array: ...

An argument without an annotation takes no tensor, as an axis does. What a package's stub does not name stays unknown,
unless it has a ``__getattr__``, which stands for everything else in it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint.knowledge.packages import LEARNING, canonical, root
from gradlint.knowledge.stamps import MOST, below
from gradlint.knowledge.table import Effect, Entry, Output, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHIPPED = Path(__file__).parents[1] / "models"
LONGEST = 2_000_000
"""How many bytes of a stub are read."""
EFFECTS = {
    "Passes": Effect.PASSES,
    "Lost": Effect.NONE,
    "Steers": Effect.NOTFLOAT,
    "Zero": Effect.ZERO,
    "State": Effect.STATE,
    "Unknown": Effect.UNKNOWN,
    "Nothing": Effect.NOTENSOR,
    "Lookup": Effect.LOOKUP,
    "Raises": Effect.RAISES,
}
"""The words for what becomes of a gradient that enters by an argument."""
RESULTS = {
    "Tensor": "tensor",
    "Array": "ndarray",
    "Number": "number",
    "Sparse": "sparse",
    "Nothing": "none",
    "Unknown": "?",
    "Self": "self",
    "Variables": "variables",
}
"""The words for what comes back."""
BASES = {"Layer": "keras.Layer", "Model": "keras.Model", "Module": "tensorflow.Module"}
"""The words for the classes of Keras' and TensorFlow's that a class may descend from."""
_DTYPES = {"Same": "same", "Real": "real", "Complex": "complex"}


class StubError(ValueError):
    """A stub that cannot be used; the message names its file and line."""


@dataclass(frozen=True, slots=True)
class Stub:
    """What a stub says of one function or method.

    Attributes:
        entry: It, as the measured table would have it.
        place: The stub's file and line.
        when: For an argument, what becomes of gradients where it has a value, by the value as Python spells it.
        called: The arguments that are functions, each with the argument that it is called with.
        returns_self: Whether it gives the object itself back.
        of: The argument that the object was made of whose method of this name it calls; empty for none.
        is_property: Whether reading the attribute calls it.
    """

    entry: Entry
    place: str
    when: Mapping[str, Mapping[str, tuple[Effect, str | None]]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    returns_self: bool = False
    is_property: bool = False
    of: str = ""


@dataclass(frozen=True, slots=True)
class StubClass:
    """What a stub says of one class.

    Attributes:
        name: Its dotted name.
        bases: The dotted names of its bases.
        methods: Its own methods by name.
        place: The stub's file and line.
        trainable: Whether an object has Variables of its own that train, once it was called; None where that is not
            said.
    """

    name: str
    bases: tuple[str, ...]
    methods: Mapping[str, Stub]
    place: str
    trainable: bool | None = None

    def called(self) -> list[tuple[str, int]]:
        """The functions that the class is given and calls, each with its place among the arguments."""
        made = self.methods.get("__init__")
        return [] if made is None else [(name, place) for name, place in self.arguments() if name in made.called]

    def arguments(self) -> list[tuple[str, int]]:
        """What the class is given, by name, each with its place."""
        made = self.methods.get("__init__")
        named = [] if made is None else [one.name for one in made.entry.parameters if one.name != "self"]
        return [(name, place) for place, name in enumerate(named)]


@dataclass(slots=True)
class Stubs:
    """What some stubs say, by dotted name.

    Attributes:
        functions: The functions.
        classes: The classes.
        rest: What stands for everything else of a module, by the module's name.
    """

    functions: dict[str, Stub] = field(default_factory=dict)
    classes: dict[str, StubClass] = field(default_factory=dict)
    rest: dict[str, Stub] = field(default_factory=dict)

    @property
    def packages(self) -> frozenset[str]:
        """The packages that something is said of."""
        return frozenset(name.partition(".")[0] for name in (*self.functions, *self.classes, *self.rest))

    def function(self, name: str) -> Stub | None:
        """What is said of a function: of itself, else of the module that it stands in."""
        found = self.functions.get(name)
        module = name
        while found is None and module and name not in self.classes:
            module = module.rpartition(".")[0]
            found = self.rest.get(module)
        return found

    def method(self, class_name: str, name: str) -> Stub | None:
        """What is said of a method: by its class, else by the first of the class's bases that says anything."""
        return next((found.methods[name] for found in self._line(class_name) if name in found.methods), None)

    def library(self, class_name: str) -> str:
        """The class of Keras' or TensorFlow's that a class descends from, by its canonical name; empty for none."""
        bases = (canonical(base) for found in self._line(class_name) for base in found.bases)
        return next((base for base in bases if root(base) in LEARNING), "")

    def trainable(self, class_name: str) -> bool | None:
        """Whether an object of a class has Variables of its own that train; None where that is not said."""
        said = (found.trainable for found in self._line(class_name) if found.trainable is not None)
        return next(said, None)

    def adds_nothing(self, class_name: str) -> bool:
        """Whether nothing is said of a class but what it descends from: it is there to be derived from."""
        return not any(found.methods or found.trainable is not None for found in self._line(class_name))

    def _line(self, class_name: str) -> Iterator[StubClass]:
        """What is said of a class, and then of those that it descends from."""
        seen: set[str] = set()
        pending = [class_name]
        while pending:
            current = pending.pop(0)
            found = self.classes.get(current)
            if found is not None and current not in seen:
                seen.add(current)
                yield found
                pending.extend(found.bases)

    def merge(self, other: Stubs) -> None:
        """Take what other stubs say on top."""
        self.functions |= other.functions
        self.classes |= other.classes
        self.rest |= other.rest


def read(paths: Iterable[str | Path]) -> Stubs:
    """Read stub files, and folders of them.

    Args:
        paths: A file ``acme.pyi`` speaks of the package ``acme``; in a folder the path below it gives the module, so
            ``acme/render.pyi`` speaks of ``acme.render`` and ``acme/__init__.pyi`` of ``acme``.

    Raises:
        StubError: If one cannot be read, is not Python, or says what stubs cannot say.
    """
    found = Stubs()
    for path in map(Path, paths):
        for file, module in _files(path):
            found.merge(parse(_text(file), module, str(file)))
    return found


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    if path.is_dir():
        files, complete = below(str(path))
        if not complete:
            raise StubError(f"{path}: more than {MOST:,} files lie below it; name the folder of the stubs")
        for file in map(Path, files):
            parts = file.relative_to(path).with_suffix("").parts
            yield file, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    else:
        yield path, path.stem


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise StubError(f"{path}: no such file")
        if path.stat().st_size > LONGEST:
            raise StubError(f"{path}: longer than {LONGEST:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StubError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise StubError(f"{path}: not UTF-8") from None


def parse(text: str, module: str, path: str) -> Stubs:
    """What one stub says.

    Args:
        text: The stub.
        module: The dotted name of the module that it speaks of.
        path: Its file, for messages.

    Raises:
        StubError: If it is not Python, or says what stubs cannot say.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise StubError(f"{path}:{getattr(error, 'lineno', None) or 1}: not Python: {error}") from None
    return _Reader(module, path).read(tree)


class _Reader:
    """Reads one stub."""

    def __init__(self, module: str, path: str) -> None:
        self.module = module
        self.path = path
        self.stubs = Stubs()
        self.imported: dict[str, str] = {}
        self.own: set[str] = set()

    def read(self, tree: ast.Module) -> Stubs:
        self.own = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self._function(node)
            elif isinstance(node, ast.ClassDef):
                self._class(node)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                self.imported |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
            elif isinstance(node, ast.Import):
                self.imported |= {one.asname: one.name for one in node.names if one.asname}
            elif isinstance(node, ast.Assign):
                self._alias(node)
            elif not isinstance(node, ast.Expr | ast.ImportFrom | ast.AnnAssign | ast.Pass):
                self._refuse(node, "a stub may contain only functions, classes, imports and aliases for them")
        return self.stubs

    def _refuse(self, node: ast.AST, what: str) -> None:
        raise StubError(f"{self.path}:{getattr(node, 'lineno', 1)}: {what}")

    def _function(self, node: ast.FunctionDef) -> None:
        if node.name == "__getattr__":
            self.stubs.rest[self.module] = self._stub(node, f"{self.module}.*", everything=True)
        else:
            name = f"{self.module}.{node.name}"
            if name in self.stubs.functions:
                self._refuse(node, f"`{node.name}` is defined twice")
            self.stubs.functions[name] = self._stub(node, name)

    def _class(self, node: ast.ClassDef) -> None:
        name = f"{self.module}.{node.name}"
        methods = {
            one.name: self._stub(one, f"{name}.{one.name}", method=True)
            for one in node.body
            if isinstance(one, ast.FunctionDef)
        }
        bases = tuple(self._dotted(base) for base in node.bases)
        self.stubs.classes[name] = StubClass(
            name, bases, methods, f"{self.path}:{node.lineno}", self._trainable(node, bases)
        )

    def _trainable(self, node: ast.ClassDef, bases: tuple[str, ...]) -> bool | None:
        """``class Pool(Layer, trainable=False)``: whether objects have Variables of their own that train."""
        said: bool | None = None
        for keyword in node.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg != "trainable" or not isinstance(value, bool):
                self._refuse(node, f"`{ast.unparse(keyword)}`: expected `trainable=True` or `trainable=False`")
                continue
            said = value
        if said is not None and not bases:
            self._refuse(node, f"`trainable` says something of a class with one of {', '.join(BASES)} as its base")
        return said

    def _alias(self, node: ast.Assign) -> None:
        """``gather_nd = gather``: another name for what stands above."""
        target = node.targets[0]
        if len(node.targets) != 1 or not isinstance(target, ast.Name) or not isinstance(node.value, ast.Name):
            self._refuse(node, "only a name can be given another name")
            return
        known, name = f"{self.module}.{node.value.id}", f"{self.module}.{target.id}"
        if known in self.stubs.functions:
            self.stubs.functions[name] = self.stubs.functions[known]
        elif known in self.stubs.classes:
            self.stubs.classes[name] = self.stubs.classes[known]
        else:
            self._refuse(node, f"`{node.value.id}` is not known here")

    def _dotted(self, node: ast.expr) -> str:
        text = ast.unparse(node)
        head, dot, rest = text.partition(".")
        if head in self.imported:
            return self.imported[head] + dot + rest
        if text in BASES and text not in self.own:
            return BASES[text]
        return text if dot else f"{self.module}.{text}"

    def _stub(self, node: ast.FunctionDef, name: str, *, method: bool = False, everything: bool = False) -> Stub:
        when: dict[str, dict[str, tuple[Effect, str | None]]] = {}
        called: dict[str, str] = {}
        of = self._owner(node) if method else ""
        parameters = [Parameter("anything", Effect.PASSES, "variadic"), Parameter("others", Effect.PASSES, "keywords")]
        if not everything:
            parameters = [self._parameter(*one, when, called, method) for one in _parameters(node.args)]
        result, outputs = self._result(node.returns)
        effects = {one.effect for one in parameters} - {Effect.NOTENSOR}
        whole = effects.pop() if len(effects) == 1 else Effect.MIXED if effects else Effect.NOTENSOR
        made = Entry(name, "method" if method else "function", whole, tuple(parameters), result, outputs)
        reads = any(_head(one) == "property" for one in node.decorator_list)
        return Stub(made, f"{self.path}:{node.lineno}", when, called, result == "self", reads, of)

    def _owner(self, node: ast.FunctionDef) -> str:
        """``def sample(self: Of["distribution"])``: the argument whose method of this name is called."""
        owner = next(iter(node.args.args), None)
        if owner is None or owner.annotation is None or _head(owner.annotation) != "Of":
            return ""
        return "".join(self._words(owner.annotation)[:1])

    def _parameter(
        self,
        argument: ast.arg,
        passing: str,
        when: dict[str, dict[str, tuple[Effect, str | None]]],
        called: dict[str, str],
        method: bool,
    ) -> Parameter:
        name, annotation = argument.arg, argument.annotation
        effect, op = Effect.NOTENSOR, None
        if annotation is None:
            if method and name == "self":
                effect = Effect.PASSES
        elif _head(annotation) == "Called":
            called[name] = self._words(annotation)[0]
            effect = Effect.PASSES
        elif _head(annotation) == "Of" and method and name == "self":
            effect = Effect.UNKNOWN
        elif _head(annotation) == "When":
            when[name] = self._cases(annotation)
        else:
            effect, op = self._effect(annotation)
        return Parameter(name, effect, passing, op)  # type: ignore[arg-type]

    def _effect(self, node: ast.expr) -> tuple[Effect, str | None]:
        head = _head(node)
        if head not in EFFECTS:
            self._refuse(node, f"`{ast.unparse(node)}`: expected one of {', '.join([*EFFECTS, 'Called', 'When'])}")
        words = self._words(node) if isinstance(node, ast.Subscript) else []
        return EFFECTS[head], words[0] if words else None

    def _words(self, node: ast.expr) -> list[str]:
        if not isinstance(node, ast.Subscript):
            self._refuse(node, f"`{ast.unparse(node)}` needs its argument in brackets")
            return []
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [str(one.value) if isinstance(one, ast.Constant) else ast.unparse(one) for one in inner]

    def _cases(self, node: ast.expr) -> dict[str, tuple[Effect, str | None]]:
        """``When["area", Lookup["ResizeArea"]]``: values and effects in turn."""
        inner = node.slice.elts if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) else []
        if not inner or len(inner) % 2:
            self._refuse(node, "`When` takes values and effects alternately")
        cases: dict[str, tuple[Effect, str | None]] = {}
        for value, effect in zip(inner[::2], inner[1::2], strict=False):
            if not isinstance(value, ast.Constant):
                self._refuse(value, "`When` takes constants")
                continue
            cases[repr(value.value)] = self._effect(effect)
        return cases

    def _result(self, node: ast.expr | None) -> tuple[str, tuple[Output, ...]]:
        if node is None:
            return "tensor", (Output(None, "?", Effect.PASSES),)
        head = _head(node)
        if head in {"tuple", "list"} and isinstance(node, ast.Subscript):
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return head, tuple(self._output(one) for one in inner)
        if head not in RESULTS and not (isinstance(node, ast.Constant) and node.value is None):
            self._refuse(
                node, f"`{ast.unparse(node)}`: expected one of {', '.join([*RESULTS, 'tuple', 'list', 'None'])}"
            )
        result = RESULTS.get(head, "none")
        return result, (self._output(node),) if result in {"tensor", "sparse"} else ()

    def _output(self, node: ast.expr) -> Output:
        """One tensor that comes back: ``Tensor``, ``Tensor[float32]``, ``Tensor[Same, Lost]``."""
        if _head(node) not in {"Tensor", "Sparse"}:
            self._refuse(node, f"`{ast.unparse(node)}`: expected a Tensor")
        words = self._words(node) if isinstance(node, ast.Subscript) else []
        dtype = next((_DTYPES.get(word, word) for word in words if word not in EFFECTS), "?")
        effect = next((EFFECTS[word] for word in words if word in EFFECTS), Effect.PASSES)
        return Output(None, dtype, effect)


def _head(node: ast.expr) -> str:
    """The word that an annotation begins with."""
    return ast.unparse(node.value if isinstance(node, ast.Subscript) else node)


def _parameters(arguments: ast.arguments) -> Iterator[tuple[ast.arg, str]]:
    for one in (*arguments.posonlyargs, *arguments.args):
        yield one, "positional"
    if arguments.vararg is not None:
        yield arguments.vararg, "variadic"
    for one in arguments.kwonlyargs:
        yield one, "keyword"
    if arguments.kwarg is not None:
        yield arguments.kwarg, "keywords"


@cache
def shipped_packages() -> frozenset[str]:
    """The packages that gradlint brings stubs for."""
    return frozenset(path.stem for path in SHIPPED.iterdir() if path.suffix == ".pyi" or path.is_dir())


@cache
def shipped(package: str) -> Stubs:
    """The stubs that gradlint brings for a package; empty where it has none."""
    if package not in shipped_packages():
        return Stubs()
    folder = SHIPPED / package
    found = Stubs()
    if folder.is_dir():
        for file in sorted(folder.rglob("*.pyi")):
            parts = file.relative_to(SHIPPED).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.merge(parse(_text(file), module, f"gradlint/models/{file.relative_to(SHIPPED).as_posix()}"))
    else:
        found.merge(parse(_text(folder.with_suffix(".pyi")), package, f"gradlint/models/{package}.pyi"))
    return found
