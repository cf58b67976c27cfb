"""The public functions: check a text, and check files and folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.settings import Resolver, Settings, SettingsError
from gradlint.sources.files import SourceError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from gradlint.finding import Finding

__all__ = ["InternalError", "Settings", "SettingsError", "SourceError", "check_paths", "check_source"]


class InternalError(RuntimeError):
    """Gradlint itself failed on a file; the message names the file and what was raised."""


def check_source(text: str, path: str = "<string>", settings: Settings | None = None) -> list[Finding]:
    """Check a text.

    Args:
        text: A Python program; a notebook's JSON or a Markdown page if the path's suffix says so.
        path: The path that the findings show.
        settings: The settings; the defaults if None. No configuration file is read.

    Returns:
        The findings in the order of the text.

    Raises:
        SourceError: If the text is a notebook according to its path but not its content.
        SyntaxError: If the text names ``GradientTape`` in its code and is not Python; a notebook's broken cell is
            skipped.
        SettingsError: If the settings name a rule that does not exist.
        InternalError: If a rule or the analysis fails.
    """
    from gradlint.checking import check
    from gradlint.sources.read import from_text

    checked = check(from_text(text, path), settings)
    for problem in checked.problems:
        if problem.kind == "internal":
            raise InternalError(problem.describe(path))
        if problem.kind == "syntax" and problem.cell is None and problem.location is not None:
            where = (path, problem.location.line, problem.location.column, None)
            raise SyntaxError(problem.message.removeprefix("syntax error: "), where)
    return list(checked.findings)


def check_paths(
    paths: Iterable[str | os.PathLike[str]],
    settings: Settings | None = None,
    *,
    jobs: int | None = 1,
    trust: bool = False,
) -> list[Finding]:
    """Check files and folders.

    Args:
        paths: Files, and folders to search for files.
        settings: The settings for every file; if None, each file's own configuration file decides.
        jobs: How many processes to use; None for all cores.
        trust: Whether to run the rules, plugins and Python that configuration files name. If they are not trusted, a
            warning says what was ignored.

    Returns:
        The findings in the order of the paths; files that are not Python are skipped.

    Raises:
        SourceError: If a path does not exist or a file cannot be read.
        SettingsError: If the settings cannot be used.
        InternalError: If a rule or the analysis fails.
    """
    import warnings

    from gradlint.runner import run
    from gradlint.trust import Trust, sentence

    resolver = Resolver(trust=Trust(everything=trust)) if settings is None else Resolver.of(settings)
    running = run(paths, resolver, jobs=jobs, cache=False)
    if resolver.withheld:
        warnings.warn(sentence(resolver.withheld, "trust=True"), stacklevel=2)
    findings: list[Finding] = []
    for result in running:
        for problem in result.problems:
            if problem.kind == "read":
                raise SourceError(problem.describe(result.path))
            if problem.kind == "settings":
                raise SettingsError(problem.describe(result.path))
            if problem.kind == "internal":
                raise InternalError(problem.describe(result.path))
        findings += result.findings
    return findings
