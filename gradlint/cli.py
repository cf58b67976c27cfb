"""The ``gradlint`` command: finds the subcommand, and turns every way to end into an exit status.

``gradlint PATHS`` is ``gradlint check PATHS``. A subcommand's module is imported when it is called.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import click

from gradlint import __version__, escaping
from gradlint.commands.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from gradlint.sources.toml import TomlPlace

COMMANDS = {
    "check": "Find lost gradients in files and folders (the default).",
    "run": "Run a program and name the lines where its gradients are lost.",
    "demo": "Show a program that loses a gradient and what gradlint reports.",
    "graph": "Draw where a gradient flows and where it stops.",
    "report": "Write an HTML page that shows how far each gradient gets.",
    "explain": "Explain a rule and its fix, or a message from TensorFlow.",
    "rules": "List the rules.",
    "models": "Show what gradlint knows about a callable, and from where.",
    "config": "Print the settings in force and where each comes from.",
    "add-ignores": "Add a comment to each finding that suppresses it.",
    "server": "Run the language server, for editors.",
    "completions": "Print a shell's completion script.",
    "clean": "Remove cached results.",
}
"""The subcommands with what they do, in the order in which they are listed."""

EXIT_STATUS = """\
Exit status: 0: nothing was found; 1: findings; 2: gradlint could not do what was asked (an unknown option, invalid
settings, a path that does not exist, a file that is not Python)."""

OTHER_WORDS = {
    "fix": "gradlint check --fix",
    "format": "gradlint check --fix",
    "help": "gradlint --help",
    "lint": "gradlint check",
    "rule": "gradlint explain",
    "version": "gradlint --version",
    "watch": "gradlint check --watch",
}
"""What other tools call a command, with what does it here."""

INTERRUPTED = 130


class _Commands(click.Group):
    """A group whose commands are imported when they are called, and whose default is ``check``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"gradlint.commands.{cmd_name.replace('-', '_')}")
        return cast("click.Command", module.command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing and not args:
            return super().parse_args(ctx, args)
        if not args or (args[0] not in COMMANDS and args[0] not in ("-h", "--help", "-V", "--version")):
            if args and not args[0].startswith("-") and not os.path.lexists(args[0]):
                _refuse_unknown_command(args[0], ctx)
            args = ["check", *args]
        if args[0] in ("check", "add-ignores") and not ctx.resilient_parsing:
            _refuse_ambiguous(args[1:], ctx)
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = super().shell_complete(ctx, incomplete)
        check = self.get_command(ctx, "check")
        if incomplete.startswith("-") and check is not None:
            known = {item.value for item in found}
            return found + [item for item in check.shell_complete(ctx, incomplete) if item.value not in known]
        return [*found, CompletionItem(incomplete, type="file")]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Commands,
    epilog=EXIT_STATUS,
    options_metavar="",
    subcommand_metavar="[COMMAND] [OPTIONS] [PATHS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def main() -> None:
    """Find lost gradients in TensorFlow programs that use tf.GradientTape.

    `gradlint PATHS` checks Python files, notebooks and Markdown pages; `gradlint` alone checks the working
    directory. `gradlint check --help` lists the options.
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The exit status.
    """
    _tolerate(sys.stdout)
    _tolerate(sys.stderr)
    try:
        status = main.main(list(arguments), prog_name="gradlint", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except CommandError as failure:
        return _failed(str(failure), failure.place)
    except click.ClickException as error:
        return _misused(error)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:
        from gradlint.checking import internal_problem

        return _failed(internal_problem(error).message)
    return status if isinstance(status, int) else 0


def _refuse_unknown_command(word: str, ctx: click.Context) -> None:
    """Refuse a word that is no path here, and is meant as a command.

    Raises:
        click.UsageError: If it is like the name of one, or another tool's name for one.
    """
    import difflib

    meant = OTHER_WORDS.get(word)
    if meant is not None:
        raise click.UsageError(f"no such path or command {word!r}; did you mean `{meant}`?", ctx)
    near = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.7)
    if near:
        raise click.UsageError(f"no such path {word!r}; did you mean the command `{near[0]}`?", ctx)


def _refuse_ambiguous(args: list[str], ctx: click.Context) -> None:
    """Refuse an option that is also a file's name here: a shell's ``*`` and pre-commit hand over names as they are.

    Raises:
        click.UsageError: If there is one.
    """
    for arg in args:
        if arg == "--":
            return
        if arg.startswith("-") and arg != "-" and os.path.lexists(arg):
            raise click.UsageError(f"{arg} is both an option and a file here; write ./{arg} for the file", ctx)


def _tolerate(stream: Any) -> None:
    """Let a stream write what its encoding does not have as escapes."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _failed(message: str, place: TomlPlace | None = None) -> int:
    print(f"gradlint: {escaping.row(message)}", file=sys.stderr)
    if place is not None:
        from gradlint.commands.terminal import style
        from gradlint.reporting.excerpt import Underline, framed

        marks = [Underline(place.line, place.start, place.end, primary=True)]
        for row in framed({place.line: place.text}, marks, style("auto", sys.stderr)):
            print(row, file=sys.stderr)
    return 2


def _misused(error: click.ClickException) -> int:
    message = _message(error)
    context = getattr(error, "ctx", None)
    where = context.command_path if context is not None else "gradlint"
    _failed(message)
    print(f"Try `{where} --help`.", file=sys.stderr)
    return 2


def _message(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption):
        import difflib

        known = [name for option in error.ctx.command.params for name in option.opts] if error.ctx else []
        near = difflib.get_close_matches(error.option_name, known, n=1)
        return f"no such option {error.option_name}" + (f"; did you mean {near[0]}?" if near else "")
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]
