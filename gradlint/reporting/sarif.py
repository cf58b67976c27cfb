"""SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.

The gradient's path is a code flow, a fix is a fix with its replacements, TensorFlow's verdict is in the result's
properties; a refuted finding is a result of kind ``pass``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import gradlint
from gradlint import lines
from gradlint.escaping import as_json, markdown, name, sarif
from gradlint.finding import Position
from gradlint.reporting.fingerprint import fingerprints
from gradlint.reporting.report import evidence, is_refuted
from gradlint.reporting.story import scenes

if TYPE_CHECKING:
    from gradlint.finding import Edit, Finding, Severity
    from gradlint.reporting.report import FileError, Report, RuleInfo
    from gradlint.reporting.style import Style

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: Report, style: Style) -> str:
    """Render one log with one run."""
    rules = [report.rules()[code] for code in sorted({f.code for f in report.findings} & report.rules().keys())]
    index = {rule.code: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "gradlint",
                "semanticVersion": gradlint.__version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"uri": report.uri(".").rstrip("/") + "/"}},
        "invocations": [
            {
                "executionSuccessful": not report.errors,
                "toolExecutionNotifications": [_notification(error) for error in report.errors],
            }
        ],
        "results": [
            _result(finding, fingerprint, index, report)
            for finding, fingerprint in zip(report.findings, fingerprints(report), strict=True)
        ],
    }
    return as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: RuleInfo) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "help": {"text": rule.documentation, "markdown": rule.documentation},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["gradient", "tensorflow"]},
    }
    if rule.url is not None and not rule.url.startswith("file:"):  # a file's address holds on one machine only
        described["helpUri"] = rule.url
    return described


def _result(finding: Finding, fingerprint: str, index: dict[str, int], report: Report) -> dict[str, Any]:
    refuted = is_refuted(finding)
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "kind": "pass" if refuted else "fail",
        "level": "none" if refuted else _LEVELS[finding.severity],
        "message": {"text": sarif(finding.message), "markdown": markdown(finding.message)},
        "locations": [_location(finding.path, finding.cell, finding.location, finding.end_location)],
        "partialFingerprints": {"gradlint/v1": fingerprint},
        "properties": {
            "gradients": finding.to_json()["gradients"],
            "confirmation": finding.to_json()["confirmation"],
        },
    }
    if finding.code in index:
        result["ruleIndex"] = index[finding.code]
    if finding.confirmation is not None:
        text = f"{finding.confirmation.status}: {evidence(finding.confirmation)}"
        result["message"] = {
            "text": sarif(f"{finding.message}\n{text}"),
            "markdown": markdown(f"{finding.message}\n\n{text}"),
        }
    if story := scenes(finding, report):
        steps = [
            {"location": _location(scene.path or finding.path, scene.cell, scene.start, scene.end, scene.text)}
            for scene in story
        ]
        result["relatedLocations"] = [{"id": number, **step["location"]} for number, step in enumerate(steps, start=1)]
        result["codeFlows"] = [{"message": {"text": "the path of the gradient"}, "threadFlows": [{"locations": steps}]}]
    # A replacement in a notebook's cell has no place in the file's own text.
    if finding.fix is not None and all(edit.cell is None for edit in finding.fix.edits):
        result["fixes"] = [
            {
                "description": {"text": sarif(finding.fix.message)},
                "artifactChanges": [
                    {
                        "artifactLocation": _artifact(finding.path),
                        "replacements": [_replacement(edit) for edit in finding.fix.edits],
                    }
                ],
                "properties": {"applicability": finding.fix.applicability},
            }
        ]
    return result


def _artifact(path: str) -> dict[str, Any]:
    if path.startswith("/"):
        return {"uri": "file://" + quote(os.fsencode(path))}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": "SRCROOT"}


def _region(start: Position, end: Position) -> dict[str, int]:
    return {
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    }


def _location(path: str, cell: int | None, start: Position, end: Position, text: str | None = None) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": _artifact(path), "region": _region(start, end)}
    }
    if cell is not None:
        location["logicalLocations"] = [
            {"name": lines.cell(cell), "fullyQualifiedName": f"{name(path)}:{lines.cell(cell)}"}
        ]
        location["properties"] = {"cell": cell}
    if text:
        location["message"] = {"text": sarif(text)}
    return location


def _replacement(edit: Edit) -> dict[str, Any]:
    return {
        "deletedRegion": _region(edit.location, edit.end_location),
        "insertedContent": {"text": edit.content},
    }


def _notification(error: FileError) -> dict[str, Any]:
    start = error.location or Position(1, 1)
    return {
        "level": "error",
        "message": {"text": sarif(error.message)},
        "locations": [_location(error.path, error.cell, start, start)],
    }
