"""Checks files: finds them, passes over those that cannot matter, and checks the others."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.settings import Resolver, Settings
from gradlint.sources import read
from gradlint.sources.discover import discover
from gradlint.sources.source import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.finding import Finding


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came of one file.

    Attributes:
        path: The file, relative to the working directory where it lies below it, with ``/``.
        findings: The findings, in order.
        suppressed: How many findings a comment kept back.
        tapes: How many tapes the file's program makes.
        problems: What could not be looked at.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    suppressed: int = 0
    tapes: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def error(self) -> str | None:
        """The first problem as one line, or None."""
        return self.problems[0].describe(self.path) if self.problems else None


def run(
    paths: Iterable[str | os.PathLike[str]],
    settings: Settings | Resolver | None = None,
    *,
    jobs: int | None = None,
    cache: bool = True,
) -> Run:
    """Check files and folders.

    Args:
        paths: Files, and folders to look for files in.
        settings: What holds for every file, or how to find it; where None, each file's configuration file tells.
        jobs: How many processes to use at most; where None, the settings tell, and else there is one a core.
        cache: Whether results may be remembered, and remembered ones used.

    Returns:
        An iterator over the results of the files that matter, in a steady order.

    Raises:
        SettingsError: If settings cannot be used.
    """
    return Run(paths, settings, jobs, cache)


class Run:
    """A run over files: an iterator of results that also counts.

    Attributes:
        files: How many files were found.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        settings: Settings | Resolver | None,
        jobs: int | None,
        cache: bool,
    ) -> None:
        if settings is None:
            settings = Resolver()
        resolver = settings if isinstance(settings, Resolver) else Resolver.of(settings)
        found = discover(paths, resolver)
        self.files = len(found.files)
        self._results = self._check(found.files, found.problems)

    def __iter__(self) -> Iterator[FileResult]:
        return self._results

    def __next__(self) -> FileResult:
        return next(self._results)

    def _check(self, files: list[tuple[str, Settings]], problems: list[tuple[str, Problem]]) -> Iterator[FileResult]:
        for path, problem in problems:
            yield FileResult(shown(path), problems=(problem,))
        for path, settings in files:
            try:
                data = read.read_bytes(path)
            except read.SourceError as error:
                yield FileResult(shown(path), problems=(Problem("read", str(error)),))
                continue
            if read.matters(data):
                yield check_bytes(data, path, settings)


def check_bytes(data: bytes, path: str, settings: Settings) -> FileResult:
    """Check a file's bytes; whatever goes wrong is a problem of this file alone."""
    from gradlint.checking import check

    display = shown(path)
    try:
        source = read.from_bytes(data, display)
    except read.SourceError as error:
        return FileResult(display, problems=(Problem("read", str(error)),))
    checked = check(source, settings)
    return FileResult(display, checked.findings, checked.suppressed, checked.tapes, checked.problems)


def shown(path: str) -> str:
    """A path as findings show it: relative to the working directory where it lies below it, with ``/``."""
    here = os.getcwd().rstrip(os.sep) + os.sep
    return (path[len(here) :] if path.startswith(here) else path).replace(os.sep, "/")
