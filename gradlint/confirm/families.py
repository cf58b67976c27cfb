"""Which family of causes a flagged place belongs to: by the operations that TensorFlow ran there, and by what it calls.

A gradient may be lost at the very place and for another reason than the finding gives. TensorFlow tells which of its
operations ran while the place was evaluated, and which of them have no gradient; where none ran, the place left
TensorFlow, and what it calls tells how.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from gradlint.confirm.names import last, parts, root, words
from gradlint.confirm.natures import same_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.confirm.names import NamedProgram
    from gradlint.confirm.protocol import Event

CALLS = ("PartitionedCall", "While", "If", "Case", "SymbolicGradient", "RemoteCall", "MapDefun")
"""Parts of the names of operations that run others, which the callback does not see."""
OPAQUE = (
    "PyFunc",
    "Iterator",
    "Dataset",
    "Serialize",
    "Deserialize",
    "Parse",
    "Encode",
    "Decode",
    "Restore",
    "ReadFile",
)
"""Parts of the names of operations that a tape cannot see into."""
CASTS = ("Cast", "cast", "String", "Quant", "Encode")
CHOOSING = ("Select", "Where", "Gather", "Slice", "OneHot", "Switch", "Merge", "Mask", "Partition", "Stitch", "Range")
"""Parts of the names of operations that choose among values."""
ELSEWHERE = ("PyFunc", "StopGradient")
"""Parts of the names of operations that rules of their own speak of."""
PLUMBING = frozenset({"Const", "Identity", "IdentityN", "Pack", "ReadVariableOp", "Reshape", "ExpandDims"})
"""Operations that hand on what they are given."""
COMPARING = words("Greater GreaterEqual Less LessEqual Equal NotEqual ApproximateEqual LogicalAnd LogicalOr LogicalNot")
BRANCHING = frozenset({"cond", "case", "switch_case", "while_loop"})
"""Functions that run one of several, which TensorFlow without a graph does in Python."""

COPYING = frozenset({"Variable", "variable", "constant", "convert_to_tensor", "array", "asarray", "Tensor", "copy"})
"""How functions are called that give a value of their own with the same numbers."""
READING = frozenset({".numpy", ".item", ".tolist"})
CONVERSIONS = frozenset({"float", "int", "complex", "bool", "round", "str", "repr", "format", "abs"})
PREDICTING = words(".predict .predict_on_batch .evaluate .get_weights .train_on_batch .test_on_batch")
UNTRACED = ("numpy_function", "py_function", "py_func")


def called(node: ast.AST | None, program: NamedProgram) -> frozenset[str]:
    """What is called in an expression: dotted where it is a library's, ``.name`` for a method, ``?`` where unknown."""
    if node is None:
        return frozenset()
    return frozenset(_called(part.func, program) for part in ast.walk(node) if isinstance(part, ast.Call))


def _called(function: ast.expr, program: NamedProgram) -> str:
    names = parts(function)
    if names and root(function) in program.libraries:
        return ".".join([program.modules[names[0]], *names[1:]])
    if isinstance(function, ast.Attribute):
        return f".{last(function)}"
    name = last(function)
    plain = name is not None and hasattr(builtins, name) and name not in program.definitions
    return name if name is not None and plain else "?"


def may_be(code: str, term: Event, called: frozenset[str]) -> bool:
    """Whether what happened at a flagged place may be what a rule's findings say of it.

    Args:
        code: The rule's.
        term: An evaluation of the place.
        called: What the place calls.
    """
    judged = {
        "GT201": _by_numpy,
        "GT202": _by_conversion,
        "GT203": _copied,
        "GT206": _untraced,
        "GT301": _stepped,
        "GT302": _unregistered,
        "GT303": _cast,
        "GT304": _compared,
        "GT305": _chosen,
        "GT306": _stopped,
    }.get(code)
    if judged is None:
        return True
    return not _of_state(term) and judged(term, called)


def _of_state(term: Event) -> bool:
    """Whether a value was assigned, or gathered by a metric: rules of their own speak of that."""
    return term["kind"] == "result of an assignment" or any(one["kind"] == "metric" for one in term["operands"])


