"""Which version of TensorFlow has what, and which versions a project asks for.

``versions.tsv`` holds the facts. A line is what it says, what it speaks of, a detail, and the first version of
TensorFlow that it holds for:

- ``since``: what the analysis takes for granted: Keras 3, as ``tf.keras`` is from 2.16 on, and TensorFlow 2.
- ``gone``: a name that TensorFlow or Keras no longer has, by its canonical name; ``tensorflow.contrib`` stands for all
  below it. ``tests/knowledge/test_versions.py`` looks each up in the TensorFlow that is installed; since when it is
  gone is what the release notes say.
- ``keyword``: an argument that a class refuses, its name in the detail; ``keras.layers.*`` is any class of the package.
- ``member``: an attribute that an object of a family no longer has.
- ``shows``: a name or a package that only programs for older versions use, though reading it raises nothing.
- ``needs``: the version, in the detail, of a package or of Python that TensorFlow needs at least.
- ``ends``: a package that works with older versions only.
- ``claim``: a cause, by its kind and one of its fields, that holds from that version on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version

TABLE = Path(__file__).with_name("versions.tsv")
TENSORFLOW = frozenset(
    {"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel", "tensorflow-macos", "tensorflow-rocm"}
)
"""The distributions that are TensorFlow, as packages are spelled in lower case with hyphens."""
_EARLIER, _LATER = ("2.0",), ("9999",)


class VersionFact(NamedTuple):
    """A line of the table; see there."""

    says: str
    of: str
    detail: str
    version: str


@cache
def rows(says: str) -> tuple[VersionFact, ...]:
    """The lines of the table that say one sort of thing, in the order of the file."""
    made = (VersionFact(*line.split("\t")) for line in TABLE.read_text(encoding="utf-8").splitlines() if _is_row(line))
    return tuple(row for row in made if row.says == says)


def _is_row(line: str) -> bool:
    return bool(line) and not line.startswith("#")


def since(what: str) -> str:
    """The first version of TensorFlow that has what the analysis takes for granted.

    Args:
        what: ``keras-3`` or ``tensorflow-2``.

    Raises:
        LookupError: If the table has no such line.
    """
    for row in rows("since"):
        if row.of == what:
            return row.version
    raise LookupError(what)


@cache
def _names(says: str) -> dict[str, str]:
    return {row.of: row.version for row in rows(says)}


@cache
def gone(name: str) -> str:
    """The first version of TensorFlow that does not have a name any more; empty where all have it, or none is known.

    Args:
        name: The canonical dotted name.
    """
    return _innermost(_names("gone"), name)


def showing() -> frozenset[str]:
    """The packages of which a use shows the version of TensorFlow that a program was written for."""
    return frozenset(name.partition(".")[0] for name in _names("shows"))


@cache
def shows(name: str) -> str:
    """The version before which a program was written that uses a name; empty where nothing is known."""
    return gone(name) or _innermost(_names("shows"), name)


def _innermost(known: dict[str, str], name: str) -> str:
    while name:
        if name in known:
            return known[name]
        name = name.rpartition(".")[0]
    return ""


@cache
def refused(name: str, keyword: str, value: str = "") -> str:
    """The first version of TensorFlow in which a class refuses an argument, or its value; empty where none does.

    Args:
        name: The class's canonical name.
        keyword: The argument's name.
        value: The text that it is given, if it is one; the table has ``name=/`` for a text with a slash in it.
    """
    package, written = name.rpartition(".")[0] + ".*", {keyword}
    if "/" in value:
        written.add(keyword + "=/")
    return next((row.version for row in rows("keyword") if row.of in (name, package) and row.detail in written), "")


@cache
def without(family: str, attribute: str) -> str:
    """The first version in which objects of a family do not have an attribute any more; empty where all have it."""
    return next((row.version for row in rows("member") if row.of == family and row.detail == attribute), "")


def claimed(kind: str, cause: object) -> str:
    """The first version of TensorFlow that a cause holds for.

    Args:
        kind: The kind of the claim.
        cause: The cause, with the fields that the table names.
    """
    for row in _claims().get(kind, ()):
        name, _, value = row.detail.partition("=")
        if str(getattr(cause, name, "")) == value:
            return row.version
    return since("tensorflow-2")


@cache
def _claims() -> dict[str, tuple[VersionFact, ...]]:
    found: dict[str, tuple[VersionFact, ...]] = {}
    for row in rows("claim"):
        found[row.of] = (*found.get(row.of, ()), row)
    return found


# -- what a project asks for ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Demand:
    """What a project says of the version of one package, or of Python.

    Attributes:
        package: The package, in lower case with hyphens; ``python`` is Python.
        versions: The versions as PEP 440 writes them, ``>=2.4,<2.16``; empty where any will do.
        place: What says so: a file, or the settings.
    """

    package: str
    versions: str
    place: str

    def __str__(self) -> str:
        return f"{self.place} asks for `{self.package}{self.versions}`"


@dataclass(frozen=True, slots=True)
class Target:
    """The versions that a program is written for, as its project asks for them.

    Attributes:
        asked: What the project says: one of the statements of a file about TensorFlow holds, and each other one.
    """

    asked: tuple[Demand, ...] = ()

    def excludes(self, version: str) -> Demand | None:
        """What excludes a version of TensorFlow and all later ones; None where one of them may be meant."""
        for place in dict.fromkeys(one.place for one in self.asked):
            said = [one for one in self.asked if one.place == place]
            # What one file says of TensorFlow several times are alternatives: markers, extras.
            alternatives = [one for one in said if one.package in TENSORFLOW]
            if alternatives and all(_excludes(one, version) for one in alternatives):
                return alternatives[0]
            others = (one for one in said if one.package not in TENSORFLOW)
            found = next((one for one in others if _excludes(one, version)), None)
            if found is not None:
                return found
        return None

    def allows_before(self, version: str) -> bool:
        """Whether a version of TensorFlow below some version may be meant."""
        said = [one for one in self.asked if one.package in TENSORFLOW]
        places = dict.fromkeys(one.place for one in said)
        return all(any(admits_before(one.versions, version) for one in said if one.place == place) for place in places)


@cache
def speaks(package: str) -> bool:
    """Whether a version of a package says something of the version of TensorFlow."""
    return package in TENSORFLOW or any(row.of == package for row in (*rows("needs"), *rows("ends")))


def target(asked: Iterable[Demand]) -> Target:
    """What a project's statements come to; those that say nothing of TensorFlow are left out."""
    return Target(tuple(one for one in asked if speaks(one.package)))


