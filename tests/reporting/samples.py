"""Programs and findings for the formats' tests; places are given by the text that stands there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlint.finding import Confirmation, Edit, Finding, Fix, Gradient, Position, Step
from gradlint.reporting.report import FileError, Report, RuleInfo

if TYPE_CHECKING:
    from gradlint.finding import Outcome

TRAIN = """\
import numpy as np
import tensorflow as tf

x = tf.Variable([1.0, 2.0])

with tf.GradientTape() as tape:
    squares = x**2

    y = np.mean(squares)

grad = tape.gradient(y, x)
print(grad)
"""

CELLS = {
    1: "x = tf.constant(3.0)\n",
    3: "with tf.GradientTape() as tape:\n    y = x * x\n",
    4: "tape.gradient(y, x)\n",
}


def at(text: str, part: str, nth: int = 1) -> tuple[Position, Position]:
    """Where the nth occurrence of a part of a text begins and ends."""
    index = -1
    for _ in range(nth):
        index = text.index(part, index + 1)
    return position(text, index), position(text, index + len(part))


def position(text: str, index: int) -> Position:
    before = text[:index]
    return Position(before.count("\n") + 1, index - before.rfind("\n"))


def step(text: str, part: str, note: str, nth: int = 1, cell: int | None = None) -> Step:
    start, _ = at(text, part, nth)
    return Step(cell, start.line, start.column, part, note)


def lost(
    text: str, call: str, target: str, source: str, outcome: Outcome = "none", cell: int | None = None, **rest: Any
) -> Gradient:
    start, _ = at(text, call)
    return Gradient(cell, start.line, start.column, "gradient", target, source, outcome, **rest)


def edit(text: str, part: str, content: str, nth: int = 1) -> Edit:
    start, end = at(text, part, nth)
    return Edit(None, start, end, content)


NUMPY = Finding(
    "GT201",
    "numpy-call",
    "error",
    "`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; "
    "use `tf.reduce_mean`.",
    "src/train.py",
    None,
    *at(TRAIN, "np.mean(squares)"),
    gradients=(lost(TRAIN, "tape.gradient(y, x)", "y", "x"),),
    flow=(
        step(TRAIN, "x**2", "connected to `x`"),
        step(TRAIN, "np.mean(squares)", "`np.mean` gives a NumPy array: the gradient is lost here"),
    ),
    fix=Fix("safe", "replace `np.mean` with `tf.reduce_mean`", (edit(TRAIN, "np.mean", "tf.reduce_mean"),)),
    url="https://example.org/GT201.md",
)

UNWATCHED = Finding(
    "GT102",
    "unwatched-tensor",
    "warning",
    "`x` is a constant that no `watch` covers, so its gradient is None; call `tape.watch(x)` first in the block.",
    "study.ipynb",
    3,
    *at(CELLS[3], "x", 1),
    gradients=(lost(CELLS[4], "tape.gradient(y, x)", "y", "x", cell=4),),
    flow=(Step(1, 1, 5, "tf.constant(3.0)", "a constant: nothing watches it"),),
    url="https://example.org/GT102.md",
)
UNWATCHED = replace(UNWATCHED, location=Position(2, 9), end_location=Position(2, 10))

CONFIRMED = Confirmation("confirmed", "`x` got None", "2.21.0", 0.04)
REFUTED = Confirmation("refuted", "`x` got a tensor of norm 2.83", "2.21.0", 0.05)
INCONCLUSIVE = Confirmation("inconclusive", "line 3 reads `data.csv`, which is not there")

BROKEN = FileError("src/broken.py", "syntax error: '(' was never closed", None, Position(2, 6))
UNREADABLE = FileError("src/secret.py", "cannot be read: permission denied")

TEXTS: dict[tuple[str, int | None], str] = {
    ("src/train.py", None): TRAIN,
    ("src/broken.py", None): "import tensorflow as tf\nprint(\n",
    **{("study.ipynb", cell): text for cell, text in CELLS.items()},
}

RULES = {
    "GT102": RuleInfo(
        "GT102",
        "unwatched-tensor",
        "The source is a Tensor that no `watch` covers.",
        "The source is a Tensor that no `watch` covers.\n\nMore.",
        "error",
        "https://example.org/GT102.md",
    ),
    "GT201": RuleInfo(
        "GT201",
        "numpy-call",
        "A NumPy function computed it.",
        "A NumPy function computed it.\n\nMore.",
        "error",
        "https://example.org/GT201.md",
    ),
}


def lines(path: str, cell: int | None) -> list[str]:
    return TEXTS.get((path, cell), "").splitlines()


def report(*findings: Finding, errors: tuple[FileError, ...] = (), **rest: Any) -> Report:
    defaults: dict[str, Any] = {
        "paths": ("src/train.py", "study.ipynb"),
        "tapes": 2,
        "lines": lines,
        "rules": lambda: RULES,
        "root": Path("/home/me/project"),
    }
    given = defaults | rest
    return Report(findings, errors, files=len(given["paths"]), **given)