def _names(term: Event) -> set[str] | None:
    """The operations that ran; None where that is not known."""
    if term["ops"] is None:
        return None
    names = {str(one["name"]) for one in term["ops"]}
    return None if any(name.startswith("__") for name in names) or _some(names, CALLS) else names


def _some(names: set[str], wanted: tuple[str, ...]) -> bool:
    return any(part in name for name in names for part in wanted)


def _of_numpy(called: frozenset[str]) -> Iterator[str]:
    return (name for name in called if name.split(".")[0] in {"numpy", "scipy"})


def _reads(name: str) -> bool:
    return name in READING | CONVERSIONS or name.startswith("math.")


def _is_of_program(name: str) -> bool:
    """Whether what is called may be a function or a method of the program's."""
    return name == "?" or name.startswith(".")


def _leaves_by_python(called: frozenset[str]) -> bool:
    return any(name.rpartition(".")[2] in UNTRACED for name in called)


def _by_numpy(term: Event, called: frozenset[str]) -> bool:
    if _leaves_by_python(called) and not any(_of_numpy(called)):
        return False
    arrays = term["kind"] != "tensor" or any(one["kind"] == "ndarray" for one in term["operands"])
    own = () if arrays else ("tensorflow.", "keras.")
    others = [name for name in called - PREDICTING if not _reads(name) and not name.startswith(own)]
    return not called or bool(others)


def _by_conversion(term: Event, called: frozenset[str]) -> bool:
    if called and called <= PREDICTING:
        return False
    if not called or not called <= set(_of_numpy(called)):
        return True
    return same_numbers(term) is not False


def _copied(term: Event, called: frozenset[str]) -> bool:
    names = _names(term)
    if names is not None and _some(names, ELSEWHERE):
        return False
    handed = names is None or names <= PLUMBING
    opened = [name for name in called if handed and _is_of_program(name)]
    return not called or bool(opened) or any(name.rpartition(".")[2] in COPYING for name in called)


def _untraced(term: Event, called: frozenset[str]) -> bool:
    names = _names(term)
    if term["kind"] != "tensor":
        plain = called and all(_reads(name) or name in set(_of_numpy(called)) for name in called)
        return not plain
    if names is None or _some(names, OPAQUE) or _leaves_by_python(called):
        return True
    return not names - PLUMBING and not all(name.startswith(("tensorflow.", "keras.")) for name in called)


def _stepped(term: Event, called: frozenset[str]) -> bool:
    names = _names(term)
    if names is None:
        return True
    if _some(names, ELSEWHERE) and any(map(_is_of_program, called)):
        return False
    other = COMPARING | {name for name in names if _some({name}, (*ELSEWHERE, "Cast"))}
    if names - other - PLUMBING:
        return True
    return "int" in term["dtype"] and not names & other and not _leaves_by_python(called)  # A shape, a rank, a size.


def _unregistered(term: Event, called: frozenset[str]) -> bool:
    if _names(term) is None:
        return True
    return any(one["gradient"] == "missing" or "EagerPyFunc" in one["name"] for one in term["ops"])


def _cast(term: Event, called: frozenset[str]) -> bool:
    names = _names(term)
    if term["kind"] in {"float", "int", "bool", "complex"}:
        return False
    return names is None or term["kind"] != "tensor" or _some(names, CASTS)


def _compared(term: Event, called: frozenset[str]) -> bool:
    names = _names(term)
    return names is None or term["kind"] != "tensor" or bool(names - PLUMBING - {"Cast"})


def _chosen(term: Event, called: frozenset[str]) -> bool:
    names = _names(term)
    if "float" in term["dtype"] or "complex" in term["dtype"] or term["kind"] == "float":
        branches = any(name.rpartition(".")[2] in BRANCHING for name in called)
        chosen = names is None or bool(names & COMPARING) or _some(names, CHOOSING)
        return term["kind"] == "tensor" and (branches or chosen)
    if names is None or term["kind"] != "tensor":
        return True
    return _some(names, CHOOSING) or (term["dtype"] == "bool" and bool(names - PLUMBING - {"Cast"}))


def _stopped(term: Event, called: frozenset[str]) -> bool:
    names = _names(term)
    return names is None or _some(names, ("StopGradient",))
