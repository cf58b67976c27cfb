"""The options that several commands share: which rules, files and settings apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradlint.commands.options import grouped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.shell_completion import CompletionItem

Function = TypeVar("Function", bound="Callable[..., Any]")

_SETTINGS, _RULES, _FILES = grouped("Settings"), grouped("Rule selection"), grouped("File selection")

trust_option: Callable[[Any], Any] = _SETTINGS(
    "--trust", is_flag=True, help="Run rules, plugins and a Python that configuration files name."
)


class Selectors(click.ParamType):
    """Codes, prefixes or names, separated by commas."""

    name = "RULES"
    envvar_list_splitter = "\n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The selectors, one after the other."""
        return value if isinstance(value, tuple) else tuple(part.strip() for part in value.split(",") if part.strip())

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The rules whose code or name begins with the text after the last comma."""
        before, comma, last = incomplete.rpartition(",")
        return [named(before + comma + word, summary) for word, summary in words() if word.startswith(last)]


class _PerFile(click.ParamType):
    """A pattern of files with rules: ``PATTERN:RULE``, several separated by commas."""

    name = "PATTERN:RULES"
    envvar_list_splitter = "\n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The rules by pattern; a part without a colon is another rule of the pattern before it."""
        if isinstance(value, dict):
            return value
        table: dict[str, tuple[str, ...]] = {}
        pattern = ""
        for part in filter(None, (part.strip() for part in value.split(","))):
            before, colon, rule = part.rpartition(":")
            pattern = before if colon else pattern
            if not pattern or not rule:
                self.fail(f"expected PATTERN:RULES, as in `tests/**:GT405,GT4`, got `{value}`", param, ctx)
            table[pattern] = (*table.get(pattern, ()), rule.strip())
        return table

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The rules after a colon or a comma."""
        end = max(incomplete.rfind(":"), incomplete.rfind(",")) + 1
        if ":" not in incomplete[:end]:
            return []
        begun = incomplete[end:]
        return [named(incomplete[:end] + word, summary) for word, summary in words() if word.startswith(begun)]


class _Config(click.ParamType):
    """A configuration file, or one option with its value."""

    name = "FILE|KEY=VALUE"
    envvar_list_splitter = "\n"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The options' keys, and files."""
        from click.shell_completion import CompletionItem

        from gradlint.options import OPTIONS

        keys = [option for option in OPTIONS.values() if incomplete and option.key.startswith(incomplete)]
        return [*(named(f"{one.key}=", one.help) for one in keys), CompletionItem(incomplete, type="file")]


def words() -> Iterator[tuple[str, str]]:
    """The rules' codes and names, each with the rule's summary, and the prefixes with the family's subject."""
    from gradlint.documentation import FAMILIES
    from gradlint.registry import load

    yield from FAMILIES.items()
    for rule in load():
        yield rule.code, rule.summary
        yield rule.name, rule.summary


def named(value: str, description: str) -> CompletionItem:
    """A completion with the description that some shells show beside it."""
    from click.shell_completion import CompletionItem

    return CompletionItem(value, help=description)


_CONFIGURING: tuple[Callable[[Any], Any], ...] = (
    _SETTINGS(
        "--config", multiple=True, type=_Config(), env=True,
        help="The configuration file to use, or one option (`confirm.timeout=5`); may be repeated.",
    ),
    _SETTINGS("--isolated", is_flag=True, help="Ignore all configuration files."),
    trust_option,
)  # fmt: skip

_SELECTORS, _BY_FILE = Selectors(), _PerFile()

_SELECTION: tuple[Callable[[Any], Any], ...] = (
    _RULES(
        "--select", multiple=True, type=_SELECTORS, env=True, help="Rules to turn on: codes, prefixes or names."
    ),
    _RULES("--ignore", multiple=True, type=_SELECTORS, env=True, help="Rules to turn off."),
    _RULES("--extend-select", multiple=True, type=_SELECTORS, env=True, help="Additional rules to turn on."),
    _RULES("--per-file-ignores", multiple=True, type=_BY_FILE, help="Rules to turn off in matching files."),
    _RULES("--extend-per-file-ignores", multiple=True, type=_BY_FILE, help="The same, in addition to the settings."),
    _FILES("--exclude", multiple=True, metavar="PATTERN", help="What to skip in folders, instead of the defaults."),
    _FILES("--extend-exclude", multiple=True, metavar="PATTERN", help="What else to skip in folders."),
    _FILES("--force-exclude/--no-force-exclude", default=None, help="Apply excludes to named files as well."),
    _FILES("--respect-gitignore/--no-respect-gitignore", default=None, help="Skip what git ignores (default: on)."),
)  # fmt: skip


def selection_options(function: Function) -> Function:
    """The options that say which rules, files and settings apply."""
    for option in reversed((*_SELECTION, *_CONFIGURING)):
        function = option(function)
    return function


def settings_options(function: Function) -> Function:
    """The options that say which settings apply."""
    for option in reversed(_CONFIGURING):
        function = option(function)
    return function
