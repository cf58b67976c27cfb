"""``gradlint check``: the options and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradlint.commands import terminal
from gradlint.commands.options import Command, grouped
from gradlint.commands.selecting import Selectors, named, selection_options
from gradlint.options import SEVERITY
from gradlint.reporting import FORMATS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_FORMATS = "\b\n" + "\n".join(f"  {each.name:<11} {each.summary}" for each in FORMATS.values())

_EPILOG = f"""\
Formats, each given as FORMAT or FORMAT:FILE (with FILE, the terminal output
stays as it is):

{_FORMATS}

Exit status:

\b
  0  nothing was found, or only findings that TensorFlow refuted
  1  findings; with --diff: something would change
  2  gradlint could not do what was asked: an unknown option, invalid
     settings, a path that does not exist, a file that is not Python
"""

_OUTPUT, _FIXES, _STATUS = grouped("Output"), grouped("Fixes"), grouped("Exit status")
_RULES, _TENSORFLOW, _KNOWN = grouped("Rule selection"), grouped("TensorFlow's verdict"), grouped("Known findings")
_MORE, _ASKING = grouped("Miscellaneous"), grouped("Instead of checking")


class _Count(click.IntRange):
    """A whole number above 0."""

    name = "whole number"


class Check(Command):
    """The command; its ``--confirm`` takes a value only after ``=``, never the following argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            click.BadOptionUsage: If ``--confirm`` is given an unknown value.
        """
        end = args.index("--") if "--" in args else len(args)
        for place, argument in enumerate(args[:end]):
            if argument.startswith("--confirm="):
                value = argument.partition("=")[2]
                if value not in {"all", "found"}:
                    raise click.BadOptionUsage("confirm", f"--confirm: `{value}` is neither `found` nor `all`", ctx)
                args[place] = "--confirm-all" if value == "all" else "--confirm"
        return super().parse_args(ctx, args)


class _Format(click.ParamType):
    """A format, alone or with the file that it goes to."""

    name = "FORMAT[:FILE]"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The formats, or files after a format's colon."""
        from click.shell_completion import CompletionItem

        if ":" in incomplete:
            return [CompletionItem(incomplete, type="file")]
        return [named(one.name, one.summary) for one in FORMATS.values() if one.name.startswith(incomplete)]


@click.command("check", cls=Check, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS]...", type=click.Path(readable=False))
@_OUTPUT("-f", "--output-format", multiple=True, type=_Format(), env=True, help="How to print findings; repeatable.")
@_OUTPUT("-o", "--output-file", metavar="FILE", env=True, help="Write to FILE instead of standard output.")
@_OUTPUT("--statistics", is_flag=True, help="Count findings per rule; short for `-f statistics`.")
@_OUTPUT("--show-connected", is_flag=True, help="Also list each gradient call and what its sources get.")
@_OUTPUT("-q", "--quiet", is_flag=True, help="Print only findings.")
@_OUTPUT("-s", "--silent", is_flag=True, help="Print nothing; only set the exit status.")
@_OUTPUT("-v", "--verbose", is_flag=True, help="Also report on standard error what was done.")
@terminal.color_option
@selection_options
@_RULES("--ignore-suppressions/--no-ignore-suppressions", default=None, help="Also report what comments suppress.")
@grouped("File selection")(
    "--changed-since", metavar="REF", help="Report only findings caused by lines changed since the git commit REF."
)
@_FIXES("--fix/--no-fix", help="Fix what can be fixed safely.")
@_FIXES("--unsafe-fixes/--no-unsafe-fixes", default=None, help="Also apply fixes that may change what a program does.")
@_FIXES("--diff/--no-diff", help="Print what --fix would change; write nothing.")
@_FIXES("--interactive", is_flag=True, help="With --fix: show each fix and ask (yes, no, all of this rule, quit).")
@_FIXES("--fix-only/--no-fix-only", help="Fix, but do not report the remaining findings.")
@_FIXES("--show-fixes/--no-show-fixes", default=None, help="List what was fixed, and what was not and why.")
@_FIXES("--fixable", multiple=True, type=Selectors(), help="Rules whose fixes are applied.")
@_FIXES("--unfixable", multiple=True, type=Selectors(), help="Rules whose fixes are not applied.")
@_FIXES("--extend-fixable", multiple=True, type=Selectors(), help="Additional rules whose fixes are applied.")
@_STATUS("-e", "--exit-zero", is_flag=True, help="Exit with 0 even if there are findings.")
@_STATUS("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 if anything was fixed.")
@_STATUS("--severity-threshold", type=click.Choice(SEVERITY), env=True, help="Exit with 0 if all findings are milder.")
@_TENSORFLOW("--confirm/--no-confirm", help="Have TensorFlow judge each finding by running it.")
@_TENSORFLOW("--confirm-all", is_flag=True, help="Same as --confirm=all: also report what only a run shows.")
@_TENSORFLOW("--confirm-timeout", type=float, metavar="SECONDS", env=True, help="How long one finding may run.")
@_TENSORFLOW("--facts", metavar="FILE", help="Use the facts that `gradlint run --record FILE` wrote.")
@_TENSORFLOW("--repro", metavar="DIR", help="Write each finding as a standalone program; implies --confirm.")
@_KNOWN("--baseline", metavar="FILE", env=True, help="Do not report the findings listed in FILE.")
@_KNOWN("--no-baseline", is_flag=True, help="Ignore the baseline that the settings name.")
@_KNOWN("--write-baseline", is_flag=True, help="Write the findings to the baseline; report nothing.")
@_MORE("-j", "--jobs", type=_Count(min=1), metavar="N", env=True, help="Number of processes; default: all cores.")
@_MORE("-n", "--no-cache/--cache", default=None, env=True, help="Neither read nor write the cache.")
@_MORE("--cache-dir", metavar="DIR", env=True, help="Where to keep the cache.")
@_MORE("--stdin-filename", metavar="NAME", help="The file name of standard input (`-`).")
@_MORE("-w", "--watch", is_flag=True, help="Check again whenever a file changes.")
@_ASKING("--explain-silence", metavar="FILE:LINE", help="Say why gradlint does not judge a gradient call.")
@_ASKING("--show-files", is_flag=True, help="List the files that would be checked.")
@_ASKING("--show-settings", is_flag=True, help="Print the settings that apply to the first path.")
def command(**options: Any) -> int:
    """Find lost gradients in PATHS: files, folders, or `-` for standard input; default: the working directory."""
    from gradlint.commands.request import Request
    from gradlint.commands.session import run

    return run(Request.of(options))
