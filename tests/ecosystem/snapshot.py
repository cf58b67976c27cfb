"""The snapshot: one JSON object a line, a repository's record before those of the findings in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("snapshot.jsonl")
VERDICTS = frozenset({"true", "false", "arguable", "unread"})
"""What reading a finding by eye came to; ``unread`` stands at those that nobody has judged yet."""
STATUSES = frozenset({"", "confirmed", "refuted", "inconclusive"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding and what a reader of the code says of it.

    Attributes:
        path: The file, from the repository's root.
        cell: The notebook's cell; None elsewhere.
        line: The line.
        code: The rule's code.
        severity: ``error`` or ``warning``.
        verdict: One of :data:`VERDICTS`.
        reason: Why, in a line.
        confirmed: What ``gradlint check --confirm`` says of it: a status of :data:`STATUSES`, empty where it was not
            judged.
    """

    path: str
    cell: int | None
    line: int
    code: str
    severity: str
    verdict: str = "unread"
    reason: str = ""
    confirmed: str = ""

    @property
    def key(self) -> tuple[str, int, int, str]:
        """What makes it the same finding in another run."""
        return (self.path, -1 if self.cell is None else self.cell, self.line, self.code)


@dataclass(slots=True)
class Repository:
    """What gradlint sees in one repository or package.

    Attributes:
        name: ``owner/name``, or a package's name.
        revision: The commit or the version.
        files: How many files name ``GradientTape``.
        tapes: How many tapes they make.
        calls: How many gradient calls the analysis reaches.
        questions: How many sources these ask for.
        findings: The errors and warnings.
        problems: Files that cannot be looked at, each with why.
    """

    name: str
    revision: str
    files: int = 0
    tapes: int = 0
    calls: int = 0
    questions: int = 0
    findings: list[Judged] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def load(path: Path | None = None) -> dict[str, Repository]:
    """The repositories of a snapshot, the project's own where no path is given, by name.

    Raises:
        ValueError: If a finding comes before its repository, or has a verdict or a status that there is not.
    """
    found: dict[str, Repository] = {}
    current: Repository | None = None
    for line in (path or PATH).read_text(encoding="utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        if "repository" in record:
            name = record.pop("repository")
            current = found[name] = Repository(name, **record)
        elif current is None:
            raise ValueError("a finding stands before every repository")
        else:
            judged = Judged(**record)
            if judged.verdict not in VERDICTS:
                raise ValueError(f"{current.name}: {judged.path}: no such verdict: {judged.verdict}")
            if judged.confirmed not in STATUSES:
                raise ValueError(f"{current.name}: {judged.path}: no such status: {judged.confirmed}")
            current.findings.append(judged)
    return found


def save(repositories: dict[str, Repository], path: Path | None = None) -> None:
    """Write a snapshot, sorted."""
    lines = []
    for name in sorted(repositories, key=str.casefold):
        repository = repositories[name]
        record = asdict(repository)
        del record["findings"], record["name"]
        lines.append(json.dumps({"repository": name, **record}, ensure_ascii=False))
        for judged in sorted(repository.findings, key=lambda one: one.key):
            lines.append(json.dumps(asdict(judged), ensure_ascii=False))
    (path or PATH).write_text("\n".join(lines) + "\n", encoding="utf-8")
