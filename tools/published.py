"""How often each rule was right in public code: what the pages of the rules publish.

The record is ``tests/ecosystem/snapshot.jsonl``: what gradlint says of pinned public repositories, each finding judged
by reading the code.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

from gradlint.reporting.report import counted

SNAPSHOT = Path(__file__).parent.parent / "tests" / "ecosystem" / "snapshot.jsonl"


@cache
def _record() -> tuple[int, int, Counter[tuple[str, str]]]:
    """How many repositories and gradient calls there are, and how many findings of each code and verdict."""
    rows = [json.loads(line) for line in SNAPSHOT.read_text("utf-8").splitlines()]
    repositories = [row for row in rows if "repository" in row]
    verdicts = Counter((row["code"], row["verdict"]) for row in rows if "code" in row)
    return len(repositories), sum(row["calls"] for row in repositories), verdicts


def section(code: str) -> str:
    """The section of a rule's page."""
    repositories, calls, verdicts = _record()
    counts = {verdict: verdicts[code, verdict] for verdict in ("true", "false", "arguable", "unread")}
    where = f"{repositories} pinned public repositories with {calls} gradient calls"
    if not any(counts.values()):
        return f"## In public code\n\nNo findings in {where}.\n"
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count or verdict in ("true", "false"))
    return (
        f"## In public code\n\n{counted(sum(counts.values()), 'finding')} in {where}, each judged by reading the code:"
        f" {said}. gradlint was developed on these repositories; for repositories that it had not seen, see"
        " `tests/ecosystem/batches.md`.\n"
    )
