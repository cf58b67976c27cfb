"""The rules as the commands show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.documentation import has_fix, is_on, page
from gradlint.pages import address
from gradlint.reporting.report import RuleInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlint.rule import Rule
    from gradlint.settings import Settings


def rules_in_force(settings: Settings | None = None, *, trust: bool = False) -> tuple[Rule, ...]:
    """Every rule available in the working directory: the built-in ones and those that its settings add.

    Args:
        settings: The settings; those of the working directory where None.
        trust: Whether rules that a configuration file names are loaded.

    Raises:
        CommandError: If the settings cannot be used.
    """
    from gradlint.checking import rules_for
    from gradlint.commands.request import resolver
    from gradlint.settings import SettingsError

    try:
        if settings is None:
            find = resolver((), False, {}, trust)
            settings = find.for_folder(".")
            terminal.note_withheld(find)
        return rules_for(settings)
    except SettingsError as error:
        raise CommandError.of(error) from None


def rule_named(selector: str, *, trust: bool = False) -> Rule:
    """The rule with a code or a name, in any case.

    Raises:
        CommandError: If there is none; the message names the nearest.
    """
    from gradlint.selection import unknown

    rules = rules_in_force(trust=trust)
    for rule in rules:
        if selector.lower().replace("_", "-") in (rule.code.lower(), rule.name):
            return rule
    raise CommandError(f"{unknown(selector, rules)} (`gradlint rules` lists them)")


def record(rule: Rule) -> dict[str, Any]:
    """A rule as JSON lists it."""
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity or "error",
        "default": is_on(rule),
        "fixable": has_fix(rule),
        "url": address(rule),
    }


def infos(rules: tuple[Rule, ...]) -> Mapping[str, RuleInfo]:
    """What formats may say about rules, by code."""
    return {
        rule.code: RuleInfo(
            rule.code,
            rule.name,
            rule.summary,
            page(rule),
            rule.severity or "error",
            address(rule),
        )
        for rule in rules
    }