@lru_cache(maxsize=256)
def _excludes(asked: Demand, version: str) -> bool:
    if asked.package in TENSORFLOW:
        return not admits(asked.versions, version)
    from packaging.version import Version

    if any(row.of == asked.package and Version(row.version) <= Version(version) for row in rows("ends")):
        return True
    needed = [row for row in rows("needs") if row.of == asked.package and Version(row.version) <= Version(version)]
    return bool(needed) and not admits(asked.versions, needed[-1].detail)


def admits(versions: str, least: str) -> bool:
    """Whether versions that are written as PEP 440 has them include one that is at least so high.

    Args:
        versions: As in a requirement, ``>=2.4,<2.16``; what cannot be read admits everything.
        least: The version that is the lowest of those asked about.
    """
    admitted = _admitted(versions, least)
    lowest = _first(least)
    return admitted is None or any(one >= lowest for one in admitted)


def admits_before(versions: str, bound: str) -> bool:
    """Whether versions that are written as PEP 440 has them include one below a bound.

    Args:
        versions: As in a requirement; what cannot be read admits everything.
        bound: The version that is above those asked about.
    """
    admitted = _admitted(versions, bound)
    return admitted is None or any(one < _first(bound) for one in admitted)


def _first(version: str) -> Version:
    """The first that is written for a version, which may be an alpha."""
    from packaging.version import Version

    return Version(version + ".dev0")


def _admitted(versions: str, bound: str) -> list[Version] | None:
    """Versions that a requirement admits, among those that it or a bound names and some around them."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        wanted = SpecifierSet(versions)
        named = [Version(one.version.removesuffix(".*")) for one in wanted]
        bases = (Version(bound).base_version, *(one.base_version for one in named))
        tried = {*named, *(Version(each) for one in bases for each in (one, one + ".1", one + ".0.1"))}
    except (InvalidSpecifier, InvalidVersion):
        return None
    tried |= {Version(one) for one in (*_EARLIER, *_LATER)}
    return [one for one in tried if wanted.contains(one, prereleases=True)]
