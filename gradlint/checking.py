"""What holds for a source under its settings: the rules that are on, severities, suppressions. All ways in use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint import engine, registry, selection
from gradlint.flow.analysis import analyse
from gradlint.settings import Settings, SettingsError
from gradlint.sources.read import NEEDLES
from gradlint.sources.source import Problem

if TYPE_CHECKING:
    from gradlint.finding import Finding
    from gradlint.flow.facts import Facts
    from gradlint.rule import Rule
    from gradlint.sources.source import Source

_NEEDLES = tuple(needle.decode() for needle in NEEDLES)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one source.

    Attributes:
        findings: The findings, in order.
        suppressed: How many findings a comment kept back.
        tapes: How many tapes the program makes.
        problems: What could not be looked at: syntax errors, and what failed inside gradlint.
    """

    findings: tuple[Finding, ...] = ()
    suppressed: int = 0
    tapes: int = 0
    problems: tuple[Problem, ...] = ()


def rules_for(settings: Settings) -> tuple[Rule, ...]:
    """Every rule there is under some settings: the built-in ones, the folders' and the plugins'.

    Raises:
        SettingsError: If a folder or a plugin cannot be loaded, or a selector fits no rule.
    """
    try:
        return registry.load(settings.plugins, settings.rules)
    except registry.RulesError as error:
        raise SettingsError(str(error)) from error


def check(source: Source, settings: Settings | None = None, facts: Facts | None = None) -> Checked:
    """Check a source: analyse it, ask the rules that are on, and apply severities and suppressions.

    Args:
        source: The text to lint.
        settings: What holds for it; the defaults where None.
        facts: What the analysis of the source's program found out, where that is known already.

    Returns:
        The findings and the problems; a text that is not Python is a problem, never an exception.

    Raises:
        SettingsError: If the settings name a rule that does not exist.
    """
    if not any(needle in source.code for needle in _NEEDLES):
        return Checked(problems=source.problems)
    chosen = settings or Settings()
    rules = rules_for(chosen)
    on = selection.enabled(chosen, rules, source.path)
    try:
        facts = analyse(source.code) if facts is None else facts
    except SyntaxError as error:
        return Checked(problems=(*source.problems, _syntax_problem(source, error)))
    found = engine.findings(source, facts, on)
    return Checked(tuple(selection.with_severity(found, chosen)), 0, facts.tapes, source.problems)


def _syntax_problem(source: Source, error: SyntaxError) -> Problem:
    cell, where = source.locate(max(error.lineno or 1, 1), max((error.offset or 1) - 1, 0))
    return Problem("syntax", f"syntax error: {error.msg}", cell, where)
