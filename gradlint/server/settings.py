"""What the editor may set, on top of the project's own configuration files.

The client sends it as ``initializationOptions`` and answers ``workspace/configuration`` with it, section
``gradlint``. Keys are in camelCase; the options that gradlint itself has (:mod:`gradlint.options`) may all be given in
that spelling and win over the project's files.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from gradlint.options import OPTIONS
from gradlint.server.hints import Hints

if TYPE_CHECKING:
    from collections.abc import Callable

_CAPITAL = re.compile(r"(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Editor:
    """What an editor sets for a workspace folder.

    Attributes:
        enable: Whether anything is linted at all.
        inlay_hints: Which sources the hints at a gradient call name.
        code_lens: Whether each finding offers above it to be confirmed with TensorFlow.
        debounce: How many milliseconds a document must rest before it is looked at again.
        configuration: The one configuration file to use, in place of the nearest.
        options: gradlint's own options, by their field's name.
        trust: Whether the workspace is trusted, or the folders that are; None where the client does not say.
    """

    enable: bool = True
    inlay_hints: Hints = "lost"
    code_lens: bool = True
    debounce: int = 60
    configuration: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    trust: bool | tuple[str, ...] | None = None


TRUST = "trust"
"""The key that says whether the workspace is trusted."""

_KEYS: dict[str, tuple[str, str, Callable[[Any], bool]]] = {
    "enable": ("enable", "true or false", lambda value: isinstance(value, bool)),
    "inlayHints": ("inlay_hints", "off, lost or all", lambda value: value in get_args(Hints)),
    "codeLens": ("code_lens", "true or false", lambda value: isinstance(value, bool)),
    "debounce": (
        "debounce",
        "milliseconds from 0 to 10000",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10_000,
    ),
    "configuration": ("configuration", "a path", lambda value: isinstance(value, str)),
}
_IGNORED = frozenset({"path", "interpreter", "trace", "server", "args"})
"""Keys that extensions keep for themselves in the same section."""


def parse(value: Any, *, first: bool = False) -> tuple[Editor, list[str]]:
    """What an editor sets, and what of it cannot be used, in words; null stands for an option that is not set.

    Args:
        value: What the client sent: an object, also one wrapped as ``{"gradlint": ...}`` or ``{"settings": ...}``.
        first: Whether it is what the client initialized the server with. Only there may it say what is trusted: the
            settings that it answers with later may stand in a file of the workspace.
    """
    for wrapper in ("gradlint", "settings"):
        if isinstance(value, dict) and isinstance(value.get(wrapper), dict):
            value = value[wrapper]
    if value is None:
        return Editor(), []
    if not isinstance(value, dict):
        return Editor(), ["gradlint's settings are not an object"]
    problems: list[str] = []
    own: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for key, one in value.items():
        if one is None or key in _IGNORED:
            continue
        if (option := _option(key)) is not None and key not in {TRUST, *_KEYS}:
            options[option] = one
            continue
        problem = _trust(one, own, first=first) if key == TRUST else _own(key, one, own)
        problems += [problem] if problem else []
    return Editor(**own, options=options), problems


def _trust(one: Any, own: dict[str, Any], *, first: bool) -> str:
    """Note what is trusted; gives the problem, or an empty text."""
    if not first:
        return f"{TRUST}: only takes effect in the initialization options"
    folders = one if isinstance(one, bool) else _whole(one)
    if folders is None:
        return f"{TRUST}: expected true, false or a list of absolute paths, got {one!r}"
    own[TRUST] = folders
    return ""


def _own(key: str, one: Any, own: dict[str, Any]) -> str:
    """Note an option of the server itself; gives the problem, or an empty text."""
    if key in _KEYS:
        name, expected, fits = _KEYS[key]
        if not fits(one):
            return f"{key}: expected {expected}, got {one!r}"
        own[name] = one
        return ""
    known = [*_KEYS, TRUST, *(_camel(name) for name in OPTIONS)]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"unknown setting `{key}`" + (f"; did you mean `{near[0]}`?" if near else "")


def _whole(value: Any) -> tuple[str, ...] | None:
    """The folders that a list names by their whole paths; None where it is no such list."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    folders = tuple(os.path.expanduser(one) for one in value)
    return folders if all(os.path.isabs(one) for one in folders) else None


def pushed(value: Any) -> Any:
    """What of the settings that an editor pushes is gradlint's: those of its section, or all where one is gradlint's.

    Many editors push the settings of all their servers to each of them. None where nothing is gradlint's.
    """
    if not isinstance(value, dict):
        return None
    for wrapper in ("gradlint", "settings"):
        if wrapper in value:
            return value[wrapper]
    return value if any(key in _KEYS or _option(key) is not None for key in value) else None


def _option(key: str) -> str | None:
    name = _CAPITAL.sub("_", key).lower().replace("-", "_").replace(".", "_")
    return name if name in OPTIONS else None


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
