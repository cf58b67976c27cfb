"""Checks files: finds them, skips those that cannot matter, and checks the others on all cores."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from gradlint.garbage import left_lying, tidy
from gradlint.settings import Resolver, Settings, SettingsError
from gradlint.sources import files, read
from gradlint.sources.discover import discover
from gradlint.sources.problem import Problem
from gradlint.sources.project import Project, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gradlint.cache import Cache
    from gradlint.finding import Finding
    from gradlint.sources.project import Stamp

WORTH_A_POOL = 100_000
"""From how many bytes on it is worth starting processes."""


HEAVY = 2_000_000
"""The size in bytes up to which a file is kept until the others are found; a larger one is checked at once."""


@dataclass(frozen=True, slots=True)
class FileResult:
    """The result of one file.

    Attributes:
        path: The file, relative to the working directory if it is below it, with ``/``.
        findings: The findings, in order.
        suppressed: How many findings a comment suppressed.
        tapes: How many tapes the file's program makes.
        problems: What could not be checked.
        seen: The other files that the result depends on, by absolute path, with their state.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    suppressed: int = 0
    tapes: int = 0
    problems: tuple[Problem, ...] = ()
    seen: Mapping[str, Stamp] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        """The first problem as one line, or None."""
        return self.problems[0].describe(self.path) if self.problems else None

    def to_json(self) -> dict[str, Any]:
        """The result as the cache keeps it: without the path, which depends on the working directory."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "suppressed": self.suppressed,
            "tapes": self.tapes,
            "problems": [problem.to_json() for problem in self.problems],
            "seen": dict(self.seen),
        }

    @classmethod
    def from_json(cls, path: str, record: dict[str, Any]) -> FileResult:
        """The result of a record made by :meth:`to_json`.

        Raises:
            KeyError, TypeError: If the record is not one.
        """
        from gradlint.finding import Finding

        return cls(
            path,
            tuple(Finding.from_json({**finding, "path": path}) for finding in record["findings"]),
            record["suppressed"],
            record["tapes"],
            tuple(Problem.from_json(problem) for problem in record["problems"]),
            {path: None if then is None else (then[0], then[1]) for path, then in record["seen"].items()},
        )


@dataclass(frozen=True, slots=True)
class _Task:
    """A file to check: its place in the order, its content and its settings."""

    index: int
    path: str
    display: str
    data: bytes
    settings: Settings
    stat: os.stat_result | None


class Run:
    """A run over files: an iterator over the results of those that matter, in a stable order.

    A file that names no tape gives no result; one that cannot be read does.

    Args:
        paths: Files, and folders to look for files in.
        settings: The settings for every file, or how to find them; if None, each file's configuration file decides.
        jobs: How many processes to use at most; if None, as in the settings, or one per core.
        cache: Whether to read and write the cache.

    Attributes:
        files: How many files were found.

    Raises:
        SettingsError: If settings cannot be used.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        settings: Settings | Resolver | None = None,
        jobs: int | None = None,
        cache: bool = True,
    ) -> None:
        if settings is None:
            settings = Resolver()
        resolver = settings if isinstance(settings, Resolver) else Resolver.of(settings)
        self._base = resolver.for_folder(os.getcwd())
        found = discover(paths, resolver)
        self._files = found.files
        self._problems = found.problems
        self._jobs = jobs or self._base.jobs
        self._files = self._usable()
        self._cache = self._open() if cache and self._base.cache and found.files else None
        self._fingerprints: dict[int, str] = {}
        self.files = len(found.files)
        self._results = self._run()

    def __iter__(self) -> Iterator[FileResult]:
        return self._results

    def paths(self) -> frozenset[str]:
        """The files that were found and can be checked, as displayed."""
        return frozenset(shown(path) for path, _ in self._files)

    def __next__(self) -> FileResult:
        return next(self._results)

    def _usable(self) -> list[tuple[str, Settings]]:
        """The files whose settings have valid selectors; validated only if there are any.

        Raises:
            SettingsError: If those of the working directory are not.
        """
        seen = {id(self._base): self._base} | {id(settings): settings for _, settings in self._files}
        wrong: set[int] = set()
        for key, settings in seen.items():
            if settings.names_rules or settings.models:
                from gradlint.checking import validate

                try:
                    validate(settings)
                except SettingsError as error:
                    if settings is self._base:
                        raise
                    wrong.add(key)
                    message = f"its settings cannot be used, so it was not checked: {error}"
                    self._problems.append((settings.root, Problem("settings", message)))
        return [(path, settings) for path, settings in self._files if id(settings) not in wrong]

    def _open(self) -> Cache:
        from gradlint.cache import Cache, environment

        return Cache(cache_folder(self._base), environment(map(b" ".join, read.NEEDLES)))

    def _run(self) -> Iterator[FileResult]:
        for path, problem in self._problems:
            yield FileResult(shown(path), problems=(problem,))
        results = _InOrder()
        try:
            for index, result in self._check(self._tasks(results)):
                results.done[index] = result
                yield from results.next()
            yield from results.next()
        finally:
            if self._cache is not None:
                self._cache.save(path for path, _ in self._files)

    def _tasks(self, results: _InOrder) -> Iterator[_Task]:
        """The files to check; the results that are known are put among the others."""
        for index, (path, settings) in enumerate(self._files):
            results.looked_at = index + 1
            looked = self._look(index, path, settings)
            if isinstance(looked, _Task):
                results.waiting.append(index)
                yield looked
            elif looked is not None:
                results.done[index] = looked

    def _look(self, index: int, path: str, settings: Settings) -> FileResult | _Task | None:
        """A file's result if it is cached, else the task; None if the file cannot matter."""
        cache = self._cache
        stat = None
        try:
            if cache is not None:
                stat = os.stat(path)
                if cache.has_nothing(path, stat):
                    return None
                known = cache.by_stat(path, stat, self._fingerprint(settings))
                if known is not None and (result := _restored(path, known)) is not None:
                    return result
            data = files.read_bytes(path)
        except OSError as error:
            return _unreadable(path, f"cannot be read: {error.strerror or error}")
        except files.SourceError as error:
            return _unreadable(path, str(error))
        if not read.matters(data):
            if cache is not None and stat is not None:
                cache.set_nothing(path, stat)
            return None
        return self._look_into(_Task(index, path, shown(path), data, settings, stat))

    def _look_into(self, task: _Task) -> FileResult | _Task:
        """The result of a file that has been read, if its content is cached or large; else the task."""
        if self._cache is not None and task.stat is not None:
            known = self._cache.by_content(task.path, task.stat, task.data, self._fingerprint(task.settings))
            if known is not None and (result := _restored(task.path, known)) is not None:
                return result
        if len(task.data) <= HEAVY:
            return task
        return self._remember(task, check_bytes(task.data, task.display, task.settings))

    def _check(self, tasks: Iterator[_Task]) -> Iterator[tuple[int, FileResult]]:
        """Each task's result, as they are done."""
        for task, result in self._checked(tasks):
            yield task.index, self._remember(task, result)

    def _remember(self, task: _Task, result: FileResult) -> FileResult:
        if self._cache is not None and task.stat is not None and _lasts(result):
            fingerprint = self._fingerprint(task.settings)
            self._cache.set_result(task.path, task.stat, task.data, fingerprint, result.to_json())
        return result

    def _checked(self, tasks: Iterator[_Task]) -> Iterator[tuple[_Task, FileResult]]:
        first = list(_worth_a_pool(tasks)) if self._jobs != 1 else []
        if len(first) > 1 and sum(len(task.data) for task in first) >= WORTH_A_POOL:
            from gradlint import workers

            jobs = min(self._jobs or workers.cores(), self.files)
            if jobs > 1:
                import gradlint.checking as _shared_with_forks  # noqa: F401

                drawn: list[_Task] = []
                arguments = map(_arguments, _noted(chain(first, tasks), drawn))
                for index, result in workers.each(check_bytes, arguments, jobs, lambda one: len(one[0])):
                    yield drawn[index], result or _died(drawn[index])
                return
        for task in chain(first, tasks):
            yield task, check_bytes(*_arguments(task))
            tidy()

    def _fingerprint(self, settings: Settings) -> str:
        known = self._fingerprints.get(id(settings))
        if known is None:
            known = self._fingerprints[id(settings)] = fingerprint(settings)
        return known


