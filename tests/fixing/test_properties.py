"""Over random layouts: bytes outside the edits never change, and fixing twice gives what fixing once gives."""

from __future__ import annotations

import difflib
import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import libcst as cst
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gradlint import checking
from gradlint.fixing import FixResult, fix_source
from gradlint.fixing.text import texts
from gradlint.sources.source import Source

from .sources import notebook, reader, renaming, source

if TYPE_CHECKING:
    from gradlint.finding import Finding

NOISE = [
    "# größe 😀",
    "",
    "   ",
    "s = 'ü'; t = \"\\\\\"",
    "if True: pass",
    "v = [  # type: ignore\n{i}    1,\n{i}]",
    "w = 1 + \\\n{i}    2",
    'd = """\nnp.mean(\n   # not a comment\n"""',
    "@staticmethod\n{i}def f(a,\n{i}      b=1):  # type: (int, int) -> int\n{i}    def g(): return a\n{i}    return g",
    "for k in range(2):\n{i}{s}k += 1",
    "l = lambda a: (a,\n{i}  a)",
]
BROKEN = [
    "y = np.mean(x)",
    "y = np.mean(  # mean\n{i}{s}x,\n{i})",
    "z = 1; y = np.mean(x); q = 2",
    "y = float(x) * \\\n{i}    x",
    "y = np.square(x.numpy())",
    "y = tf.square(tf.Variable(x * 2.0))  # ü",
    "y = x * np.sum([x, 'ü' and x], axis=0)",
]
SETUPS = [
    "x = tf.Variable(3.0)",
    "x = tf.constant(3.0)  # ü",
    "x = tf.Variable(3.0, trainable=False)",
    "x = tf.Variable(3)",
    "x = tf.Variable(3.0); z = None",
]
ENDS = ["\n", "\r\n", "\r"]


@st.composite
def programs(draw: Any) -> str:
    """A program with a lost gradient in a random layout; its lines end with a line feed."""
    step = draw(st.sampled_from(["    ", "\t", "  "]))
    inside = draw(st.booleans())
    indent = step if inside else ""

    def noise(at: str) -> list[str]:
        chosen = draw(st.lists(st.sampled_from(NOISE), max_size=2))
        return [(at + one if one.strip() else one).replace("{i}", at).replace("{s}", step) for one in chosen]

    deeper = indent + step
    broken = draw(st.sampled_from(BROKEN)).replace("{i}", deeper).replace("{s}", step)
    setup = draw(st.sampled_from(SETUPS))
    body = [*noise(deeper), deeper + broken, *noise(deeper)]
    ask = draw(st.sampled_from(["g = tape.gradient(y, x)", "g = tape.gradient(\n{i}{s}y, x)  # ask"]))
    work = [
        indent + setup,
        *noise(indent),
        indent + "with tf.GradientTape() as tape:" + draw(st.sampled_from(["", "  # ü", "   "])),
        *body,
        indent + ask.replace("{i}", indent).replace("{s}", step),
    ]
    head = ["import numpy as np", "import tensorflow as tf", *noise("")]
    if inside:
        work = ["def step():", *work, indent + "return g", "step()"]
    return "\n".join([*head, *work, *noise("")]) + draw(st.sampled_from(["", "\n", "\n\n"]))


def check(given_source: Source) -> list[Finding]:
    return list(checking.check(given_source).findings)


def fixed(text: str, path: str) -> FixResult:
    return fix_source(source(text, path), check, reader(path), unsafe=True)


def kept(before: str, after: str) -> set[str]:
    """The lines that the one text has and the other has not."""
    diff = difflib.ndiff(re.split("(?<=\n)", before), re.split("(?<=\n)", after))
    return {line[2:] for line in diff if line.startswith("- ")}


PROFILE = settings(deadline=None, suppress_health_check=list(HealthCheck))


@PROFILE
@given(programs(), st.sampled_from(ENDS))
def test_python(program: str, end: str) -> None:
    text = program.replace("\n", end)
    result = fixed(text, "a.py")
    touched = re.compile(r"tape|\b[xy]\b|np\.")
    normal, new = text.replace(end, "\n"), result.after.text.replace(end, "\n")
    assert all(touched.search(line) for line in kept(normal, new))
    assert ("\r" in new, "\n" in result.after.text) == (False, end != "\r" and "\n" in text)
    assert fixed(result.after.text, "a.py").after.text == result.after.text


WRITTEN = """
import numpy as np
import tensorflow as tf
x = tf.Variable(3.0)
with tf.GradientTape() as tape:
    y = np.square(x)
g = tape.gradient(y, x)
"""


