"""From what TensorFlow and Keras say to what it means: messages about lost gradients, as people paste them.

The messages stand in ``symptoms.toml``. What is pasted may be a whole log or traceback, in colours, broken at the width
of a terminal, with prefixes of a logger or of pytest; so all of its white space is left out before it is looked at.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_PREFIX = re.compile(r"^[ \t]*(?:[E>|#$\u2502\u2503]+(?=[ \t])|\d{4}-\d\d-\d\d[T \d:.,]+)", re.MULTILINE)
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00b4": "`"})
_WORD = re.compile(r"[a-z_]{2,}")
_VARIABLES = re.compile(r"variables?\s*(?::\s*)?\(?\[([^\]]+)\]")
LARGEST = 1_000_000
"""How many characters of what is pasted are looked at: the last ones."""
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

    @property
    def pattern(self) -> re.Pattern[str]:
        """What finds it in a text without white space."""
        parts = [re.escape(_squeezed(part)) for part in self.says.split("*")]
        return re.compile(".{0,2000}?".join(parts), re.DOTALL)


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
        for match in symptom.pattern.finditer(squeezed):
            if all(match.end() <= start or match.start() >= end for start, end, _ in found):
                found.append((match.start(), match.end(), symptom))
    found.sort(key=lambda one: -one[0])
    return list(dict.fromkeys(symptom for _, _, symptom in found)) or _alike(text)


def variables(text: str) -> list[str]:
    """The variables that a message names."""
    match = _VARIABLES.search(_plain(text))
    return [] if match is None else [name.strip(" '\"\n") for name in match[1].split(",") if name.strip()]


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
