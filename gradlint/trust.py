"""Whose settings may make code run: those of a tree may not, unless the user says so from outside that tree.

A configuration file can name rules, plugins and an interpreter, all of which are code that gradlint would run. It may
lie in a tree that the user only looks at, so what it says of them counts where one of these holds:

- the command was given ``--trust``, or the caller of the Python interface says ``trust=True``;
- the environment variable ``GRADLINT_TRUST`` is ``1``, or names a folder that the file lies in;
- the user's own ``trust.toml`` names such a folder.

Nothing that lies in the tree itself can say so.
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
"""The environment variable: ``1`` trusts whatever is looked at; else it names folders, separated as in ``PATH``."""

FILE = "trust.toml"
"""The user's file, in gradlint's folder of the platform's configuration folder; ``folders`` lists those trusted."""

LARGEST = 1 << 20
"""How many bytes that file may have."""

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})


class TrustError(ValueError):
    """What the user says of trust cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Which settings may make code run.

    Attributes:
        everything: Whether all may.
        folders: The folders whose settings may, whole.
    """

    everything: bool = False
    folders: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        """Whether the settings in a file may make code run; a link is followed first."""
        return self.everything or any(within(path, folder) for folder in self.folders)


NOBODY = Trust()
"""No settings may."""


def of_user() -> Trust:
    """What the user says in the environment and in the file of their own.

    Raises:
        TrustError: If that cannot be used.
    """
    said = os.environ.get(VARIABLE, "").strip()
    if said.lower() in _YES:
        return Trust(everything=True)
    named = [] if said.lower() in _NO else [part for part in said.split(os.pathsep) if part]
    return Trust(folders=(*_whole(named, VARIABLE), *_listed(user_file())))


def sentence(withheld: Iterable[tuple[str, str]], cure: str) -> str:
    """What to say of settings that do not count, on one line.

    Args:
        withheld: The configuration files as they are shown, with the keys.
        cure: What makes them count.
    """
    by_file: dict[str, list[str]] = {}
    for file, key in withheld:
        by_file.setdefault(file, []).append(f"`{key}`")
    (first, keys), *others = by_file.items()
    text = f"{first} sets {', '.join(keys)}"
    if others:
        text += f", and {len(others)} other file{'s' if len(others) > 1 else ''} such"
    return f"{text}, which may run code or write elsewhere: not done without {cure} (see docs/safety.md)"


def user_file() -> str:
    """Where the user's own file lies, whether or not it is there."""
    from click import get_app_dir

    return os.path.join(get_app_dir("gradlint"), FILE)


def _listed(path: str) -> tuple[str, ...]:
    """The folders that the user's file lists; none where there is no such file."""
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
    """Folders as whole paths; one that counts from the working directory would be another one in each tree.

    Raises:
        TrustError: If one is not whole.
    """
    whole = tuple(os.path.expanduser(folder) for folder in folders)
    for folder in whole:
        if not os.path.isabs(folder):
            raise TrustError(f"{where}: expected whole paths of folders, got {folder!r}")
    return whole
