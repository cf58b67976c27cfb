"""The last lines of the formats that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.reporting.report import SEVERITIES, counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def summary(report: Report, style: Style) -> Iterator[str]:
    """What was found in how many files, and what can be done about it; nothing in quiet mode."""
    if style.quiet:
        return
    yield from _found(report, style)
    if report.listed:
        from gradlint.picture.words import counted as counted_calls

        yield counted_calls(report.drawings or ())
    if report.errors:
        files = len({error.path for error in report.errors})
        yield style.severity(f"{counted(files, 'file')} could not be checked", "error")
    if refuted := len(report.refuted):
        yield f"{counted(refuted, 'finding')} refuted by TensorFlow, shown separately and not counted"
    if report.fixed:
        yield f"{counted(report.fixed, 'finding')} fixed"
    quiet = [
        counted(report.suppressed, "finding") + " suppressed by comments" if report.suppressed else "",
        counted(report.baselined, "finding") + " in the baseline" if report.baselined else "",
    ]
    if any(quiet):
        yield listed([part for part in quiet if part])
    if report.stale:
        entries = "1 stale entry" if report.stale == 1 else f"{report.stale} stale entries"
        yield f"{entries} in the baseline; `--write-baseline` drops stale entries"
    yield from _fixable(report)


def _found(report: Report, style: Style) -> Iterator[str]:
    """How much was found in how many files."""
    claims = report.claims
    tapes = f"({counted(report.tapes, 'tape')} checked)"
    counts = [
        style.severity(f"{number} info" if severity == "info" else counted(number, severity), severity)
        for severity in SEVERITIES
        if (number := sum(finding.severity == severity for finding in claims))
    ]
    if claims:
        files = len({finding.path for finding in claims})
        yield f"Found {listed(counts)} in {counted(files, 'file')} {tapes}"
    elif (whole := report.files - len({error.path for error in report.errors if error.cell is None})) > 0:
        yield f"{style.paint('No lost gradients', 'good')} in {counted(whole, 'file')} {tapes}"
    elif not (report.files or report.errors):
        yield "No Python files, notebooks or Markdown pages here"


def _fixable(report: Report) -> Iterator[str]:
    """How many of the findings have a fix, and how many have one that is not offered."""
    fixes = [finding.fix.applicability for finding in report.claims if finding.fix is not None]
    safe, unsafe = fixes.count("safe"), fixes.count("unsafe")
    if safe and unsafe:
        yield f"{safe} fixable with `{report.fix_with}`, {unsafe} more with `{report.fix_all_with}`"
    elif safe or unsafe:
        yield f"{safe or unsafe} fixable with `{report.fix_with if safe else report.fix_all_with}`"
    withheld = sum(finding.withheld is not None for finding in report.claims)
    if withheld:
        yield f"{counted(withheld, 'finding')} whose fix is withheld; `--fix --show-fixes` says why"
