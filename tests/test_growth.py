"""A line four times as long costs about four times as much, from its bytes to every format's output."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from gradlint.commands.texts import Texts
from gradlint.reporting import FORMATS
from gradlint.reporting.report import FileError, Report
from gradlint.reporting.style import Style
from gradlint.runner import check_bytes
from gradlint.settings import Settings
from gradlint.sources.fences import fenced
from gradlint.sources.globs import spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "import numpy as np\nimport tensorflow as tf\nx = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n"
FEW, MANY = 3_000, 12_000
FAST = 0.1
TRIES = 2


def program(expression: str = "np.exp(x)", after: str = "") -> str:
    return f"{HEAD}    y = tf.abs({expression})\ng = tape.gradient(y, x){after}\n"


def page(text: str) -> str:
    return f"{text}\n```python\n{program()}```\n"


PROGRAMS: dict[str, Callable[[int], str]] = {
    "number signs": lambda n: program() + "#" * n,
    "number signs behind a directive": lambda n: program(after="  # gradlint: " + "#" * n),
    "noqa many times": lambda n: program(after="  " + "# noqa:" * (n // 7)),
    "open brackets": lambda n: program(after="  # " + "gradlint: ignore[" * (n // 17)),
    "commas": lambda n: program(after="  # gradlint: ignore[" + "," * n),
    "the same code": lambda n: program(after="  # gradlint: ignore[" + "GT202," * (n // 6) + "]"),
    "many codes": lambda n: program(after="  # gradlint: ignore[" + ",".join(f"Q{i}" for i in range(n // 6)) + "]"),
    "many words": lambda n: program(after="  # gradlint: ignore " + "GT202 x " * (n // 8)),
    "a long code": lambda n: program(after="  # gradlint: ignore[" + "Q" * n + "]"),
    "a long verb": lambda n: program(after="  # gradlint: " + "i" * n),
    "a callee": lambda n: program("np." + "a" * n + "(x)"),
    "a function": lambda n: program("a" * n + "(np.exp(x))"),
    "a variable": lambda n: program().replace("x", "x" * n),
    "letters that are wide": lambda n: program("np.exp(x)) * len('" + "é" * n + "'"),
    "faces": lambda n: program("np.exp(x)) * len('" + "😀" * n + "'"),
    "accents": lambda n: program("np.exp(x)) * len('" + "e\u0301" * n + "'"),
    "spaces": lambda n: program("np.exp(x" + " " * n + ")"),
    "tabs": lambda n: program(after="\t" * n),
    "strings": lambda n: program(after="; s = " + '"a"' * n),
    "escapes": lambda n: program(after='; s = "' + '\\"' * n + '"'),
    "quotes that close nothing": lambda n: program(after="; s = " + "'\\''" * n + "'"),
    "a name that is set": lambda n: program() + "z" * n + " = z\n",
    "empty lines": lambda n: program() + "\n" * n,
    "carriage returns": lambda n: program() + "\r" * n,
    "backquotes": lambda n: program("np.exp(x)) * len('" + "`" * n + "'"),
}
PAGES: dict[str, Callable[[int], str]] = {
    "quotes": lambda n: "> " * n + "x",
    "quotes without spaces": lambda n: ">" * n + "x",
    "dashes": lambda n: "-  " * n + "x",
    "stars": lambda n: "* " * n,
    "numbers": lambda n: "1)  " * n + "x",
    "a number": lambda n: "1" * n + ". x",
    "number signs": lambda n: "#" * n + "x",
    "spaces": lambda n: " " * n + "x",
    "tabs": lambda n: "\t" * n + "x",
    "backquotes": lambda n: "`" * n + "x`",
    "tildes": lambda n: "~ " * n,
    "underscores": lambda n: "_ " * n + "x",
    "comments": lambda n: "<!--" * n,
    "an info string": lambda n: "```{" + "a," * n + "}\n```",
    "a directive": lambda n: "```{code-cell}" + " a" * n + "\n```",
    "an option": lambda n: "```python\n" + ":a" * n + "\n```",
    "a magic": lambda n: "```python\n%" + "a" * n + "\n```",
    "options of a magic": lambda n: "```python\n%time " + "-n 1 " * n + "\n```",
    "targets of a magic": lambda n: "```python\n" + "a, " * n + "\n!ls\n```",
    "a string that goes on": lambda n: "```python\n!ls\ns = '''" + "\\'" * n + "\n'''\n```",
    "something asked": lambda n: "```python\n!ls\n" + "a" * n + " = " + "b" * n + "?\n```",
    "fences": lambda n: "```python\nx = 1\n```\n" * (n // 20),
    "fences that hold nothing": lambda n: "```\n" * (n // 4),
    "lines that quotes leave out": lambda n: "> # a\nb\n" * (n // 8),
    "lists in quotes": lambda n: "> - a\nb\n" * (n // 8),
    "empty lines in lists": lambda n: "- " * 30 + "a" + "\n" * n,
    "deeper lists": lambda n: "\n".join(" " * i + "- a" for i in range(int(n**0.5))),
}


def cost(path: str, text: str) -> float:
    """The processor's time for checking a text and for rendering what was found, the least of several tries."""
    return min(once(path, text.encode()) for _ in range(TRIES))


