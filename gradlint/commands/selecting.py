"""The options that several commands share: which rules and settings hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


trust_option: Callable[[Any], Any] = click.option(
    "--trust", is_flag=True, help="Run the rules, plugins and Python that configuration files name."
)


class _Selectors(click.ParamType):
    """Codes, prefixes or names, separated by commas."""

    name = "RULES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value if isinstance(value, tuple) else tuple(part.strip() for part in value.split(",") if part.strip())

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        from gradlint.registry import load

        words = [word for rule in load() for word in (rule.code, rule.name)]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


_SELECTORS = _Selectors()


_SELECTION: tuple[Callable[[Any], Any], ...] = (
    click.option("--select", multiple=True, type=_SELECTORS, help="The rules that are on: codes, prefixes, names."),
    click.option("--ignore", multiple=True, type=_SELECTORS, help="Rules that are off."),
    click.option("--extend-select", multiple=True, type=_SELECTORS, help="Rules that are on besides."),
    click.option("--config", metavar="FILE", help="The one configuration file to use."),
    click.option("--isolated", is_flag=True, help="Use no configuration file."),
    trust_option,
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out of folders, in place of the usual."),
    click.option("--extend-exclude", multiple=True, metavar="PATTERN", help="Leave out of folders besides."),
    click.option("--force-exclude", is_flag=True, default=None, help="Let excludes hold for named files, too."),
)


def selection_options(function: Function) -> Function:
    """The options that say which rules and settings hold."""
    for option in reversed(_SELECTION):
        function = option(function)
    return function
