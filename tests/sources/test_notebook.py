"""Notebooks as one program: cells in order, IPython's additions taken out, positions by cell."""

import ast
import json

import pytest

from gradlint.finding import Position
from gradlint.sources.files import SourceError
from gradlint.sources.read import from_bytes, from_text
from gradlint.sources.source import Source


def notebook(*cells: str | tuple[str, str], **metadata: object) -> str:
    """A notebook of nbformat 4 with code cells, or cells of the kind named."""
    records = []
    for cell in cells:
        kind, source = cell if isinstance(cell, tuple) else ("code", cell)
        records.append({"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)})
    return json.dumps({"cells": records, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def read(*cells: str | tuple[str, str], **metadata: object) -> Source:
    return from_text(notebook(*cells, **metadata), "a.ipynb")


def code(*cells: str) -> list[str]:
    """The lines of the program that cells make, which Python must be able to parse."""
    source = read(*cells)
    ast.parse(source.code)
    return source.code.split("\n")[:-1]


def test_cells_are_one_program_in_order() -> None:
    source = read(("markdown", "# Title"), "a = 1\nb = 2", ("raw", "c = 3"), "d = 4\n")
    assert source.kind == "notebook"
    assert source.code == "a = 1\nb = 2\nd = 4\n\n"
    assert source.locate(1, 0) == (1, Position(1, 1))
    assert source.locate(2, 4) == (1, Position(2, 5))
    assert source.locate(3, 0) == (3, Position(1, 1))


def test_the_program_line_of_a_cell_line() -> None:
    source = read("a = 1\nb = 2", ("markdown", "x"), "c = 3")
    assert source.program_line(0, 2) == 2
    assert source.program_line(2, 1) == 3
    assert source.program_line(1, 1) is None
    assert source.program_line(2, 9) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%matplotlib inline", "pass"),
        ("%load_ext tensorboard", "pass"),
        ("!pip install tensorflow", "pass"),
        ("!!ls", "pass"),
        ("tf.GradientTape?", "pass"),
        ("tf.GradientTape??", "pass"),
        ("?tf.GradientTape", "pass"),
        ("%timeit?", "pass"),
        ("np.*load*?", "pass"),
        ("x = !ls", "x = get_ipython()"),
        ("files = %sx ls", "files = get_ipython()"),
        ("a, b = !ls", "a, b = get_ipython()"),
        ("self.x['k'] = !ls", "self.x['k'] = get_ipython()"),
        ("/print 1", "pass"),
        (",print a b", "pass"),
        (";print a b", "pass"),
        ("pip install tensorflow", "pass"),
        ("cd ..", "pass"),
        ("%time y = f(x)", "y = f(x)"),
        ("%timeit -n 10 -r3 f(x)", "f(x)"),
        ("%time", "pass"),
    ],
)
def test_what_is_ipython_is_taken_out(line: str, expected: str) -> None:
    assert code(f"a = 1\n{line}\nb = 2")[1].strip() == expected.strip()


@pytest.mark.parametrize(
    "cell",
    [
        "x = (a\n % b)\nprint(x)",
        "x = a \\\n % b",
        "s = '''\n%matplotlib inline\n!ls\n'''",
        's = """it\'s\n!ls"""',
        "plt.show();",
        "a = b; c = d;",
        "ls",
        "await f()\nasync with g() as h:\n    pass\nasync for i in j:\n    pass",
        "x = 3 if y else 5  # why?",
        "# what is this?",
        "run = 3\nrun (4)",
        "print('%d' % 3)",
        "def f():\n    return await g()",
    ],
)
def test_what_is_python_is_left_alone(cell: str) -> None:
    assert code(cell) == cell.split("\n")


@pytest.mark.parametrize(
    "python",
    [
        "s = '''\n%matplotlib\n'''",
        "x = (a\n%b)",
        "x = [1 # (\n%b]",
        "x = a \\\n%b",
        "s = 'a\\\n%b'",
        's = "#"',
        "x = f'{a!r}'",
    ],
)
def test_python_beside_a_magic_is_left_alone(python: str) -> None:
    assert code(f"!ls\n{python}\n!ls") == ["pass", *python.split("\n"), "pass"]


def test_a_continued_magic_keeps_its_lines() -> None:
    assert code("!pip install \\\n  a \\\n  b\nx = 1") == ["pass", "", "", "x = 1"]


def test_a_magic_in_a_block_stays_a_statement() -> None:
    assert code("if True:\n    !ls\nelse:\n    %cd ..") == ["if True:", "    pass", "else:", "    pass"]


@pytest.mark.parametrize("magic", ["%%time", "%%timeit", "%%capture out", "%%prun -l 5", "\n%%time", "# note\n%%time"])
def test_a_cell_magic_that_runs_python_leaves_its_body(magic: str) -> None:
    lines = code(f"{magic}\nx = 1\n!ls")
    assert lines[-2:] == ["x = 1", "pass"]
    assert "%%" not in "".join(lines)


@pytest.mark.parametrize("magic", ["%%bash", "%%writefile a.py", "%%html", "%%javascript", "%%R -i x", "%%cython"])
def test_a_cell_magic_of_something_else_leaves_nothing(magic: str) -> None:
    assert code(f"{magic}\nx = 1\ny = 2", "z = 3") == ["", "", "", "z = 3"]


def test_a_stacked_cell_magic() -> None:
    assert code("%%time\n%%capture\nx = 1") == ["", "", "x = 1"]
    assert code("%%time\n%%bash\nx = 1") == ["", "", ""]


def test_columns_after_a_line_magic_are_those_of_the_cell() -> None:
    source = read("if True:\n    %time y = f(x)\n    z = 1")
    assert source.code.split("\n")[1] == "    y = f(x)"
    assert source.locate(2, 4) == (0, Position(2, 11))
    assert source.locate(3, 4) == (0, Position(3, 5))


def test_an_indented_cell_is_outdented() -> None:
    source = read("  x = 1\n  if x:\n    y = 2\n")
    ast.parse(source.code)
    assert source.locate(1, 0) == (0, Position(1, 3))
    assert source.problems == ()


def test_a_cell_that_is_not_python_is_a_problem_and_the_others_go_on() -> None:
    source = read("x = 1", "a = 2\nprint a\n", "y = 3")
    assert [line for line in source.code.split("\n") if line] == ["x = 1", "y = 3"]
    assert len(source.problems) == 1
    problem = source.problems[0]
    assert (problem.kind, problem.cell, problem.location) == ("syntax", 1, Position(2, 1))
    assert problem.describe("a.ipynb").startswith("a.ipynb:cell 2:2:1: syntax error: ")
    assert source.locate(5, 0)[0] == 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"language": "R", "name": "ir"}},
        {"language_info": {"name": "julia"}},
        {"kernelspec": {"name": "ir"}},
        {"kernelspec": {"name": "julia-1.9", "display_name": "Julia"}},
        {"language_info": {"name": "typescript"}},
    ],
)
def test_another_kernel_has_no_python(metadata: dict[str, object]) -> None:
    source = read("x <- 1\nGradientTape", **metadata)
    assert source.code == ""
    assert source.problems == ()


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": {"language": "python", "name": "python3"}},
        {"kernelspec": {"name": "tf2-gpu"}},
        {"language_info": {"name": "python", "version": "3.11"}},
        {"kernelspec": {"name": "irene"}},
        {"kernelspec": None, "language_info": 3},
    ],
)
def test_python_kernels(metadata: dict[str, object]) -> None:
    assert read("x = 1", **metadata).code == "x = 1\n"


