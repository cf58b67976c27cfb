"""Whether an exception is the one that a finding claims: its type, the line that it left, and whose code raised it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from gradlint.confirm.reasons import first

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.confirm.plan import Case, Want
    from gradlint.confirm.protocol import Event, RunReport

BY_PYTHON = frozenset({"TypeError", "AttributeError"})
"""What Python itself raises where an operation is not there for a value or a call does not fit."""


def borne_out(exception: str | None, event: Event) -> bool:
    """Whether a gradient call raised what is claimed: that type, out of TensorFlow's code or of the call itself."""
    if exception is None or event["type"] != exception:
        return False
    owners = _inner_owners(event)
    return "tensorflow" in owners or (not owners and exception in BY_PYTHON and not _called_back(event))


def _called_back(event: Event) -> bool:
    """Whether code of the program's that the call itself runs has raised."""
    owners = [str(owner) for owner, _, _ in event["frames"]]
    made = max((place for place, owner in enumerate(owners) if owner == "probe"), default=len(owners))
    return "program" in owners[made:]


def _inner_owners(event: Event) -> list[str]:
    """Whose code the frames are within the program's innermost one, the probe's own left out."""
    owners = [str(owner) for owner, _, _ in event["frames"]]
    last = max((place for place, owner in enumerate(owners) if owner == "program"), default=-1)
    return [owner for owner in owners[last + 1 :] if owner != "probe"]


def lines(event: Event) -> list[int]:
    """The probe's lines that an exception came through, from the outermost; those that AutoGraph quotes at the end."""
    return [int(line) for owner, line, _ in event["frames"] if owner == "program"] + list(event["quoted"])


def at_place(want: Want, case: Case, report: RunReport, line: Callable[[int], int]) -> str | None:
    """The exception that left the flagged statement, if it is the one that is claimed.

    Where the program caught it and the gradient call gave something afterwards, nothing was lost by it.
    """
    answered = max((event["seq"] for event in report.of("call", want.mark)), default=0)
    for event in report.of("raised", case.place) if case.place is not None else ():
        if event["type"] == want.exception and event["seq"] > answered and own(case, event, line):
            return f"{event['type']}: {first(event['text'])}"
    return None


def own(case: Case, event: Event, line: Callable[[int], int]) -> bool:
    """Whether an exception that left the flagged statement was raised there, by TensorFlow or by Python itself."""
    if isinstance(case.statement, (ast.Raise, ast.Assert)):
        return False
    through = lines(event)
    if through == [-1]:  # Within what AutoGraph made of the flagged statement, and nowhere else in the program.
        through = [case.lines.start]
    elif not through or line(through[-1]) not in case.lines:
        return False
    owners = _inner_owners(event)
    return "tensorflow" in owners or (not owners and event["type"] in BY_PYTHON)
