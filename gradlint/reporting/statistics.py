"""The number of findings per rule, the most frequent first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gradlint.escaping import line
from gradlint.reporting.report import place
from gradlint.reporting.summary import summary

if TYPE_CHECKING:
    from gradlint.reporting.report import Report
    from gradlint.reporting.style import Style


def render(report: Report, style: Style) -> str:
    """Render a table of counts, codes and names; ``fix`` says how many have one."""
    claims = report.claims
    counts = Counter((finding.code, finding.name) for finding in claims)
    fixes = Counter(finding.code for finding in claims if finding.fix is not None)
    rows = [
        f"{place(error.path, error.cell, error.location)}: {style.severity('error', 'error')}: {line(error.message)}"
        for error in report.errors
    ]
    table = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if table:
        width = max(len("count"), len(str(table[0][1])))
        names = max(len(name) for (_, name), _ in table)
        rows.append(style.paint(f"{'count':>{width}}  {'code':<5}  {'name':<{names}}  fixable", "strong"))
        for (code, name), count in table:
            rows.append(f"{count:>{width}}  {code:<5}  {name:<{names}}  {fixes[code] or '-':>7}".rstrip())
    if last := list(summary(report, style)):
        rows += ["", *last] if rows else last
    return "".join(f"{row}\n" for row in rows)
