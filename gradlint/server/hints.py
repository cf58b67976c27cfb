"""Inlay hints and code lenses: what a gradient call gives, beside it, and the offer to let TensorFlow judge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from lsprotocol import types

from gradlint.server.results import key_of

if TYPE_CHECKING:
    from gradlint.server.results import Call, Result, SourceAnswer

Hints = Literal["off", "lost", "all"]

CONFIRM = "gradlint.confirm"
"""The command that runs findings under TensorFlow: takes a document's URI and, to run one alone, a finding's key."""

_OUTCOMES = {"none": "None", "error": "error", "partial": "partial", "zero": "0", "nan": "NaN"}
_CALLEE = re.compile(r"[\w.]+(?=\()")


def inlay_hints(result: Result, uri: str, span: types.Range, which: Hints) -> list[types.InlayHint]:
    """A hint at the end of each gradient call in a range, such as ``w: None (np.mean, line 9)``.

    Args:
        result: The analysis of the document.
        uri: The document or cell.
        span: The lines that the client shows.
        which: ``lost`` names the sources that lose their gradient, ``all`` the connected ones as well.

    Raises:
        KeyError: If the snapshot has no text of that URI.
    """
    if which == "off":
        return []
    cell = result.snapshot.cell(uri)
    text = result.snapshot.text(cell)
    hints = []
    for call in result.calls:
        end = text.to_client(call.end)
        if call.cell != cell or not span.start.line <= end.line <= span.end.line:
            continue
        parts = [part for answer in call.answers if (part := _part(result, call, answer, which)) is not None]
        if parts:
            hints.append(types.InlayHint(end, "; ".join(parts), padding_left=True))
    return hints


def _part(result: Result, call: Call, answer: SourceAnswer, which: Hints) -> str | None:
    lost = result.lost(call, answer.source)
    if lost is not None:
        finding, gradient = lost
        what = gradient.exception or _OUTCOMES[gradient.outcome]
        if answer.cause is None:
            return f"{answer.source}: {what} ({finding.name})"
        callee = _CALLEE.match(answer.cause.text)
        name = callee[0] if callee else _short(answer.cause.text)
        return f"{answer.source}: {what} ({name}, {answer.cause.where})"
    if which == "all" and answer.answer == "connected":
        return f"{answer.source}: {'connected' if answer.proved else 'may be connected'}"
    return None


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


def code_lenses(result: Result, uri: str) -> list[types.CodeLens]:
    """An offer to confirm each finding with TensorFlow, above it, or the verdict where there is one.

    Raises:
        KeyError: If the snapshot has no text of that URI.
    """
    cell = result.snapshot.cell(uri)
    text = result.snapshot.text(cell)
    lenses = []
    for finding in result.findings:
        if finding.cell != cell or not finding.gradients:
            continue
        title = f"Confirm {finding.code} with TensorFlow"
        if finding.confirmation is not None:
            title = f"{finding.code}: {finding.confirmation.status} by TensorFlow"
        span = text.to_client_range(finding.location, finding.end_location)
        lenses.append(
            types.CodeLens(span, types.Command(title, CONFIRM, arguments=[result.snapshot.uri, key_of(finding)]))
        )
    return lenses
