"""What holds for a source under its settings: the rules that are on, severities, suppressions. All ways in use it."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from gradlint import engine, registry, selection, suppressions
from gradlint.finding import Finding
from gradlint.flow.account import opened
from gradlint.flow.analysis import analyse
from gradlint.flow.values.names import Wrappers
from gradlint.knowledge import versions
from gradlint.knowledge.stamps import stamps
from gradlint.message import fitted
from gradlint.pages import address
from gradlint.settings import Settings, SettingsError
from gradlint.sources import requirements
from gradlint.sources.files import SourceError
from gradlint.sources.ipython import parses
from gradlint.sources.problem import Problem
from gradlint.sources.read import TAPE, code_matters

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from gradlint.engine import Place
    from gradlint.flow.facts import Facts
    from gradlint.flow.memory import Memory
    from gradlint.flow.state.record import Follower
    from gradlint.flow.trails import Trails
    from gradlint.knowledge.stubs import Stubs
    from gradlint.picture.record import Drawing
    from gradlint.rule import Rule
    from gradlint.sources.source import Source

LARGEST = 4_000_000
"""The size limit of a program, in characters; a notebook's other contents do not count."""


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """The result of one source.

    Attributes:
        findings: The findings, in order.
        suppressed: How many findings a comment suppressed.
        tapes: How many tapes the program makes.
        problems: What could not be looked at: syntax errors, and what failed inside gradlint.
    """

    findings: tuple[Finding, ...] = ()
    suppressed: int = 0
    tapes: int = 0
    problems: tuple[Problem, ...] = ()


def rules_for(settings: Settings) -> tuple[Rule, ...]:
    """All rules under some settings: the built-in ones, and those of folders and plugins.

    Raises:
        SettingsError: If a folder or a plugin cannot be loaded.
    """
    try:
        return registry.load(settings.plugins, settings.rules)
    except registry.RulesError as error:
        raise SettingsError(str(error)) from error


def folders_of_plugins(settings: Settings) -> list[str]:
    """The folders of the plugins' rules, which show whether their code has changed.

    Raises:
        SettingsError: If a folder or a plugin cannot be loaded.
    """
    modules = {type(rule).__module__ for rule in rules_for(settings) if not registry.is_builtin(rule)}
    files = [getattr(sys.modules[module], "__file__", None) for module in modules]
    return sorted({os.path.dirname(file) for file in files if file})


def validate(settings: Settings) -> None:
    """Look at what only what they name can tell of settings: whether stubs can be read, and each selector fits a rule.

    Raises:
        SettingsError: If a stub, a folder or a plugin of rules cannot be loaded, or a selector fits no rule.
    """
    wrappers_of(settings)
    selection.validate(settings, rules_for(settings))


def wrappers_of(settings: Settings) -> Wrappers:
    """What the settings say about functions that the analysis cannot follow.

    Raises:
        SettingsError: If a stub cannot be used.
    """
    stubs = _read(settings.models, stamps(settings.models)) if settings.models else None
    return Wrappers(settings.differentiable, settings.opaque, stubs)


@lru_cache(maxsize=16)
def _read(models: tuple[str, ...], changed: object) -> Stubs:
    """What the user's stubs say; read again if one has changed."""
    from gradlint.knowledge.stubs import StubError, read

    try:
        return read(models)
    except StubError as error:
        raise SettingsError(f"models: {error}") from None


def refuse_larger(size: int) -> None:
    """Refuse a program that is too large to be analysed.

    Raises:
        SourceError: If one of so many characters is.
    """
    if size > LARGEST:
        raise SourceError(f"cannot be checked: its program is larger than {LARGEST // 1_000_000} MB")


def facts_of(
    source: Source, settings: Settings, follower: Follower | None = None, memory: Memory | None = None
) -> Facts:
    """What the analysis of a source's program finds out under some settings.

    Args:
        source: The source.
        settings: What holds for it.
        follower: Looks at its gradient calls.
        memory: What is remembered of the source as it was.

    Raises:
        SyntaxError: If the program is not Python.
        SourceError: If it is too large.
    """
    refuse_larger(len(source.code))
    finder = source.project if settings.follow_imports else None
    target = target_of(source, settings)
    return analyse(
        source.code,
        wrappers=wrappers_of(settings),
        finder=finder,
        follower=follower,
        target=target,
        memory=memory,
    )


def target_of(source: Source, settings: Settings) -> versions.Target:
    """The versions of TensorFlow that a source is written for: what the settings say, else what its project asks for.

    A notebook that installs a version of its own, or names one, counts before the project's files.
    """
    if settings.tensorflow_version is not None:
        return versions.target([versions.Demand("tensorflow", settings.tensorflow_version, "`tensorflow-version`")])
    stated = requirements.of_notebook(source.text) if source.kind == "notebook" else ()
    if source.project is not None and not any(one.package in versions.TENSORFLOW for one in stated):
        stated += source.project.stated(versions.speaks)
    return versions.target(versions.Demand(one.package, one.versions, one.place) for one in stated)


