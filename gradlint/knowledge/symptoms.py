"""From what TensorFlow and Keras say to what it means: messages about lost gradients, as people paste them.

The messages stand in ``symptoms.toml``. What is pasted may be a whole log or traceback, in colours, broken at the width
of a terminal, with prefixes of a logger or of pytest; so all of its white space is left out before it is looked at.
"""

from __future__ import annotations

import re
import tomllib
from collections import deque
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_PREFIX = re.compile(r"^[ \t]*(?:[E>|#$\u2502\u2503]+(?=[ \t])|\d{4}-\d\d-\d\d[T \d:.,]+)", re.MULTILINE)
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00b4": "`"})
_WORD = re.compile(r"[a-z_]{2,}")
LARGEST = 1_000_000
"""How many characters of what is pasted are looked at: the last ones."""
LAST = 20
"""How many times a message is looked for that a text repeats: the last ones."""
GAP = 2_000
"""How many characters may stand in the place of a ``*``."""
ALIKE = 0.75
"""How many of a message's words a text must have for it to be that message in other words."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """A message about a lost gradient.

    Attributes:
        name: What it says, as a title.
        says: What the message holds; ``*`` stands for what differs.
        seen: Where it was seen: the exception or warning, and the version.
        means: What it means.
        rules: The usual causes, the most frequent first: a rule's code, and when it is that one.
        provoke: A program that makes TensorFlow say it; empty where that is another version's message.
    """

    name: str
    says: str
    seen: str
    means: str
    rules: tuple[tuple[str, str], ...]
    provoke: str = ""

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it begins and ends in a text without white space."""
        first, *rest = (_squeezed(part) for part in self.says.split("*"))
        start = text.find(first)
        while start >= 0:
            end = start + len(first)
            for part in rest:
                at = text.find(part, end, end + GAP + len(part))
                if at < 0:
                    break
                end = at + len(part)
            else:
                yield start, end
            start = text.find(first, end)


@cache
def symptoms() -> tuple[Symptom, ...]:
    """All messages that are known, as they stand in the file."""
    listed = tomllib.loads(files("gradlint.knowledge").joinpath("symptoms.toml").read_text("utf-8"))["symptom"]
    return tuple(Symptom(**{**one, "rules": tuple((code, when) for code, when in one["rules"])}) for one in listed)


def find(text: str) -> list[Symptom]:
    """The messages that a text holds, the last one first: a traceback ends with what was raised.

    Where two are found at one place the longer one counts. A text that holds none may be one in other words: then the
    message with most of its words is given, if there is one with most of them.
    """
    squeezed = _squeezed(_plain(text))
    found: list[tuple[int, int, Symptom]] = []
    for symptom in sorted(symptoms(), key=lambda one: -len(one.says)):
        for begins, ends in deque(symptom.spans(squeezed), LAST):
            if all(ends <= start or begins >= end for start, end, _ in found):
                found.append((begins, ends, symptom))
    found.sort(key=lambda one: -one[0])
    return list(dict.fromkeys(symptom for _, _, symptom in found)) or _alike(text)


def variables(text: str) -> list[str]:
    """The variables that a message names."""
    for part in _plain(text).split("]")[:-1]:
        before, _, names = part.rpartition("[")
        if before.rstrip(" \t\n:(").endswith(("variable", "variables")):
            return [name.strip(" '\"\n") for name in names.split(",") if name.strip()]
    return []


def _alike(text: str) -> list[Symptom]:
    words = set(_WORD.findall(_plain(text).lower()))

    def share(symptom: Symptom) -> float:
        own = set(_WORD.findall(symptom.says.lower()))
        return len(own & words) / len(own) if len(own) > 2 else 0.0

    best = max(symptoms(), key=share)
    return [best] if share(best) >= ALIKE else []


def _plain(text: str) -> str:
    return _PREFIX.sub("", _ANSI.sub("", text[-LARGEST:])).translate(_QUOTES)


def _squeezed(text: str) -> str:
    return "".join(text.split()).lower()
