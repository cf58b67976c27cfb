"""``gradlint rules``: the list of rules."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from gradlint.commands import terminal
from gradlint.commands.options import Command
from gradlint.commands.selecting import trust_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.commands.terminal import Color
    from gradlint.reporting.style import Style
    from gradlint.rule import Rule


@click.command("rules", cls=Command)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to print them.")
@trust_option
@terminal.color_option
def command(output_format: str, trust: bool, color: Color) -> None:
    """List the rules: the built-in ones and those that the settings here add."""
    from gradlint.commands.catalogue import record, rules_in_force

    rules = rules_in_force(trust=trust)
    if output_format == "json":
        terminal.write(json.dumps([record(rule) for rule in rules], indent=2, ensure_ascii=False) + "\n")
    else:
        terminal.write("".join(f"{row}\n" for row in rows(rules, terminal.style(color, sys.stdout))))


def rows(rules: Sequence[Rule], style: Style) -> Iterator[str]:
    """A table of rules by family.

    Args:
        rules: The rules, in order.
        style: Colour and width.
    """
    from gradlint.documentation import FAMILIES, has_fix, is_on
    from gradlint.reporting.style import wrap

    names = max(len(rule.name) for rule in rules)
    family = ""
    for rule in rules:
        if rule.code[:3] != family:
            if family:
                yield ""
            family = rule.code[:3]
            yield style.paint(f"{family}  {FAMILIES.get(family, 'other rules')}", "strong")
        marks = ("f" if has_fix(rule) else " ") + (" " if is_on(rule) else "o")
        lead = f"  {rule.code}  {rule.name:<{names}}  {marks}  "
        yield from (style.prose(row) for row in wrap(rule.summary, style.width, lead, " " * len(lead)))
    yield ""
    yield "f: some findings have a fix; o: off unless selected"
    yield "`gradlint explain CODE` shows a rule's page"
