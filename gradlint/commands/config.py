"""``gradlint config``: the settings in force and where each comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from gradlint import escaping
from gradlint.commands import terminal
from gradlint.commands.options import Command
from gradlint.commands.selecting import selection_options

if TYPE_CHECKING:
    from gradlint.settings import Settings


@click.command("config", cls=Command)
@click.argument("path", default=".")
@selection_options
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to print them.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of the settings instead.")
def command(
    path: str, output_format: str, schema: bool, config: tuple[str, ...], isolated: bool, trust: bool, **options: Any
) -> None:
    """Print the settings that apply to PATH (default: the working directory) and where each comes from."""
    import os

    from gradlint.commands.errors import CommandError
    from gradlint.commands.request import overrides, resolver
    from gradlint.settings import SettingsError

    if schema:
        from gradlint.options import schema as json_schema

        terminal.write(json.dumps(json_schema(), indent=2) + "\n")
        return
    if not os.path.lexists(path):
        raise CommandError(f"{escaping.name(str(path))}: no such file or folder")
    find = resolver(config, isolated, overrides(options), trust)
    try:
        settings = find.for_folder(path) if os.path.isdir(path) else find.for_file(path)
    except SettingsError as error:
        raise CommandError.of(error) from None
    if output_format == "json":
        rows = [{"key": key, "value": value, "origin": origin} for key, value, origin in settings.describe()]
        terminal.write(json.dumps(rows, indent=2, default=list) + "\n")
    else:
        terminal.write(describe(settings))
    terminal.note_withheld(find)


def describe(settings: Settings) -> str:
    """The settings as lines of TOML, each followed by where it comes from."""
    rows = [
        (f"# {key} is not set" if value is None else f"{key} = {_toml(value)}", origin)
        for key, value, origin in settings.describe()
    ]
    width = min(max(len(text) for text, _ in rows), 60)
    return "".join(f"{text:<{width}}  # {origin}\n" for text, origin in rows)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + " }"
            if value
            else "{}"
        )
    return json.dumps(value, ensure_ascii=False)
