"""The file of the calls that worked, ``calls.tsv``: the name, the arguments and what was observed, sorted by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tools.generator.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLS = Path(__file__).with_name("calls.tsv")


def load(path: Path = CALLS) -> dict[str, dict[str, Observation]]:
    """The observations by name and arguments.

    Args:
        path: The file.
    """
    calls: dict[str, dict[str, Observation]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, text, seen = line.split("\t")
        calls.setdefault(name, {})[text] = Observation.load(seen)
    return calls


def dump(calls: Mapping[str, Mapping[str, Observation]], path: Path = CALLS) -> None:
    """Write the observations, sorted by name and then in the order in which they were made.

    Args:
        calls: The observations by name and arguments.
        path: The file.
    """
    lines = [
        f"{name}\t{text}\t{seen.dump()}\n" for name, found in sorted(calls.items()) for text, seen in found.items()
    ]
    path.write_text("".join(lines), encoding="utf-8")
