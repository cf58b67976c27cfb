"""Programs that lose a gradient the way people report it, each beside its corrected twin, packed in Markdown.

A section is one mistake. Its block ``lost`` marks each line at which a gradient is lost by a comment ``# lost``; what
else may be named as the place of the loss is marked by ``# cause``. Its block ``twin`` is the same program without the
mistake.

``python -m tests.reports.reports`` prints how many of each batch are found, and each miss and alarm.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from gradlint.flow.analysis import analyse

HERE = Path(__file__).parent
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```python (lost|twin)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Report:
    """One mistake.

    Attributes:
        batch: The file that it stands in, without its ending.
        name: The section's heading.
        lost: The program that loses a gradient.
        twin: The same program without the mistake.
    """

    batch: str
    name: str
    lost: str
    twin: str

    @property
    def lines(self) -> set[int]:
        """The lines of ``lost`` that are marked."""
        return {n for n, line in enumerate(self.lost.splitlines(), 1) if "  # lost" in line or "  # cause" in line}

    def found(self) -> bool:
        """Whether an error or a warning names a marked line."""
        return any(self.lines & lines for lines in _named(self.lost))

    def alarms(self) -> list[set[int]]:
        """The lines that errors and warnings name in the twin."""
        return _named(self.twin)


def _named(code: str) -> list[set[int]]:
    """For each error or warning the line that it stands at and those of the gradient calls that it names."""
    return [
        {claim.span.line, *(lost.call.line for lost in claim.gradients)}
        for claim in analyse(code).claims
        if claim.severity != "info"
    ]


def reports() -> list[Report]:
    """Every report of every batch."""
    found = []
    for path in sorted(HERE.glob("batch_*.md")):
        for name, body in _SECTION.findall(path.read_text(encoding="utf-8")):
            blocks = dict(_BLOCK.findall(body))
            found.append(Report(path.stem, name, blocks["lost"], blocks["twin"]))
    return found


def main(batches: list[str]) -> None:
    """Print what is found, batch by batch."""
    everything = [one for one in reports() if not batches or one.batch in batches]
    for batch in sorted({one.batch for one in everything}):
        mine = [one for one in everything if one.batch == batch]
        missed = [one.name for one in mine if not one.found()]
        alarmed = [(one.name, sorted(map(sorted, one.alarms()))) for one in mine if one.alarms()]
        print(f"{batch}: {len(mine) - len(missed)} of {len(mine)} found, {len(alarmed)} alarms")
        for name in missed:
            print(f"  missed  {name}")
        for name, lines in alarmed:
            print(f"  alarm   {name} {lines}")


if __name__ == "__main__":
    main(sys.argv[1:])
