"""How often each rule was right in public code: what the pages of the rules publish.

The record is ``tests/ecosystem/snapshot.jsonl``: what gradlint says of pinned public repositories, each finding judged
by reading the code, and by TensorFlow where its file could be run.
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
    """How many repositories and gradient calls there are, and how many findings of each code, by verdict and status."""
    rows = [json.loads(line) for line in SNAPSHOT.read_text("utf-8").splitlines()]
    repositories = [row for row in rows if "repository" in row]
    said = Counter((row["code"], row[by]) for row in rows if "code" in row for by in ("verdict", "confirmed"))
    return len(repositories), sum(row["calls"] for row in repositories), said


def section(code: str) -> str:
    """The section of a rule's page."""
    repositories, calls, found = _record()
    counts = {verdict: found[code, verdict] for verdict in ("true", "false", "arguable", "unread")}
    where = f"{repositories} pinned public repositories with {calls} gradient calls"
    if not any(counts.values()):
        return f"## In public code\n\nNo findings in {where}.\n"
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count or verdict in ("true", "false"))
    return (
        f"## In public code\n\n{counted(sum(counts.values()), 'finding')} in {where}, each judged by reading the code:"
        f" {said}. {_by_tensorflow(code)}gradlint was developed on these repositories; for repositories that it had not"
        " seen, see `tests/ecosystem/batches.md`.\n"
    )


def _by_tensorflow(code: str) -> str:
    """The sentence on what `--confirm` said of a rule's findings; empty where it judged none."""
    found = _record()[2]
    confirmed, refuted, open_ones = (found[code, status] for status in ("confirmed", "refuted", "inconclusive"))
    judged = confirmed + refuted + open_ones
    if not judged:
        return ""
    files = "its file" if open_ones == 1 else "their files"
    rest = f"; {open_ones} could not be decided by running {files}" if open_ones else ""
    return f"With `--confirm`, TensorFlow confirmed {confirmed} of {judged} and refuted {refuted}{rest}. "
