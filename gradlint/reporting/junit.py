"""JUnit XML: a file is a test suite, each finding in it a failed test, a clean file one passed test."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from gradlint.escaping import name, xml
from gradlint.reporting.report import FileError, evidence, is_refuted, place

if TYPE_CHECKING:
    from gradlint.finding import Finding
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render a ``testsuites`` element; a refuted finding is a skipped test."""
    root = ElementTree.Element("testsuites", name="gradlint")
    totals = {"tests": 0, "failures": 0, "errors": 0}
    for path, items in report.by_path().items():
        suite = _suite(path, items)
        for key in totals:
            totals[key] += int(suite.get(key, "0"))
        root.append(suite)
    for key, total in totals.items():
        root.set(key, str(total))
    root.set("time", f"{report.elapsed:.3f}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(path: str, items: list[Finding | FileError]) -> ElementTree.Element:
    findings = [item for item in items if not isinstance(item, FileError)]
    failures = sum(not is_refuted(finding) for finding in findings)
    suite = ElementTree.Element(
        "testsuite",
        name=xml(name(path)),
        tests=str(max(len(items), 1)),
        failures=str(failures),
        errors=str(len(items) - len(findings)),
        skipped=str(len(findings) - failures),
    )
    if not items:
        ElementTree.SubElement(suite, "testcase", name="gradients", classname=xml(name(path)), file=xml(name(path)))
    seen: Counter[str] = Counter()
    for item in items:
        if isinstance(item, FileError):
            suite.append(_error(item))
        else:
            seen[item.code] += 1
            suite.append(_case(item, seen[item.code]))
    return suite


def _case(finding: Finding, nth: int) -> ElementTree.Element:
    """A finding as a test; its name has no line, so that it remains the same test when lines move."""
    case = ElementTree.Element(
        "testcase",
        name=xml(f"{finding.code} {finding.name}" + (f" ({nth})" if nth > 1 else "")),
        classname=xml(name(finding.path)),
        file=xml(name(finding.path)),
        line=str(finding.location.line),
    )
    text = f"{place(finding.path, finding.cell, finding.location)}: {finding.message}"
    if finding.confirmation is not None:
        text += f"\n{finding.confirmation.status}: {evidence(finding.confirmation)}"
    if is_refuted(finding):
        ElementTree.SubElement(case, "skipped", message=xml(text))
    else:
        failure = ElementTree.SubElement(case, "failure", message=xml(finding.message), type=finding.severity)
        failure.text = xml(text)
    return case


def _error(error: FileError) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", name="not checked", classname=xml(name(error.path)), file=xml(name(error.path))
    )
    ElementTree.SubElement(case, "error", message=xml(error.message), type="error").text = xml(
        f"{place(error.path, error.cell, error.location)}: {error.message}"
    )
    return case
