"""A baseline: the findings that a code base has today, so that only new ones are reported.

A finding is known by its code, the text of its line and a fingerprint of the lines around it, never by the number of
its line: it stays known when lines move, and when the file that holds it is renamed.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradlint.fixing.text import texts
from gradlint.sources.files import SourceError, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradlint.finding import Finding
    from gradlint.fixing.text import Text
    from gradlint.sources.source import Source

VERSION = 1
_CONTEXT = 2


class BaselineError(ValueError):
    """A baseline file that cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class KnownFinding:
    """One known finding.

    Attributes:
        path: The file that held it.
        code: Its rule's code.
        line: The text of its line, without the white space around it.
        context: A fingerprint of the lines around it.
    """

    path: str
    code: str
    line: str
    context: str


@dataclass(frozen=True, slots=True)
class Match:
    """Findings held against a baseline.

    Attributes:
        new: The findings that the baseline does not know.
        known: The findings that it knows.
        gone: The entries that nothing matches any more.
    """

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    gone: tuple[KnownFinding, ...]


class Baseline:
    """The known findings of a code base."""

    def __init__(self, entries: Iterable[KnownFinding]) -> None:
        self.entries = tuple(sorted(entries))

    @classmethod
    def of(cls, findings: Iterable[Finding], read: Callable[[str], Source]) -> Baseline:
        """A baseline that knows the given findings.

        Args:
            findings: The findings.
            read: Gives the source of a finding's path; asked once a path.
        """
        return cls(entry for _, entry in _entries(findings, read))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Baseline:
        """Read a baseline file.

        Raises:
            BaselineError: If the file cannot be read or is not a baseline.
        """
        record = _record(path)
        if record.get("version") != VERSION:
            raise BaselineError(f"{path}: the baseline's version is {record.get('version')!r}, not {VERSION}")
        return cls(_entry(path, one) for one in record["findings"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the baseline, whole or not at all; no other file than a baseline is ever written over.

        Raises:
            BaselineError: If the file cannot be written, or is there and is no baseline.
        """
        if os.path.lexists(path):
            try:
                _record(path)
            except BaselineError as error:
                raise BaselineError(f"{error}; it was left alone") from None
        record = {"version": VERSION, "findings": [asdict(entry) for entry in self.entries]}
        target = Path(path)
        temporary: str | None = None
        try:
            import tempfile

            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~mask)
            os.replace(temporary, target)
            temporary = None
        except OSError as error:
            raise BaselineError(f"{path}: {error.strerror}") from error
        finally:
            if temporary is not None:
                with suppress(OSError):
                    os.unlink(temporary)

    def match(self, findings: Sequence[Finding], read: Callable[[str], Source]) -> Match:
        """Part findings into known and new ones; an entry knows one finding only.

        The whole entry is looked for first, then its line in the same file wherever its surroundings have changed,
        then the whole entry under another path.

        Args:
            findings: The findings.
            read: Gives the source of a finding's path; asked once a path.
        """
        open_entries = Counter(self.entries)
        pending = _entries(findings, read)
        known: set[int] = set()
        for alike in (_whole, _line_in_file, _elsewhere):
            index: dict[tuple[str, ...], list[KnownFinding]] = {}
            for entry in sorted(open_entries.elements(), reverse=True):
                index.setdefault(alike(entry), []).append(entry)
            rest = []
            for number, entry in pending:
                matches = index.get(alike(entry))
                if matches:
                    open_entries[matches.pop()] -= 1
                    known.add(number)
                else:
                    rest.append((number, entry))
            open_entries = +open_entries
            pending = rest
        return Match(
            tuple(one for number, one in enumerate(findings) if number not in known),
            tuple(one for number, one in enumerate(findings) if number in known),
            tuple(sorted(open_entries.elements())),
        )


def _record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a baseline file of any version holds.

    Raises:
        BaselineError: If the file cannot be read or is no baseline.
    """
    try:
        record = json.loads(read_bytes(path).decode())
    except SourceError as error:
        raise BaselineError(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path}: not a baseline: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get("findings"), list):
        raise BaselineError(f"{path}: not a baseline: it has no list of findings")
    return record


def _whole(entry: KnownFinding) -> tuple[str, ...]:
    return (entry.path, entry.code, entry.line, entry.context)


def _line_in_file(entry: KnownFinding) -> tuple[str, ...]:
    return (entry.path, entry.code, entry.line)


def _elsewhere(entry: KnownFinding) -> tuple[str, ...]:
    return (entry.code, entry.line, entry.context)


def _entries(findings: Iterable[Finding], read: Callable[[str], Source]) -> list[tuple[int, KnownFinding]]:
    of_path: dict[str, dict[int | None, Text]] = {}
    made = []
    for number, finding in enumerate(findings):
        if finding.path not in of_path:
            of_path[finding.path] = texts(read(finding.path))
        text = of_path[finding.path][finding.cell]
        line = " ".join(text.line(finding.location.line).split())
        made.append((number, KnownFinding(finding.path, finding.code, line, _fingerprint(text, finding.location.line))))
    return made


def _fingerprint(text: Text, number: int) -> str:
    """A fingerprint of the nearest lines with text, above and below."""
    around: list[str] = []
    for step in (-1, 1):
        at, found = number + step, 0
        while 1 <= at <= text.count and found < _CONTEXT:
            line = " ".join(text.line(at).split())
            if line:
                around.append(line)
                found += 1
            at += step
        around.append("")
    import hashlib

    return hashlib.sha256("\n".join(around).encode(errors="surrogatepass")).hexdigest()[:16]


def _entry(path: str | os.PathLike[str], record: Any) -> KnownFinding:
    names = ("path", "code", "line", "context")
    if not isinstance(record, dict) or not all(isinstance(record.get(name), str) for name in names):
        raise BaselineError(f"{path}: not a baseline: a finding lacks one of {', '.join(names)}")
    return KnownFinding(*(record[name] for name in names))
