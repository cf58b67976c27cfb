"""The results of a run, as every format reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradlint import escaping, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gradlint.finding import Confirmation, Finding, Fix, Position, Severity
    from gradlint.picture.record import Drawing

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class FileError:
    """A file that could not be checked, and why.

    Attributes:
        path: The path as displayed.
        message: What is wrong, as a phrase without the place.
        cell: The notebook cell's index over all cells, from 0, or None.
        location: The place in the file or the cell; None if it is about the whole file.
    """

    path: str
    message: str
    cell: int | None = None
    location: Position | None = None


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a format may say about a rule: SARIF includes it."""

    code: str
    name: str
    summary: str
    documentation: str
    severity: Severity
    url: str | None


def _no_lines(path: str, cell: int | None) -> Sequence[str]:
    return ()


def _no_cells(path: str) -> Sequence[int | None]:
    return ()


def _no_rules() -> Mapping[str, RuleInfo]:
    return {}


@dataclass(frozen=True)
class Report:
    """The results of a run.

    Attributes:
        findings: All findings in order, including refuted ones.
        errors: The files that could not be checked, in order.
        paths: Every file that a format must name even without findings, as displayed: those named on the command line,
            and those with tapes.
        files: How many files were looked at.
        tapes: How many tapes were followed.
        suppressed: How many findings comments have suppressed.
        baselined: How many findings are in the baseline.
        stale: How many entries of the baseline are stale.
        fixed: How many findings were fixed.
        elapsed: Seconds of wall time.
        root: What relative paths are relative to.
        lines: The lines of a file, or of one cell of a notebook; empty if the text is unavailable.
        rules: What to say about each rule, by code; called only by the formats that need it.
        drawings: The gradient calls with what each of their sources gets; None if they were not requested.
        listed: Whether the formats that list findings also list the gradient calls.
        cells: The indices of a notebook's code cells; only None for any other file.
        fix_with: What applies the safe fixes.
    """

    findings: tuple[Finding, ...] = ()
    errors: tuple[FileError, ...] = ()
    paths: tuple[str, ...] = ()
    files: int = 0
    tapes: int = 0
    suppressed: int = 0
    baselined: int = 0
    stale: int = 0
    fixed: int = 0
    elapsed: float = 0.0
    root: str | os.PathLike[str] = field(default_factory=os.getcwd)
    lines: Callable[[str, int | None], Sequence[str]] = _no_lines
    rules: Callable[[], Mapping[str, RuleInfo]] = _no_rules
    drawings: tuple[Drawing, ...] | None = None
    listed: bool = False
    cells: Callable[[str], Sequence[int | None]] = _no_cells
    fix_with: str = "--fix"

    @property
    def fix_all_with(self) -> str:
        """What applies the unsafe fixes too."""
        return f"{self.fix_with} --unsafe-fixes"

    def applied_with(self, fix: Fix) -> str:
        """What applies a fix."""
        return self.fix_with if fix.applicability == "safe" else self.fix_all_with

    @property
    def claims(self) -> list[Finding]:
        """The findings that count: all but those that TensorFlow refuted."""
        return [finding for finding in self.findings if not is_refuted(finding)]

    @property
    def refuted(self) -> list[Finding]:
        """The findings that TensorFlow refuted."""
        return [finding for finding in self.findings if is_refuted(finding)]

    def by_path(self) -> dict[str, list[Finding | FileError]]:
        """The errors and findings of each file that was looked at, in the order of the paths, errors first."""
        files: dict[str, list[Finding | FileError]] = {path: [] for path in self.paths}
        for error in self.errors:
            files.setdefault(error.path, []).append(error)
        for finding in self.findings:
            files.setdefault(finding.path, []).append(finding)
        return dict(sorted(files.items()))

    def line(self, path: str, cell: int | None, number: int) -> str | None:
        """One line of a file or of a cell, from 1; None if it does not exist."""
        lines = self.lines(path, cell)
        return lines[number - 1] if 1 <= number <= len(lines) else None

    def uri(self, path: str) -> str:
        """The ``file:`` URI of a path."""
        from pathlib import Path

        return Path(self.root, path).absolute().as_uri()


def is_refuted(finding: Finding) -> bool:
    """Whether TensorFlow gave the gradient that the finding claims lost."""
    return finding.confirmation is not None and finding.confirmation.status == "refuted"


def place(path: str, cell: int | None, location: Position | None) -> str:
    """A location as the text formats write it: ``train.py:9:5``, in a notebook ``study.ipynb:cell 3:9:5``."""
    parts = [escaping.name(path)]
    if cell is not None:
        parts.append(lines.cell(cell))
    if location is not None:
        parts.append(f"{location.line}:{location.column}")
    return ":".join(parts)


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 error``, ``2 errors``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def evidence(confirmation: Confirmation) -> str:
    """TensorFlow's verdict, with its version and the time that it took, if known."""
    facts = [f"TensorFlow {confirmation.tensorflow}"] if confirmation.tensorflow else []
    if confirmation.seconds is not None:
        facts.append(f"{confirmation.seconds:.2f} s")
    return f"{confirmation.detail} ({', '.join(facts)})" if facts else confirmation.detail
