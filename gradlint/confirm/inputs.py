"""Which expressions make the values that a trial may move: a program's inputs, and tensors made of other values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.confirm.names import parts

if TYPE_CHECKING:
    from gradlint.confirm.names import NamedProgram

LIBRARIES = frozenset({"tensorflow", "numpy", "keras"})
MODELS = frozenset({"GradientTape", "Sequential", "Model", "Input"})
COPIES = frozenset({"constant", "convert_to_tensor"})
"""Functions of TensorFlow that give a Tensor of its own with the numbers that they are given."""


def is_input(value: ast.expr, program: NamedProgram) -> bool:
    """Whether an expression makes a value out of nothing that the program computed."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, float)
    if isinstance(value, ast.UnaryOp):
        return is_input(value.operand, program)
    if not isinstance(value, ast.Call):
        return False
    names = parts(value.func)
    if not names or program.modules.get(names[0], "").partition(".")[0] not in LIBRARIES or names[-1] in MODELS:
        return False
    reads = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    return reads <= program.libraries


def makes_tensor(function: ast.expr, program: NamedProgram) -> bool:
    """Whether what is called gives a Tensor of its own with the numbers that it is given."""
    names = parts(function)
    module = program.modules.get(names[0], "") if names else ""
    return module.partition(".")[0] == "tensorflow" and names[-1] in COPIES