class _InOrder:
    """Results as they come, and given in the order of the files.

    Attributes:
        done: The results that have come and were not given yet, by their files' places in the order.
        waiting: The places of the files whose results are still to come, in order.
        looked_at: How many files have been looked at.
    """

    def __init__(self) -> None:
        self.done: dict[int, FileResult] = {}
        self.waiting: deque[int] = deque()
        self.looked_at = 0

    def next(self) -> Iterator[FileResult]:
        """The results before which none is still to come."""
        while self.waiting and self.waiting[0] in self.done:
            self.waiting.popleft()
        limit = self.waiting[0] if self.waiting else self.looked_at
        for index in sorted(index for index in self.done if index < limit):
            yield self.done.pop(index)


def _worth_a_pool(tasks: Iterator[_Task]) -> Iterator[_Task]:
    """The first tasks, up to as many as are worth starting processes."""
    count = size = 0
    while count < 2 or size < WORTH_A_POOL:
        task = next(tasks, None)
        if task is None:
            return
        count, size = count + 1, size + len(task.data)
        yield task


def _noted(tasks: Iterable[_Task], drawn: list[_Task]) -> Iterator[_Task]:
    for task in tasks:
        drawn.append(task)
        yield task


def _arguments(task: _Task) -> tuple[bytes, str, Settings]:
    return task.data, task.display, task.settings