def drawings_of(source: Source, settings: Settings) -> tuple[Drawing, ...]:
    """The gradient calls of a source's program, drawn.

    Raises:
        SyntaxError: If the program is not Python.
        SourceError: If it is too large.
    """
    from gradlint.flow.trails import Trails

    if not code_matters(source.code):
        return ()
    trails = Trails()
    with warnings.catch_warnings(), opened():
        warnings.simplefilter("ignore")
        facts = facts_of(source, settings, trails)
    return _drawn(source, facts, trails, rules_for(settings))


def _drawn(source: Source, facts: Facts, trails: Trails, rules: Sequence[Rule]) -> tuple[Drawing, ...]:
    from gradlint.picture.making import drawings

    names = {kind: (rule.code, rule.name) for rule in rules for kind in rule.kinds}
    return drawings(source, facts, trails.by_call, names)


def check(
    source: Source,
    settings: Settings | None = None,
    facts: Facts | None = None,
    *,
    suppress: bool = True,
    fixed: Container[Place] | None = None,
    memory: Memory | None = None,
) -> CheckedSource:
    """Check a source: analyse it, ask the rules that are on, and apply severities and suppressions.

    Args:
        source: The text to lint.
        settings: What holds for it; the defaults where None.
        facts: What the analysis of the source's program found out, where that is known already.
        suppress: Whether comments suppress findings, and are reported if they suppress nothing.
        fixed: The places whose findings have their fixes worked out, which takes most of the time; all where None.
        memory: What is remembered of the source with a fix in it, as it was.

    Returns:
        The findings and the problems. A text that is not Python is a problem, and so is an exception that a rule or
        the analysis raises.

    Raises:
        SettingsError: If the settings name a rule that does not exist.
    """
    if not code_matters(source.code):
        return CheckedSource(problems=source.problems)
    chosen = settings or Settings()
    rules = rules_for(chosen)
    on = selection.enabled(chosen, rules, source.path)
    try:
        with warnings.catch_warnings(), opened():
            warnings.simplefilter("ignore")  # what Python's parser thinks of the code is another linter's business
            known = facts_of(source, chosen) if facts is None else facts
            found = engine.findings(source, known, on, partial(facts_of, settings=chosen, memory=memory), fixed)
    except SyntaxError as error:
        if TAPE.decode() not in source.code:
            return CheckedSource(problems=source.problems)
        return CheckedSource(problems=(*source.problems, _syntax_problem(source, error)))
    except SourceError as error:
        return CheckedSource(problems=(*source.problems, Problem("read", str(error))))
    except SettingsError:
        raise
    except Exception as error:
        unparsed = parses(source.code) if isinstance(error, RecursionError | MemoryError | ValueError) else None
        problem = internal_problem(error) if unparsed is None else _syntax_problem(source, unparsed)
        return CheckedSource(problems=(*source.problems, problem))
    suppressed = 0
    if suppress and chosen.respect_suppressions:
        comments = suppressions.Suppressions(source, lambda word: any(word in (one.code, one.name) for one in rules))
        found, suppressed = comments.apply(found, selection.fits)
        if known.complete:
            found = sorted(
                [*found, *_of_comments(source, comments, on, rules, chosen)], key=lambda finding: finding.sort_key
            )
    return CheckedSource(tuple(selection.with_severity(found, chosen)), suppressed, known.tapes, source.problems)


def _of_comments(
    source: Source,
    comments: suppressions.Suppressions,
    on: Sequence[Rule],
    rules: Sequence[Rule],
    settings: Settings,
) -> list[Finding]:
    """The findings about suppressions that suppress nothing or are malformed, if their rule is on."""
    found = {
        suppressions.CODE: lambda: comments.unused(on, rules, selection.fits, lacking=settings.lacks_rules),
        suppressions.INVALID: lambda: comments.invalid(selection.fits),
    }
    return [
        Finding(
            code=rule.code,
            name=rule.name,
            severity=rule.severity or "warning",
            message=one.message,
            headline=_parts(one.message)[0],
            help=_parts(one.message)[1],
            path=source.path,
            cell=one.cell,
            location=one.location,
            end_location=one.end_location,
            fix=one.fix,
            url=address(rule),
        )
        for rule in on
        if rule.code in found
        for one in found[rule.code]()
    ]


def _parts(message: str) -> tuple[str, str]:
    """The parts of a message about a comment: what is in the code, and what to do about it."""
    headline, _, cure = message.rpartition("; ")
    return fitted(headline or message), cure if headline else ""


def _syntax_problem(source: Source, error: SyntaxError) -> Problem:
    cell, where = source.locate(max(error.lineno or 1, 1), max((error.offset or 1) - 1, 0))
    return Problem("syntax", f"syntax error: {error.msg}", cell, where)


def internal_problem(error: Exception) -> Problem:
    """What failed inside gradlint, with the place in its own code, for a bug report."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.replace(chr(92), '/').rpartition('/')[2]}:{frame.lineno}"
    detail = f": {error}" if str(error) else ""
    return Problem(
        "internal", f"internal error, please report it: {type(error).__name__}{detail} ({place}, {frame.name})"
    )
