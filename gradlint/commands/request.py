"""What the command line asks for, checked and in one piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from gradlint.commands.errors import CommandError
from gradlint.reporting import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlint.commands.terminal import Color
    from gradlint.settings import Resolver, Settings

STDIN = "-"
_SELECTING = (
    "select",
    "ignore",
    "extend_select",
    "per_file_ignores",
    "per_file_select",
    "severity",
    "fixable",
    "unfixable",
    "command_line",
)


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a run: a format and the file that it goes to, None for standard output."""

    format: str
    path: str | None = None


@dataclass(frozen=True)
class Request:
    """What ``gradlint check`` was asked to do; fields are the options by their names.

    Attributes:
        overrides: The options that are settings, by their field's name.
        reports: The outputs with a file of their own.
        terminal_format: The format for standard output, None where the settings tell.
    """

    paths: tuple[str, ...] = (".",)
    config: str | None = None
    isolated: bool = False
    trust: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    reports: tuple[Output, ...] = ()
    terminal_format: str | None = None
    output_file: str | None = None
    exit_zero: bool = False
    quiet: bool = False
    verbose: bool = False
    fix: bool = False
    diff: bool = False
    fix_only: bool = False
    show_fixes: bool = False
    interactive: bool = False
    confirm: bool = False
    confirm_all: bool = False
    repro: str | None = None
    write_baseline: bool = False
    no_cache: bool = False
    stdin_filename: str | None = None
    explain_silence: str | None = None
    facts: str | None = None
    show_connected: bool = False
    show_files: bool = False
    show_settings: bool = False
    watch: bool = False
    color: Color = "auto"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Request:
        """The request that a command line's options make.

        Raises:
            click.UsageError: If options do not go together, or a format does not exist.
        """
        options = dict(options)
        reports, terminal_format = _outputs(options.pop("output_format"))
        if options.pop("statistics"):
            if terminal_format not in (None, "statistics"):
                raise click.UsageError(f"--statistics and --output-format {terminal_format} exclude one another")
            terminal_format = "statistics"
        paths = options.pop("paths") or (".",)
        repro = options["repro"]
        request = cls(
            paths=paths,
            overrides=overrides(options),
            reports=reports,
            terminal_format=terminal_format,
            confirm=options.pop("confirm") or options["confirm_all"] or repro is not None,
            confirm_all=options.pop("confirm_all"),
            **{name: options[name] for name in options.keys() & cls.__dataclass_fields__.keys() - {"paths"}},
        )
        request.validate()
        return request

    def validate(self) -> None:
        """Refuse options that do not go together.

        Raises:
            click.UsageError: With the reason.
        """
        if STDIN in self.paths and len(self.paths) > 1:
            raise click.UsageError("`-` reads standard input and stands alone")
        if self.stdin_filename is not None and self.paths != (STDIN,):
            raise click.UsageError("--stdin-filename names what `-` reads; give `-` as the path")
        if self.config is not None and self.isolated:
            raise click.UsageError("--config and --isolated exclude one another")
        if self.diff and (self.fix or self.fix_only):
            raise click.UsageError("--diff writes nothing; leave out " + ("--fix" if self.fix else "--fix-only"))
        if self.interactive and (self.diff or not self.mends or self.paths == (STDIN,)):
            raise click.UsageError("--interactive asks about what --fix writes to files")
        if self.watch and (self.paths == (STDIN,) or self.diff or self.write_baseline or self.interactive):
            raise click.UsageError(
                "--watch goes with files alone, and not with --diff, --interactive or --write-baseline"
            )
        if self.facts is not None and self.paths == (STDIN,):
            raise click.UsageError("--facts speaks of files, not of standard input")
        if self.write_baseline and self.mends:
            raise click.UsageError("--write-baseline and fixing exclude one another")

    @property
    def mends(self) -> bool:
        """Whether fixes are to be worked out."""
        return self.fix or self.fix_only or self.diff

    def draws(self, settings: Settings) -> bool:
        """Whether the gradient calls are to be drawn."""
        formats = [*(output.format for output in self.reports), self.terminal_format or settings.output_format]
        return self.show_connected or "html" in formats

    def resolver(self) -> Resolver:
        """What finds each file's settings.

        Raises:
            CommandError: If the configuration file that was named cannot be used, or an option's value is wrong.
        """
        return resolver(self.config, self.isolated, self.overrides, self.trust)


def resolver(config: str | None, isolated: bool, given: Mapping[str, Any], trust: bool = False) -> Resolver:
    """What finds each file's settings under a command line.

    Raises:
        CommandError: If the configuration file that was named cannot be used, or an option's value is wrong.
    """
    from gradlint.settings import Resolver, SettingsError
    from gradlint.trust import Trust

    try:
        return Resolver(config, isolated=isolated, overrides=given, trust=Trust(everything=trust))
    except SettingsError as error:
        raise CommandError(str(error)) from None


def settings_here(resolver: Resolver) -> Settings:
    """The settings of the working directory, every selector looked at where there is one.

    Raises:
        CommandError: If they cannot be used.
    """
    from gradlint.settings import Settings, SettingsError

    try:
        settings = resolver.for_folder(".")
        plain = Settings()
        selecting = (
            "select",
            "ignore",
            "extend_select",
            "per_file_ignores",
            "per_file_select",
            "severity",
            "command_line",
        )
        if any(getattr(settings, name) != getattr(plain, name) for name in (*selecting, "fixable", "unfixable")):
            from gradlint.checking import rules_for
            from gradlint.selection import validate

            validate(settings, rules_for(settings))
    except SettingsError as error:
        raise CommandError(str(error)) from None
    return settings


def overrides(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options that are settings out of a command line's options; one that is not given is None."""
    given: dict[str, Any] = {}
    for name in ("select", "ignore", "extend_select"):
        selectors = tuple(selector for group in options.pop(name) for selector in group)
        given[name] = selectors or None
    for name in ("exclude", "extend_exclude"):
        given[name] = options.pop(name) or None
    for name in ("force_exclude", "unsafe_fixes", "confirm_timeout", "baseline", "jobs", "cache_dir"):
        given[name] = options.pop(name, None)
    return given


def _outputs(values: tuple[str, ...]) -> tuple[tuple[Output, ...], str | None]:
    """The outputs with a file, and the format for standard output."""
    reports: list[Output] = []
    terminal: str | None = None
    for value in values:
        name, colon, path = value.partition(":")
        if name not in FORMATS:
            import difflib

            near = difflib.get_close_matches(name.lower(), FORMATS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(FORMATS)}"
            raise click.UsageError(f"unknown format `{name}`; {hint}")
        if colon and not path:
            raise click.UsageError(f"--output-format {value}: the file is missing")
        if path:
            reports.append(Output(name, path))
        elif terminal not in (None, name):
            raise click.UsageError(
                f"standard output takes one format; give `{terminal}` or `{name}` a file: {name}:FILE"
            )
        else:
            terminal = name
    return tuple(reports), terminal
