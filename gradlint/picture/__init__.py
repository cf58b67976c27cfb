"""Drawings of gradient calls: one record of a call's paths, made once, and its renderers.

The record (:mod:`.record`) uses the user's locations and contains no values of the analysis; :mod:`.making` makes it.
``text``, ``svg``, ``mermaid`` and ``dot`` turn it into pictures; the command, the report, the notebook and the editor's
hover show them.
"""
