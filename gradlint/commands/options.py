"""Options in groups: how commands declare them, and how ``--help`` lists them.

An option that can be turned off again has a twin (``--fix`` and ``--no-fix``), of which the help tells in one entry:
``--[no-]fix``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    Decorator = Callable[[Any], Any]

PREFIX = "GRADLINT_"
"""What the environment variables begin with that stand for options."""

_PLAIN = "Options"
_WIDEST = 28
"""How many columns the names of options take at most where what they do stands beside them."""


class CommandOption(click.Option):
    """An option that knows the group in which the help lists it.

    Args:
        group: The group's heading.
    """

    def __init__(self, *arguments: Any, group: str = _PLAIN, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.group = group

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option with its twin in one, what it does, and the environment variable that stands for it."""
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, description = record[0], self.help or ""
        if self.secondary_opts:
            short = [name for name in self.opts if not name.startswith("--")]
            long = next(name for name in self.opts if name.startswith("--")).removeprefix("--")
            is_twin = self.secondary_opts == [f"--no-{long}"]
            names = ", ".join([*short, f"--[no-]{long}" if is_twin else f"--{long}"])
        return names, f"{description} [env:{self.envvar}]" if self.envvar else description


class Command(click.Command):
    """A command whose help lists its options in groups, in the order in which these come up."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups, all with the same columns; what belongs to none comes first."""
        groups: dict[str, list[tuple[str, str]]] = {_PLAIN: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", _PLAIN), []).append(record)
        widths = [len(names) for records in groups.values() for names, _ in records]
        column = max((width for width in widths if width <= _WIDEST), default=_WIDEST)
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl([(f"{names:<{column}}", text) for names, text in records], col_max=column)


def grouped(group: str) -> Callable[..., Decorator]:
    """What declares options of a group: called as ``click.option`` is.

    With ``env=True`` the environment variable of the option's name stands for it, as the help says.
    """

    def option(*names: str, env: bool = False, **settings: Any) -> Decorator:
        if env:
            long = next(name for name in names if name.startswith("--")).partition("/")[0]
            settings["envvar"] = PREFIX + long.removeprefix("--").replace("-", "_").upper()
        return click.option(*names, cls=CommandOption, group=group, **settings)

    return option
