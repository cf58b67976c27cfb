"""``gradlint completions``: a shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError

HELP = """\
Print the completion script of SHELL.

\b
bash: gradlint completions bash >> ~/.bashrc
zsh:  gradlint completions zsh >> ~/.zshrc
fish: gradlint completions fish > ~/.config/fish/completions/gradlint.fish
"""


@click.command("completions", help=HELP)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script."""
    kind = get_completion_class(shell)
    if kind is None:
        raise CommandError(f"no completion for {shell}")
    try:
        terminal.write(
            kind(click.get_current_context().find_root().command, {}, "gradlint", "_GRADLINT_COMPLETE").source() + "\n"
        )
    except RuntimeError as error:
        raise CommandError(str(error)) from None
