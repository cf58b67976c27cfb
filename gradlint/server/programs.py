"""From a snapshot to its result: the source that the engine takes, the findings under the settings, the calls."""

from __future__ import annotations

import gc
import re
from typing import TYPE_CHECKING

from gradlint import checking
from gradlint.server.memories import Memories
from gradlint.server.results import Fixes, Result, calls_of
from gradlint.sources.files import SourceError
from gradlint.sources.notebook import of_cells
from gradlint.sources.problem import Problem
from gradlint.sources.project import Project
from gradlint.sources.read import code_matters, from_text
from gradlint.sources.source import Source

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from gradlint.engine import Place
    from gradlint.finding import Finding
    from gradlint.server.documents import Snapshot
    from gradlint.settings import Settings

_SURROGATE = re.compile("[\ud800-\udfff]")
_SUFFIX = {"python": ".py", "markdown": ".md", "notebook": ".ipynb"}


def source_of(snapshot: Snapshot, open_texts: Mapping[str, str] | None = None) -> Source:
    """The source that a snapshot is, of the kind that the client says and not of its file's suffix.

    Unpaired surrogates, which a client can send but no file can hold, become the replacement character.

    Args:
        snapshot: The document or notebook.
        open_texts: The texts of other files that the client has open, by their whole path.
    """
    project = None if snapshot.path is None else Project(str(snapshot.path), open_texts)
    path = "untitled" if snapshot.path is None else snapshot.path.as_posix()
    if snapshot.kind == "notebook":
        text = of_cells(_clean(text.content) for text in snapshot.texts)
    else:
        text = _clean(snapshot.texts[0].content)
    return read(text, path, snapshot.kind, project)


def read(text: str, path: str, kind: str, project: Project | None = None) -> Source:
    """A source of a kind, whatever the path's suffix."""
    if kind == "python":
        return Source(path, "python", text, text, project=project)
    suffix = _SUFFIX[kind]
    return from_text(text, path if path.endswith(suffix) else path + suffix, project=project)


def compute(
    snapshot: Snapshot,
    settings: Settings,
    open_texts: Mapping[str, str] | None = None,
    memories: Memories | None = None,
) -> Result:
    """Analyse a snapshot; what fails is said in the result's problems.

    Args:
        snapshot: The document or notebook.
        settings: What holds for it.
        open_texts: The texts of other files that the client has open, by their whole path.
        memories: What is remembered of the documents as they were.

    Raises:
        SettingsError: If the settings name a rule that does not exist.
    """
    try:
        source = source_of(snapshot, open_texts)
    except SourceError as error:
        return failed(snapshot, Problem("read", str(error)))
    if not code_matters(source.code):
        return Result(snapshot, source)
    remembered = memories or Memories()
    try:
        with remembered.of(snapshot.uri) as memory:
            facts = checking.facts_of(source, settings, memory=memory)
    except Exception:
        return Result(snapshot, source, problems=checking.check(source, settings).problems)
    checked = checking.check(source, settings, facts, fixed=())

    def with_fixes(places: Container[Place] | None) -> Sequence[Finding]:
        with remembered.of(snapshot.uri, is_fixed=True) as memory:
            return checking.check(source, settings, facts, fixed=places, memory=memory).findings

    return Result(snapshot, source, checked.findings, calls_of(source, facts), checked.problems, Fixes(with_fixes))


def warm_up() -> None:
    """Import and load what the first look needs, and take it out of the collector's sight."""
    program = "import tensorflow as tf\nwith tf.GradientTape() as tape:\n    pass\n"
    checking.check(Source("warm_up.py", "python", program, program))
    gc.collect()
    gc.freeze()


def nothing(snapshot: Snapshot) -> Result:
    """The result of a snapshot that is not linted."""
    return Result(snapshot, source_of(snapshot))


def failed(snapshot: Snapshot, problem: Problem) -> Result:
    """The result of a snapshot that could not be looked at."""
    path = "untitled" if snapshot.path is None else snapshot.path.as_posix()
    return Result(snapshot, Source(path, "python", "", ""), problems=(problem,))


def _clean(text: str) -> str:
    return _SURROGATE.sub("�", text)
