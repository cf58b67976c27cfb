"""GT900 unused-suppression."""

from __future__ import annotations

from gradlint.rule import Rule


class UnusedSuppression(Rule):
    """A comment suppresses a finding that does not exist.

    ## What it does
    Reports a `# gradlint: ignore[...]` or `# noqa: GT...` comment whose rule finds nothing on the line, or that names
    no rule.

    ## Why the gradient is lost
    Nothing is lost. A comment that suppresses nothing hides the next finding on its line, and makes the reader look for
    a problem that does not exist.

    ## How to get it back
    Remove the comment, or the codes in it that suppress nothing; `gradlint --fix` does this.

    ## References
    - Introduction to gradients and automatic differentiation, *Getting a gradient of None*: https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none
    """

    code = "GT900"
    name = "unused-suppression"
    kinds = ()
