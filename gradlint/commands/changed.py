"""``--changed-since REF``: which findings are caused by lines that have changed since a commit.

A finding is one of them if it mentions a changed line, or if the file did not have it before: a deleted ``watch``
leaves no line behind.

git is only asked for objects, with ``rev-parse``, ``merge-base`` and ``cat-file``. These look at no file in the working
tree and at no index, so none of the programs that a repository's own configuration may name is run: hooks, filters,
text converters, an external diff, a file system monitor, a pager. Nothing is fetched. The changes are worked out here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from gradlint import escaping
from gradlint.commands.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gradlint.finding import Finding
    from gradlint.sources.source import Source

Line = tuple[int | None, int]
"""A line: the notebook cell's index or None, and its number from 1."""

PATIENCE = 60
"""How many seconds git may take for an answer."""

PAIRS = 200_000
"""How many pairs of equal lines two texts may have for their lines to be aligned; beyond that, order is ignored."""

_SAFE = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""What git is told by the environment; of its own variables it keeps those with the user's settings alone."""


class Changes:
    """The lines that have changed since the working tree's history diverged from a commit's.

    Args:
        ref: The commit, as git names it: a branch, a tag, a hash.
        paths: What is checked; each must lie in a repository that has the commit.
        read: Gives the source of a path as it is today.
        check: Gives what is found in a source under the settings of its file.

    Raises:
        CommandError: If git is missing, a path is not in a repository, or the repository lacks the commit.
    """

    def __init__(
        self, ref: str, paths: Iterable[str], read: Callable[[str], Source], check: Callable[[Source], list[Finding]]
    ) -> None:
        if ref.startswith("-") or not ref.isprintable() or not ref.strip():
            raise CommandError(f"--changed-since: `{escaping.name(ref)}` is not the name of a commit")
        self._ref = ref
        self._read = read
        self._check = check
        self._git = _git()
        self._repositories: dict[str, str] = {}
        self._before: dict[str, Source | None] = {}
        self._lines: dict[str, frozenset[Line] | None] = {}
        for path in paths:
            self._base(path)

    def among(self, findings: Iterable[Finding], source: Source | None = None) -> list[Finding]:
        """The findings that changed lines cause.

        Args:
            findings: The findings.
            source: The text of their own file, where it differs from the file on disk.
        """
        if source is not None:
            self._lines[source.path] = self._changed(source.path, source)
        kept: list[Finding] = []
        by_path: dict[str, list[Finding]] = {}
        for finding in findings:
            by_path.setdefault(finding.path, []).append(finding)
        for path, own in by_path.items():
            new = [finding for finding in own if any(self._has(*line) for line in _told(finding))]
            others = [finding for finding in own if finding not in new]
            kept += sorted([*new, *self._unknown(path, others, source)], key=lambda finding: finding.sort_key)
        return kept

    def _has(self, path: str, line: Line) -> bool:
        if path not in self._lines:
            self._lines[path] = self._changed(path)
        lines = self._lines[path]
        return lines is None or line in lines

    def _unknown(self, path: str, findings: list[Finding], source: Source | None) -> Iterable[Finding]:
        """The findings that a file did not have before."""
        from gradlint.fixing import Baseline

        before = self._source_before(path)
        today = source or self._read(path)
        if not findings or before is None or before.text == today.text:
            return ()
        return Baseline.of(self._check(before), lambda _: before).match(findings, lambda _: today).new

    def _changed(self, path: str, source: Source | None = None) -> frozenset[Line] | None:
        """The lines of a file that have changed; None if the file is new or can no longer be compared."""
        from gradlint.sources.files import SourceError

        try:
            before = self._source_before(path)
            if before is None:
                return None
            old, new = _lines(before), _lines(source or self._read(path))
        except SourceError:
            return None
        return frozenset(_new([text for _, text in old], new))

    def _source_before(self, path: str) -> Source | None:
        """What a file contained before; None if it did not exist or cannot be read."""
        from gradlint.sources.files import SourceError
        from gradlint.sources.project import Project
        from gradlint.sources.read import from_bytes

        if path not in self._before:
            top, base = self._base(path)
            name = os.path.relpath(os.path.realpath(path), top).replace(os.sep, "/")
            data = self._ask(top, "cat-file", "blob", f"{base}:{name}")
            try:
                self._before[path] = None if data is None else from_bytes(data, path, Project(path))
            except SourceError:
                self._before[path] = None
        return self._before[path]

    def _base(self, path: str) -> tuple[str, str]:
        """The top of the repository that a path lies in, and the commit to compare with.

        Raises:
            CommandError: If there is none.
        """
        top = _top(path)
        if top is None:
            raise CommandError(f"--changed-since: {escaping.name(path)} is not in a git repository")
        if top not in self._repositories:
            self._repositories[top] = self._common(top)
        return top, self._repositories[top]

    def _common(self, top: str) -> str:
        """The commit at which today's history diverged from that of the named one; the named one where there is none.

        Raises:
            CommandError: If there is no such commit, or git refuses to look.
        """
        commit = self._ask(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{self._ref}^{{commit}}")
        if commit is None:
            self._explain(top)
            raise CommandError(f"--changed-since: git finds no commit `{escaping.name(self._ref)}` here")
        found = commit.decode("ascii", "replace").strip()
        common = self._ask(top, "merge-base", found, "HEAD")
        return common.decode("ascii", "replace").split()[0] if common and common.strip() else found

    def _explain(self, top: str) -> None:
        """Report why git refuses to look at a repository at all, if it does.

        Raises:
            CommandError: With git's own message.
        """
        done = self._run(top, "rev-parse", "--git-dir")
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise CommandError(f"--changed-since: git: {escaping.line(reason)}")

    def _ask(self, top: str, *arguments: str) -> bytes | None:
        done = self._run(top, *arguments)
        return None if done.returncode else done.stdout

    def _run(self, top: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or "CONFIG" in name}
        command = [self._git, "--no-pager", "-C", top, *arguments]
        try:
            return subprocess.run(
                command, env=kept | _SAFE, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise CommandError(f"--changed-since: git gave no answer in {PATIENCE} s") from None
        except (OSError, ValueError) as error:
            raise CommandError(f"--changed-since: git cannot be run: {error}") from None


def _git() -> str:
    """The path of git; a file in the working directory is never taken for it.

    Raises:
        CommandError: If git is not on the PATH.
    """
    folders = [one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(one)]
    found = shutil.which("git", path=os.pathsep.join(folders))
    if found is None or not os.path.isabs(found):
        raise CommandError("--changed-since needs git, which is not on the PATH")
    return found


def _top(path: str) -> str | None:
    """The top folder of the repository that a path is in."""
    at = os.path.realpath(path)
    while True:
        if os.path.lexists(os.path.join(at, ".git")):
            return at
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above


def _told(finding: Finding) -> Iterator[tuple[str, Line]]:
    """The lines that a finding mentions, each with its file."""
    for number in range(finding.location.line, finding.end_location.line + 1):
        yield finding.path, (finding.cell, number)
    for gradient in finding.gradients:
        yield finding.path, (gradient.cell, gradient.line)
    for step in finding.flow:
        yield step.path or finding.path, (step.cell, step.line)


def _lines(source: Source) -> list[tuple[Line, str]]:
    """The lines of a file, or of a notebook's cells one after the other, without trailing whitespace."""
    from gradlint.fixing.text import texts

    return [
        ((cell, number), text.line(number).rstrip())
        for cell, text in texts(source).items()
        for number in range(1, text.count + 1)
    ]


def _new(before: Sequence[str], after: Sequence[tuple[Line, str]]) -> Iterator[Line]:
    """The lines of today that were not there before."""
    texts = [text for _, text in after]
    start = 0
    while start < min(len(before), len(texts)) and before[start] == texts[start]:
        start += 1
    end = 0
    while end < min(len(before), len(texts)) - start and before[-1 - end] == texts[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], texts[start : len(texts) - end]
    counts = Counter(old)
    if sum(counts[text] for text in new) > PAIRS:
        yield from (after[start + place][0] for place, text in enumerate(new) if not counts[text])
        return
    for tag, _, _, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (line for line, _ in after[start + first : start + last])
