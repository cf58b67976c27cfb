"""A text's tree that is made out of the one before is the tree of that text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gradlint.flow.machine.units import parsed_again
from gradlint.flow.values.texts import lines_of
from tests.sampling import sample

FIXTURES = sorted(Path("fixtures").rglob("*.py"))
LINES = (
    "", "pass", "x = 1", "    x = 1", "        x = 1", "else:", "@f", "def f(): pass", "class C:", "if x:", "x = (",
    ")", "'''", "x = 1; y = 2", "x = 1 \\", "# here", "    # here", "for x in y: pass",
    "from __future__ import annotations",
    "é = 'ü'", "try:", "except E:", "\f", "x = \"\"\"y\"\"\"", "lambda: (yield)", "\tx",
)  # fmt: skip
LAYOUTS = {
    "blocks": "import a\n\n# of f\n@one\n# of two\n@two(\n    3,\n)\ndef f(x):\n    if x:\n        y\n    # f\nz = 1\n",
    "one-line": "x = 1; y = 2\nif x: y = 3; z = 4\nz = 5; class_ = 6\n",
    "strings": 'x = """\ny\n"""\nz = f"{x}"\n\n"""\nof z\n"""\n',
    "continued": "x = 1 + \\\n    2\ntry:\n    y\nexcept E:\n    z\nelse:\n    w\nfinally:\n    v\n",
    "comments-only": "# one\n\n# two\n",
    "windows": "x = 1\r\ndef f():\r\n    return x\r\n",
    "no-newline-at-the-end": "x = 1\ny = x",
    "other-letters": "é = 'ü'\n# 𝄞\ndef ñ():\n    return '漢' + é\n",
}


def tree(code: str) -> str | None:
    try:
        return ast.dump(ast.parse(code), include_attributes=True)
    except SyntaxError:
        return None


def made(code: str, changed: str) -> str | None:
    old = ast.parse(code)
    again = parsed_again(old, lines_of(code), changed)
    assert ast.dump(old, include_attributes=True) == tree(code)
    return None if again is None else ast.dump(again, include_attributes=True)


@pytest.mark.parametrize("code", LAYOUTS.values(), ids=LAYOUTS)
def test_every_line_is_another(code: str) -> None:
    lines = code.split("\n")
    for number in range(len(lines)):
        for line in LINES:
            changed = "\n".join([*lines[:number], line, *lines[number + 1 :]])
            assert made(code, changed) in (None, tree(changed)), changed


def test_two_lines_are_others() -> None:
    code = LAYOUTS["blocks"]
    lines = code.split("\n")
    for first in range(len(lines) - 1):
        for second in range(first + 1, len(lines)):
            for line in LINES:
                others = {first: line, second: LINES[(first + second) % len(LINES)]}
                changed = "\n".join(others.get(number, text) for number, text in enumerate(lines))
                assert made(code, changed) in (None, tree(changed)), changed


def test_programs(whole: bool) -> None:
    """A name that gets longer leaves one statement to parse."""
    for path in sample(FIXTURES, 8, whole=whole):
        code = path.read_text()
        statement = ast.parse(code).body[-1]
        lines = code.split("\n")
        lines[statement.lineno - 1] += "  # here"
        changed = "\n".join(lines)
        assert tree(changed) is None or made(code, changed) == tree(changed)


def test_lines_that_move_are_not_taken() -> None:
    assert made("x = 1\ny = 2\n", "x = 1\n\ny = 2\n") is None
    assert made("x = 1\ny = 2\n", "x = 1\ny = 3\n") == tree("x = 1\ny = 3\n")
