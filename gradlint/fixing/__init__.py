"""Getting the gradient back: fixes applied, shown and written; suppression comments and baselines.

The ways in, all of which know findings and nothing of rules or of the engine::

    fix_source(source, check, read, unsafe=False, verify=None) -> Result
    diff(before, after) -> str
    summary(results) -> str
    notes(results) -> list[str]
    write(path, before, after)                                  # raises WriteError
    add_ignores(source, check, read, reason=None) -> Ignored
    Baseline.of(findings, read).save(path)                      # raises BaselineError
    Baseline.load(path).match(findings, read) -> Match

``check`` gives the findings of a source as they are selected and not suppressed; ``read`` makes a source of the same
path and kind out of a changed text (for a baseline: the source of a path). ``verify`` runs one fix and gives
:class:`Evidence`.
"""

from __future__ import annotations

from gradlint.fixing.apply import Applied, Evidence, FixResult, Verify, Withdrawn, fix_source
from gradlint.fixing.baseline import Baseline, BaselineError, KnownFinding, Match
from gradlint.fixing.diff import diff, notes, summary
from gradlint.fixing.ignores import Ignored, add_ignores
from gradlint.fixing.text import EditError, edited
from gradlint.fixing.write import WriteError, encode, write

__all__ = [
    "Applied",
    "Baseline",
    "BaselineError",
    "EditError",
    "Evidence",
    "FixResult",
    "Ignored",
    "KnownFinding",
    "Match",
    "Verify",
    "Withdrawn",
    "WriteError",
    "add_ignores",
    "diff",
    "edited",
    "encode",
    "fix_source",
    "notes",
    "summary",
    "write",
]
