"""What the server makes of a client's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from gradlint.checking import check
from gradlint.nodes import program
from gradlint.nodes.parts import tree_of
from gradlint.server.documents import OpenText, Snapshot
from gradlint.server.memories import Memories
from gradlint.server.programs import compute, read
from gradlint.settings import Settings
from tests.server.programs import BROKEN

if TYPE_CHECKING:
    import pytest

    from gradlint.nodes.parts import Tree

TEXT = """\
import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.square(np.sqrt(w))
tape.gradient(loss, w)
"""


def test_a_fix_is_offered_in_a_program_that_has_a_notebooks_name() -> None:
    """JupyterLab sends a notebook's cells as one Python program under the notebook's name."""
    (finding,) = check(read(TEXT, "study.ipynb", "python")).findings
    assert finding.withheld is None
    assert finding.fix is not None


def snapshot(text: str) -> Snapshot:
    """A document that lives nowhere."""
    opened = OpenText("untitled:one", 1, text, "python", types.PositionEncodingKind.Utf16)
    return Snapshot("untitled:one", 1, "python", None, (opened,))


def test_a_fix_is_worked_out_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def noted(code: str) -> Tree:
        parsed.append(code)
        return tree_of(code)

    monkeypatch.setattr(program, "tree_of", noted)
    second = BROKEN.replace("w = tf", "v = tf").replace("(w * x)", "(v * x)").replace("loss, w", "loss, v")
    text = BROKEN + "\n" + second
    result = compute(snapshot(text), Settings())
    assert [finding.fix for finding in result.findings] == [None, None]
    assert parsed == []
    expected = check(read(text, "untitled", "python")).findings
    parsed.clear()
    assert [result.fixes.of(finding) for finding in result.findings] == [finding.fix for finding in expected]
    assert None not in [finding.fix for finding in expected]
    assert len(parsed) == 2
    assert result.fixes.any_safe()
    assert result.fixes.of(result.findings[0]) == expected[0].fix
    assert len(parsed) == 2


def test_one_fix_is_worked_out_alone() -> None:
    result = compute(snapshot(BROKEN), Settings())
    (finding,) = result.findings
    assert result.fixes.any_safe()
    assert result.fixes.of(finding) == check(read(BROKEN, "untitled", "python")).findings[0].fix


def test_fixes_are_the_same_while_somebody_types() -> None:
    """What is remembered of the document, with and without its fix, changes nothing."""
    memories = Memories()
    body = "".join(f"    {line}" if line.strip() else line for line in BROKEN.splitlines(keepends=True))
    for typed in ("", "  # a", "  # ab", "\n    scale = 2.0", "\n    loss = w"):
        text = f"def train():\n{body.rstrip()}{typed}\n\n\ndef other():\n    return 1\n"
        result = compute(snapshot(text), Settings(), None, memories)
        expected = check(read(text, "untitled", "python")).findings
        assert [result.fixes.of(finding) for finding in result.findings] == [finding.fix for finding in expected]
        assert any(finding.fix for finding in expected)
