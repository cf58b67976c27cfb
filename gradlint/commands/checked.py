"""What a run of ``gradlint check`` has found out so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gradlint.commands.texts import Texts
    from gradlint.finding import Finding
    from gradlint.runner import FileResult


@dataclass
class Checked:
    """What a run has found out so far.

    Attributes:
        results: The result of each file that matters.
        files: How many files were looked at.
        texts: The texts that the findings point into.
        looked_at: Gives the files that were looked at, as they are shown.
        interrupted: Whether the user interrupted the run.
    """

    results: list[FileResult]
    files: int
    texts: Texts
    looked_at: Callable[[], frozenset[str]]
    interrupted: bool = False

    @property
    def findings(self) -> list[Finding]:
        """All findings, in order."""
        return [finding for result in self.results for finding in result.findings]

    def with_findings(self, findings: Iterable[Finding]) -> None:
        """Replace the findings; each belongs to the result of its path."""
        by_path: dict[str, list[Finding]] = {}
        for finding in findings:
            by_path.setdefault(finding.path, []).append(finding)
        self.results = [replace(one, findings=tuple(by_path.get(one.path, ()))) for one in self.results]
