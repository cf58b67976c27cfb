"""Reads suppression comments, however they are written.

``# gradlint: ignore[GT201, numpy-call]`` and ``# noqa: GT201`` are well formed. In a malformed one (``ignore GT201``,
``ignore(GT201)``, ``ignore: numpy-call``, ``ignore[GT201``, ``noqa GT201``), anything that looks like codes or names
means those rules and never every rule, and the finding says how to write the comment.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Known = Callable[[str], bool]

VERBS = ("ignore", "off", "on", "skip-file")

_OWN = re.compile(r"#\s*gradlint(?P<colon>\s*[:=]\s*|\s+)(?P<verb>[A-Za-z][\w-]*|)", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa(?!\w)", re.IGNORECASE)
_NOQA_CODES = re.compile(r"\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:(?:\s*,\s*|\s+)?[A-Z]+[0-9]+)*)", re.IGNORECASE)
_NOQA_COLON = re.compile(r"\s*:")
_NOQA_CODE = re.compile(r"(?<![A-Z])[A-Z]+[0-9]+", re.IGNORECASE)
_LIST = re.compile(r"\s*\[(?P<codes>[\w\s,-]*)\](?![\])}>])")
_LEAD = re.compile(r"\W*")
_WORD = re.compile(r"\w[\w-]*")
_CLOSING = re.compile(r"[\])}>\"'`;:,]*")
_CODE = re.compile(r"[A-Z]{1,10}[0-9]{1,5}", re.IGNORECASE)
_GLUED = re.compile(r"(?P<verb>ignore|off|on|skip[-_]?file)[-_]*(?=[A-Z]{2,10}[0-9]{1,5}$|$)", re.IGNORECASE)
_OPENS = frozenset("[({<:=")


@dataclass(frozen=True, slots=True)
class Written:
    """One directive in a comment; positions are character offsets in the comment, from 0.

    Attributes:
        verb: ``ignore``, ``off``, ``on``, ``skip-file``, ``noqa``, or a word that means nothing.
        selectors: The codes, prefixes and names that it applies to; None for everything.
        start: Where it begins.
        end: Where it ends, including the remark for the reader.
        codes: Where its list of codes begins and ends; None if there is none that can be rewritten.
        invalid: Whether it is malformed.
        meant: How it should be written; None if that is unclear.
    """

    verb: str
    selectors: tuple[str, ...] | None
    start: int
    end: int
    codes: tuple[int, int] | None = None
    invalid: bool = False
    meant: str | None = None


@dataclass(frozen=True, slots=True)
class _List:
    """A directive's arguments: the selectors, where the rest begins, where the list is, whether it is malformed."""

    selectors: tuple[str, ...] | None
    rest: int
    codes: tuple[int, int] | None = None
    invalid: bool = False


def written(comment: str, known: Known) -> Iterator[Written]:
    """The directives of a comment, gradlint's own before those of flake8.

    Args:
        comment: The comment with its ``#``.
        known: Whether a word is the code or the name of a rule.
    """
    for match in _OWN.finditer(comment):
        found = _own(comment, match, known)
        if found is not None:
            yield found
    for match in _NOQA.finditer(comment):
        yield _noqa(comment, match, known)


def _own(comment: str, match: re.Match[str], known: Known) -> Written | None:
    end = comment.find("#", match.end())
    tail_end = len(comment) if end < 0 else end
    verb, after = match["verb"].lower().replace("_", "-"), match.end()
    glued = _GLUED.match(match["verb"])
    if verb not in VERBS and glued is not None:
        verb, after = glued["verb"].lower(), match.start("verb") + glued.end()
        verb = "skip-file" if verb.startswith("skip") else verb
    plain = match["colon"].rstrip() == ":" and match["verb"].lower() == verb
    tail = comment[after:tail_end]
    said = _list(tail, known)
    stop = after + len(tail.rstrip()) if tail.strip() else after
    if match["colon"].strip() == "":
        if verb not in VERBS or (said.selectors is None and tail.strip()):
            return None  # It speaks of gradlint and not to it.
        if said.selectors is None:
            said = _List((), 0)
    place = None if said.codes is None or said.invalid else (after + said.codes[0], after + said.codes[1])
    if plain and not said.invalid and verb in VERBS:
        return Written(verb, said.selectors, match.start(), stop, place)
    rest = tail[said.rest :].strip()
    listed = f"[{', '.join(said.selectors)}]" if said.selectors else ""
    sure = bool(said.selectors) or not said.invalid
    near = [verb] if verb in VERBS else difflib.get_close_matches(verb[:40], VERBS, n=1)
    meant = f"# gradlint: {near[0]}{listed}" + (f" {rest}" if rest else "") if sure and near else None
    return Written(verb, said.selectors, match.start(), stop, None, True, meant)


