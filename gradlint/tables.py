"""The tables of settings: read from a file, split by option, and checked.

Errors name the file, the option and the place.
"""

from __future__ import annotations

import os
import re
from typing import Any

from gradlint.options import OPTIONS, OptionError
from gradlint.sources import toml
from gradlint.sources.files import SourceError, read_bytes
from gradlint.sources.toml import TomlPlace

LARGEST = 1 << 20
"""The size limit of a configuration file, in bytes."""

DOTS = 5_000_000
"""The limit of the sum of squared dot counts per line, which is how long Python's reader takes."""


class SettingsError(ValueError):
    """Settings that cannot be used; the message names the file, the key and what was expected.

    Args:
        message: What is wrong.
        key: The option, as written.
        place: Where it is in the file.

    Attributes:
        place: Where the error is, if known.
    """

    def __init__(self, message: str, key: str | None = None, place: TomlPlace | None = None) -> None:
        super().__init__(message)
        self.key = key
        self.place = place

    def placed(self, path: str, word: str | None = None) -> SettingsError:
        """The same error with its place in the file, if it can be found.

        Args:
            path: The file.
            word: The text in the option's value that is wrong.
        """
        shown = shown_path(path)
        if self.place is not None or self.key is None or not os.path.isfile(path):
            return self
        table = ("tool", "gradlint") if os.path.basename(path) == "pyproject.toml" else ()
        try:
            place = toml.find(read_bytes(path, LARGEST).decode(), (*table, *self.key.split(".")), word)
        except (SourceError, ValueError):
            return self
        return self if place is None else at_place(str(self), shown, place)


def table_of(path: str) -> dict[str, Any] | None:
    """The table of settings in a file, or None if it has none.

    Raises:
        SettingsError: If the file cannot be read or is not TOML.
    """
    import tomllib

    try:
        data = read_bytes(path, LARGEST)
    except SourceError as error:
        raise SettingsError(f"{shown_path(path)}: {error}") from None
    if os.path.basename(path) == "pyproject.toml" and b"gradlint" not in data:
        return None
    if sum(line.count(b".") ** 2 for line in data.split(b"\n")) > DOTS:
        raise SettingsError(f"{shown_path(path)}: not TOML: it has keys of too many parts")
    try:
        document = tomllib.loads(data.decode())
    except ValueError as error:
        raise _not_toml(path, data, error) from None
    except (RecursionError, MemoryError):
        raise SettingsError(f"{shown_path(path)}: not TOML: it is nested too deeply") from None
    if os.path.basename(path) != "pyproject.toml":
        return document
    tool = document.get("tool")
    table = tool.get("gradlint") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise SettingsError(f"{shown_path(path)}: tool.gradlint: expected a table, got {named(table)}")
    return table


def flat(table: dict[str, Any], shown: str) -> dict[str, tuple[str, Any]]:
    """The table's values by field name, each with the key it is written under; nested tables are flattened."""
    by_key = {option.key: name for name, option in OPTIONS.items()}
    groups = {key.partition(".")[0] for key in by_key if "." in key}
    flat: dict[str, tuple[str, Any]] = {}
    for key, value in table.items():
        if key == "extend":
            continue
        if key in groups:
            if not isinstance(value, dict):
                raise SettingsError(f"{shown}: {key}: expected a table, got {named(value)}", key)
            for inner, one in value.items():
                full = f"{key}.{inner}"
                if full not in by_key:
                    raise SettingsError(unknown(full, shown, list(by_key)), full)
                flat[by_key[full]] = (full, one)
        elif key in by_key:
            flat[by_key[key]] = (key, value)
        else:
            raise SettingsError(unknown(key, shown, [*by_key, *groups, "extend"]), key)
    return flat


def checked(name: str, value: Any, shown: str, folder: str, key: str | None = None) -> Any:
    """An option's value, checked, with its paths made absolute from a folder.

    Raises:
        SettingsError: If it is not a valid value for that option.
    """
    option = OPTIONS.get(name)
    if option is None:
        raise SettingsError(unknown(name, shown, [known.replace("_", "-") for known in OPTIONS]))
    try:
        checked = option.check(value)
    except OptionError as error:
        written = key or option.key
        raise SettingsError(f"{shown}: {written}: expected {error}, got {named(value)}", written) from None
    if option.path and checked is not None:
        if isinstance(checked, tuple):
            return tuple(absolute(folder, one) for one in checked)
        return absolute(folder, checked)
    return checked


def unknown(key: str, shown: str, known: list[str]) -> str:
    """The message about an unknown key, with the nearest known one."""
    import difflib

    near = difflib.get_close_matches(key.replace("_", "-"), known, n=1, cutoff=0.5)
    return f"{shown}: unknown key `{key}`" + (f"; did you mean `{near[0]}`?" if near else "")


def absolute(folder: str, path: str) -> str:
    """A path, made absolute from a folder."""
    return os.path.normpath(os.path.join(folder or os.getcwd(), os.path.expanduser(path)))


def named(value: Any) -> str:
    """A value as messages describe it: with its type."""
    kinds = {bool: "boolean", str: "string", int: "integer", float: "number", tuple: "list", dict: "table"}
    kind = kinds.get(type(value), type(value).__name__)
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    return f"the {kind} {value!r}" if isinstance(value, str | int | float) else f"a {kind}: {value!r}"


def shown_path(path: str) -> str:
    """A path as messages show it: relative to the working directory if it is below it."""
    relative = os.path.relpath(path) if os.path.splitdrive(path)[0] == os.path.splitdrive(os.getcwd())[0] else path
    return (path if relative.startswith("..") else relative).replace(os.sep, "/")


def at_place(message: str, shown: str, place: TomlPlace) -> SettingsError:
    """An error whose message names the place after the file."""
    reason = message.removeprefix(f"{shown}: ")
    return SettingsError(f"{shown}:{place.line}:{place.start + 1}: {reason}", place=place)


def _not_toml(path: str, data: bytes, error: ValueError) -> SettingsError:
    """The error about a file that is not TOML, at the place that Python's reader reports."""
    reason = str(error)
    named = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", reason)
    if named is None:
        return SettingsError(f"{shown_path(path)}: not TOML: {reason}")
    lines = data.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    line = min(int(named[1] or len(lines)), len(lines))
    text = lines[line - 1]
    column = int(named[2]) - 1 if named[2] else len(text)
    place = TomlPlace(line, min(column, len(text)), min(column, len(text)) + 1, text)
    return at_place(f"not TOML: {reason[: named.start()]}", shown_path(path), place)
