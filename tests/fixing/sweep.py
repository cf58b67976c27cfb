"""Fixes over many programs, judged by TensorFlow: ``python -m tests.fixing.sweep [--unsafe] [SET or PATH ...]``.

The sets are ``fixtures``, ``observed`` (the programs of tests/truth) and ``generated``; a path is a program, a notebook
or a folder of them. Each program is fixed, both forms are run, and what is worse after it is shown: a program that ran
and breaks, a gradient or a loss that is another one, a finding that was not there. It ends with 1 where anything is.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint.fixing import FixResult, diff, fix_source
from gradlint.sources.files import SourceError
from gradlint.sources.read import from_text
from tests.fixing.mending import Mended, check
from tests.fixtures import catalogue
from tests.fixtures.running import observe
from tests.generated.programs import program
from tests.truth.table import programs as observed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.sources.source import Source

CHUNK = 300
SUFFIXES = (".py", ".ipynb")


@dataclass
class Total:
    """What came out of many programs."""

    programs: int = 0
    with_findings: int = 0
    fixed: int = 0
    whole: int = 0
    applied: int = 0
    worse: int = 0


def sources(names: Iterable[str], count: int, seed: int) -> Iterator[Source]:
    """The programs of sets and paths."""
    for name in names:
        if name == "fixtures":
            yield from (one.source for one in catalogue.programs())
        elif name == "observed":
            yield from (from_text(str(one["code"]), str(one["name"])) for one in observed())
        elif name == "generated":
            made = (program(seed, number) for number in range(count))
            yield from (from_text(one.code, one.name) for one in made)
        else:
            yield from _below(Path(name))


def _below(path: Path) -> Iterator[Source]:
    found = sorted(one for one in path.rglob("*") if one.suffix in SUFFIXES) if path.is_dir() else [path]
    for one in found:
        try:
            yield from_text(one.read_text(), str(one))
        except (SourceError, UnicodeDecodeError) as error:
            print(f"{one}: {error}", file=sys.stderr)


def fixed(source: Source, *, unsafe: bool) -> FixResult | None:
    """A source with its fixes; None where nothing is found in it."""
    try:
        if not check(source):
            return None
        return fix_source(source, check, lambda text: from_text(text, source.path), unsafe=unsafe)
    except SyntaxError:
        return None


def introduced(result: FixResult) -> list[str]:
    """What is found after the fixes more often than before."""
    had = Counter(one.code for one in check(result.before))
    has = Counter(one.code for one in check(result.after))
    return sorted((has - had).elements())


def judge(results: list[FixResult], total: Total, *, verbose: bool) -> None:
    """Run both forms of programs, and show what is worse or, if asked, not whole."""
    changed = [result for result in results if result.changed]
    codes = {f"{number}:{form}": getattr(one, form).code for number, one in enumerate(changed) for form in FORMS}
    seen = observe(codes, processes=1)
    for number, result in enumerate(changed):
        one = Mended(None, result, *(seen[f"{number}:{form}"] for form in FORMS))
        harm, new = one.harm, introduced(result)
        total.fixed += 1
        total.applied += len(result.applied)
        total.whole += one.whole
        total.worse += harm is not None or bool(new)
        if harm or new or (verbose and not one.whole):
            told = harm or (f"found after it: {', '.join(new)}" if new else f"not whole, {one.after.raised}")
            print(f"=== {result.before.path}: {told}")
            print("   ", ", ".join(f"{one.finding.code} {one.fix.applicability}" for one in result.applied))
            print(diff(result.before, result.after))


FORMS = ("before", "after")


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fixing.sweep", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="SET or PATH")
    parser.add_argument("--unsafe", action="store_true", help="apply the unsafe fixes as well")
    parser.add_argument("--programs", type=int, default=1000, help="how many generated programs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="show those that are not mended whole, too")
    given = parser.parse_args(arguments)
    total, pending = Total(), []
    for source in sources(given.names, given.programs, given.seed):
        total.programs += 1
        result = fixed(source, unsafe=given.unsafe)
        if result is None:
            continue
        total.with_findings += 1
        pending.append(result)
        if len(pending) == CHUNK:
            judge(pending, total, verbose=given.verbose)
            pending = []
    judge(pending, total, verbose=given.verbose)
    print(
        f"{total.programs} programs, {total.with_findings} with findings, {total.fixed} changed by "
        f"{total.applied} fixes: {total.whole} mended whole, {total.worse} worse"
    )
    return int(total.worse > 0)


if __name__ == "__main__":
    sys.exit(main())
