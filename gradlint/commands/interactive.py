"""Asks about each fix before it is applied: ``gradlint --fix --interactive``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gradlint import escaping, lines
from gradlint.commands import terminal

if TYPE_CHECKING:
    from gradlint.finding import Finding
    from gradlint.sources.source import Source

HELP = "y: apply it, n: skip it, a: apply all fixes of this rule, q: stop applying fixes"


class Chooser:
    """Shows each fix as a diff and asks what to do with it; at the end of the input, nothing more is applied."""

    def __init__(self) -> None:
        self._rules: set[str] = set()
        self._is_over = False

    def __call__(self, before: Source, after: Source, finding: Finding) -> bool:
        """Whether to apply a fix."""
        if self._is_over:
            return False
        if finding.code in self._rules:
            return True
        self._show(before, after, finding)
        answer = self._ask()
        if answer == "a":
            self._rules.add(finding.code)
        self._is_over = answer == "q"
        return answer in ("y", "a")

    @staticmethod
    def _show(before: Source, after: Source, finding: Finding) -> None:
        from gradlint.fixing import diff

        cell = "" if finding.cell is None else f"{lines.cell(finding.cell)}, "
        where = f"{escaping.name(finding.path)}: {cell}line {finding.location.line}"
        first, *others = finding.text.split("\n")
        terminal.note(f"{where}: {finding.code} {first}")
        for part in others:
            terminal.note(f"  {part}")
        terminal.show(diff(before, after).rstrip("\n"))

    @staticmethod
    def _ask() -> str:
        """One of y, n, a and q; the end of the input counts as q."""
        while True:
            sys.stderr.write("Apply it? [y, n, a, q, ?] ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            answer = line.strip().lower()[:1]
            if not line or answer == "q":
                return "q"
            if answer in ("y", "n", "a"):
                return answer
            terminal.show(HELP)
