"""Gradient calls drawn: one record of a call's ways (:mod:`.record`), made once (:mod:`.making`), and its renderers.

The record is in the user's places and holds no value of the analysis. ``text``, ``svg``, ``mermaid`` and ``dot`` turn
it into pictures; the command, the report, the notebook and the editor's hover show them.
"""
