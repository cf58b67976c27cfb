"""Lets TensorFlow judge gradlint's findings on the fixtures, the truth table's programs and the rules' examples.

``python -m tests.confirm.verdicts [fixtures|truth|examples|FOLDER ...]`` prints, for each of them, the share of the
findings that TensorFlow confirms, every finding that it refutes, and why the rest is inconclusive; it ends with
status 1 where one is refuted. ``--only TEXT`` takes the programs whose names contain the text, ``--every N`` each Nth
program, ``--every-rule`` asks the rules that are off unless selected too, and ``--confirmed`` prints the confirmed
findings as well, with the evidence.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint import engine, registry
from gradlint.confirm import Confirmer, Options
from gradlint.sources.read import read_path
from tests.fixtures import catalogue
from tests.truth.table import programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gradlint.finding import Finding
    from gradlint.rule import Rule
    from gradlint.sources.source import Source

ORIGINS = ("fixtures", "truth", "examples")
SHARE = 97.0
"""The percentage of the findings that TensorFlow must confirm."""


@dataclass(frozen=True)
class Case:
    """One program, by a name that tells where it is from, and the findings on it."""

    name: str
    source: Source
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Judged:
    """One finding that carries TensorFlow's verdict."""

    program: str
    finding: Finding

    @property
    def status(self) -> str:
        """``confirmed``, ``refuted`` or ``inconclusive``."""
        assert self.finding.confirmation is not None
        return self.finding.confirmation.status

    def __str__(self) -> str:
        finding = self.finding
        assert finding.confirmation is not None
        place = f"{finding.location.line}" if finding.cell is None else f"{finding.cell}:{finding.location.line}"
        claims = ", ".join(
            f"{gradient.source}: {gradient.exception or gradient.outcome} at {gradient.line}"
            for gradient in finding.gradients
        )
        return f"{self.program}:{place} {finding.code} [{claims}] {finding.confirmation.detail}"


def cases(
    origins: Iterable[str],
    folder: Path,
    wanted: str = "",
    *,
    every_rule: bool = False,
    part: slice = slice(None),
) -> Iterator[Case]:
    """The programs of some origins that gradlint has findings on.

    Args:
        origins: ``fixtures``, ``truth`` or ``examples``, or a folder that holds programs.
        folder: Where programs that are no files of their own are written.
        wanted: What a program's name must contain.
        every_rule: Whether to ask the rules that are off unless selected too.
        part: Which of the programs to analyse.
    """
    readers = {"fixtures": _fixtures, "truth": _truth, "examples": _examples}
    named = (readers[origin](folder) if origin in readers else _files(Path(origin)) for origin in origins)
    known = [program for some in named for program in some if wanted in program[0]]
    for name, read, own in known[part]:
        source = read()
        found = tuple(engine.check(source, None if every_rule else asked(own)))
        if found:
            yield Case(name, source, found)


@cache
def asked(own: str | None) -> tuple[Rule, ...]:
    """The rules that are on without being asked for, and the one that a program is about."""
    return tuple(rule for rule in registry.load() if rule.default or rule.code == own)


Named = tuple[str, "Callable[[], Source]", str | None]
"""A program's name, what reads it, and the code of the rule that it is about."""


def _fixtures(folder: Path) -> Iterator[Named]:
    for program in catalogue.programs():
        yield program.name, partial(getattr, program, "source"), program.code


def _truth(folder: Path) -> Iterator[Named]:
    for program in programs():
        name = str(program["name"])
        yield name, partial(_written, folder / name, str(program["code"])), None


def _examples(folder: Path) -> Iterator[Named]:
    for rule in registry.load():
        for number, example in enumerate(rule.examples):
            name = f"{rule.code}/{number}.py"
            yield f"{name} ({example.title})", partial(_written, folder / name, example.broken), rule.code


def _files(folder: Path) -> Iterator[Named]:
    for path in sorted(folder.rglob("*.py")):
        yield str(path.relative_to(folder)), partial(read_path, path), None


def _written(path: Path, code: str) -> Source:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code, encoding="utf-8")
    return read_path(path)


def judge(confirmer: Confirmer, chosen: Iterable[Case]) -> list[Judged]:
    """TensorFlow's verdicts on the findings of some programs, in the order of the findings."""
    given = list(chosen)
    verdicts = {
        (number, index): Judged(given[number].name, given[number].findings[index].with_confirmation(confirmation))
        for number, index, confirmation in confirmer.confirm_all((case.source, case.findings) for case in given)
    }
    return [verdicts[place] for place in sorted(verdicts)]


def share(judged: Sequence[Judged]) -> float:
    """The percentage of the findings that TensorFlow confirmed."""
    return 100 * sum(one.status == "confirmed" for one in judged) / max(1, len(judged))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the verdicts, and give the exit status."""
    parser = argparse.ArgumentParser(description="Let TensorFlow judge gradlint's findings.")
    parser.add_argument("origins", nargs="*", default=["fixtures", "truth"])
    parser.add_argument("--only", default="")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--every-rule", action="store_true")
    parser.add_argument("--confirmed", action="store_true")
    options = parser.parse_args(arguments)
    refuted = False
    with tempfile.TemporaryDirectory() as folder, Confirmer(Options(timeout=60)) as confirmer:
        for origin in options.origins:
            began = time.perf_counter()
            part = slice(None, None, options.every)
            chosen = cases([origin], Path(folder), options.only, every_rule=options.every_rule, part=part)
            judged = judge(confirmer, chosen)
            took = time.perf_counter() - began
            for status in ("confirmed", "inconclusive", "refuted"):
                for one in judged:
                    if one.status == status and (status != "confirmed" or options.confirmed):
                        print(f"{status:12} {one}")
            counts = ", ".join(
                f"{sum(one.status == status for one in judged)} {status}"
                for status in ("confirmed", "refuted", "inconclusive")
            )
            print(f"{origin}: {len(judged)} findings, {counts}: {share(judged):.1f} % confirmed ({took:.0f} s)")
            refuted = refuted or any(one.status == "refuted" for one in judged)
    return int(refuted)


if __name__ == "__main__":
    sys.exit(main())
