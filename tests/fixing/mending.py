"""The broken fixtures mended, run under TensorFlow, and judged: ``python -m tests.fixing.mending [PREFIX ...]``."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from math import isclose
from typing import TYPE_CHECKING

from gradlint import engine
from gradlint.fixing import FixResult, diff, fix_source
from gradlint.sources.read import from_text
from tests.fixtures import catalogue, running

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gradlint.finding import Finding
    from gradlint.sources.source import Source
    from tests.fixtures.catalogue import Program
    from tests.fixtures.observe import Call, Observation

GIVEN = {"value", "zero"}


@dataclass(frozen=True)
class Mended:
    """A broken program, what fixing made of it, and what TensorFlow did to both."""

    program: Program
    result: FixResult
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
        """What is worse than it was: an exception, a gradient that is lost or has another value; None where nothing is.

        Gradients are compared up to the first call that lost one, that call's others included: from there on a program
        that trains goes another way. Their values and the loss's are compared the first time that a call runs, for the
        same reason, up to the first call of which a finding says that a part is missing or another one was meant, and
        where the fixed program does not draw its random numbers from another generator. After safe fixes they are to
        be the same bit for bit.
        """
        if self.before.raised is None and self.after.raised is not None:
            return f"raises {self.after.raised} at line {self.after.raised_line}: {self.after.message}"
        meant, asked = self.unlike(), set[int]()
        drawn = "random." in diff(self.result.before, self.result.after)
        for old, new in zip(self.before.calls, self.after.calls, strict=False):
            drawn = drawn or old.line in meant
            same = not drawn and old.line not in asked
            asked.add(old.line)
            if len(old.outcomes) != len(new.outcomes):
                break
            worse = self._worse(old, new, same=same)
            if worse is not None:
                return f"line {new.line}: {worse}"
            if not set(old.outcomes) <= GIVEN:
                break
        return None

    @property
    def is_safe(self) -> bool:
        """Whether all fixes that were applied are safe ones."""
        return all(one.fix.applicability == "safe" for one in self.result.applied)

    def _worse(self, old: Call, new: Call, *, same: bool) -> str | None:
        if same and self.is_safe and self._is_another_loss(old, new):
            return "the loss is another one"
        given = zip(old.outcomes, new.outcomes, old.norms, new.norms, old.bits, new.bits, strict=False)
        for was, is_now, length, length_now, bits, bits_now in given:
            if was in GIVEN and is_now not in GIVEN:
                return f"{old.outcomes} became {new.outcomes}"
            if not same or was not in GIVEN:
                continue
            if self.is_safe and bits != bits_now:
                return f"a gradient of norm {length} became another one, of norm {length_now}"
            if length is not None and length_now is not None and not isclose(length, length_now, rel_tol=1e-3):
                return f"a gradient of norm {length} became one of {length_now}"
        return None

    def _is_another_loss(self, old: Call, new: Call) -> bool:
        """Whether the loss has other bits, or is another number where no gradient came and the call is the same."""
        if any(outcome in GIVEN for outcome in old.outcomes):
            return old.target_bits != new.target_bits
        lines = (self.result.before.code.splitlines(), self.result.after.code.splitlines())
        asked = [text[call.line - 1].strip() for text, call in zip(lines, (old, new), strict=True)]
        known = old.target_norm is not None and new.target_norm is not None and asked[0] == asked[1]
        return known and not isclose(old.target_norm or 0.0, new.target_norm or 0.0, rel_tol=1e-6)

    def unlike(self) -> set[int]:
        """The lines of the gradient calls whose values fixing is to change."""
        source = self.result.before
        places = [
            (gradient.cell, gradient.line)
            for finding in check(source)
            for gradient in finding.gradients
            if gradient.outcome != "none"
        ]
        places += [(one.cell, one.location.line) for one in check(source) if not one.gradients]
        return {line for cell, at in places if (line := source.program_line(cell, at)) is not None}


def check(source: Source) -> list[Finding]:
    """The findings of a source that are errors or warnings, or of the folder's own rule."""
    return [one for one in engine.check(source) if one.severity != "info" or one.code in source.path]


def fixed(program: Program) -> FixResult:
    """A program with all its fixes, the unsafe ones included."""
    return fixed_source(program.source)


def fixed_source(source: Source) -> FixResult:
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
