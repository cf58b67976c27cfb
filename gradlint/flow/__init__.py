"""The gradient-flow analysis: follows every value from the sources of a gradient call to its target.

It knows no rule, no file and no format: :func:`gradlint.flow.analysis.analyse` takes the text of a program and
gives :class:`gradlint.flow.facts.Facts`.
"""
