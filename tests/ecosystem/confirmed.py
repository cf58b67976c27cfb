"""Have TensorFlow judge the findings of the snapshot, and write what it says into it.

``python -m tests.ecosystem.confirmed FOLDER...`` takes folders as ``tests.ecosystem.run`` does, with checkouts of the
recorded revisions, and runs ``gradlint check --confirm`` on each file in which the snapshot has findings. The programs
are strangers', so it asks for the sandbox as the command does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.ecosystem import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.ecosystem.snapshot import Repository

SECONDS = 150
"""How long one finding's program may run: the notebooks of a book's chapter train networks before."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and write; the status is 1 where a finding that was read as true is refuted."""
    parser = argparse.ArgumentParser(prog="python -m tests.ecosystem.confirmed", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    given = parser.parse_args(arguments)
    known = snapshot.load()
    refuted = 0
    for folder in given.folders:
        repository = known.get(folder.name.replace("+", "/", 1))
        if repository is None:
            parser.error(f"not in the snapshot: {folder}")
        judge(folder, repository)
        refuted += sum(one.confirmed == "refuted" and one.verdict == "true" for one in repository.findings)
    snapshot.save(known)
    return 1 if refuted else 0


def judge(folder: Path, repository: Repository) -> None:
    """Enter what TensorFlow says of a repository's findings; nothing for those that the command does not report."""
    said = {key: status for path in {one.path for one in repository.findings} for key, status in verdicts(folder, path)}
    repository.findings = [replace(one, confirmed=said.get(one.key, "")) for one in repository.findings]


def verdicts(folder: Path, path: str) -> Iterator[tuple[tuple[str, int, int, str], str]]:
    """By its key, what TensorFlow says of each finding in a file."""
    options = ("--isolated", "--no-cache", "--confirm", "--confirm-timeout", str(SECONDS), "--output-format", "json")
    command = [sys.executable, "-m", "gradlint", "check", *options, path]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    if done.returncode not in {0, 1, 2} or not done.stdout:
        raise SystemExit(f"{folder.name}: {path}: {done.stderr.decode(errors='replace')}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    for one in found:
        cell = -1 if one["cell"] is None else one["cell"]
        yield (path, cell, one["location"]["line"], one["code"]), (one["confirmation"] or {}).get("status", "")


if __name__ == "__main__":
    raise SystemExit(main())
