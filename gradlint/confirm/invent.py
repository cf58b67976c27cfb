"""Arguments for functions that the file itself never calls, made up from how the function uses them.

What is invented is Python text, so that the probe that is written out shows it. The use decides first (called
like a model, ``.trainable_variables``, ``.assign``, ``range(n)``, indexed, unpacked), then the annotation, then
the name; tensors are tried in several shapes, all of the same family first.
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint.confirm.names import last, root, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gradlint.confirm.names import NamedProgram

Function = ast.FunctionDef | ast.AsyncFunctionDef

SCALAR = "tf.constant(0.5)"
SHAPES = ("()", "(3,)", "(4, 3)", "(4, 1)", "(2, 8, 8, 3)", "(1, 32, 32, 3)", "(2, 5, 3)", "(4, 28, 28, 1)")
"""The shapes that tensors are tried in; those of one try are the same."""

FIT = (
    "(lambda model: (model.compile(optimizer='sgd', loss='mse'), "
    "model.fit(tf.random.uniform({shape}), tf.zeros((4, 1)), epochs=1, verbose=0)))({instance})"
)
LABELS = ("labels", "label", "y_true", "targets", "target", "actions", "action", "classes", "index", "indices", "idx")
COUNTS = (
    "n",
    "num",
    "count",
    "epochs",
    "epoch",
    "steps",
    "step",
    "size",
    "batch",
    "dim",
    "dims",
    "units",
    "k",
    "iters",
)
RATES = (
    "lr",
    "rate",
    "alpha",
    "beta",
    "gamma",
    "eps",
    "epsilon",
    "lambda",
    "lam",
    "weight",
    "coef",
    "coeff",
    "momentum",
)
WORDS = ("name", "path", "mode", "kind", "activation", "file", "filename", "title", "dtype")


@dataclass(slots=True)
class Use:
    """What a function's body does with one of its parameters."""

    attributes: set[str] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    called_methods: set[str] = field(default_factory=set)
    ranged: bool = False
    iterated: int = 0
    unpacked: int = 0
    indexed: bool = False
    keyed: list[str] = field(default_factory=list)
    watched: bool = False
    source: bool = False
    compared: bool = False


def calls(program: NamedProgram, chain: Sequence[ast.AST], bound: int) -> list[str]:
    """Ways to call the innermost function of a chain, as expressions, likeliest first.

    Args:
        program: The program that defines them.
        chain: The functions and classes around the marked place, outermost first.
        bound: How many at most.
    """
    return list(
        itertools.islice(
            _calls(program, [part for part in chain if isinstance(part, (*_FUNCTIONS, ast.ClassDef))]), bound
        )
    )


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _calls(program: NamedProgram, chain: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]) -> Iterator[str]:
    if not chain:
        return
    outermost, *inner = chain
    if isinstance(outermost, ast.ClassDef):
        if not inner or not isinstance(inner[0], _FUNCTIONS):
            return
        yield from _methods(program, outermost, inner[0], inner[1:])
    else:
        yield from _functions(program, outermost.name, outermost, inner, skip=0)


