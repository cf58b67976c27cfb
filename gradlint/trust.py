"""Whose settings may make code run: those of a tree may not, unless the user says so from outside that tree.

A configuration file can name rules, plugins and an interpreter, all of which are code that gradlint would run. The file
may be in a tree that the user is only looking at, so these settings take effect only if one of these holds:

- the command was given ``--trust``, or the caller of the Python API passed ``trust=True``;
- the environment variable ``GRADLINT_TRUST`` is ``1``, or names a folder that contains the file;
- the user's own ``trust.toml`` names such a folder.

Nothing in the tree itself can grant trust.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradlint.sources.files import SourceError, read_bytes
from gradlint.sources.inside import within

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIABLE = "GRADLINT_TRUST"
"""The environment variable: ``1`` trusts everything; else it names folders, separated as in ``PATH``."""

FILE = "trust.toml"
"""The user's file, in gradlint's folder in the platform's configuration folder; ``folders`` lists trusted folders."""

LARGEST = 1 << 20
"""The size limit of that file, in bytes."""

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


class TrustError(ValueError):
    """The user's trust settings are invalid; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Which settings may make code run.

    Attributes:
        everything: Whether all settings may.
        folders: The folders whose settings may, as absolute paths.
    """

    everything: bool = False
    folders: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Whether the settings in a file may make code run; a link is followed first."""
        return self.everything or any(within(path, folder) for folder in self.folders)


NOBODY = Trust()
"""No settings may."""


def of_user() -> Trust:
    """The user's trust settings, from the environment and from their own file.

    Raises:
        TrustError: If they are invalid.
    """
    said = os.environ.get(VARIABLE, "").strip()
    if said.lower() in _YES:
        return Trust(everything=True)
    named = [] if said.lower() in _NO else [part for part in said.split(os.pathsep) if part]
    return Trust(folders=(*_whole(named, VARIABLE), *_listed(user_file())))


def sentence(withheld: Iterable[tuple[str, str]], cure: str) -> str:
    """A one-line note about ignored settings.

    Args:
        withheld: The configuration files as displayed, with the keys.
        cure: What makes gradlint use them.
    """
    by_file: dict[str, list[str]] = {}
    for file, key in withheld:
        by_file.setdefault(file, []).append(f"`{key}`")
    (first, keys), *others = by_file.items()
    text = f"{first} sets {', '.join(keys)}"
    if others:
        text += f", and {len(others)} other file{'s do' if len(others) > 1 else ' does'} the like"
    return f"{text}, which may run code or write elsewhere: ignored without {cure} (see docs/safety.md)"


def user_file() -> str:
    """The path of the user's own file, whether or not it exists."""
    from click import get_app_dir

    return os.path.join(get_app_dir("gradlint"), FILE)


def _listed(path: str) -> tuple[str, ...]:
    """The folders that the user's file lists; none if the file does not exist."""
    if not os.path.lexists(path):
        return ()
    try:
        listed = tomllib.loads(read_bytes(path, LARGEST).decode())
    except (SourceError, ValueError, RecursionError) as error:
        raise TrustError(f"{path}: {error}") from None
    folders = listed.get("folders", [])
    if listed.keys() - {"folders"} or not isinstance(folders, list) or not all(isinstance(one, str) for one in folders):
        raise TrustError(f"{path}: expected `folders`, a list of strings, and nothing else")
    return _whole(folders, path)


def _whole(folders: list[str], where: str) -> tuple[str, ...]:
    """Folders as absolute paths; a relative one would be a different folder in each tree.

    Raises:
        TrustError: If one is not absolute.
    """
    whole = tuple(os.path.expanduser(folder) for folder in folders)
    for folder in whole:
        if not os.path.isabs(folder):
            raise TrustError(f"{where}: expected absolute paths of folders, got {folder!r}")
    return whole
