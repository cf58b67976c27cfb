"""Holds the analysis against what TensorFlow did with 1,210 small programs.

``python -m tests.truth.table [FOLDER ...]`` prints recall and false alarms by folder; ``--misses`` and ``--alarms``
print each of them with its program.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradlint.flow.analysis import analyse

PACKED = Path(__file__).with_name("programs.jsonl")
FALSE = frozenset({"none", "error", "zero"})
"""The outcomes that no finding may claim for a gradient that arrived."""


@dataclass
class Score:
    """What was found in one folder."""

    broken: int = 0
    found: int = 0
    sound: int = 0
    misses: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)


def programs() -> list[dict[str, Any]]:
    """The packed programs."""
    return [json.loads(line) for line in PACKED.read_text().splitlines()]


def is_broken(outcomes: list[str]) -> bool:
    """Whether a call is one that a finding should name."""
    return any(outcome in {"none", "mixed", "nan"} or outcome.startswith("error") for outcome in outcomes)


def judge(program: dict[str, Any], score: Score) -> None:
    """Hold one program's findings against its calls."""
    name, code = str(program["name"]), str(program["code"])
    try:
        facts = analyse(code)
    except Exception:
        score.crashes.append(f"{name}\n{traceback.format_exc(limit=-4)}")
        return
    named: dict[int, list[tuple[str, str, str]]] = {}
    for claim in facts.claims:
        if claim.severity == "info":
            continue
        for gradient in claim.gradients:
            named.setdefault(gradient.call.line, []).append((claim.kind.value, gradient.source, gradient.outcome))
        if not claim.gradients:
            for line in range(claim.span.line, claim.span.end_line + 1):
                named.setdefault(line, []).append((claim.kind.value, "", ""))
    for call in program["calls"]:
        outcomes, line = call["outcomes"], call["line"]
        said = named.get(line, [])
        if is_broken(outcomes):
            score.broken += 1
            if said:
                score.found += 1
            else:
                score.misses.append(f"{name}:{line} {outcomes}")
        elif all(outcome == "value" for outcome in outcomes):
            score.sound += 1
            false = [item for item in said if item[2] in FALSE]
            if false:
                score.alarms.append(f"{name}:{line} {outcomes} {false}")
            elif any(item[2] for item in said):
                score.partial.append(f"{name}:{line} {said}")


def table(folders: list[str] | None = None, chosen: list[dict[str, object]] | None = None) -> dict[str, Score]:
    """The score of each folder, of all programs or of those that are given."""
    scores: dict[str, Score] = {}
    for program in programs() if chosen is None else chosen:
        folder = str(program["name"]).partition("/")[0]
        if folders and not any(folder.startswith(wanted) for wanted in folders):
            continue
        judge(program, scores.setdefault(folder, Score()))
    return scores


def main() -> None:
    """Print the table."""
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    scores = table(arguments or None)
    total: Counter[str] = Counter()
    for folder, score in scores.items():
        print(
            f"{folder:12} recall {score.found:4}/{score.broken:4}  false alarms {len(score.alarms):3}/{score.sound:4}"
            f"  partial {len(score.partial):3}  crashes {len(score.crashes)}"
        )
        total.update(found=score.found, broken=score.broken, alarms=len(score.alarms), sound=score.sound)
    if total["broken"]:
        share = 100 * total["found"] / total["broken"]
        print(f"{'all':12} recall {total['found']:4}/{total['broken']:4} ({share:.1f} %)", end="")
        print(f"  false alarms {total['alarms']:3}/{total['sound']:4}")
    for flag in ("misses", "alarms", "partial", "crashes"):
        if "--" + flag in sys.argv:
            for score in scores.values():
                for line in getattr(score, flag):
                    print(f"{flag}: {line}")


if __name__ == "__main__":
    main()
