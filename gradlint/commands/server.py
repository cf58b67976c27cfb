"""``gradlint server``: the language server."""

from __future__ import annotations

import click

from gradlint.commands.selecting import trust_option


@click.command("server")
@click.option(
    "--log-level",
    type=click.Choice(["error", "warning", "info", "debug"]),
    default="warning",
    help="How much is logged to standard error.",
)
@trust_option
@click.option("--stdio", is_flag=True, expose_value=False, help="Use standard input and output; always on.")
def command(log_level: str, trust: bool) -> int:
    """Run the language server over standard input and output, for editors."""
    from gradlint import server

    return server.main(log_level=log_level, trust=trust)
