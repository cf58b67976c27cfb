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
        """The families, codes and names that begin with the text."""
        begun = incomplete.lower()
        return [named(word, summary) for word, summary in words() if word.lower().startswith(begun)]


@click.command("explain", cls=Command)
@click.argument("what", required=False, metavar="[RULE|MESSAGE|-]", type=_Explained())
@click.argument("paths", nargs=-1, metavar="[PATHS]...", type=click.Path(readable=False))
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@trust_option
@terminal.color_option
def command(what: str | None, paths: tuple[str, ...], output_format: str, trust: bool, color: Color) -> int:
    """Explain a rule and how to fix what it finds, or what a message from TensorFlow or Keras means.

    RULE is a code (`GT201`) or a name (`numpy-call`); a family (`GT2`) lists its rules, and no argument lists all of
    them. MESSAGE is what TensorFlow or Keras reported about a gradient, pasted as it is, or a whole traceback; `-`
    reads it from standard input. With PATHS, also show the findings that match the message.
    """
    if what is not None and (what == "-" or _is_message(what)):
        from gradlint.commands.symptom import explain

        return explain(_pasted() if what == "-" else what, paths, output_format, color)
    if paths:
        raise click.UsageError("paths go with a message; `gradlint --select RULE PATHS` checks for a rule")
    _explain(what, output_format, trust, color)
    return 0


def _pasted() -> str:
    return sys.stdin.buffer.read().decode(errors="replace")


def _is_message(text: str) -> bool:
    """Whether a text cannot be a rule's code or name, which are one word of letters, digits and hyphens."""
    return re.fullmatch(r"[\w-]+", text.strip()) is None


def _explain(rule: str | None, output_format: str, trust: bool, color: Color) -> None:
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
    else:
        terminal.write_page(page(found), color, sys.stdout)


def _family(selector: str, trust: bool) -> tuple[Rule, ...]:
    """The rules of a family, if that is what a selector means; else none."""
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
