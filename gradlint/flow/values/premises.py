"""What a conclusion rests on: premises that code outside the view may break.

Where a premise cannot be discharged, the value that rests on it is unknown and carries the premise, so that the
silence which follows from it can be explained.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import StrEnum


class Rests(StrEnum):
    """What a premise says, as a sentence about its subject."""

    HOOK = "a subclass may override `{}`"
    SET_OUTSIDE = "code that is not seen may set `{}`"
    DESCRIPTOR = "reading or setting `{}` runs code that is not seen"
    REPLACED = "the program puts something else in the place of `{}`"
    METACLASS = "a metaclass makes `{}` and its objects"
    TAPE_CLASS = "`{}` is a tape with methods of its own"
    GRAPH_LOOP = "a loop of the graph makes zeros of a gradient that is None, as for `{}`"
    GRAPH_CALL = "another result of the same `tf.function` makes zeros of a gradient that is None, as for `{}`"
    HANDLED = "the program provides for a gradient that is None beside others, as for `{}`"
    CALLBACK = "code that is not followed may call what sets `{}`"
    CHECKED = "a check raises where `{}` is None and is needed"
    ASKED = "it holds from TensorFlow {} on"
    ENDED = "under the TensorFlow that gradlint judges by the program ends before, at {}"


@dataclass(frozen=True, slots=True)
class Premise:
    """One premise that could not be discharged.

    Attributes:
        rests: What may break it.
        subject: What it speaks of, as the program writes it.
        why: What may break it here, as a clause; empty where the sentence says it.
    """

    rests: Rests
    subject: str
    why: str = ""

    def __str__(self) -> str:
        told = self.rests.format(self.subject)
        return f"{told}, and {self.why}" if self.why else told


def is_hook(code: ast.AST) -> bool:
    """Whether a method does nothing by itself, so that it is there for subclasses to override.

    That is one without a body to speak of, one that only raises or gives a constant, and an abstract one.
    """
    if not isinstance(code, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    for decorator in code.decorator_list:
        name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
        if name.startswith("abstract"):
            return True
    return all(_says_nothing(statement) for statement in code.body)


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass | ast.Raise | ast.Delete | ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assert):
        return isinstance(statement.test, ast.Constant)
    return isinstance(statement, ast.Return) and (statement.value is None or isinstance(statement.value, ast.Constant))
