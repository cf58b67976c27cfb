"""Fenced Python in Markdown: blocks in order, at their own lines of the page."""

import ast

import pytest

from gradlint.finding import Position
from gradlint.sources.read import from_text
from gradlint.sources.source import Source


def read(text: str) -> Source:
    source = from_text(text, "page.md")
    ast.parse(source.code)
    assert source.code.count("\n") == text.replace("\r\n", "\n").count("\n")
    assert source.problems == ()
    return source


def kept(text: str) -> list[str]:
    return [line for line in read(text).code.split("\n") if line.strip()]


def test_blocks_are_one_program_at_the_lines_of_the_page() -> None:
    source = read("# T\n\n```python\nx = 1\n```\n\ntext\n\n~~~py\ny = x\n~~~\n")
    assert source.kind == "markdown"
    assert source.code.split("\n")[3] == "x = 1"
    assert source.code.split("\n")[9] == "y = x"
    assert source.locate(10, 4) == (None, Position(10, 5))
    assert source.program_line(None, 10) == 10
    assert source.program_line(None, 1) is None


@pytest.mark.parametrize(
    "info",
    [
        "python", "py", "python3", "Python", " python ", "py3", "pycon", "ipython3", 'python title="a.py"',
        "python linenums=1", "python,ignore", "python {1,3}", "{.python}", "{.python .numberLines}", "{python}",
        "{python, echo=FALSE}", "{code-cell}", "{code-cell} ipython3", "{code-block} python", "python:a.py",
    ],
)  # fmt: skip
def test_infos_that_name_python(info: str) -> None:
    assert kept(f"```{info}\nx = 1\n```\n") == ["x = 1"]


@pytest.mark.parametrize(
    "info",
    ["", "text", "bash", "pythonic", "r", "{r}", "{.bash}", "{code-block} bash", "{note}", "json", "{code-cell} R"],
)
def test_infos_that_name_something_else(info: str) -> None:
    assert kept(f"```{info}\nx = 1\n```\n") == []


def test_a_fence_is_closed_by_its_own_kind_and_length() -> None:
    assert kept("````python\nx = '''\n```\n'''\n````\ny\n") == ["x = '''", "```", "'''"]
    assert kept("```text\n~~~python\nx = 1\n~~~\n```\n") == []
    assert kept("~~~python\nx = 1\n```\ny\n~~~\n") == []


def test_a_fence_that_is_never_closed_reaches_to_the_end() -> None:
    assert kept("```python\nx = 1\n") == ["x = 1"]


def test_inline_code_is_no_fence() -> None:
    assert kept("```x = 1``` is code\n\n```python\ny = 2\n```\n") == ["y = 2"]


def test_a_fence_in_a_list() -> None:
    source = read("1. step\n\n   ```python\n   if x:\n       y = 1\n   ```\n\n- ```py\n  z = 2\n  ```\n")
    assert [line for line in source.code.split("\n") if line] == ["if x:", "    y = 1", "z = 2"]
    assert source.locate(5, 4) == (None, Position(5, 8))
    assert source.locate(9, 0) == (None, Position(9, 3))


def test_a_fence_in_a_quote() -> None:
    source = read("> ```python\n> x = 1\n> ```\n")
    assert source.code.split("\n")[1] == "x = 1"
    assert source.locate(2, 0) == (None, Position(2, 3))


def test_a_block_that_is_indented_as_a_whole() -> None:
    source = read("```python\n    x = 1\n    y = 2\n```\n")
    assert source.locate(2, 0) == (None, Position(2, 5))
    assert source.code.split("\n")[1:3] == ["x = 1", "y = 2"]


def test_a_session_leaves_what_was_typed() -> None:
    source = read("```pycon\n>>> if x:\n...     y = 1\n...\n>>> y\n1\n```\n")
    assert source.code.split("\n")[1:6] == ["if x:", "    y = 1", "", "y", ""]
    assert source.locate(2, 0) == (None, Position(2, 5))


def test_a_fragment_is_left_out_without_a_word() -> None:
    assert kept("```python\nwith tf.GradientTape() as tape:\n```\n\n```python\nx = 1\n```\n") == ["x = 1"]


def test_ellipses_and_ipython_are_tolerated() -> None:
    assert kept("```python\n...\n!pip install x\ny = 1\n```\n") == ["...", "pass", "y = 1"]


def test_options_of_a_directive_are_left_out() -> None:
    assert kept("```{code-cell} ipython3\n:tags: [hide-input]\nx = 1\n```\n") == ["x = 1"]


def test_windows_line_ends() -> None:
    source = from_text("a\r\n```python\r\nx = 1\r\n```\r\n", "page.md")
    assert source.code.split("\n")[2] == "x = 1"
