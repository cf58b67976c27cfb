"""Holds the reports against TensorFlow: what is marked is lost there, and the twins lose nothing.

``python -m tests.reports.truth [BATCH ...]`` runs every program in two processes and prints what TensorFlow does not
bear out.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.fixtures import running
from tests.reports.reports import Report, reports

if TYPE_CHECKING:
    from tests.fixtures.observe import Observation

LOST = ("none", "nan", "error")


def lines_lost(seen: Observation) -> set[int]:
    """The lines at which a gradient is None, no number or missing, or the program ends."""
    lost = {call.line for call in seen.calls if not call.outcomes or any(o.startswith(LOST) for o in call.outcomes)}
    return lost | ({seen.raised_line} if seen.raised_line is not None else set())


def partly(one: Observation, other: Observation) -> bool:
    """Whether the same calls of two programs give gradients of different norms, or not the same number of them."""
    norms = [[call.norms for call in seen.calls] for seen in (one, other)]
    return norms[0] != norms[1]


def doubt(report: Report, lost: Observation, twin: Observation) -> str:
    """What TensorFlow does not bear out of a report; empty where it bears out all."""
    if lines_lost(twin) or twin.raised:
        return f"the twin loses at {sorted(lines_lost(twin))} {twin.raised or ''} {twin.message or ''}"
    marked = {n for n, line in enumerate(report.lost.splitlines(), 1) if "  # lost" in line}
    if lines_lost(lost) & marked or ("  # partial" in report.lost and partly(lost, twin)):
        return ""
    return f"lost at {sorted(lines_lost(lost))}, marked {sorted(marked)} {lost.message or ''}"


def doubts(chosen: list[Report]) -> dict[str, str]:
    """By name, what TensorFlow does not bear out of some reports."""
    codes = {f"/reports/{i}/lost.py": one.lost for i, one in enumerate(chosen)}
    codes |= {f"/reports/{i}/twin.py": one.twin for i, one in enumerate(chosen)}
    seen = running.observe(codes)
    found = {
        one.name: doubt(one, seen[f"/reports/{i}/lost.py"], seen[f"/reports/{i}/twin.py"])
        for i, one in enumerate(chosen)
    }
    return {name: text for name, text in found.items() if text}


if __name__ == "__main__":
    for name, text in doubts([one for one in reports() if len(sys.argv) < 2 or one.batch in sys.argv[1:]]).items():
        print(f"{name}: {text}")
