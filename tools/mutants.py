"""Loses gradients on purpose in working programs, and prints what is found: ``python -m tools.mutants PATHS``.

A mutant is a program in which one gradient is lost at one place by one operator. That it is lost is known from the way
in which the place is chosen: every chain of names from the target to a source, in the tape's block, passes it. What the
analysis says of the mutant is held against that: whether it reports the gradient call, and whether it blames the place.

``--limit N`` takes N mutants of all, evenly; ``--missed`` prints each one that is not found, or blamed elsewhere.
"""

from __future__ import annotations

import argparse
import ast
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlint.flow.analysis import analyse
from gradlint.flow.machine.relevance import names_tape
from gradlint.sources.files import SourceError, decode, read_bytes
from gradlint.sources.project import Project
from tools.mutation.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.flow.facts import Claim, Facts, Span
    from tools.mutation.file import Mutant


@dataclass
class Verdict:
    """What became of the mutants of one distance."""

    made: int = 0
    found: int = 0
    elsewhere: int = 0


def facts(path: str, texts: dict[str, str]) -> Facts:
    """What the analysis finds out of a program, some files of its project being changed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return analyse(texts[path], finder=Project(path, texts))


def applied(mutant: Mutant, path: str, text: str) -> dict[str, str] | None:
    """The texts of the files with a mutant's edits; None where that is no Python any more."""
    texts = {path: text}
    for edit in sorted(mutant.edits, key=lambda edit: -edit.start):
        if edit.path not in texts:
            texts[edit.path] = decode(read_bytes(edit.path), "python")[0]
        held = texts[edit.path]
        texts[edit.path] = held[: edit.start] + edit.text + held[edit.end :]
    try:
        for one in texts.values():
            ast.parse(one)
    except (SyntaxError, ValueError):
        return None
    return texts


def judged(mutant: Mutant, path: str, found: Facts) -> tuple[bool, bool]:
    """Whether a mutant is found, and whether something else is blamed."""
    places: set[tuple[str, int]] = set()
    for claim in found.claims:
        if claim.severity != "info" and _names(claim, mutant.call):
            places |= _places(claim, path, found)
    return bool(places), bool(places) and bool(mutant.blamed) and places.isdisjoint(mutant.blamed)


def _names(claim: Claim[Any], line: int) -> bool:
    return any(lost.call.line == line for lost in claim.gradients) or claim.span.line == line


def _places(claim: Claim[Any], path: str, found: Facts) -> set[tuple[str, int]]:
    """The places that a finding names: its own, and the one of the checked file that leads into another file."""
    spans = [claim.span] if claim.site is None else [claim.span, claim.site]
    return {place for span in spans for place in _lines(span, path, found)}


def _lines(span: Span, path: str, found: Facts) -> set[tuple[str, int]]:
    lines = range(span.line, span.end_line + 1)
    part = next((part for part in reversed(found.parts) if part.first < span.line), None)
    if part is None:
        return {(path, line) for line in lines}
    return {(os.path.abspath(part.path), line - part.first) for line in lines}


def programs(paths: Iterable[str]) -> Iterator[Program]:
    """The programs with a tape in some files and folders."""
    for path in paths:
        for file in sorted(Path(path).rglob("*.py")) if Path(path).is_dir() else [Path(path)]:
            try:
                text = decode(read_bytes(file), "python")[0]
                if names_tape(text):
                    yield Program(os.path.abspath(file), text)
            except (SourceError, SyntaxError, ValueError, OSError):
                continue


def main() -> None:
    """Make the mutants, judge them and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--missed", action="store_true")
    given = parser.parse_args()
    made = [(one, mutant) for one in programs(given.paths) for mutant in one.mutants()]
    step = max(len(made) / given.limit, 1.0) if given.limit else 1.0
    chosen = [made[int(index * step)] for index in range(int(len(made) / step))]
    before: dict[str, set[int]] = {}
    table: dict[tuple[str, str], Verdict] = {}
    for program, mutant in chosen:
        path = program.file.path
        if path not in before:
            plain = facts(path, {path: program.file.text})
            before[path] = {lost.call.line for claim in plain.claims for lost in claim.gradients}
        original = program.file.text
        texts = applied(mutant, path, original)
        if texts is None or before[path] & {mutant.call, mutant.call - 1}:
            continue
        is_found, is_elsewhere = judged(mutant, path, facts(path, texts))
        for key in ((mutant.distance, ""), (mutant.distance, mutant.operator)):
            verdict = table.setdefault(key, Verdict())
            verdict.made += 1
            verdict.found += is_found
            verdict.elsewhere += is_elsewhere
        if given.missed and (not is_found or is_elsewhere):
            what = "missed" if not is_found else "blamed elsewhere"
            where = ", ".join(f"{os.path.relpath(p)}:{line}" for p, line in sorted(mutant.blamed)[:1])
            print(f"{what}: {mutant.distance}, {mutant.operator}: {os.path.relpath(path)}:{mutant.call} {where}")
    _print(table)


def _print(table: dict[tuple[str, str], Verdict]) -> None:
    total = Verdict()
    for (distance, operator), one in sorted(table.items()):
        print(
            f"{distance if not operator else '  ' + operator:28} {one.found:5} of {one.made:5} "
            f"{100 * one.found / one.made:6.1f} %  blamed elsewhere {one.elsewhere}"
        )
        if not operator:
            total = Verdict(total.made + one.made, total.found + one.found, total.elsewhere + one.elsewhere)
    if total.made:
        print(
            f"{'all':28} {total.found:5} of {total.made:5} {100 * total.found / total.made:6.1f} %  "
            f"blamed elsewhere {total.elsewhere} ({100 * total.elsewhere / max(total.found, 1):.1f} %)"
        )


if __name__ == "__main__":
    main()