run = Run
"""``run(paths, settings, jobs=None, cache=True)`` checks files and folders: see :class:`Run`."""


def check_bytes(data: bytes, path: str, settings: Settings) -> FileResult:
    """Check a file's bytes; whatever is wrong with them is a problem of this file only.

    Args:
        data: The file's content.
        path: The path that findings show; its suffix determines the kind.
        settings: What holds for it.

    Raises:
        SettingsError: If the settings name a rule that does not exist.
    """
    from gradlint.checking import check, internal_problem, refuse_larger

    try:
        with left_lying():
            project = Project(path)
            if files.kind_of(path) != "notebook":
                refuse_larger(len(data))
            checked = check(read.from_bytes(data, path, project), settings)
    except files.SourceError as error:
        return FileResult(path, problems=(Problem("read", str(error)),))
    except SettingsError:
        raise
    except Exception as error:
        return FileResult(path, problems=(internal_problem(error),))
    return FileResult(path, checked.findings, checked.suppressed, checked.tapes, checked.problems, project.seen)


def cache_folder(settings: Settings) -> str:
    """Where results are cached under some settings."""
    from gradlint.cache import folder_in

    return folder_in(settings.cache_dir or settings.root or os.getcwd())


def fingerprint(settings: Settings) -> str:
    """What a file's findings depend on apart from its content and gradlint itself: settings and other rules."""
    from gradlint.cache import digest, stamps

    code = list(settings.rules)
    if settings.plugins:
        from gradlint.checking import folders_of_plugins

        code += folders_of_plugins(settings)
    return digest(repr((settings.fingerprint, stamps(code))).encode("utf-8", "surrogatepass"))


def _restored(path: str, record: dict[str, Any]) -> FileResult | None:
    """A cached result, or None if the record is not one."""
    try:
        return FileResult.from_json(shown(path), record)
    except (KeyError, TypeError):
        return None


def _unreadable(path: str, message: str) -> FileResult:
    return FileResult(shown(path), problems=(Problem("read", message),))


def _died(task: _Task) -> FileResult:
    problem = Problem("internal", "internal error, please report it: the process that checked this file died")
    return FileResult(task.display, problems=(problem,))


def _lasts(result: FileResult) -> bool:
    """Whether a result would be the same the next time."""
    return not any(problem.kind == "internal" for problem in result.problems)
