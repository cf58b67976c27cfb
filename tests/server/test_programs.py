"""What the server makes of a client's documents."""

from __future__ import annotations

from gradlint.checking import check
from gradlint.server.programs import read

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