def once(path: str, data: bytes) -> float:
    began = time.process_time()
    result = check_bytes(data, path, Settings())
    errors = tuple(FileError(path, each.message, each.cell, each.location) for each in result.problems)
    texts = Texts()
    texts.give(path, data)
    report = Report(result.findings, errors, (path,), files=1, lines=texts.lines)
    for form in FORMATS.values():
        form.render(report, Style())
    return time.process_time() - began


def assert_linear(path: str, make: Callable[[int], str]) -> None:
    many = once(path, make(MANY).encode())
    if many > FAST:
        few, many = cost(path, make(FEW)), cost(path, make(MANY))
        assert many < FAST or many < 7 * few, f"{few:.3f} s for {FEW}, {many:.3f} s for {MANY}"


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_line_of_a_program(name: str) -> None:
    assert_linear("a.py", PROGRAMS[name])


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("name", PAGES)
def test_a_line_of_a_page(name: str) -> None:
    assert_linear("a.md", lambda count: page(PAGES[name](count)))


def test_the_pages_have_their_fences() -> None:
    """What stands on the lines before it does not hide the program behind them."""
    for name, make in PAGES.items():
        lines = page("\n" + make(40) + "\n\nend\n").split("\n")
        if name not in {"backquotes", "fences that hold nothing", "comments", "deeper lists"}:
            assert any("tape.gradient" in line for block in fenced(lines) for line in block.lines), name


@pytest.mark.sweep(every=3)
def test_the_command(tmp_path: Path) -> None:
    """A folder of such lines, each as long as a repository can make it, is checked in a few seconds."""
    lines = {
        "signs.py": program() + "#" * 200_000,
        "callee.py": program("np." + "a" * 100_000 + "(x)"),
        "function.py": program("a" * 100_000 + "(np.exp(x))"),
        "quotes.md": page("> " * 26 + "x"),
        "dashes.md": page("-  " * 26 + "x"),
        "numbers.md": page("1)  " * 26 + "x"),
        "mixed.md": page("> -  1)  " * 20_000 + "x"),
    }
    for name, text in lines.items():
        (tmp_path / name).write_text(text)
    (tmp_path / ("a" * 200 + ".py")).write_text(program())
    (tmp_path / ".gitignore").write_text("*a" * 60 + "b\n" + "**/a" * 60 + "b\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "gradlint", "check", "--no-cache", "--output-format", "json", "."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stderr) == (1, "")
    assert {name for name in lines if f'"{name}"' in done.stdout} == set(lines) - {"function.py"}
    assert after.ru_utime - before.ru_utime < 10


STARS = {
    "stars in a name": ("*a" * 12 + "b", "a" * 2_000),
    "folders": ("**/a/" * 12 + "b", "a/" * 2_000),
    "stars in folders": ("**/*a*a/" * 6 + "b", ("a" * 20 + "/") * 200),
    "question marks": ("?*" * 12 + "b", "a" * 2_000),
}


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("name", STARS)
def test_a_pattern_of_an_ignore_file(name: str) -> None:
    line, path = STARS[name]
    began = time.process_time()
    assert spec([line]).check_file(path).include is None
    assert time.process_time() - began < 0.5
