"""What a message from TensorFlow or Keras means: its usual causes, and the findings that match."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.escaping import code
from gradlint.reporting.style import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.commands.terminal import Color
    from gradlint.knowledge.symptoms import Symptom

_NAMED = 8
_UNKNOWN = (
    "this is not a known message about lost gradients; give the line that names the exception or the warning, or a "
    "rule (`gradlint explain` lists them)"
)


def explain(text: str, paths: tuple[str, ...], output_format: str, color: Color) -> int:
    """Explain the messages in a text, and show the findings in the paths that match.

    Args:
        text: What was pasted.
        paths: The paths to check; may be empty.
        output_format: ``text`` or ``json``.
        color: When to use colour.

    Returns:
        The exit status: 0, or with paths that of ``gradlint check``.

    Raises:
        CommandError: If the text contains no known message.
    """
    from gradlint.knowledge.symptoms import find, variables

    found = find(text)
    if not found:
        raise CommandError(_UNKNOWN)
    named = variables(text)
    if output_format == "json":
        if paths:
            raise CommandError("with PATHS, findings are shown as text only; `gradlint check --select` gives JSON")
        terminal.write(json.dumps([_record(one, named) for one in found], indent=2, ensure_ascii=False) + "\n")
        return 0
    width = terminal.style(color, sys.stdout).width
    pages = ["".join(f"{row}\n" for row in _rows(one, named, width)) for one in found]
    if not paths:
        pages.append("".join(f"{row}\n" for row in wrap(_NEXT, width)))
    terminal.write_page("\n".join(pages), color, sys.stdout)
    return _findings(found, paths, color) if paths else 0


_NEXT = (
    "`gradlint explain MESSAGE PATHS` shows the findings that match, `gradlint explain CODE` says more about a cause, "
    "and `gradlint run PROGRAM` names the line while the program runs."
)


def _rows(symptom: Symptom, variables: Sequence[str], width: int) -> Iterator[str]:
    """A message's explanation, as Markdown that fits the terminal."""
    yield f"# {symptom.name}"
    yield ""
    yield from wrap(f"{symptom.means} Seen as {symptom.seen}.", width)
    yield ""
    if variables:
        more = f" and {len(variables) - _NAMED} more" if len(variables) > _NAMED else ""
        yield from wrap(f"It names {', '.join(code(name) for name in variables[:_NAMED])}{more}.", width)
        yield ""
    yield "Usual causes, the most frequent first:"
    yield ""
    for rule, when in symptom.rules:
        yield from wrap(f"{rule} {_names()[rule]}: {when}", width, "- ", "  ")


def _names() -> dict[str, str]:
    from gradlint.registry import load

    return {rule.code: rule.name for rule in load()}


def _record(symptom: Symptom, variables: Sequence[str]) -> dict[str, Any]:
    causes = [{"code": rule, "name": _names()[rule], "when": when} for rule, when in symptom.rules]
    return {
        "name": symptom.name,
        "says": symptom.says,
        "seen": symptom.seen,
        "means": symptom.means,
        "variables": list(variables),
        "causes": causes,
    }


def _findings(found: Sequence[Symptom], paths: tuple[str, ...], color: Color) -> int:
    """Show what the rules of a message's causes find in the paths."""
    from gradlint.commands.request import Request
    from gradlint.commands.session import run

    rules = tuple(dict.fromkeys(rule for symptom in found for rule, _ in symptom.rules))
    terminal.write("\n")
    return run(Request(paths=paths, overrides={"select": rules}, color=color))
