"""The format for people: each finding with its steps on an excerpt of the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.reporting.summary import summary

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render errors, findings, what TensorFlow refuted, and a summary."""
    blocks = _blocks(report, style) if report.errors or report.findings else []
    blocks += _connected(report, style)
    if last := list(summary(report, style)):
        blocks.append(last)
    explained = next((finding.code for finding in report.claims if finding.name != "observed"), None)
    if last and explained:
        last.append(f"`gradlint explain {explained}` says why, and how to fix it")
    return "\n\n".join("\n".join(block) for block in blocks) + "\n" * bool(blocks)


def _connected(report: Report, style: Style) -> list[list[str]]:
    if not report.listed:
        return []
    from gradlint.reporting.connected import blocks

    return blocks(report, style)


def _blocks(report: Report, style: Style) -> list[list[str]]:
    from gradlint.reporting.blocks import error_rows, finding_rows

    blocks = [error_rows(error, report, style) for error in report.errors]
    blocks += [finding_rows(finding, report, style) for finding in report.claims]
    if refuted := report.refuted:
        blocks.append([style.paint("Refuted by TensorFlow: the gradient arrives here", "strong")])
        blocks += [finding_rows(finding, report, style) for finding in refuted]
    return blocks
