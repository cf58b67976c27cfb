"""The settings: one declaration that pyproject.toml, the command line, the JSON schema and ``gradlint config`` share.

A file's settings are those of the nearest ``gradlint.toml``, ``.gradlint.toml`` or ``pyproject.toml`` with a
``[tool.gradlint]`` table, in its folder or above it. Keys are written with hyphens there, with underscores here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from gradlint import tables
from gradlint.knowledge.stamps import stamps
from gradlint.options import OPTIONS, key_of
from gradlint.sources.inside import within
from gradlint.tables import SettingsError as SettingsError
from gradlint.trust import NOBODY, Trust, TrustError, of_user

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gradlint.finding import Severity

CONFIG_NAMES = ("gradlint.toml", ".gradlint.toml", "pyproject.toml")
"""The files that may hold settings; in a folder, the first one that does counts."""

COMMAND_LINE = "command line"
DEFAULT = "default"
LONGEST = 30
"""How many files may extend one another."""

_SELECTION = ("select", "ignore", "extend_select")
_BY_FILE = ("per_file_ignores", "extend_per_file_ignores", "per_file_select")
_NAMING = (*_SELECTION, *_BY_FILE, "severity", "fixable", "unfixable", "extend_fixable", "rules", "plugins")
"""The options that name rules."""

_BARE = re.compile(r"[\w.-]+\s*=\s*(?!(?:true|false|inf|nan)\s*$)[A-Za-z_./~][\w./~-]*\s*")
"""An option and a word that TOML would require quotes around."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules are asked for in one place: a configuration file, or the command line.

    Attributes:
        select: Rules to turn on; None keeps those of the place before (at first: the defaults).
        ignore: Rules to turn off.
        extend_select: Additional rules to turn on.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a file; every field but the last four is an option in :mod:`gradlint.options`.

    Attributes:
        root: The folder that relative patterns and paths start from.
        command_line: The rules that the command line asks for, on top of the file's.
        origins: Where each option's value comes from: a file or the command line; defaults are not listed.
        withheld: Settings ignored because their file is not trusted: the file as displayed, and the key.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extend_per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per_file_select: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    severity: Mapping[str, Severity] = field(default_factory=dict)
    severity_threshold: Severity = "info"
    respect_suppressions: bool = True
    include: tuple[str, ...] = OPTIONS["include"].default
    extend_include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = OPTIONS["exclude"].default
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    differentiable: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    output_format: str = "full"
    fixable: tuple[str, ...] = ("ALL",)
    unfixable: tuple[str, ...] = ()
    extend_fixable: tuple[str, ...] = ()
    unsafe_fixes: bool = False
    show_fixes: bool = False
    baseline: str | None = None
    confirm_timeout: float = OPTIONS["confirm_timeout"].default
    confirm_memory: int = OPTIONS["confirm_memory"].default
    confirm_python: str | None = None
    follow_imports: bool = True
    tensorflow_version: str | None = None
    jobs: int | None = None
    cache: bool = True
    cache_dir: str | None = None
    root: str = ""
    command_line: Selection | None = None
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    withheld: tuple[tuple[str, str], ...] = ()

    def override(self, **values: Any) -> Settings:
        """These settings, overridden by values of the command line; a value of None changes nothing.

        File patterns are relative to the working directory, and an empty string unsets an option.

        Args:
            values: Options by their field's name.

        Raises:
            SettingsError: If an option does not exist or its value is of the wrong type.
        """
        given = {name: value for name, value in values.items() if value is not None}
        checked = {name: self._overridden(name, value) for name, value in given.items()}
        selection = {name: checked.pop(name) for name in _SELECTION if name in checked}
        origins = dict(self.origins) | dict.fromkeys(given, COMMAND_LINE)
        command_line = replace(self.command_line or Selection(), **selection) if selection else self.command_line
        return replace(self, **checked, command_line=command_line, origins=origins)

    def _overridden(self, name: str, value: Any) -> Any:
        if value == "" and name in OPTIONS and OPTIONS[name].default is None:
            return None
        checked = tables.checked(name, value, COMMAND_LINE, "")
        if name in _BY_FILE:
            return {_from_root(pattern, self.root): selectors for pattern, selectors in checked.items()}
        return checked

    @property
    def selections(self) -> tuple[Selection, ...]:
        """The selections in the order in which they apply."""
        own = Selection(self.select, self.ignore, self.extend_select)
        return (own,) if self.command_line is None else (own, self.command_line)

    @property
    def fingerprint(self) -> str:
        """A text that differs where findings may differ; it omits options that only affect the run or the output."""
        names = [name for name, option in OPTIONS.items() if option.decides]
        by_path = self.rules or any(getattr(self, name) for name in _BY_FILE)
        own = [getattr(self, name) for name in names] + [self.root if by_path else "", self.selections]
        return repr([*own, *stamps(self.models)])

    @property
    def names_rules(self) -> bool:
        """Whether any option names a rule and so must be validated against the rules."""
        plain = any(getattr(self, name) != OPTIONS[name].default for name in _NAMING)
        return plain or self.command_line is not None

    @property
    def lacks_rules(self) -> bool:
        """Whether untrusted rules were not loaded, so that a selector that matches no rule may name one of them."""
        return any(key in ("rules", "plugins") for _, key in self.withheld)

    def describe(self) -> list[tuple[str, Any, str]]:
        """Each option as its key, the value in force and where it comes from, in the order of the declaration."""
        rows = []
        for name in OPTIONS:
            value = getattr(self, name)
            if self.command_line is not None and name in _SELECTION and self.origins.get(name) == COMMAND_LINE:
                value = getattr(self.command_line, name)
            rows.append((key_of(name), value, self.origins.get(name, DEFAULT)))
        return rows


