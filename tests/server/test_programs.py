"""What the server makes of a client's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from gradlint.checking import check
from gradlint.server.documents import OpenText, Snapshot
from gradlint.server.programs import compute, read
from gradlint.settings import Settings
from tests.server.programs import BROKEN

if TYPE_CHECKING:
    import libcst as cst
    import pytest

TEXT = """\
import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.square(np.mean(w))
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
    from gradlint.nodes.program import Program

    whole = Program.module.func

    def noted(program: Program) -> cst.Module:
        parsed.append(program.code)
        module: cst.Module = whole(program)
        return module

    monkeypatch.setattr(Program.module, "func", noted)
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
