"""``gradlint check --explain-silence FILE:LINE``: why nothing is reported about a gradient call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError

if TYPE_CHECKING:
    from gradlint.flow.facts import CallAnswers, Question, Withheld
    from gradlint.settings import Resolver
    from gradlint.sources.source import Source


def explain(place: str, resolver: Resolver) -> int:
    """Print what is known about each source of the gradient calls on a line, and which premise keeps gradlint silent.

    Args:
        place: ``FILE:LINE``, or ``FILE:CELL:LINE`` in a notebook.
        resolver: What finds the file's settings.

    Returns:
        The exit status: 0.

    Raises:
        CommandError: If the place cannot be read, or has no gradient call.
    """
    from gradlint.checking import facts_of
    from gradlint.settings import SettingsError
    from gradlint.sources import files, read

    path, cell, line = _parsed(place)
    try:
        source = read.read_path(Path(path), path)
        facts = facts_of(source, resolver.for_file(path))
    except (OSError, files.SourceError, SyntaxError, SettingsError) as error:
        raise CommandError(f"{path}: {error}") from None
    wanted = source.program_line(cell, line)
    here = [call for call in facts.calls if wanted is not None and call.span.line <= wanted <= call.span.end_line]
    if not here:
        raise CommandError(f"{place}: there is no gradient call here that the analysis reaches")
    for call in here:
        terminal.write(_told(call, source))
        for one in facts.withheld:
            if call.span in one.calls:
                terminal.write(_withheld(one, source))
    return 0


def _parsed(place: str) -> tuple[str, int | None, int]:
    path, _, line = place.rpartition(":")
    head, _, cell = path.rpartition(":")
    if not path or not line.isdecimal():
        raise CommandError(f"{place}: --explain-silence takes FILE:LINE, or FILE:CELL:LINE in a notebook")
    if path.endswith(".ipynb") or not (head and cell.isdecimal()):
        return path, None, int(line)
    return head, int(cell) - 1, int(line)


def _told(call: CallAnswers, source: Source) -> str:
    lines = [f"`{call.method}` of `{call.target}` with respect to"]
    lines += [f"  `{question.source}`: {_why(question, source)}" for question in call.questions]
    if not call.questions:
        lines.append("  sources that gradlint could not determine")
    return "\n".join(lines) + "\n"


def _withheld(one: Withheld, source: Source) -> str:
    """What is not claimed for want of the version that it holds for."""
    from gradlint import registry

    rule = next((rule for rule in registry.load() if one.kind in rule.kinds), None)
    rule_name = f"{rule.code} {rule.name}" if rule is not None else str(one.kind)
    _, position = source.locate(one.span.line, one.span.column)
    return f"  {rule_name} in line {position.line} is not claimed, since {one.because}\n"


def _why(question: Question, source: Source) -> str:
    open_premise = f", since {question.because}" if question.because else ""
    if question.answer == "unknown":
        return f"unknown{open_premise or ': something on the path could not be followed'}"
    if question.answer == "connected":
        return f"connected, as far as is known{open_premise}" if open_premise else "connected"
    where = ""
    if question.cause is not None:
        _, position = source.locate(question.cause.line, question.cause.column)
        where = f" on line {position.line}"
    return ("lost" if question.answer == "lost" else "partly lost") + where