def _methods(
    program: NamedProgram,
    owner: ast.ClassDef,
    method: Function,
    inner: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef],
) -> Iterator[str]:
    decorators = {last(decorator) for decorator in method.decorator_list}
    if decorators & {"staticmethod", "classmethod"}:
        skip = 0 if "staticmethod" in decorators else 1
        yield from _functions(program, f"{owner.name}.{method.name}", method, inner, skip=skip)
        return
    constructor = next(
        (part for part in owner.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None
    )
    made = _arguments(constructor, 1) if constructor else _fields(owner)
    instances = [f"{owner.name}({arguments})" for arguments in itertools.islice(made, 8)]
    for instance, arguments in _pairs(instances, _arguments(method, 1)):
        if method.name == "__init__":
            yield instance
        elif method.name in {"train_step", "test_step"}:
            yield f"{instance}.{method.name}({arguments})"
            yield from (FIT.format(instance=instance, shape=shape) for shape in ("(4, 3)", "(4, 28, 28, 1)"))
        elif "property" in decorators:
            yield f"{instance}.{method.name}"
        else:
            yield from _call_inner(f"{instance}.{method.name}({arguments})", inner)


def _pairs(ones: Iterable[str], others: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of some texts with each of others, the first of both first."""
    left, right = list(itertools.islice(ones, 16)), list(itertools.islice(others, 16))
    places = itertools.product(range(len(left)), range(len(right)))
    for one, other in sorted(places, key=sum):
        yield left[one], right[other]


def _functions(
    program: NamedProgram,
    name: str,
    function: Function,
    inner: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef],
    skip: int,
) -> Iterator[str]:
    calls = (f"{name}({arguments})" for arguments in _arguments(function, skip))
    last_one = next((part for part in reversed(inner) if isinstance(part, _FUNCTIONS)), None)
    if last_one is None:
        yield from calls
        return
    for call, arguments in _pairs(calls, _arguments(last_one, 0)):
        yield from _call_inner(call, inner, arguments)


def _call_inner(
    call: str,
    inner: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef],
    arguments: str | None = None,
) -> Iterator[str]:
    """A call whose result is called too, where the marked place stands in a function inside a function."""
    functions = [part for part in inner if isinstance(part, _FUNCTIONS)]
    for function in functions:
        given = arguments if function is functions[-1] and arguments is not None else None
        if given is None:
            given = next(_arguments(function, 0), "")
        call = f"(lambda made: made({given}) if callable(made) else made)({call})"
    yield call


def _fields(owner: ast.ClassDef) -> Iterator[str]:
    """Arguments for a class without a constructor of its own: a data class's fields without a default."""
    if not any("dataclass" in ast.unparse(decorator) for decorator in owner.decorator_list):
        yield ""
        return
    fields = [
        part.target.id
        for part in owner.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.value is None
    ]
    for shape in SHAPES:
        yield ", ".join(f"{name}={_by_name(name) or _tensor(shape)}" for name in fields)


def _arguments(function: Function, skip: int) -> Iterator[str]:
    """Argument lists for a function, likeliest first."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = positional[skip : len(positional) - len(arguments.defaults)] if len(positional) > skip else []
    keywords = [
        name for name, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None
    ]
    choices = [_candidates(function, argument) for argument in required]
    named = [_candidates(function, argument) for argument in keywords]
    every = choices + named
    seen = set[str]()
    longest = max((len(choice) for choice in every), default=1)
    rows = [[choice[min(place, len(choice) - 1)] for choice in every] for place in range(longest)]
    mixed = ([*row] for row in itertools.islice(itertools.product(*[choice[:4] for choice in every]), 256))
    extra = ", *()" if arguments.vararg else ""
    for row in itertools.chain(rows, mixed):
        plain = row[: len(choices)]
        pairs = [f"{name.arg}={value}" for name, value in zip(keywords, row[len(choices) :], strict=True)]
        text = ", ".join([*plain, *pairs])
        if text not in seen:
            seen.add(text)
            yield text.removesuffix(extra) if extra else text


def _tensor(shape: str) -> str:
    return SCALAR if shape == "()" else f"tf.random.uniform({shape}, 0.1, 0.9)"


def _by_name(name: str) -> str | None:
    """What a plain number or word is by its name."""
    spoken = name.lower().strip("_").split("_")
    if spoken[-1] in COUNTS or spoken[0] in {"n", "num", "max"}:
        return "2"
    if set(spoken) & set(RATES):
        return "0.1"
    if spoken[-1] in WORDS:
        return "'probe'"
    return None


MODELS = tuple(
    f"tf.keras.Sequential([{layers}])"
    for layers in (
        "tf.keras.layers.Dense(3)",
        "tf.keras.layers.Dense(1)",
        "tf.keras.layers.Dense(4, activation='relu'), tf.keras.layers.Dense(1)",
        "tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)",
        "tf.keras.layers.Conv2D(3, 3, padding='same')",
    )
)
BUILT = tuple(
    f"tf.keras.Sequential([tf.keras.Input({shape}), {layers}])"
    for shape, layers in (
        ("(3,)", "tf.keras.layers.Dense(4, activation='relu'), tf.keras.layers.Dense(3)"),
        ("(1,)", "tf.keras.layers.Dense(4, activation='tanh'), tf.keras.layers.Dense(1)"),
        ("(8, 8, 3)", "tf.keras.layers.Conv2D(2, 3), tf.keras.layers.Flatten(), tf.keras.layers.Dense(3)"),
        ("(32, 32, 3)", "tf.keras.layers.Conv2D(2, 3), tf.keras.layers.Flatten(), tf.keras.layers.Dense(3)"),
        ("(28, 28, 1)", "tf.keras.layers.Conv2D(2, 3), tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)"),
    )
)
MODEL_ATTRIBUTES = words(
    """
    evaluate fit get_layer input input_shape inputs layers losses non_trainable_variables optimizer output
    output_shape outputs predict trainable trainable_variables trainable_weights variables weights
    """
)
OPTIMIZER = "tf.keras.optimizers.SGD(0.01)"
LOSSES = ("tf.keras.losses.MeanSquaredError()", "tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)")
FUNCTIONS = (
    "tf.square",
    "lambda *values: tf.add_n([tf.reduce_sum(tf.square(value)) for value in values])",
    "tf.reduce_sum",
)


def _candidates(function: Function, argument: ast.arg) -> list[str]:
    """What one parameter may be, likeliest first."""
    use = uses(function, argument.arg)
    spoken = argument.arg.lower().split("_")
    note = ast.unparse(argument.annotation) if argument.annotation is not None else ""
    found = _called(argument.arg, spoken, use, note) or _plain(use, note) or _several(spoken, use, note)
    return found or _tensors(argument.arg, spoken, use, note)


def _called(name: str, spoken: list[str], use: Use, note: str) -> list[str]:
    """What a parameter is that is called, or whose methods are; empty for others."""
    if use.called_methods & {"apply_gradients", "minimize"} or "optim" in name.lower() or spoken[-1] == "opt":
        return [OPTIMIZER]
    if use.attributes & MODEL_ATTRIBUTES or "Model" in note or not {"model", "net", "network"}.isdisjoint(spoken):
        return [*BUILT, *MODELS]
    if use.calls and (2 in use.calls or {"loss", "criterion"} & set(spoken)) and use.calls != {1}:
        return [*LOSSES, *FUNCTIONS]
    return [FUNCTIONS[0], FUNCTIONS[1], *MODELS] if use.calls else []


_BY_NOTE = {"int": ["2"], "float": ["0.5"], "str": ["'probe'"], "bool": ["True", "False"]}


def _plain(use: Use, note: str) -> list[str]:
    """What a parameter is that is a plain Python value; empty for others."""
    return ["2"] if use.ranged else list(_BY_NOTE.get(note, ()))


def _several(spoken: list[str], use: Use, note: str) -> list[str]:
    """What a parameter is that holds several tensors, or one that is assigned to; empty for others."""
    if use.keyed:
        return ["{" + ", ".join(f"{key!r}: {_tensor(shape)}" for key in use.keyed) + "}" for shape in SHAPES]
    if use.called_methods & {"assign", "assign_add", "assign_sub"} or "Variable" in note:
        return [f"tf.Variable({_tensor(shape)})" for shape in SHAPES]
    if use.iterated > 1 or (spoken[-1] in {"dataset", "ds", "loader", "batches"} and use.iterated):
        return [f"[({', '.join([_tensor(shape)] * max(2, use.iterated))})]" for shape in SHAPES[1:]]
    if use.iterated == 1:
        return [f"[{_tensor(shape)}, {_tensor(shape)}]" for shape in SHAPES] + [_tensor(shape) for shape in SHAPES[1:]]
    if use.unpacked:
        return [f"({', '.join([_tensor(shape)] * use.unpacked)})" for shape in SHAPES]
    return []


def _tensors(name: str, spoken: list[str], use: Use, note: str) -> list[str]:
    """What a parameter is that is an array or a tensor, as far as can be seen."""
    if "ndarray" in note or use.called_methods & {"astype", "mean", "reshape", "copy"}:
        return [f"np.full({shape}, 0.5, 'float32')" for shape in SHAPES[1:]]
    if spoken[-1] in LABELS:
        return ["tf.constant([0, 1, 2, 0])", *(_tensor(shape) for shape in SHAPES), "1"]
    plain = _by_name(name)
    if plain:
        return [plain, SCALAR]
    kinds = [_tensor(shape) for shape in (SHAPES[1:] if use.indexed or "shape" in use.attributes else SHAPES)]
    if use.source and not use.watched:
        return [value for tensor in kinds for value in (f"tf.Variable({tensor})", tensor)]
    return [*kinds, "0.5", *(f"tf.Variable({tensor})" for tensor in kinds[:3])]


def uses(function: Function, name: str) -> Use:
    """What the function's body does with a parameter."""
    use = Use()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            _used_in_call(node, name, use)
        elif isinstance(node, ast.Attribute) and _is(node.value, name):
            use.attributes.add(node.attr)
        elif isinstance(node, ast.Subscript) and _is(node.value, name):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                if node.slice.value not in use.keyed:
                    use.keyed.append(node.slice.value)
            else:
                use.indexed = True
        elif isinstance(node, (ast.For, ast.comprehension)) and (_is(node.iter, name) or _enumerated(node.iter, name)):
            target = node.target
            if _enumerated(node.iter, name) and isinstance(target, ast.Tuple) and len(target.elts) == 2:
                target = target.elts[1]
            use.iterated = len(target.elts) if isinstance(target, ast.Tuple) else 1
        elif isinstance(node, ast.Assign) and _is(node.value, name) and isinstance(node.targets[0], ast.Tuple):
            use.unpacked = len(node.targets[0].elts)
    return use


def _used_in_call(node: ast.Call, name: str, use: Use) -> None:
    if _is(node.func, name):
        use.calls.add(len(node.args))
    if isinstance(node.func, ast.Attribute) and _is(node.func.value, name):
        use.called_methods.add(node.func.attr)
    function = last(node.func)
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    if function == "range" and any(root(argument) == name for argument in arguments):
        use.ranged = True
    if function == "watch" and any(_is(argument, name) for argument in arguments):
        use.watched = True
    if function in {"gradient", "jacobian", "batch_jacobian"} and len(node.args) > 1:
        use.source = use.source or any(_is(inner, name) for inner in ast.walk(node.args[1]))


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _enumerated(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and last(node.func) in {"enumerate", "tqdm", "take", "batch", "shuffle"}
        and (any(_is(argument, name) for argument in node.args) or root(node.func) == name)
    )
