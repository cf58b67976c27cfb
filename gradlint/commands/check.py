"""``gradlint check``: the options, and what is done with them."""

from __future__ import annotations

from typing import Any

import click

from gradlint.commands import terminal
from gradlint.commands.selecting import selection_options
from gradlint.reporting import FORMATS

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


class Check(click.Command):
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


@click.command("check", cls=Check, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, metavar="[PATHS]...", type=click.Path(readable=False))
@selection_options
@click.option("--output-format", multiple=True, metavar="FORMAT[:FILE]", help="How to print findings; may be repeated.")
@click.option("-o", "--output-file", metavar="FILE", help="Write to FILE what would go to standard output.")
@click.option("--statistics", is_flag=True, help="Print how often each rule was found; short for the format.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even where there are findings.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@click.option("-v", "--verbose", is_flag=True, help="Also say what was done, on standard error.")
@click.option("--fix", is_flag=True, help="Fix what can be fixed safely.")
@click.option("--unsafe-fixes", is_flag=True, default=None, help="Also fix where that may change what a program does.")
@click.option("--diff", is_flag=True, help="Print what --fix would change and write nothing.")
@click.option("--interactive", is_flag=True, help="With --fix: show each fix and ask (y, n, all of the rule, quit).")
@click.option("--fix-only", is_flag=True, help="Fix, and do not report what remains.")
@click.option("--show-fixes", is_flag=True, help="Say what was fixed, and what was not and why.")
@click.option("--confirm", is_flag=True, help="Let TensorFlow judge each finding by running it.")
@click.option("--confirm-all", is_flag=True, help="The same as --confirm=all: also report what only a run shows.")
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
@click.option("--explain-silence", metavar="FILE:LINE", help="Say what keeps a gradient call from being judged.")
@click.option("--facts", metavar="FILE", help="Decide with what `gradlint run --record FILE` has seen.")
@click.option("--show-connected", is_flag=True, help="Also list each gradient call and what its sources get.")
@click.option("--show-files", is_flag=True, help="List the files that would be checked.")
@click.option("--show-settings", is_flag=True, help="Print the settings that hold for the first path.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes.")
@terminal.color_option
def command(**options: Any) -> int:
    """Find lost gradients in PATHS: files, folders, or `-` for standard input; default: the working directory."""
    from gradlint.commands.request import Request
    from gradlint.commands.session import run

    return run(Request.of(options))
