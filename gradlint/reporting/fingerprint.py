"""A name for a finding that does not change when lines above it are added or removed."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.reporting.report import Report


def fingerprints(report: Report) -> list[str]:
    """One fingerprint for each of a report's findings, all different.

    A fingerprint is made from the path, the code, the text of the finding's line, and a counter for findings that share
    all three.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    made = []
    for finding in report.findings:
        line = report.line(finding.path, finding.cell, finding.location.line)
        key = (finding.path, finding.code, " ".join((line or finding.message).split()))
        made.append(digest(*key, str(seen[key])))
        seen[key] += 1
    return made


def digest(*parts: str) -> str:
    """A fingerprint of texts; a path that is not UTF-8 may be among them."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()
