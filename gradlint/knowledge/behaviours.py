"""What callables do that calling them under a tape does not show, as one word or several each.

``behaviours.tsv`` has a line for a callable: its canonical name, a tab, its words. A word is the name of a model
(:func:`gradlint.flow.libraries.models.models`), which runs the call, or says something that the analysis asks for:
``linear``, ``remembers``, ``bare``. Two forms of a name stand for several callables: ``tensorflow.data.*`` for whatever
of a package has no line of its own, ``*.round`` for every callable whose last part is ``round``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("behaviours.tsv")
_NOTHING: frozenset[str] = frozenset()


@cache
def lines() -> dict[str, tuple[str, ...]]:
    """The words of every line, by the line's name, in the order of the file.

    Raises:
        ValueError: If a name has two lines.
    """
    found: dict[str, tuple[str, ...]] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        name, _, words = line.partition("\t")
        if not words or name.startswith("#"):
            continue
        if name in found:
            message = f"{TABLE.name}: {name} has two lines"
            raise ValueError(message)
        found[name] = tuple(words.split(" "))
    return found


@cache
def of(name: str) -> frozenset[str]:
    """The words of a callable: those of its own line, and of the line for its last part.

    Args:
        name: Its canonical dotted name, or the last part alone.
    """
    own = lines().get(name, ())
    return frozenset((*own, *lines().get("*." + name.rpartition(".")[2], ()))) if name else _NOTHING


@cache
def of_package(name: str) -> tuple[str, ...]:
    """The words of the innermost package around a name that has a line."""
    while name:
        name = name.rpartition(".")[0]
        words = lines().get(name + ".*")
        if words is not None:
            return words
    return ()


def has(name: str, word: str) -> bool:
    """Whether a callable has a word."""
    return word in of(name)


@cache
def the(word: str) -> str:
    """The callable that stands for a word: the first that has it.

    Raises:
        LookupError: If none has it.
    """
    for name, words in lines().items():
        if word in words:
            return name
    message = f"{TABLE.name}: nothing has the word {word}"
    raise LookupError(message)


@cache
def after(name: str, prefix: str) -> str:
    """What follows a prefix in one of a callable's words: ``static`` of ``member:static``; empty where none has it."""
    return next((word.removeprefix(prefix) for word in sorted(of(name)) if word.startswith(prefix)), "")


@cache
def constant(name: str) -> float | None:
    """The number that a name of a library stands for, as ``math.pi`` does; None where it stands for None.

    Raises:
        LookupError: If it is no such name.
    """
    word = after(name, "is:")
    if not word:
        raise LookupError(name)
    return None if word == "None" else float(word)
