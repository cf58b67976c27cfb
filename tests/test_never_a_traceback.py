"""Whatever a file holds, it gives findings or one clear problem."""

import json
import random
import sysconfig
import time
from pathlib import Path

import pytest

from gradlint.checking import check
from gradlint.runner import FileResult, check_bytes, run
from gradlint.settings import Settings
from gradlint.sources.read import from_text
from tests.sampling import sample

NEEDLE = b"\n\nGradientTape\n"
STDLIB = Path(sysconfig.get_paths()["stdlib"])
TAPE = (
    "import tensorflow as tf\nx = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = {}\ntape.gradient(y, x)\n"
)


def checked(data: bytes, path: str = "a.py") -> FileResult:
    """The result of some bytes that name a tape; an internal error fails the test."""
    result = check_bytes(data + NEEDLE, path, Settings())
    assert [problem.describe(path) for problem in result.problems if problem.kind == "internal"] == []
    assert all("\n" not in problem.describe(path) for problem in result.problems)
    return result


def test_every_file_of_the_standard_library(whole: bool) -> None:
    """Every one with ``--whole``, else one in forty."""
    modules = [path for path in sorted(STDLIB.rglob("*.py")) if "site-packages" not in path.parts]
    assert len(modules) > 500
    for path in sample(modules, 40, whole=whole, name=lambda path: path.relative_to(STDLIB).as_posix()):
        problems = checked(path.read_bytes(), path.name).problems
        assert problems == () or {"test", "tests"}.intersection(path.parts), path


def test_test_files_of_cpython_with_broken_syntax_or_odd_encodings() -> None:
    folders = ["lib2to3/tests/data/**/*.py", "test/bad*.py", "test/tokenizedata/*.txt", "test/encoded_modules/*.py"]
    folders += ["test/test_gram*.py", "test/test_patma.py", "test/test_fstring.py", "test/test_unpack*.py"]
    for pattern in folders:
        for path in sorted(STDLIB.glob(pattern)):
            checked(path.read_bytes(), path.name)


def test_the_whole_standard_library_is_passed_over() -> None:
    going = run([STDLIB], Settings(), cache=False)
    assert [result.error for result in going if result.error] == []
    assert going.files > 500


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", None),
        (b"\n\n\n", None),
        (b"\xef\xbb\xbf", None),
        (b"\xef\xbb\xbfx = 1", None),
        (b"\x0cx = 1", None),
        (b"x = 1\r\ny = 2\r\n", None),
        (b"x = 1\ry = 2\r", None),
        (b"# coding: latin-1\nx = '\xe9'", None),
        (b"# coding: utf-7\nx = 1", None),
        (b"x = '\\d'", None),
        (b"if x:\n\ty = 1\n        z = 2", "syntax"),
        (b"x = 1\0", "syntax"),
        (b"\0" * 100, "syntax"),
        (b"\xff\xfe\x00", "read"),
        (b"# coding: nonsense\n", "read"),
        (b"x = (", "syntax"),
        (b"'''", "syntax"),
        (b"print x", "syntax"),
        (b"exec 'x' in y", "syntax"),
        (b"def f(:", "syntax"),
        (b"  x = 1", "syntax"),
        (b"f'{'", "syntax"),
        (b"x = 0777", "syntax"),
        (b"x = \\", "syntax"),
        (b"await x", None),
        (b"return 3", None),
        (b"yield", None),
        (b"break", None),
        (b"nonlocal x", None),
        (b"from __future__ import braces", None),
        (b"x = 1\nfrom __future__ import annotations", None),
        (b"\xe2\x82\xac = 1", "syntax"),
        (b"x = '\xf0\x9f\x98\x80'", None),
    ],
)
def test_odd_bytes(data: bytes, kind: str | None) -> None:
    problems = checked(data).problems
    assert [problem.kind for problem in problems] == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 500 + "x" + ")" * 500,
        "[" * 90 + "x" + "]" * 90,
        "-" * 5000 + "x",
        "x" + " + x" * 5000,
        "x" + ".a" * 3000,
        "f(" * 95 + "x" + ")" * 95,
        "not " * 3000 + "x",
        "x if x else " * 1000 + "x",
        "lambda: " * 500 + "x",
        "'" + "a" * 100_000 + "'",
        "[" + "x, " * 20_000 + "]",
        "{" + "'k': x, " * 10_000 + "}",
        "x == " * 3000 + "x",
        "1" * 5000,
    ],
    ids=range(14),
)
def test_deep_and_long_expressions(expression: str) -> None:
    problems = checked(TAPE.format(expression).encode()).problems
    assert [problem.kind for problem in problems] in ([], ["syntax"])


