"""A Fixit rule that reports sources that lose their gradient."""

import libcst as cst
from fixit import Invalid, LintRule, Valid

from gradlint.metadata import GradientFlowProvider


class NoLostGradient(LintRule):
    """A gradient call must reach each of its sources."""

    METADATA_DEPENDENCIES = (GradientFlowProvider,)
    INVALID = [
        Invalid(
            "import numpy as np\nimport tensorflow as tf\nw = tf.Variable(1.0)\n"
            "with tf.GradientTape() as tape:\n    y = np.exp(w)\ntape.gradient(tf.constant(y), w)\n"
        )
    ]
    VALID = [
        Valid(
            "import tensorflow as tf\nw = tf.Variable(1.0)\n"
            "with tf.GradientTape() as tape:\n    y = tf.exp(w)\ntape.gradient(y, w)\n"
        )
    ]

    def visit_Call(self, node: cst.Call) -> None:
        flow = self.get_metadata(GradientFlowProvider, node)
        for answer in flow.call.answers if flow.call is not None else ():
            if answer.answer == "lost":
                self.report(node, f"no gradient reaches {answer.source}: {answer.message}")
