"""``--explain-silence FILE:LINE`` names the premise that keeps gradlint silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.commands.errors import CommandError
from gradlint.commands.silence import explain
from gradlint.settings import Resolver

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """\
import tensorflow as tf

class Base:
    w = tf.Variable(1.0)
    def loss(self, x):
        pass
    def step(self, x):
        with tf.GradientTape() as tape:
            loss = self.loss(x)
        return tape.gradient(loss, self.w)

w, v = tf.Variable(1.0), tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = w * 2.0
tape.gradient(y, [w, v])

def slope(model, x):
    u = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = model(x)
    return tape.gradient(y, u)
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (10, "a subclass may override `Base.loss`"),
        (15, "`w`: connected\n"),
        (15, "`v`: lost"),
        (21, "what `model(x)` gives is not followed"),
    ],
)
def test_the_premise_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: int, told: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    assert explain(f"{path}:{line}", Resolver(isolated=True)) == 0
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("place", ["program.py:1", "program.py", "nothing.py:3"])
def test_a_place_without_a_gradient_call_is_refused(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        explain(place, Resolver(isolated=True))
