"""``gradlint explain``: a rule's page in the terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from gradlint.commands import terminal
from gradlint.commands.selecting import trust_option

if TYPE_CHECKING:
    from gradlint.commands.terminal import Color
    from gradlint.rule import Rule


@click.command("explain")
@click.argument("rule")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@trust_option
@terminal.color_option
def command(rule: str, output_format: str, trust: bool, color: Color) -> None:
    """Say what RULE (a code or a name) finds, why, and how to mend it."""
    from gradlint.commands.catalogue import record, rule_named
    from gradlint.documentation import page

    found = rule_named(rule, trust=trust)
    if output_format == "json":
        terminal.write(json.dumps(record(found) | _details(found), indent=2, ensure_ascii=False) + "\n")
    elif terminal.use_color(color, sys.stdout):
        terminal.write(_rendered(page(found), terminal.style(color, sys.stdout).width))
    else:
        terminal.write(page(found))


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
