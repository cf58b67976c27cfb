"""The lines that a message names are the user's, in a notebook those of the cell."""

from __future__ import annotations

from gradlint import engine
from gradlint.flow.causes import ToNumpy
from gradlint.flow.facts import Claim, Facts, LostGradient, Note, Span
from gradlint.lines import line
from gradlint.registry import load
from gradlint.sources.source import Segment, Source

CODE = """\
import numpy as np
import tensorflow as tf
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = np.mean(x)
tape.gradient(y, x)
"""
LOST = LostGradient(Span(6, 0, 6, 19), "gradient", "y", "x", "none")
CLAIM = Claim(
    ToNumpy("np.mean", "numpy.mean"),
    Span(5, 8, 5, 18),
    "error",
    (LOST,),
    (Note(Span(3, 4, 3, 27), f"watched from {line(4)} on"),),
)


def test_in_a_file_they_are_the_programs_own() -> None:
    (finding,) = engine.findings(Source("a.py", "python", CODE, CODE), Facts((CLAIM,)), load())
    assert "with respect to `x` (line 6) is None" in finding.message
    assert finding.flow[0].note == "watched from line 4 on"


def test_in_a_notebook_they_are_the_cells() -> None:
    segments = (Segment(1, 2, 1, cell=0), Segment(3, 3, 1, cell=2), Segment(6, 1, 1, cell=5))
    (finding,) = engine.findings(Source("a.ipynb", "notebook", "{}", CODE, segments), Facts((CLAIM,)), load())
    assert "with respect to `x` (line 1 of cell 6) is None" in finding.message
    assert finding.flow[0].note == "watched from line 2 of cell 3 on"
    assert (finding.cell, finding.location.line) == (2, 3)


def test_in_a_page_they_are_the_pages() -> None:
    segments = (Segment(1, 6, 11, column=2),)
    (finding,) = engine.findings(Source("a.md", "markdown", CODE, CODE, segments), Facts((CLAIM,)), load())
    assert "with respect to `x` (line 16) is None" in finding.message


def test_what_the_program_says_of_lines_stays() -> None:
    code = CODE.replace("np.mean(x)", "np.mean(x['line 3'])")
    lost = Claim(ToNumpy("np.mean(x['line 3'])"), Span(5, 8, 5, 28), "error", (LOST,))
    segments = (Segment(1, 2, 1, cell=0), Segment(3, 3, 1, cell=2), Segment(6, 1, 1, cell=5))
    (finding,) = engine.findings(Source("a.ipynb", "notebook", "{}", code, segments), Facts((lost,)), load())
    assert finding.message.startswith("`np.mean(x['line 3'])` returns")