def test_nbformat_3() -> None:
    sheet = {
        "cells": [
            {"cell_type": "heading", "source": "T"},
            {"cell_type": "code", "language": "python", "input": ["x = 1\n", "y = 2"]},
            {"cell_type": "code", "language": "R", "input": "x <- 1"},
        ]
    }
    other = {"cells": [{"cell_type": "code", "language": "python", "input": "z = 3"}]}
    text = json.dumps({"metadata": {"name": ""}, "nbformat": 3, "worksheets": [sheet, other]})
    source = from_text(text, "a.ipynb")
    assert source.code == "x = 1\ny = 2\nz = 3\n"
    assert source.locate(3, 0) == (3, Position(1, 1))


def test_a_source_that_is_one_string_and_windows_line_ends() -> None:
    text = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1\r\n%time y = 2\r\nz = 3"}]})
    assert from_text(text, "a.ipynb").code == "x = 1\ny = 2\nz = 3\n"


def test_lone_surrogates_do_no_harm() -> None:
    text = '{"cells": [{"cell_type": "code", "source": "x = \'\\ud800\'; y = 1"}]}'
    source = from_text(text, "a.ipynb")
    assert source.code.encode() == "x = '\ufffd'; y = 1\n".encode()


@pytest.mark.parametrize("cells", [[], [{}], [None], [{"cell_type": "code"}], [{"cell_type": "code", "source": 3}]])
def test_cells_without_a_source(cells: list[object]) -> None:
    assert from_text(json.dumps({"cells": cells}), "a.ipynb").code.strip() == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        (notebook("x = 1")[:60], "not a notebook"),
        ("[]", "no cells"),
        ("{}", "no cells"),
        ("null", "no cells"),
        ("x = 1", "Expecting value"),
        ("[" * 100_000, "too deeply nested"),
    ],
)
def test_what_is_no_notebook(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        from_text(text, "a.ipynb")


def test_a_notebook_with_a_byte_order_mark() -> None:
    source = from_bytes(b"\xef\xbb\xbf" + notebook("x = 1").encode(), "a.ipynb")
    assert source.code == "x = 1\n"
    assert source.encoding == "utf-8-sig"


def test_every_prefix_of_a_notebook_is_read_or_refused() -> None:
    text = notebook("x = 1\n!ls", ("markdown", "é"), kernelspec={"language": "python"})
    for end in range(len(text)):
        with pytest.raises(SourceError):
            from_text(text[:end], "a.ipynb")