@pytest.mark.parametrize(
    "deep",
    ["tf.identity(" * 180 + "x" + ")" * 180, "x and (x or " * 90 + "x" + ")" * 90, "x" + ".a()" * 180],
    ids=["calls", "conditions", "methods"],
)
def test_what_is_too_deep_for_fixes_is_no_reason_not_to_find(deep: str) -> None:
    program = TAPE.format("np.square(x)") + f"import numpy as np\nz = lambda: {deep}\n"
    assert [one.code for one in checked(program.encode()).findings] == ["GT207"]


def test_blocks_nested_as_deep_as_python_takes_them() -> None:
    for depth in (19, 99, 500):
        lines = ["    " * level + f"if x{level}:" for level in range(depth)]
        text = "\n".join([*lines, "    " * depth + "pass"])
        checked(text.encode())
        functions = [" " * level + f"def f{level}():" for level in range(depth)]
        checked("\n".join([*functions, " " * depth + "pass"]).encode())


def test_a_megabyte() -> None:
    body = "".join(f"def f{index}(a, b):\n    return a * {index} + b  # some words\n" for index in range(22_000))
    data = (TAPE.format("x * x") + body).encode()
    assert len(data) > 1_000_000
    start = time.perf_counter()
    assert checked(data).problems == ()
    assert time.perf_counter() - start < 60


def test_a_megabyte_of_comments() -> None:
    data = TAPE.format("x * x").encode() + b"# noqa: GT201\n" * 80_000
    assert checked(data).problems == ()


def test_cut_programs() -> None:
    text = TAPE.format("tf.reduce_sum([x for _ in range(3)])  # gradlint: ignore[GT201]")
    for end in range(len(text)):
        checked(text[:end].encode())


def test_random_changes() -> None:
    numbers = random.Random(7)
    text = (TAPE * 3).format("x * 2", 'f\'{x}\' + """a"""', "(yield)")
    for _ in range(400):
        changed = list(text)
        for _ in range(numbers.randrange(1, 6)):
            changed[numbers.randrange(len(changed))] = numbers.choice("()[]{}'\"\\\n\t#:=,;%!?\0é\u2028 x0")
        checked("".join(changed).encode())
        notebook = {"cells": [{"cell_type": "code", "source": "".join(changed)}]}
        checked(json.dumps(notebook).encode(), "a.ipynb")
        checked(("```python\n" + "".join(changed) + "\n```\n").encode(), "a.md")


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("cells", [[], ["x = 1"], ["%%bash\nls"], ["print x", "!ls", "x?"]])
def test_notebooks(version: int, cells: list[str]) -> None:
    key = "source" if version == 4 else "input"
    records = [{"cell_type": "code", key: text + "\n# GradientTape"} for text in cells]
    held = {"cells": records} if version == 4 else {"worksheets": [{"cells": records}]}
    text = json.dumps({"metadata": {}, "nbformat": version, **held})
    result = check_bytes(text.encode(), "a.ipynb", Settings())
    assert [problem.kind for problem in result.problems] == (["syntax"] if "print x" in cells else [])
    for end in range(0, len(text), 7):
        cut = check_bytes(text[:end].encode(), "a.ipynb", Settings())
        assert [problem.kind for problem in cut.problems] == ["read"]


def test_lines_that_only_some_count_as_lines() -> None:
    text = TAPE.format("'\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029'") + "x = 1  # gradlint: ignore\n"
    assert check(from_text(text, "a.py")).problems == ()