def load(path: str | os.PathLike[str], trust: Trust = NOBODY) -> Settings:
    """The settings of one configuration file.

    Args:
        path: A ``gradlint.toml`` or the like, or a ``pyproject.toml``.
        trust: Whether it may make code run.

    Raises:
        SettingsError: If it cannot be read, is not TOML, has no ``[tool.gradlint]`` table where it needs one, or
            holds an unknown key or a value of the wrong type.
    """
    location = os.path.abspath(path)
    table = tables.table_of(location)
    if table is None:
        raise SettingsError(f"{tables.shown_path(location)}: it has no [tool.gradlint] table")
    return _settings(location, table, trust)


def find(folder: str | os.PathLike[str]) -> str | None:
    """The configuration file that counts for a folder: the nearest one in it or above it, or None.

    Raises:
        SettingsError: If a file on the way cannot be read or is not TOML.
    """
    at = os.path.abspath(folder)
    while True:
        found = find_in(at)
        if found is not None:
            return found
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above


def find_in(folder: str) -> str | None:
    """The configuration file that lies in a folder, or None.

    Raises:
        SettingsError: If a file in it cannot be read or is not TOML.
    """
    for name in CONFIG_NAMES:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and (name != "pyproject.toml" or tables.table_of(path) is not None):
            return path
    return None


class Resolver:
    """Finds each file's settings, reading each configuration file once.

    Args:
        config: The one configuration file to use for every file (``--config``).
        isolated: Whether to use none at all (``--isolated``).
        overrides: Options of the command line, by field name; None changes nothing.
        trust: Which files' settings may make code run, in addition to those that the user always trusts.

    Attributes:
        withheld: The settings ignored so far for lack of trust, in order.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | None = None,
        *,
        isolated: bool = False,
        overrides: Mapping[str, Any] | None = None,
        trust: Trust = NOBODY,
    ) -> None:
        self.withheld: dict[tuple[str, str], None] = {}
        self._trust = trust
        self._user: Trust | None = None
        self._overrides = dict(overrides or {})
        self._fixed: Settings | None = None
        self._folders: dict[str, Settings] = {}
        self._files: dict[str, Settings] = {}
        if config is not None and not isolated:
            self._fixed = self._load(os.path.abspath(config))
        elif isolated:
            self._fixed = Settings(root=os.getcwd()).override(**self._overrides)

    @classmethod
    def of(cls, settings: Settings) -> Resolver:
        """A resolver that gives the same settings for every file."""
        resolver = cls(isolated=True)
        resolver._fixed = settings if settings.root else replace(settings, root=os.getcwd())
        return resolver

    def for_folder(self, folder: str) -> Settings:
        """The settings of the files in a folder.

        Raises:
            SettingsError: If the nearest configuration file cannot be used.
        """
        if self._fixed is not None:
            return self._fixed
        way = [os.path.abspath(folder)]
        while (found := self._known(way[-1])) is None:
            way.append(os.path.dirname(way[-1]))
        for at in way:
            self._folders[at] = found
        return found

    def below(self, folder: str, settings: Settings, names: set[str]) -> Settings:
        """The settings of a folder whose parent's are known, given the names in it; avoids a search."""
        if self._fixed is None and not names.isdisjoint(CONFIG_NAMES):
            return self.for_folder(folder)
        self._folders.setdefault(folder, settings)
        return settings

    def for_file(self, path: str | os.PathLike[str]) -> Settings:
        """The settings of a file.

        Raises:
            SettingsError: If the nearest configuration file cannot be used.
        """
        return self.for_folder(os.path.dirname(os.path.abspath(path)))

    def _known(self, folder: str) -> Settings | None:
        """The settings of a folder that has its own file, was asked for before, or is the outermost; else None."""
        if folder in self._folders:
            return self._folders[folder]
        path = find_in(folder)
        if path is not None:
            return self._load(path)
        if os.path.dirname(folder) == folder:
            return Settings(root=os.getcwd()).override(**self._overrides)
        return None

    def _load(self, path: str) -> Settings:
        if path not in self._files:
            settings = load(path, self._trust)
            if settings.withheld:
                settings = load(path, self._trusting())
            self.withheld |= dict.fromkeys(settings.withheld)
            self._files[path] = settings.override(**self._overrides)
        return self._files[path]

    def _trusting(self) -> Trust:
        """What the user always trusts; read only when some settings need it."""
        if self._user is None:
            try:
                self._user = of_user()
            except TrustError as error:
                raise SettingsError(str(error)) from None
        return Trust(self._user.everything, (*self._trust.folders, *self._user.folders))


