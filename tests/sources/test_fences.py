"""The fences of a page: what CommonMark's reference finds, and where gradlint is more lenient."""

from __future__ import annotations

import random
import re

import pytest
from markdown_it import MarkdownIt

from gradlint.sources.fences import fenced

PREFIXES = ["", "", "> ", "- ", "  ", "1. ", ">", "* "]
TEXTS = ["```python", "```", "~~~", "text", "", "x = 1", "````", "``` a`b", "# title", "  ~~~py"]


def reference(text: str) -> list[tuple[str, int, list[str]]]:
    parser = MarkdownIt("commonmark").disable(["code", "reference", "html_block", "lheading"])
    parser.core.ruler.enableOnly(["block"])
    found = []
    for token in parser.parse(text):
        if token.type == "fence":
            assert token.map is not None
            found.append((token.info, token.map[0] + 2, token.content.split("\n")[:-1]))
    return found


def test_random_pages_have_the_fences_that_a_parser_finds() -> None:
    compared = 0
    for seed in range(3_000):
        numbers = random.Random(seed)
        page = [
            "".join(numbers.choice(PREFIXES) for _ in range(numbers.randrange(4))) + numbers.choice(TEXTS)
            for _ in range(numbers.randrange(2, 9))
        ]
        # What is indented by four columns, and an empty item behind a paragraph, are where the two differ.
        if any(re.search(r"   |  [ -].* `|[-*.] *$", line) for line in page):
            continue
        page.append("end")
        compared += 1
        assert [(one.info, one.line, one.lines) for one in fenced(page)] == reference("\n".join([*page, ""])), page
    assert compared > 1_000


@pytest.mark.parametrize(
    ("page", "lines", "columns"),
    [
        ("- a\n\n\t```python\n\tif x:\n\t\ty = 1\n\t```", ["if x:", "\ty = 1"], [1, 1]),
        ("- ```python\n\tx = 1\n  ```", ["  x = 1"], [-1]),
        ('=== "Tab"\n    ```python\n    x = 1\n    ```', ["x = 1"], [4]),
        ("!!! note\n\n    ```python\n    x = 1\n    ```", ["x = 1"], [4]),
        ('```python\n"""\n    ```\n"""\n```', ['"""', "    ```", '"""'], [0, 0, 0]),
        ("> > ```py\n> > x = 1\n> > ```", ["x = 1"], [4]),
        ("> ```py\n> x = 1\ny = 2", ["x = 1"], [2]),
        ("1. a\n   ```py\n   x = 1\n\n   y = 2\n   ```", ["x = 1", "", "y = 2"], [3, 0, 3]),
        ("<details>\n```py\nx = 1\n```\n</details>", ["x = 1"], [0]),
        ("```py\nx = 1", ["x = 1"], [0]),
    ],
)
def test_a_block_s_lines_and_columns(page: str, lines: list[str], columns: list[int]) -> None:
    (block,) = fenced(page.split("\n"))
    assert (block.lines, block.columns) == (lines, columns)


@pytest.mark.parametrize(
    "page",
    [
        "<!--\n```python\nx = 1\n```\n-->",
        "<!-- a\n\n```python\nx = 1\n```\n",
        "<pre>\n```python\nx = 1\n```\n</pre>",
        "``` x = 1 ``` is code",
        "``\nx = 1\n``",
        "> " * 30 + "```python\n" + "> " * 30 + "x = 1",
    ],
)
def test_no_fence(page: str) -> None:
    assert fenced(page.split("\n")) == []


def test_what_raw_html_ends_with_ends_it() -> None:
    page = "<!-- a -->\n```py\nx = 1\n```\n<pre>\n```py\ny = 2\n```\n</pre>\n<!--\n-->\n```py\nz = 3\n```"
    assert [block.lines for block in fenced(page.split("\n"))] == [["x = 1"], ["z = 3"]]
