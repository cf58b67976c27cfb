"""The broken fixtures mended, run under TensorFlow, and judged: ``python -m tests.fixing.mending [PREFIX ...]``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from gradlint import engine
from gradlint.fixing import Result, diff, fix_source
from gradlint.sources.read import from_text
from tests.fixtures import catalogue, running

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.finding import Finding
    from gradlint.sources.source import Source
    from tests.fixtures.catalogue import Program
    from tests.fixtures.observe import Observation

GIVEN = {"value", "zero"}


@dataclass(frozen=True)
class Mended:
    """A broken program, what fixing made of it, and what TensorFlow did to both."""

    program: Program
    result: Result
    before: Observation
    after: Observation

    @property
    def whole(self) -> bool:
        """Whether the program is changed, runs, loses no gradient, and gradlint says nothing of it any more."""
        return (
            self.result.changed
            and self.after.raised is None
            and all(set(call.outcomes) <= GIVEN for call in self.after.calls)
            and not self.result.findings
        )

    @property
    def harm(self) -> str | None:
        """What is worse than it was: an exception, or a gradient that is lost or another one; None where nothing is."""
        if self.before.raised is None and self.after.raised is not None:
            return f"raises {self.after.raised} at line {self.after.raised_line}: {self.after.message}"
        for old, new in zip(self.before.calls, self.after.calls, strict=False):
            if not set(old.outcomes) <= GIVEN or len(old.outcomes) != len(new.outcomes):
                break
            if not set(new.outcomes) <= GIVEN:
                return f"line {new.line}: {old.outcomes} became {new.outcomes}"
        return None


def check(source: Source) -> list[Finding]:
    """The findings of a source that are errors or warnings, or of the folder's own rule."""
    return [one for one in engine.check(source) if one.severity != "info" or one.code in source.path]


def fixed(program: Program) -> Result:
    """A program with all its fixes, the unsafe ones included."""
    return fixed_source(program.source)


def fixed_source(source: Source) -> Result:
    """A source with all its fixes, the unsafe ones included."""
    return fix_source(source, check, lambda text: from_text(text, source.path), unsafe=True)


def mend(programs: Iterable[Program]) -> list[Mended]:
    """Fix programs and run both forms."""
    results = {program.path: (program, fixed(program)) for program in programs}
    codes = {f"{path}:{form}": getattr(result, form).code for path, (_, result) in results.items() for form in FORMS}
    seen = running.observe(codes)
    return [
        Mended(program, result, *(seen[f"{path}:{form}"] for form in FORMS))
        for path, (program, result) in results.items()
    ]


FORMS = ("before", "after")


@cache
def broken() -> tuple[Program, ...]:
    """The broken fixtures of the rules that claim a lost gradient or a misuse."""
    return tuple(program for program in catalogue.programs() if program.role == "broken")


def main(prefixes: Sequence[str]) -> int:
    """Print the share of programs mended, rule by rule, and why the others are not; 1 where one is worse."""
    chosen = [one for one in broken() if not prefixes or (one.code or "").startswith(tuple(prefixes))]
    judged = mend(chosen)
    total, whole = Counter(one.program.code for one in judged), Counter(one.program.code for one in judged if one.whole)
    for code in sorted(total, key=str):
        print(f"{code}  {whole[code]:3} of {total[code]:3}")
    for one in judged:
        if one.harm or not one.whole:
            print(f"\n{one.program.name}: {one.harm or 'not mended'}")
            for left in one.result.findings:
                print(f"  left: {left.code} line {left.location.line} {left.message}")
            for withdrawn in one.result.withdrawn:
                print(f"  withdrawn: {withdrawn.finding.code} {withdrawn.reason}")
            lost = [(call.line, call.outcomes) for call in one.after.calls if not set(call.outcomes) <= GIVEN]
            print(f"  raises {one.after.raised}: {one.after.message}" if one.after.raised else f"  lost: {lost}")
            print(diff(one.result.before, one.result.after))
    print(f"\nmended {sum(whole.values())} of {sum(total.values())}")
    return int(any(one.harm for one in judged))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
