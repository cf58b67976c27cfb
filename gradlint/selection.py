"""Which rules are on for a file, and with what severity: matches selectors against rules.

A selector is ``ALL``, a code (``GT201``), a prefix of codes (``GT2``) or a rule's name (``numpy-call``). Of selectors
that turn a rule on and off, the more specific one wins; between equals, the one that turns it off.
"""

from __future__ import annotations

import difflib
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from gradlint.options import key_of
from gradlint.settings import COMMAND_LINE, SettingsError
from gradlint.sources import globs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pathspec import GitIgnoreSpec

    from gradlint.finding import Finding, Severity
    from gradlint.rule import Rule
    from gradlint.settings import Settings

ALL = "ALL"
_PREFIX = re.compile(r"[A-Z]+[0-9]*")


def enabled(settings: Settings, rules: Sequence[Rule], path: str) -> list[Rule]:
    """The rules that are on for a file, in their order.

    Args:
        settings: The file's settings.
        rules: The rules there are.
        path: The file, absolute or relative to the working directory.

    Raises:
        SettingsError: If a selector fits no rule.
    """
    codes = {rule.code for rule in rules if by_default(rule)}
    for selection in settings.selections:
        if selection.select is not None:
            codes = set()
        wanted = (*(selection.select or ()), *selection.extend_select)
        codes = _apply(codes, wanted, selection.ignore, rules, settings.lacks_rules)
    more = _matching(settings.per_file_select, settings.root, path)
    less = _matching(settings.per_file_ignores, settings.root, path)
    less += _matching(settings.extend_per_file_ignores, settings.root, path)
    if more or less:
        codes = _apply(codes, more, less, rules, settings.lacks_rules)
    return [rule for rule in rules if rule.code in codes]


def by_default(rule: Rule) -> bool:
    """Whether a rule is on if nothing is selected."""
    return rule.default and rule.severity != "info"


def validate(settings: Settings, rules: Sequence[Rule]) -> None:
    """Validate every selector in the settings.

    Raises:
        SettingsError: If one matches no rule; the error names the file, the option and the place.
    """
    for name, value in _selecting(settings):
        for selector in value:
            try:
                matching(selector, rules, settings.lacks_rules)
            except SettingsError as error:
                raise _in_option(error, name, selector, settings) from None


def _selecting(settings: Settings) -> Iterator[tuple[str, Iterable[str]]]:
    """The options that contain selectors, by field name, each with its selectors."""
    for name in ("fixable", "unfixable", "extend_fixable", "severity"):
        yield name, getattr(settings, name)
    for name in ("per_file_ignores", "extend_per_file_ignores", "per_file_select"):
        for selectors in getattr(settings, name).values():
            yield name, selectors
    for selection in settings.selections:
        for name in ("select", "ignore", "extend_select"):
            yield name, getattr(selection, name) or ()


def _in_option(error: SettingsError, name: str, selector: str, settings: Settings) -> SettingsError:
    """An error about a selector, with its file and option if it comes from a file."""
    origin = settings.origins.get(name, COMMAND_LINE)
    if origin == COMMAND_LINE:
        return error
    return SettingsError(f"{origin}: {key_of(name)}: {error}", key_of(name)).placed(os.path.abspath(origin), selector)


def matching(selector: str, rules: Sequence[Rule], lacking: bool = False) -> list[Rule]:
    """The rules that a selector matches.

    Args:
        selector: The selector.
        rules: The rules there are.
        lacking: Whether some rules are not loaded.

    Raises:
        SettingsError: If it matches none, and all rules are loaded.
    """
    found = [rule for rule in rules if fits(selector, rule.code, rule.name)]
    if not found and selector != ALL and not lacking:
        raise SettingsError(unknown(selector, rules))
    return found


def fits(selector: str, code: str, name: str) -> bool:
    """Whether a selector matches a rule."""
    if selector in (ALL, code, name):
        return True
    return _PREFIX.fullmatch(selector) is not None and code.startswith(selector)


def unknown(selector: str, rules: Sequence[Rule]) -> str:
    """The message about a selector that matches no rule, with the nearest one that does."""
    names = [*(rule.code for rule in rules), *(rule.name for rule in rules), ALL]
    near = difflib.get_close_matches(selector, names, n=1)
    if not near:
        near = [code for code in names if code.lower().startswith(selector.lower())][:1]
        near += difflib.get_close_matches(selector.upper(), names, n=1)
        near += difflib.get_close_matches(selector.lower().replace("_", "-"), names, n=1)
    return f"unknown rule `{selector}`" + (f"; did you mean `{near[0]}`?" if near else "")


def with_severity(findings: Iterable[Finding], settings: Settings) -> list[Finding]:
    """The findings with the severities that the settings give them."""
    from dataclasses import replace

    changed: list[Finding] = []
    for finding in findings:
        severity = severity_of(finding.code, finding.name, settings)
        changed.append(finding if severity is None else replace(finding, severity=severity))
    return changed


def severity_of(code: str, name: str, settings: Settings) -> Severity | None:
    """The severity that the settings give a rule, or None if they do not override it."""
    fitting = [selector for selector in settings.severity if fits(selector, code, name)]
    return settings.severity[max(fitting, key=lambda one: _specificity(one))] if fitting else None


def is_fixable(code: str, name: str, settings: Settings) -> bool:
    """Whether the settings let a rule's fixes be applied."""
    wanted = [
        _specificity(selector)
        for selector in (*settings.fixable, *settings.extend_fixable)
        if fits(selector, code, name)
    ]
    refused = [_specificity(selector) for selector in settings.unfixable if fits(selector, code, name)]
    return bool(wanted) and max(wanted) > max(refused, default=-1)


def _specificity(selector: str) -> int:
    """How specific a selector is: ALL, then prefixes by length, then codes and names."""
    if selector == ALL:
        return 0
    return len(selector) if _PREFIX.fullmatch(selector) and not re.fullmatch(r"[A-Z]+\d{3,}", selector) else 1000


def _apply(
    codes: set[str], wanted: Iterable[str], refused: Iterable[str], rules: Sequence[Rule], lacking: bool
) -> set[str]:
    """Codes with rules turned on and off, the more specific selectors last."""
    changes = [(_specificity(one), True, one) for one in wanted] + [(_specificity(one), False, one) for one in refused]
    result = set(codes)
    for _, on, selector in sorted(changes, key=lambda change: (change[0], not change[1])):
        found = {rule.code for rule in matching(selector, rules, lacking)}
        result = result | found if on else result - found
    return result


def _matching(table: Mapping[str, tuple[str, ...]], root: str, path: str) -> tuple[str, ...]:
    """The selectors of the patterns that match a file."""
    if not table:
        return ()
    place = os.path.relpath(os.path.abspath(path), root or None).replace(os.sep, "/")
    found: list[str] = []
    for pattern, selectors in table.items():
        negated = pattern.startswith("!")
        if not place.startswith("../") and _spec(pattern.removeprefix("!")).match_file(place) is not negated:
            found += selectors
    return tuple(found)


@lru_cache(maxsize=512)
def _spec(pattern: str) -> GitIgnoreSpec:
    return globs.spec([pattern])