def _settings(path: str, table: dict[str, Any], trust: Trust, above: tuple[str, ...] = ()) -> Settings:
    shown = tables.shown_path(path)
    folder = os.path.dirname(path)
    base = _extended(path, table, trust, above) if "extend" in table else Settings()
    values: dict[str, Any] = {}
    withheld = list(base.withheld)
    try:
        for name, (key, value) in tables.flat(table, shown).items():
            checked = tables.checked(name, value, shown, folder, key)
            if _counts(name, checked, path, trust):
                values[name] = checked
            else:
                withheld.append((shown, key))
    except SettingsError as error:
        raise error.placed(path) from None
    for name in ("extend_select", "extend_exclude", "extend_include", "extend_fixable"):
        if name in values:
            values[name] = (*getattr(base, name), *values[name])
    if "extend_per_file_ignores" in values:
        values["extend_per_file_ignores"] = dict(base.extend_per_file_ignores) | values["extend_per_file_ignores"]
    origins = dict(base.origins) | dict.fromkeys(values, shown)
    return replace(base, **values, root=folder, origins=origins, withheld=tuple(withheld))


def _extended(path: str, table: dict[str, Any], trust: Trust, above: tuple[str, ...]) -> Settings:
    """The settings of the file that a file extends."""
    shown, parent = tables.shown_path(path), table["extend"]
    error = _not_extended(path, parent, above)
    if error is not None:
        raise SettingsError(f"{shown}: extend: {error}", "extend").placed(path)
    other = tables.absolute(os.path.dirname(path), parent)
    return _settings(other, tables.table_of(other) or {}, trust, (path, *above))


def _not_extended(path: str, parent: Any, above: tuple[str, ...]) -> str | None:
    """Why a file cannot extend another, or None."""
    if not isinstance(parent, str):
        return f"expected a path, got {tables.named(parent)}"
    other = tables.absolute(os.path.dirname(path), parent)
    if other in (path, *above):
        return f"{parent} extends this file in turn"
    if len(above) >= LONGEST:
        return f"more than {LONGEST} files extend one another"
    try:
        return f"{parent} has no [tool.gradlint] table" if tables.table_of(other) is None else None
    except SettingsError as error:
        if error.place is not None:
            raise
        return str(error)


def _counts(name: str, value: Any, path: str, trust: Trust) -> bool:
    """Whether a file's value of an option counts: making code run, or writing outside its folder, needs trust."""
    option = OPTIONS[name]
    if not value or not (option.runs or option.writes):
        return True
    return (option.writes and within(value, os.path.dirname(path))) or trust.covers(path)


def inline(text: str) -> dict[str, Any]:
    """The options that a ``KEY = VALUE`` of the command line sets, by their field's name.

    Args:
        text: TOML as in a ``gradlint.toml``: ``jobs = 2``, ``confirm.timeout = 5``. Since shells remove quotes, a word
            that is not a TOML value is taken as a string.

    Raises:
        SettingsError: If it is not TOML, or sets something that is not an option.
    """
    import tomllib

    if _BARE.fullmatch(text):
        key, _, value = text.partition("=")
        text = f'{key} = "{value.strip()}"'
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"--config {text}: not TOML: {error}") from None
    if "extend" in table:
        raise SettingsError("--config: `extend` belongs in a file; name the file with --config")
    return {name: value for name, (_, value) in tables.flat(table, "--config").items()}


def _from_root(pattern: str, root: str) -> str:
    """A file pattern relative to the working directory, made relative to the settings' folder."""
    bare = pattern.removeprefix("!")
    here = os.getcwd()
    if os.path.normpath(root or here) == here or "/" not in bare.rstrip("/") or bare.startswith("**/"):
        return pattern
    whole = os.path.normpath(os.path.join(here, bare.lstrip("/")))
    place = os.path.relpath(whole, root).replace(os.sep, "/")
    if place.startswith(".."):
        return pattern
    return pattern[: len(pattern) - len(bare)] + f"/{place}" + "/" * bare.endswith("/")


assert [one.name for one in fields(Settings)][:-4] == list(OPTIONS), "every option is a field, in the same order"
