"""Notebooks keep every byte outside the changed lines, whatever the form of their JSON."""

from __future__ import annotations

import json

import pytest

from gradlint.fixing.notebook import Notebook
from gradlint.fixing.splices import Splice

from .sources import lines, notebook

CELL = 'import numpy as np\n# größe "π" \\ 😀\ny = np.mean(x)\n'
FORMS = [
    {"indent": 1},
    {"indent": 2, "sort_keys": True},
    {"indent": None, "separators": (",", ":")},
    {"indent": 1, "ensure_ascii": True},
    {"indent": "\t"},
]


def cell_of(text: str, index: int) -> str:
    return "".join(json.loads(text)["cells"][index]["source"])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cell", [CELL, lines(CELL), [CELL], [CELL[:30], CELL[30:]]])
def test_only_the_changed_lines_change(form: dict[str, object], cell: str | list[str]) -> None:
    raw = notebook(["a = 1", cell, []], **form)
    start = CELL.index("np.mean")
    changed = Notebook(raw).edited({1: [Splice(start, start + 7, 'tf.mean("ü")')]})
    assert cell_of(changed, 1) == CELL.replace("np.mean", 'tf.mean("ü")')
    before, after = raw.partition("np.mean")[0], raw.partition("np.mean")[2]
    assert changed.startswith(before)
    assert changed.endswith(after)
    escaped = form.get("ensure_ascii", False)
    assert ("\\u00fc" in changed) == bool(escaped)


@pytest.mark.parametrize("form", FORMS)
def test_lines_put_in_stand_in_the_list_as_the_others_do(form: dict[str, object]) -> None:
    raw = notebook([lines(CELL)], **form)
    at = CELL.index("y =")
    changed = Notebook(raw).edited({0: [Splice(at, at, "a = 1\nb = 2\n")]})
    assert changed == notebook([lines(CELL[:at] + "a = 1\nb = 2\n" + CELL[at:])], **form)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("line", [0, 1, 2])
def test_lines_taken_out(form: dict[str, object], line: int) -> None:
    raw = notebook([lines(CELL)], **form)
    start = sum(len(one) for one in lines(CELL)[:line])
    changed = Notebook(raw).edited({0: [Splice(start, start + len(lines(CELL)[line]), "")]})
    left = [one for number, one in enumerate(lines(CELL)) if number != line]
    assert changed == notebook([left], **form)


def test_joined_lines_become_one_string() -> None:
    raw = notebook([["a = 1\n", "b = 2\n", "c = 3"]])
    changed = Notebook(raw).edited({0: [Splice(5, 6, "; ")]})
    assert changed == notebook([["a = 1; b = 2\n", "c = 3"]])


def test_a_line_behind_the_last_one() -> None:
    raw = notebook([["a = 1\n", "b = 2"]])
    changed = Notebook(raw).edited({0: [Splice(11, 11, "\nc = 3")]})
    assert changed == notebook([["a = 1\n", "b = 2\n", "c = 3"]])


def test_a_single_line_cell_takes_its_layout_from_the_list() -> None:
    raw = notebook([["a = 1"]], indent=4)
    changed = Notebook(raw).edited({0: [Splice(0, 0, "b = 2\n")]})
    assert changed == notebook([["b = 2\n", "a = 1"]], indent=4)


def test_several_edits_in_several_cells() -> None:
    raw = notebook([["a = 1\n", "b = 2"], "c = 3"])
    changed = Notebook(raw).edited({0: [Splice(0, 1, "aa"), Splice(6, 7, "bb")], 1: [Splice(4, 5, "4")]})
    assert changed == notebook([["aa = 1\n", "bb = 2"], "c = 4"])


def test_cells_of_the_third_format() -> None:
    record = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "markdown", "source": "text"},
                    {"cell_type": "code", "input": ["a = 1\n", "b = 2"]},
                ]
            },
            {"cells": [{"cell_type": "code", "input": "c = 3"}]},
        ],
    }
    raw = json.dumps(record, indent=1)
    assert Notebook(raw).texts == {0: "text", 1: "a = 1\nb = 2", 2: "c = 3"}
    assert Notebook(raw).edited({2: [Splice(4, 5, "4")]}) == raw.replace("c = 3", "c = 4")


def test_what_looks_like_a_source_and_is_none() -> None:
    raw = notebook(["a = 1"]).replace(
        '"metadata": {"kernelspec"', '"cells_": [{"source": "no"}], "metadata": {"kernelspec"'
    )
    assert Notebook(raw).texts == {0: "a = 1"}