def _list(tail: str, known: Known) -> _List:
    """The arguments after a directive's verb."""
    proper = _LIST.match(tail)
    if proper is not None:
        listed = (word.upper() if _CODE.fullmatch(word) else word for word in _WORD.findall(proper["codes"]))
        return _List(tuple(listed), proper.end(), proper.span("codes"))
    lead = _LEAD.match(tail)
    assert lead is not None
    opened = lead[0].strip()[:1] in _OPENS and bool(lead[0].strip())
    selectors, rest = _listed(tail, lead.end(), known, first=opened and lead[0].strip()[:1] not in ":=")
    if selectors or opened:
        return _List(tuple(selectors), rest, invalid=True)
    words = [_selector(word) for word in _WORD.findall(tail) if _CODE.fullmatch(word) or "-" in word]
    named = tuple(word for word in dict.fromkeys(words) if known(word))
    if named:
        return _List(named, 0, invalid=True)
    return _List(None, 0)


def _listed(tail: str, start: int, known: Known, *, first: bool) -> tuple[list[str], int]:
    """The selectors in a row, and where the row ends.

    Args:
        tail: The text after a directive's verb.
        start: Where the row may begin in it.
        known: Whether a word is the code or the name of a rule.
        first: Whether the first word is a selector whatever it looks like.
    """
    found: list[str] = []
    end, at = 0, start
    while (word := _WORD.match(tail, at)) is not None:
        text = word[0].rstrip("-")
        if not (_CODE.fullmatch(text) or known(text.lower()) or (first and not found)):
            break
        found.append(_selector(text))
        end = at = word.start() + len(text)
        gap = _LEAD.match(tail, at)
        assert gap is not None
        at = gap.end()
    closing = _CLOSING.match(tail, end)
    assert closing is not None
    return list(dict.fromkeys(found)), closing.end() if found else start


def _selector(word: str) -> str:
    """A word as rules write it: codes in upper case, names in lower case."""
    return word.upper() if _CODE.fullmatch(word) else word.lower()


def _noqa(comment: str, match: re.Match[str], known: Known) -> Written:
    end = comment.find("#", match.end())
    tail = comment[match.end() : len(comment) if end < 0 else end]
    codes = _NOQA_CODES.match(tail)
    if codes is not None:
        first, last = (match.end() + at for at in codes.span("codes"))
        return Written("noqa", tuple(_split(codes["codes"])), match.start(), last, (first, last))
    if _NOQA_COLON.match(tail):
        return Written("noqa", (), match.start(), match.end())
    lead = _LEAD.match(tail)
    assert lead is not None
    selectors, rest = _listed(tail, lead.end(), lambda word: False, first=False)
    if not selectors:
        words = (word.upper() for word in _WORD.findall(tail))
        selectors, rest = [word for word in dict.fromkeys(words) if _CODE.fullmatch(word) and known(word)], 0
    if not selectors:
        return Written("noqa", None, match.start(), match.end())
    own = any(known(code) for code in selectors)
    behind = tail[rest:].strip()
    meant = f"# noqa: {', '.join(selectors)}" + (f" {behind}" if behind else "")
    stop = match.end() + len(tail.rstrip())
    return Written("noqa", tuple(selectors), match.start(), stop, None, own, meant if own else None)


def _split(codes: str) -> list[str]:
    """Codes separated by commas, spaces or nothing."""
    return [code.upper() for code in _NOQA_CODE.findall(codes)]
