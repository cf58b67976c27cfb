"""Code actions: the fix of a finding, all fixes at once, a suppression on the line, and the rule's explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from gradlint.server import diagnostics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.finding import Edit, Finding
    from gradlint.server.documents import Snapshot, Text
    from gradlint.server.results import Result

EXPLAIN = "gradlint.explain"
"""The command that shows a rule's documentation; takes its code."""

FIX_ALL = "source.fixAll.gradlint"
"""The kind of the action that applies every safe fix."""

KINDS: tuple[types.CodeActionKind | str, ...] = (types.CodeActionKind.QuickFix, FIX_ALL)
"""The kinds of action that the server offers."""
