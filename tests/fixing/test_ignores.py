"""Suppression comments are written where the language lets them stand, and change no program."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from gradlint import checking
from gradlint.fixing import Ignored, add_ignores

from .sources import lines, notebook, reader, source

if TYPE_CHECKING:
    from gradlint.finding import Finding
    from gradlint.sources.source import Source

HEAD = "import numpy as np\nimport tensorflow as tf\nx = tf.Variable(3.0)\n"


def check(given: Source) -> list[Finding]:
    return list(checking.check(given).findings)


def ignored(text: str, path: str = "a.py", reason: str | None = None) -> Ignored:
    given = source(text, path)
    return add_ignores(given, check, reader(path), reason)


def silent(text: str, path: str = "a.py", reason: str | None = None) -> str:
    result = ignored(text, path, reason)
    assert result.added
    assert not result.left
    assert {one.code for one in check(result.after)} <= {"GT900"}
    if path.endswith(".py"):
        assert ast.dump(ast.parse(result.after.text)) == ast.dump(ast.parse(text))
    return result.after.text


BLOCK = HEAD + "with tf.GradientTape() as tape:\n    {}\n    y = tf.square(y)\ng = tape.gradient(y, x)\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("y = np.mean(x)", "y = np.mean(x)  # gradlint: ignore[GT201]"),
        ("y = np.mean(x)  # mean", "y = np.mean(x)  # mean  # gradlint: ignore[GT201]"),
        ("y = np.mean(x)   ", "y = np.mean(x)  # gradlint: ignore[GT201]"),
        ("y = np.mean(x)  # gradlint: ignore[GT205]", None),
        ("y = np.mean(  # mean\n        x,\n    )", None),
        ("y = \\\n        np.mean(x)", "y = \\\n        np.mean(x)  # gradlint: ignore[GT201]"),
        ("y = np.mean(x) * \\\n        2.0", "y = np.mean(x) * \\\n        2.0  # gradlint: ignore[GT201]"),
        ("y = np.mean(x); z = 1", "y = np.mean(x); z = 1  # gradlint: ignore[GT201]"),
        ('y = np.mean(x) * len("""\n""")', 'y = np.mean(x) * len("""\n""")  # gradlint: ignore[GT201]'),
        ('y = np.mean(x) * len(f"""{1}\n""")', 'y = np.mean(x) * len(f"""{1}\n""")  # gradlint: ignore[GT201]'),
        ("y = np.mean(x)  # type: float", "y = np.mean(x)  # type: float  # gradlint: ignore[GT201]"),
    ],
)
def test_a_comment_at_the_end_of_a_line(written: str, expected: str | None) -> None:
    text = silent(BLOCK.format(written))
    if expected is not None:
        assert text.startswith(BLOCK.format(expected).partition("\n    y = tf.square")[0])


def test_codes_join_those_that_are_there() -> None:
    text = silent(BLOCK.format("y = np.mean(x)  # gradlint: ignore[GT205]  known"))
    assert "# gradlint: ignore[GT205, GT201]  known\n" in text


def test_the_reason_stands_behind_the_code() -> None:
    text = silent(BLOCK.format("y = np.mean(x)"), reason="on  purpose\nfor now")
    assert "  # gradlint: ignore[GT201]  on purpose for now\n" in text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_stay(end: str) -> None:
    text = BLOCK.format("y = np.mean(x)").replace("\n", end)
    assert silent(text) == text.replace("np.mean(x)" + end, "np.mean(x)  # gradlint: ignore[GT201]" + end)


def test_a_notebook() -> None:
    raw = notebook([lines(HEAD), lines(BLOCK.format("y = np.mean(x)").removeprefix(HEAD))])
    assert silent(raw, "a.ipynb") == raw.replace("np.mean(x)", "np.mean(x)  # gradlint: ignore[GT201]")


def test_a_page() -> None:
    page = f"# Page\n\n```python\n{BLOCK.format('y = np.mean(x)')}```\n"
    assert silent(page, "a.md") == page.replace("np.mean(x)", "np.mean(x)  # gradlint: ignore[GT201]")


def test_nothing_to_suppress() -> None:
    result = ignored(BLOCK.format("y = tf.square(x)"))
    assert result.after.text == result.before.text
    assert (result.added, result.left) == ((), ())


def test_twice_is_once() -> None:
    once = silent(BLOCK.format("y = np.mean(x)"))
    assert ignored(once).after.text == once
