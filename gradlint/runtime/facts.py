"""What a run has shown, as a file: ``gradlint run --record FILE`` writes it, ``gradlint check --facts FILE`` reads it.

A facts file is JSON, read as data and within bounds. Each file of the program is kept with a digest of its text, so
that what was seen of a text that has changed since is not used::

    {"gradlint-facts": 1, "tensorflow": "2.21.0", "run": "train.py --epochs 3",
     "files": {"train.py": {
        "sha256": "...",
        "calls": [{"line": 13, "method": "gradient", "times": 5, "sources": ["w"], "lost": {"w": {"none": 5}}}],
        "values": {"11": [{"operation": "MatMul", "dtype": "float32", "connected": ["w"]}, {"left": "__array__"}]},
        "findings": [...]}}}

Paths are relative to the facts file's folder, with ``/``. A finding has the shape of ``--output-format json`` and
``needs``, the files that it speaks of.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradlint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = 1
"""The version of the format."""
LARGEST = 64_000_000
"""How many bytes a facts file may have."""
MOST = 10_000
"""How many findings or calls of one file are used."""


class FactsError(Exception):
    """A facts file cannot be read or written; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class SeenCall:
    """One gradient call of a run.

    Attributes:
        line: The line on which it begins.
        method: ``gradient``, ``jacobian`` or ``batch_jacobian``.
        times: How often it ran.
        sources: The sources, as they are written or named.
        lost: For each source that lost something, how often it got which outcome.
    """

    line: int
    method: str
    times: int
    sources: tuple[str, ...]
    lost: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfFile:
    """What a run has shown of one file.

    Attributes:
        digest: The SHA-256 of the file's bytes, in hexadecimal.
        calls: Its gradient calls.
        values: By line, what the operations there gave.
        findings: What was lost in it, each with the paths of the files that it speaks of.
    """

    digest: str
    calls: tuple[SeenCall, ...] = ()
    values: Mapping[int, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    findings: tuple[tuple[Finding, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedFacts:
    """What a run has shown.

    Attributes:
        run: How the program was called.
        tensorflow: TensorFlow's version.
        files: By absolute path.
    """

    run: str
    tensorflow: str | None
    files: Mapping[str, OfFile]

    def holds(self, paths: Iterable[str]) -> bool:
        """Whether the texts of files are those that ran."""
        return all(path in self.files and digest(path) == self.files[path].digest for path in paths)


def digest(path: str) -> str | None:
    """The SHA-256 of a file's bytes, None where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def save(path: str, facts: ObservedFacts) -> None:
    """Write a facts file.

    Raises:
        FactsError: If it cannot be written.
    """
    base = os.path.dirname(os.path.abspath(path))
    files = {_relative(name, base): _file(one, base) for name, one in sorted(facts.files.items())}
    record = {"gradlint-facts": VERSION, "tensorflow": facts.tensorflow, "run": facts.run, "files": files}
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
            file.write("\n")
    except OSError as error:
        raise FactsError(f"{path} cannot be written: {error.strerror or error}") from None


def _relative(path: str, base: str) -> str:
    try:
        return os.path.relpath(path, base).replace(os.sep, "/")
    except ValueError:  # another drive on Windows
        return path.replace(os.sep, "/")


def _file(one: OfFile, base: str) -> dict[str, Any]:
    return {
        "sha256": one.digest,
        "calls": [
            {
                "line": call.line,
                "method": call.method,
                "times": call.times,
                "sources": list(call.sources),
                "lost": {source: dict(outcomes) for source, outcomes in call.lost.items()},
            }
            for call in one.calls
        ],
        "values": {str(line): [dict(value) for value in values] for line, values in sorted(one.values.items())},
        "findings": [
            finding.to_json() | {"needs": [_relative(path, base) for path in needs]} for finding, needs in one.findings
        ],
    }


def load(path: str) -> ObservedFacts:
    """Read a facts file.

    Raises:
        FactsError: If it cannot be read, is too large, or is no facts file of this version.
    """
    try:
        if os.path.getsize(path) > LARGEST:
            raise FactsError(f"{path} is larger than {LARGEST // 1_000_000} MB")
        with open(path, "rb") as file:
            record = json.loads(file.read(LARGEST))
    except OSError as error:
        raise FactsError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise FactsError(f"{path} is not a facts file: it is not JSON") from None
    if not isinstance(record, dict) or "gradlint-facts" not in record:
        raise FactsError(f"{path} is not a facts file: `gradlint run --record FILE` writes one")
    if record["gradlint-facts"] != VERSION:
        raise FactsError(f"{path} has version {record['gradlint-facts']!r} of the format, and this is {VERSION}")
    base = os.path.dirname(os.path.abspath(path))
    try:
        files = {_absolute(name, base): _read_file(one, base) for name, one in record["files"].items()}
        version = record.get("tensorflow")
        return ObservedFacts(str(record["run"]), None if version is None else str(version), files)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"[:200]
        raise FactsError(f"{path} is not a facts file as `gradlint run --record` writes it ({what})") from None


def _absolute(name: str, base: str) -> str:
    return os.path.normpath(os.path.join(base, name))


def _read_file(one: Mapping[str, Any], base: str) -> OfFile:
    return OfFile(
        str(one["sha256"]),
        tuple(_read_call(call) for call in one["calls"][:MOST]),
        {int(line): tuple(values) for line, values in one["values"].items()},
        tuple(_read_finding(finding, base) for finding in one["findings"][:MOST]),
    )


def _read_call(record: Mapping[str, Any]) -> SeenCall:
    lost = {
        str(source): {str(one): int(times) for one, times in outcomes.items()}
        for source, outcomes in record["lost"].items()
    }
    sources = tuple(map(str, record["sources"]))
    return SeenCall(int(record["line"]), str(record["method"]), int(record["times"]), sources, lost)


def _read_finding(record: Mapping[str, Any], base: str) -> tuple[Finding, tuple[str, ...]]:
    rest = {key: value for key, value in record.items() if key != "needs"}
    finding = Finding.from_json(rest)
    texts = (finding.code, finding.name, finding.severity, finding.message)
    numbers = (finding.location.line, finding.location.column, finding.end_location.line)
    if not all(isinstance(one, str) for one in texts) or not all(isinstance(one, int) for one in numbers):
        raise TypeError("a finding has fields of other types")
    if finding.severity not in ("error", "warning", "info"):
        raise ValueError(f"a finding has the severity {finding.severity!r}")
    return finding, tuple(_absolute(str(one), base) for one in record["needs"])