def _nodes() -> st.SearchStrategy[str]:
    import hypothesmith  # Half a second of grammars, which are read where they are used.

    kinds = (cst.SimpleStatementLine, cst.FunctionDef)
    return st.one_of(*(hypothesmith.from_node(kind, auto_target=False) for kind in kinds))


NODES = st.deferred(_nodes)


@settings(PROFILE, max_examples=PROFILE.max_examples // 4)
@given(NODES, NODES)
def test_libcst_nodes(head: str, tail: str) -> None:
    """Whatever LibCST can write stands around the program, and keeps every byte."""
    text = f"{head}{WRITTEN}{tail}"
    assume(_parses(text))
    result = fixed(text, "a.py")
    assert result.after.text in (text, f"{head}{WRITTEN.replace('np.square', 'tf.square')}{tail}")
    assert fixed(result.after.text, "a.py").after.text == result.after.text


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "a.py", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


@PROFILE
@given(programs(), st.sampled_from([1, 2, "\t", None]), st.booleans(), st.booleans(), st.integers(0, 3))
def test_notebooks(program: str, indent: Any, ascii_only: bool, as_list: bool, cut: int) -> None:
    parts = re.split(r"\n(?=x = tf|def step)", program, maxsplit=1) if cut % 2 else [program]
    cells = [re.findall(r"[^\n]*\n|[^\n]+", part) if as_list else part for part in parts]
    raw = notebook(cells, indent=indent, ensure_ascii=ascii_only)
    result = fixed(raw, "a.ipynb")
    before, after = json.loads(raw), json.loads(result.after.text)
    assert [{**cell, "source": None} for cell in before["cells"]] == [
        {**cell, "source": None} for cell in after["cells"]
    ]
    assert {**before, "cells": None} == {**after, "cells": None}
    whole = notebook(
        [re.findall(r"[^\n]*\n|[^\n]+", text.text) if as_list else text.text for text in texts(result.after).values()],
        indent=indent,
        ensure_ascii=ascii_only,
    )
    assert result.after.text == whole
    assert fixed(result.after.text, "a.ipynb").after.text == result.after.text


@PROFILE
@given(programs(), st.sampled_from(["", "> ", "  "]), st.sampled_from(["\n", "\r\n"]))
@example(
    "import tensorflow as tf\nx = tf.constant(3.0)\nwith tf.GradientTape() as tape:\n"
    "    s = 'ü'; t = 1\n    y = x * x\ng = tape.gradient(y, x)",
    "",
    "\n",
)
def test_pages(program: str, prefix: str, end: str) -> None:
    block = "\n".join(prefix + line for line in ["```python", *program.split("\n"), "```"])
    page = f"# Größe\n\n{block}\n\nnp.mean(x) is text.\n".replace("\n", end)
    result = fixed(page, "a.md")
    touched = re.compile(r"tape|\b[xy]\b|np\.")
    assert all(touched.search(line) for line in kept(page.replace(end, "\n"), result.after.text.replace(end, "\n")))
    assert all(line.startswith(prefix.rstrip()) for line in result.after.text.split(end)[2:-3])
    assert fixed(result.after.text, "a.md").after.text == result.after.text


@PROFILE
@given(st.text(alphabet="ab\r\n\t ü😀\\\"'#\u2028\x0c", max_size=40), st.text(alphabet="xy\nü", max_size=4), st.data())
def test_any_text(text: str, content: str, data: Any) -> None:
    """Every occurrence is replaced and every other character stays, whatever the text is."""
    raw = notebook([text])
    check_all = renaming("a", "<" + content.replace("a", "") + ">")
    for given_text, path in [(raw, "a.ipynb"), (text, "a.py")]:
        given_source = source(given_text, path) if path == "a.py" else _notebook(raw)
        found = check_all(given_source)
        if path == "a.py":
            new = _edited(given_source, found)
            assert re.sub(r"<[^<>]*>", "a", new) == text
        else:
            cell = json.loads(_edited(given_source, [one for one in found if one.cell == 0]))["cells"][0]["source"]
            assert re.sub(r"<[^<>]*>", "a", "".join(cell)) == text


def _notebook(raw: str) -> Source:
    return Source("a.ipynb", "notebook", raw, "")


def _edited(given_source: Source, found: list[Finding]) -> str:
    from gradlint.fixing import edited

    return edited(given_source, [change for one in found if one.fix for change in one.fix.edits])
