"""The calls that a search does not find: ``hints.tsv``, a callable's name and the arguments of one call a line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

HINTS = Path(__file__).with_name("hints.tsv")


@cache
def hints() -> dict[str, list[str]]:
    """The arguments to call each callable with, by its canonical name."""
    found: dict[str, list[str]] = {}
    for line in HINTS.read_text(encoding="utf-8").splitlines():
        name, _, text = line.partition("\t")
        found.setdefault(name, []).append(text)
    return found
