"""What the command line asks for, checked and in one piece."""

from __future__ import annotations

import os
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
_PLAIN = (
    "force_exclude",
    "respect_gitignore",
    "unsafe_fixes",
    "show_fixes",
    "severity_threshold",
    "confirm_timeout",
    "baseline",
    "jobs",
    "cache_dir",
)
"""The command-line options that are settings as they stand."""


@dataclass(frozen=True, slots=True)
class RunOutput:
    """One output of a run: a format and the file that it goes to; None for standard output."""

    format: str
    path: str | None = None


@dataclass(frozen=True)
class Request:
    """What ``gradlint check`` was asked to do; the fields are the options by name.

    Attributes:
        overrides: The options that are settings, by their field's name.
        reports: The outputs with a file of their own.
        terminal_format: The format for standard output; None where the settings decide.
    """

    paths: tuple[str, ...] = (".",)
    config: tuple[str, ...] = ()
    isolated: bool = False
    trust: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    reports: tuple[RunOutput, ...] = ()
    terminal_format: str | None = None
    output_file: str | None = None
    exit_zero: bool = False
    exit_non_zero_on_fix: bool = False
    changed_since: str | None = None
    quiet: bool = False
    silent: bool = False
    verbose: bool = False
    fix: bool = False
    diff: bool = False
    fix_only: bool = False
    interactive: bool = False
    confirm: bool = False
    confirm_all: bool = False
    repro: str | None = None
    write_baseline: bool = False
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
            click.UsageError: If options cannot be combined, or a format does not exist.
        """
        options = dict(options)
        reports, terminal_format = _outputs(options.pop("output_format"))
        if options.pop("statistics"):
            if terminal_format not in (None, "statistics"):
                raise click.UsageError(f"--statistics cannot be combined with --output-format {terminal_format}")
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
        """Refuse options that cannot be combined.

        Raises:
            click.UsageError: With the reason.
        """
        from_stdin = self.paths == (STDIN,)
        refused = {
            "`-` reads standard input and must be the only path": STDIN in self.paths and not from_stdin,
            "--stdin-filename names what `-` reads; give `-` as the path": (
                self.stdin_filename is not None and not from_stdin
            ),
            "--diff writes nothing; leave out --fix": self.diff and self.fix,
            "--diff writes nothing; leave out --fix-only": self.diff and self.fix_only,
            "--interactive asks about what --fix writes to files": (
                self.interactive and (self.diff or not self.applies_fixes or from_stdin)
            ),
            "--watch cannot be combined with `-`, --diff, --interactive or --write-baseline": (
                self.watch and (from_stdin or self.diff or self.write_baseline or self.interactive)
            ),
            "--facts is about files and cannot be combined with `-`": self.facts is not None and from_stdin,
            "--write-baseline cannot be combined with fixing": self.write_baseline and self.applies_fixes,
            "--write-baseline cannot be combined with --changed-since": (
                self.write_baseline and self.changed_since is not None
            ),
            "--silent prints nothing, but another option asks for output": (
                self.silent and (self.diff or self.interactive or self.asks or (self.applies_fixes and from_stdin))
            ),
        }
        for message, holds in refused.items():
            if holds:
                raise click.UsageError(message)

    @property
    def asks(self) -> bool:
        """Whether something other than findings is to be printed."""
        return self.show_files or self.show_settings or self.explain_silence is not None

    @property
    def applies_fixes(self) -> bool:
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


def resolver(config: tuple[str, ...], isolated: bool, given: Mapping[str, Any], trust: bool = False) -> Resolver:
    """What finds each file's settings under a command line.

    Args:
        config: The configuration file to use, and options as written in one.
        isolated: Whether to use no configuration file.
        given: The options that have names of their own on the command line; they override those in ``config``.
        trust: Whether configuration files may make code run.

    Raises:
        click.UsageError: If files and options cannot be combined.
        CommandError: If the named configuration file cannot be used, or an option's value is wrong.
    """
    from gradlint.settings import Resolver, SettingsError, inline
    from gradlint.trust import Trust

    files = [one for one in config if "=" not in one or os.path.lexists(one)]
    if len(files) > 1:
        raise click.UsageError(f"--config takes only one file, got {files[0]} and {files[1]}")
    if files and isolated:
        raise click.UsageError("--config cannot be combined with --isolated")
    try:
        options: dict[str, Any] = {}
        for one in config:
            if one not in files:
                options |= inline(one)
        options |= {name: value for name, value in given.items() if value is not None}
        return Resolver(
            files[0] if files else None, isolated=isolated, overrides=options, trust=Trust(everything=trust)
        )
    except SettingsError as error:
        raise CommandError.of(error) from None


def settings_here(resolver: Resolver) -> Settings:
    """The settings of the working directory, with every selector validated.

    Raises:
        CommandError: If they cannot be used.
    """
    from gradlint.settings import SettingsError

    try:
        settings = resolver.for_folder(".")
        if settings.names_rules:
            from gradlint.checking import rules_for
            from gradlint.selection import validate

            validate(settings, rules_for(settings))
    except SettingsError as error:
        raise CommandError.of(error) from None
    return settings


def overrides(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the options that are settings from a command line's options; one that was not given is None."""
    given: dict[str, Any] = {}
    for name in ("select", "ignore", "extend_select", "fixable", "unfixable", "extend_fixable"):
        selectors = tuple(selector for group in options.pop(name, ()) for selector in group)
        given[name] = selectors or None
    for name in ("per_file_ignores", "extend_per_file_ignores"):
        tables = options.pop(name, ())
        given[name] = {pattern: rules for table in tables for pattern, rules in table.items()} or None
    for name in ("exclude", "extend_exclude"):
        given[name] = options.pop(name) or None
    for name in _PLAIN:
        given[name] = options.pop(name, None)
    for name, negative in (("cache", "no_cache"), ("respect_suppressions", "ignore_suppressions")):
        said = options.pop(negative, None)
        given[name] = None if said is None else not said
    if options.pop("no_baseline", False):
        given["baseline"] = ""
    return given


def _outputs(values: tuple[str, ...]) -> tuple[tuple[RunOutput, ...], str | None]:
    """The outputs with a file, and the format for standard output."""
    reports: list[RunOutput] = []
    terminal: str | None = None
    for value in values:
        name, colon, path = value.partition(":")
        if name not in FORMATS:
            import difflib

            near = difflib.get_close_matches(name.lower(), FORMATS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"choose from {', '.join(FORMATS)}"
            raise click.UsageError(f"unknown format `{name}`; {hint}")
        if colon and not path:
            raise click.UsageError(f"--output-format {value}: the file name is missing")
        if path:
            reports.append(RunOutput(name, path))
        elif terminal not in (None, name):
            raise click.UsageError(
                f"standard output takes only one format; send `{terminal}` or `{name}` to a file: {name}:FILE"
            )
        else:
            terminal = name
    return tuple(reports), terminal
