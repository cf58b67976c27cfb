"""``gradlint server``: the language server."""

from __future__ import annotations

import click


@click.command("server")
@click.option(
    "--log-level",
    type=click.Choice(["error", "warning", "info", "debug"]),
    default="warning",
    help="How much is logged to standard error.",
)
@click.option("--stdio", is_flag=True, expose_value=False, help="Speak over standard input and output; the only way.")
def command(log_level: str) -> int:
    """Run the language server over standard input and output, for editors."""
    from gradlint import server

    return server.main(log_level=log_level)
