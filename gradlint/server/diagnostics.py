"""Findings as the protocol's diagnostics: code, link, severity, tags, and the story as related information."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from gradlint.finding import Position
from gradlint.server.results import key_of

if TYPE_CHECKING:
    from gradlint.finding import Finding, Gradient, Step
    from gradlint.server.client import Client
    from gradlint.server.documents import Snapshot
    from gradlint.server.results import Result
    from gradlint.sources.source import Problem

SOURCE = "gradlint"

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
_UNNECESSARY = frozenset({"needlessly-persistent", "tape-never-asked", "unused-suppression"})
_OUTCOMES = {
    "none": "is None",
    "error": "raises",
    "partial": "lacks a part",
    "zero": "is zero",
    "nan": "is NaN or infinite",
}


def by_text(result: Result, *, related: bool = True) -> dict[str, list[types.Diagnostic]]:
    """The diagnostics of each text of the snapshot, by its URI; texts without any are there with an empty list.

    Args:
        result: The analysis of a document or notebook.
        related: Whether the client shows related information.
    """
    made: dict[str, list[types.Diagnostic]] = {text.uri: [] for text in result.snapshot.texts}
    for problem in result.problems:
        if problem.location is not None:
            made[result.snapshot.text(problem.cell).uri].append(_problem(result.snapshot, problem))
    for finding in result.findings:
        made[result.snapshot.text(finding.cell).uri].append(diagnostic(result.snapshot, finding, related=related))
    return made


def report(
    result: Result, uri: str, previous: str | None, client: Client
) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
    """The answer to a client that asks for a text's diagnostics; the other cells of a notebook come with it.

    Args:
        result: The analysis of the document or notebook.
        uri: The text that is asked about.
        previous: The identity of the answer that the client has already, if any.
        client: What the client can do.

    Raises:
        KeyError: If the snapshot has no text of that URI.
    """
    made = by_text(result, related=client.related)
    own = result.snapshot.text(result.snapshot.cell(uri)).uri
    identity = _identity(made[own])
    others: dict[str, types.FullDocumentDiagnosticReport | types.UnchangedDocumentDiagnosticReport] = {
        other: types.FullDocumentDiagnosticReport(items=items, result_id=_identity(items))
        for other, items in made.items()
        if other != own
    }
    related = others if others and client.related_documents else None
    if previous == identity:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=identity, related_documents=related)
    return types.RelatedFullDocumentDiagnosticReport(items=made[own], result_id=identity, related_documents=related)


def _identity(items: list[types.Diagnostic]) -> str:
    return hashlib.sha256(repr(items).encode(errors="backslashreplace")).hexdigest()[:16]


def diagnostic(snapshot: Snapshot, finding: Finding, *, related: bool = True) -> types.Diagnostic:
    """One finding as a diagnostic."""
    text = snapshot.text(finding.cell)
    severity = _SEVERITIES[finding.severity]
    message = finding.text
    verdict = finding.confirmation
    if verdict is not None:
        message = f"{message}\n{_verdict(finding)}"
        if verdict.status == "refuted":
            severity = types.DiagnosticSeverity.Hint
    return types.Diagnostic(
        range=text.to_client_range(finding.location, finding.end_location),
        message=message,
        severity=severity,
        code=finding.code,
        code_description=types.CodeDescription(finding.url) if finding.url else None,
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if finding.name in _UNNECESSARY else None,
        related_information=(_story(snapshot, finding) or None) if related else None,
        data={"key": key_of(finding)},
    )


def _problem(snapshot: Snapshot, problem: Problem) -> types.Diagnostic:
    """A syntax error, or a failure of gradlint itself, to the end of its line."""
    text = snapshot.text(problem.cell)
    start = problem.location
    assert start is not None
    body = text.lines[start.line - 1].rstrip() if start.line <= len(text.lines) else ""
    return types.Diagnostic(
        range=text.to_client_range(start, Position(start.line, max(len(body), start.column) + 1)),
        message=problem.message,
        severity=types.DiagnosticSeverity.Error if problem.kind == "syntax" else types.DiagnosticSeverity.Warning,
        code=f"{problem.kind}-error",
        source=SOURCE,
    )


def _verdict(finding: Finding) -> str:
    verdict = finding.confirmation
    assert verdict is not None
    by = f"TensorFlow {verdict.tensorflow}" if verdict.tensorflow else "TensorFlow"
    return f"{by}: {verdict.status} ({verdict.detail})" if verdict.detail else f"{by}: {verdict.status}"


def _story(snapshot: Snapshot, finding: Finding) -> list[types.DiagnosticRelatedInformation]:
    steps = [
        _at(snapshot, step.cell, step.line, step.column, f"{step.text}: {step.note}")
        if step.path is None
        else _in_other_file(step)
        for step in finding.flow
    ]
    seen = {(step.cell, step.line, step.column) for step in finding.flow if step.path is None}
    for gradient in finding.gradients:
        if (gradient.cell, gradient.line, gradient.column) not in seen:
            steps.append(_at(snapshot, gradient.cell, gradient.line, gradient.column, _claim(gradient)))
    return steps


def _in_other_file(step: Step) -> types.DiagnosticRelatedInformation:
    """A step in a module of the project; its end is taken from its text, since the file need not be open."""
    assert step.path is not None
    start = types.Position(step.line - 1, step.column - 1)
    end = types.Position(step.line - 1, step.column - 1 + len(step.text))
    uri = Path(step.path).absolute().as_uri()
    return types.DiagnosticRelatedInformation(types.Location(uri, types.Range(start, end)), f"{step.text}: {step.note}")


def _claim(gradient: Gradient) -> str:
    outcome = f"raises {gradient.exception}" if gradient.exception else _OUTCOMES[gradient.outcome]
    return f"{gradient.method} of {gradient.target} with respect to {gradient.source} {outcome}"


def _at(
    snapshot: Snapshot, cell: int | None, line: int, column: int, message: str
) -> types.DiagnosticRelatedInformation:
    text = snapshot.text(cell)
    body = text.lines[line - 1].rstrip() if line <= len(text.lines) else ""
    span = text.to_client_range(Position(line, column), Position(line, max(len(body) + 1, column)))
    return types.DiagnosticRelatedInformation(types.Location(text.uri, span), message)
