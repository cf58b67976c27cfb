"""``gradlint check``: the options, and what is done with them."""

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
Formats, each as FORMAT or FORMAT:FILE; with FILE the terminal keeps its own:

{_FORMATS}

Exit status:

\b
  0  nothing was found, or only what TensorFlow refuted
  1  findings; with --diff: something would be changed
  2  gradlint could not do what was asked: an unknown option, settings that
     cannot be used, a path that is not there, a file that is not Python
"""

_OUTPUT, _FIXES, _STATUS = grouped("Output"), grouped("Fixes"), grouped("Exit status")
_RULES, _TENSORFLOW, _KNOWN = grouped("Rule selection"), grouped("TensorFlow's verdict"), grouped("Known findings")
_MORE, _ASKING = grouped("Miscellaneous"), grouped("Instead of checking")


class _Count(click.IntRange):
    """A whole number above 0."""

    name = "whole number"


class Check(Command):
    """The command, whose ``--confirm`` may be given a value after ``=``, and takes no following argument for one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            click.BadOptionUsage: If ``--confirm`` is given a value that it does not know.
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
        """The formats, or files behind a format's colon."""
        from click.shell_completion import CompletionItem

        if ":" in incomplete:
            return [CompletionItem(incomplete, type="file")]
        return [named(one.name, one.summary) for one in FORMATS.values() if one.name.startswith(incomplete)]


@click.command("check", cls=Check, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS]...", type=click.Path(readable=False))
@_OUTPUT("-f", "--output-format", multiple=True, type=_Format(), env=True, help="How to print findings; repeatable.")
@_OUTPUT("-o", "--output-file", metavar="FILE", env=True, help="Write to FILE what would go to standard output.")
@_OUTPUT("--statistics", is_flag=True, help="Print how often each rule was found; short for the format.")
@_OUTPUT("--show-connected", is_flag=True, help="Also list each gradient call and what its sources get.")
@_OUTPUT("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@_OUTPUT("-s", "--silent", is_flag=True, help="Print nothing at all; the exit status tells.")
@_OUTPUT("-v", "--verbose", is_flag=True, help="Also say what was done, on standard error.")
@terminal.color_option
@selection_options
@_RULES("--ignore-suppressions/--no-ignore-suppressions", default=None, help="Report what comments keep back, too.")
@grouped("File selection")(
    "--changed-since", metavar="REF", help="Only what lines bring about that have changed since git's REF."
)
@_FIXES("--fix/--no-fix", help="Fix what can be fixed safely.")
@_FIXES("--unsafe-fixes/--no-unsafe-fixes", default=None, help="Also fix where that may change what a program does.")
@_FIXES("--diff/--no-diff", help="Print what --fix would change and write nothing.")
@_FIXES("--interactive", is_flag=True, help="With --fix: show each fix and ask (y, n, all of the rule, quit).")
@_FIXES("--fix-only/--no-fix-only", help="Fix, and do not report what remains.")
@_FIXES("--show-fixes/--no-show-fixes", default=None, help="Say what was fixed, and what was not and why.")
@_FIXES("--fixable", multiple=True, type=Selectors(), help="The rules whose fixes are applied.")
@_FIXES("--unfixable", multiple=True, type=Selectors(), help="Rules whose fixes are not.")
@_FIXES("--extend-fixable", multiple=True, type=Selectors(), help="Rules whose fixes are applied besides.")
@_STATUS("-e", "--exit-zero", is_flag=True, help="Exit with 0 even where there are findings.")
@_STATUS("--exit-non-zero-on-fix", is_flag=True, help="Exit with 1 where anything was fixed.")
@_STATUS("--severity-threshold", type=click.Choice(SEVERITY), env=True, help="Exit with 0 where all is milder.")
@_TENSORFLOW("--confirm/--no-confirm", help="Let TensorFlow judge each finding by running it.")
@_TENSORFLOW("--confirm-all", is_flag=True, help="The same as --confirm=all: also report what only a run shows.")
@_TENSORFLOW("--confirm-timeout", type=float, metavar="SECONDS", env=True, help="How long one finding may run.")
@_TENSORFLOW("--facts", metavar="FILE", help="Decide with what `gradlint run --record FILE` has seen.")
@_TENSORFLOW("--repro", metavar="DIR", help="Write each finding as a program of its own; implies --confirm.")
@_KNOWN("--baseline", metavar="FILE", env=True, help="Do not report the findings that FILE knows.")
@_KNOWN("--no-baseline", is_flag=True, help="Use no baseline, whatever the settings say.")
@_KNOWN("--write-baseline", is_flag=True, help="Write the findings to the baseline; report nothing.")
@_MORE("-j", "--jobs", type=_Count(min=1), metavar="N", env=True, help="How many processes to use; else all cores.")
@_MORE("-n", "--no-cache/--cache", default=None, env=True, help="Neither use nor keep remembered results.")
@_MORE("--cache-dir", metavar="DIR", env=True, help="Where results are remembered.")
@_MORE("--stdin-filename", metavar="NAME", help="The name of what is read from standard input (`-`).")
@_MORE("-w", "--watch", is_flag=True, help="Check again whenever a file changes.")
@_ASKING("--explain-silence", metavar="FILE:LINE", help="Say what keeps a gradient call from being judged.")
@_ASKING("--show-files", is_flag=True, help="List the files that would be checked.")
@_ASKING("--show-settings", is_flag=True, help="Print the settings that hold for the first path.")
def command(**options: Any) -> int:
    """Find lost gradients in PATHS: files, folders, or `-` for standard input; default: the working directory."""
    from gradlint.commands.request import Request
    from gradlint.commands.session import run

    return run(Request.of(options))
