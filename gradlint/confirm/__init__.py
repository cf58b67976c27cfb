"""The runtime mode: cuts a probe out of the file for each finding, runs it apart, and lets TensorFlow judge.

The command line, the language server and the tests share one entry:

    with Confirmer(Options(timeout=20)) as confirmer:
        for index, confirmation in confirmer.confirm(source, findings):
            finding = findings[index].with_confirmation(confirmation)

Verdicts come in the order in which they are reached. TensorFlow is imported in the worker's process alone.
"""

from gradlint.confirm.confirmer import Confirmer, confirm
from gradlint.confirm.options import ConfirmUnavailable, Options

__all__ = ["ConfirmUnavailable", "Confirmer", "Options", "confirm"]
