"""``gradlint explain``: a rule's page in the terminal, or a family's rules."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import click

from gradlint.commands import terminal
from gradlint.commands.options import Command
from gradlint.commands.rules import rows
from gradlint.commands.selecting import named, trust_option, words

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gradlint.commands.terminal import Color
    from gradlint.rule import Rule

_PREFIX = re.compile(r"[A-Za-z]+[0-9]{0,2}")


class _Explained(click.ParamType):
    """A code, a name, or the prefix of a family."""

    name = "RULE"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The families, codes and names that begin so."""
        begun = incomplete.lower()
        return [named(word, summary) for word, summary in words() if word.lower().startswith(begun)]


@click.command("explain", cls=Command)
@click.argument("rule", required=False, type=_Explained())
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@trust_option
@terminal.color_option
def command(rule: str | None, output_format: str, trust: bool, color: Color) -> None:
    """Say what RULE finds, why, and how to mend it.

    RULE is a code (`GT201`) or a name (`numpy-call`); of a family (`GT2`), and where it is left out of all, the rules
    are listed.
    """
    from gradlint.commands.catalogue import record, rule_named, rules_in_force

    family = () if rule is None else _family(rule, trust)
    if rule is None or family:
        listed = family or rules_in_force(trust=trust)
        if output_format == "json":
            _write_json([record(one) for one in listed])
        else:
            terminal.write("".join(f"{row}\n" for row in rows(listed, terminal.style(color, sys.stdout))))
        return
    from gradlint.documentation import page

    found = rule_named(rule, trust=trust)
    if output_format == "json":
        _write_json(record(found) | _details(found))
    elif terminal.use_color(color, sys.stdout):
        terminal.write(_rendered(page(found), terminal.style(color, sys.stdout).width))
    else:
        terminal.write(page(found))


def _family(selector: str, trust: bool) -> tuple[Rule, ...]:
    """The rules whose codes begin as a family's do; none where that is not what is meant."""
    if not _PREFIX.fullmatch(selector):
        return ()
    from gradlint.commands.catalogue import rules_in_force

    return tuple(rule for rule in rules_in_force(trust=trust) if rule.code.startswith(selector.upper()))


def _write_json(value: object) -> None:
    terminal.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _details(rule: Rule) -> dict[str, object]:
    examples = [
        {
            "title": example.title,
            "broken": example.broken,
            "fixed": example.fixed,
            "outcome": example.outcome,
            "exception": example.exception,
        }
        for example in rule.examples
    ]
    return {"documentation": rule.documentation, "examples": examples}


def _rendered(markdown: str, width: int) -> str:
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(file=StringIO(), width=width, force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(Markdown(markdown, code_theme="ansi_dark"))
    return capture.get()
