"""What only a run shows: gradient calls that lose something of which no finding speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.confirm.claims import claim, source_of

if TYPE_CHECKING:
    from gradlint.confirm import Confirmer

HIDDEN = """\
import tensorflow as tf
cut = getattr(tf, "stop" + "_gradient")
w, v = tf.Variable(2.0), tf.Variable(3.0)
with tf.GradientTape(persistent=True) as tape:
    loss = cut(w) * v
    whole = w * v
g = tape.gradient(loss, [w, v])
h = tape.gradient(whole, [w, v])
"""


def test_what_no_finding_speaks_of_is_told(confirmer: Confirmer) -> None:
    ((index, (finding,)),) = confirmer.observe([(source_of(HIDDEN), [])])
    assert (index, finding.code, finding.name, finding.location.line) == (0, "GT000", "observed", 7)
    assert [(one.source, one.outcome) for one in finding.gradients] == [("w", "none")]
    assert finding.confirmation is not None
    assert finding.confirmation.status == "confirmed"


def test_what_a_finding_speaks_of_is_not_told_again(confirmer: Confirmer) -> None:
    assert list(confirmer.observe([(source_of(HIDDEN), [claim(HIDDEN, "w")])])) == [(0, [])]
