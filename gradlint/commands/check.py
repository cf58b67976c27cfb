"""``gradlint check``: the options, and what is done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradlint.commands import terminal
from gradlint.reporting import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")

_FORMATS = "\b\n" + "\n".join(f"  {each.name:<11} {each.summary}" for each in FORMATS.values())

_EPILOG = f"""\
Formats, each as FORMAT or FORMAT:FILE; with FILE the terminal keeps its own:

{_FORMATS}

Exit status:

\b
  0  nothing was found, or only what TensorFlow refuted
  1  findings; with --diff: something would be changed
  2  gradlint could not do what was asked: an unknown option, settings that
     cannot be used, a path that is not there, a file that is not Python
"""


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
    click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out of folders, in place of the usual."),
    click.option("--extend-exclude", multiple=True, metavar="PATTERN", help="Leave out of folders besides."),
    click.option("--force-exclude", is_flag=True, default=None, help="Let excludes hold for named files, too."),
)


def selection_options(function: Function) -> Function:
    """The options that say which rules and settings hold."""
    for option in reversed(_SELECTION):
        function = option(function)
    return function


@click.command("check", epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS]...", type=click.Path())
@selection_options
@click.option("--output-format", multiple=True, metavar="FORMAT[:FILE]", help="How to print findings; may be repeated.")
@click.option("-o", "--output-file", metavar="FILE", help="Write to FILE what would go to standard output.")
@click.option("--statistics", is_flag=True, help="Print how often each rule was found; short for the format.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even where there are findings.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@click.option("-v", "--verbose", is_flag=True, help="Also say what was done, on standard error.")
@click.option("--fix", is_flag=True, help="Mend what can be mended safely.")
@click.option("--unsafe-fixes", is_flag=True, default=None, help="Also mend where that may change what a program does.")
@click.option("--diff", is_flag=True, help="Print what --fix would change and write nothing.")
@click.option("--fix-only", is_flag=True, help="Mend, and do not report what remains.")
@click.option("--show-fixes", is_flag=True, help="Say what was mended.")
@click.option("--confirm", is_flag=True, help="Let TensorFlow judge each finding by running it.")
@click.option("--confirm-timeout", type=float, metavar="SECONDS", help="How long one finding may run.")
@click.option("--repro", metavar="DIR", help="Write each finding as a program of its own; implies --confirm.")
@click.option("--baseline", metavar="FILE", help="Do not report the findings that FILE knows.")
@click.option("--write-baseline", is_flag=True, help="Write the findings to the baseline; report nothing.")
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="How many processes to use; else all cores."
)
@click.option("--no-cache", is_flag=True, help="Neither use nor keep remembered results.")
@click.option("--cache-dir", metavar="DIR", help="Where results are remembered.")
@click.option("--stdin-filename", metavar="NAME", help="The name of what is read from standard input (`-`).")
@click.option("--show-files", is_flag=True, help="List the files that would be checked.")
@click.option("--show-settings", is_flag=True, help="Print the settings that hold for the first path.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes.")
@terminal.color_option
def command(**options: Any) -> int:
    """Find lost gradients in PATHS: files, folders, or `-` for standard input; default: the working directory."""
    from gradlint.commands.request import Request
    from gradlint.commands.session import run

    return run(Request.of(options))
