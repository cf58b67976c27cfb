"""Lint checkouts of public repositories again and print what changed against the snapshot.

``python -m tests.ecosystem.run FOLDER...`` takes folders named ``owner+name`` (or a package's name) that hold a
checkout or at least its files that name ``GradientTape``, and prints each finding that is new, lost or not yet read,
and the counts. It ends with status 1 where there is a new finding, a lost one that was not false, or a false one.

``--write`` puts what was found into the snapshot; judgements stay with the findings that are still there, and a new
finding is ``unread`` until someone writes its verdict and reason into the file. A file ``REVISION`` in the folder names
the commit or version. ``--slow SECONDS`` also prints the files that take longer than that.
"""

from __future__ import annotations

import argparse
import collections
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint import engine, registry
from gradlint.flow.analysis import analyse
from gradlint.sources import read
from gradlint.sources.files import SourceError
from tests.ecosystem import snapshot
from tests.ecosystem.snapshot import Judged, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIXES = frozenset({".py", ".ipynb", ".md"})
NEEDLE = b"GradientTape"


@dataclass(frozen=True, slots=True)
class Looked:
    """What gradlint sees in one file."""

    path: str
    tapes: int
    calls: int
    questions: int
    findings: tuple[Judged, ...]
    problem: str
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.ecosystem.run", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--write", action="store_true", help="put what was found into the snapshot")
    parser.add_argument("--slow", type=float, metavar="SECONDS", help="print the files that take longer")
    given = parser.parse_args(arguments)
    for folder in given.folders:
        if not folder.is_dir():
            parser.error(f"no such folder: {folder}")
    known = snapshot.load() if snapshot.PATH.exists() else {}
    total: collections.Counter[str] = collections.Counter()
    for folder in given.folders:
        found = look(folder, given.slow)
        if not found.files:
            continue
        before = known.get(found.name, Repository(found.name, ""))
        total += compare(before, found)
        if given.write:
            known[found.name] = merged(before, found)
    if given.write:
        snapshot.save(known)
    print(", ".join(f"{count} {what}" for what, count in total.items()))
    return 1 if total["new"] or total["lost"] or total["false"] else 0


def look(folder: Path, slow: float | None) -> Repository:
    """Lint what a folder holds."""
    revision = folder / "REVISION"
    found = Repository(
        folder.name.replace("+", "/", 1), revision.read_text().strip() if revision.exists() else "unknown"
    )
    with ProcessPoolExecutor() as pool:
        for looked in pool.map(look_at, files(folder), [folder] * sum(1 for _ in files(folder)), chunksize=4):
            found.files += 1
            found.tapes += looked.tapes
            found.calls += looked.calls
            found.questions += looked.questions
            found.findings += looked.findings
            if looked.problem:
                found.problems.append(f"{looked.path}: {looked.problem}")
            if slow is not None and looked.seconds > slow:
                print(f"{looked.seconds:8.2f} s  {found.name}: {looked.path}")
    return found


def files(folder: Path) -> Iterator[Path]:
    """The files of a folder that name a tape, in order."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix in SUFFIXES and path.is_file() and NEEDLE in path.read_bytes():
                yield path


def look_at(path: Path, folder: Path) -> Looked:
    """Lint one file."""
    shown = path.relative_to(folder).as_posix()
    began = time.process_time()
    try:
        source = read.read_path(path, shown)
        facts = analyse(source.code, finder=source.project)
    except (SourceError, SyntaxError) as error:
        return Looked(shown, 0, 0, 0, (), f"{type(error).__name__}: {error}", time.process_time() - began)
    findings = tuple(
        Judged(shown, finding.cell, finding.location.line, finding.code, finding.severity)
        for finding in engine.findings(source, facts, registry.load())
        if finding.severity != "info"
    )
    questions = sum(len(call.questions) for call in facts.calls)
    problem = "" if facts.complete else "the budget ran out"
    seconds = time.process_time() - began
    return Looked(shown, facts.tapes, len(facts.calls), questions, findings, problem, seconds)


def compare(before: Repository, found: Repository) -> collections.Counter[str]:
    """Print what differs between two looks at a repository, and count."""
    judged = {one.key: one for one in before.findings}
    here = {one.key for one in found.findings}
    counts: collections.Counter[str] = collections.Counter(
        {"repositories": 1, "files": found.files, "tapes": found.tapes, "gradient calls": found.calls}
    )
    for one in found.findings:
        old = judged.get(one.key)
        state = "new" if old is None else "same"
        counts[state] += 1
        if old is not None:
            counts[old.verdict] += 1
        if old is None or old.verdict in {"false", "unread"}:
            print(f"{state if old is None else old.verdict:<8}  {found.name}: {described(one)}")
    for one in before.findings:
        if one.key not in here and one.verdict != "false":
            counts["lost"] += 1
            print(f"lost      {found.name}: {described(one)} ({one.verdict}: {one.reason})")
    for problem in found.problems:
        if problem not in before.problems:
            print(f"problem   {found.name}: {problem}")
    return counts


def described(one: Judged) -> str:
    """A finding's place and code."""
    cell = "" if one.cell is None else f"cell {one.cell}:"
    return f"{one.path}:{cell}{one.line}: {one.code} {one.severity}"


def merged(before: Repository, found: Repository) -> Repository:
    """What was found, with the judgements that stand."""
    judged = {one.key: one for one in before.findings}
    findings = []
    for one in found.findings:
        old = judged.get(one.key)
        if old is not None:
            one = replace(one, verdict=old.verdict, reason=old.reason, confirmed=old.confirmed)
        findings.append(one)
    revision = found.revision if found.revision != "unknown" else before.revision or "unknown"
    return replace(found, revision=revision, findings=findings)


if __name__ == "__main__":
    raise SystemExit(main())
