"""Caches the results of files, in one file in a folder ``.gradlint_cache``.

That folder is gradlint's own: it is in the place configured for it and is never a link, and gradlint writes and removes
only its own files in it.

A file that contains nothing gradlint looks for is cached by its time and size alone. For other files, the result is
cached with a digest of the content and the settings' fingerprint. Everything is discarded when gradlint's code, its
rules or the Python that runs it change. A cache that cannot be read or written is treated as empty: nothing here
raises.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gradlint import __path__ as package_path
from gradlint import __version__
from gradlint.sources.files import SourceError, read_bytes
from gradlint.sources.project import is_as_then

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = ".gradlint_cache"
TAG_NAME = "CACHEDIR.TAG"
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag created by gradlint.\n"
    "# For information about cache directory tags see https://bford.info/cachedir/\n"
)

_NAMES = re.compile(r"CACHEDIR\.TAG|\.gitignore|tmp-[a-z0-9_]+|\d[\w.+]*-[a-z]+-\d+\.json")
"""The files that any version of gradlint puts in its folder."""
_MOST = 512 << 20
"""How many bytes of the cache are read."""
_SETTLED = 2_000_000_000
"""A file younger than this many nanoseconds may change again without its time changing."""
_OTHERS = 50_000
"""How many files of earlier runs are kept in addition to those of the last one."""


class Cache:
    """The results cached in one folder.

    Args:
        folder: The cache's folder, from :func:`folder_in`; it need not exist.
        key: What all results depend on: :func:`environment`.
    """

    def __init__(self, folder: str, key: str) -> None:
        self._folder = folder
        self._key = key
        self._path = os.path.join(folder, f"{__version__}-{sys.implementation.cache_tag}.json")
        self._plain: dict[str, list[int]] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._seen: set[str] = set()
        self._changed = False
        self._read()

    def has_nothing(self, path: str, stat: os.stat_result) -> bool:
        """Whether a file is known to contain nothing that matters."""
        known = self._plain.get(path)
        return known is not None and known == [stat.st_mtime_ns, stat.st_size]

    def set_nothing(self, path: str, stat: os.stat_result) -> None:
        """Record that a file contains nothing that matters."""
        self._results.pop(path, None)
        if _is_settled(stat):
            self._plain[path] = [stat.st_mtime_ns, stat.st_size]
            self._seen.add(path)
            self._changed = True

    def by_stat(self, path: str, stat: os.stat_result, fingerprint: str) -> dict[str, Any] | None:
        """The cached result of a file whose time and size have not changed, or None."""
        entry = self._results.get(path)
        if entry is None or entry.get("stat") != [stat.st_mtime_ns, stat.st_size]:
            return None
        return self._result(entry, fingerprint)

    def by_content(self, path: str, stat: os.stat_result, data: bytes, fingerprint: str) -> dict[str, Any] | None:
        """The cached result of a file whose content has not changed, or None."""
        entry = self._results.get(path)
        if entry is None or entry.get("digest") != digest(data):
            return None
        result = self._result(entry, fingerprint)
        if result is not None:
            self.set_result(path, stat, data, fingerprint, result)
        return result

    def set_result(
        self, path: str, stat: os.stat_result, data: bytes, fingerprint: str, result: dict[str, Any]
    ) -> None:
        """Record the result of a file."""
        place = [stat.st_mtime_ns, stat.st_size] if _is_settled(stat) else None
        self._plain.pop(path, None)
        if any(then is not None and not _is_old(then[0]) for then in result["seen"].values()):
            return
        self._results[path] = {"stat": place, "digest": digest(data), "settings": fingerprint, "result": result}
        self._seen.add(path)
        self._changed = True

    def save(self, seen: Iterable[str]) -> None:
        """Write what has changed; if that fails, nothing is cached.

        Args:
            seen: The files of this run; those of earlier runs are dropped if there are too many.
        """
        if not self._changed:
            return
        if len(self._plain) + len(self._results) > _OTHERS:
            kept = self._seen.union(seen)
            self._plain = {path: known for path, known in self._plain.items() if path in kept}
            self._results = {path: known for path, known in self._results.items() if path in kept}
        body = json.dumps([self._plain, self._results], separators=(",", ":")).encode("utf-8", "surrogatepass")
        with suppress(OSError):
            prepare(self._folder)
            self._write(self._header(body) + body)

    def _write(self, data: bytes) -> None:
        import tempfile

        descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix="tmp-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(temporary, self._path)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)

    def _read(self) -> None:
        if not is_own(self._folder):
            return
        try:
            header, _, body = read_bytes(self._path, _MOST, follow=False).partition(b"\n")
            if header + b"\n" != self._header(body):
                return
            plain, results = json.loads(body)
        except (ValueError, TypeError, RecursionError, MemoryError):
            return
        if isinstance(plain, dict) and isinstance(results, dict):
            self._plain = plain
            self._results = {path: entry for path, entry in results.items() if isinstance(entry, dict)}

    def _header(self, body: bytes) -> bytes:
        return f"{self._key} {digest(body)}\n".encode()

    @staticmethod
    def _result(entry: dict[str, Any], fingerprint: str) -> dict[str, Any] | None:
        result: dict[str, Any] | None = entry.get("result")
        if not isinstance(result, dict) or entry.get("settings") != fingerprint:
            return None
        seen = result.get("seen")
        return result if isinstance(seen, dict) and all(is_as_then(*one) for one in seen.items()) else None


def digest(data: bytes) -> str:
    """The digest of a content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def environment(needles: Iterable[bytes]) -> str:
    """What all results depend on apart from the files and their settings: gradlint, its rules and Python.

    Args:
        needles: What a file's bytes must contain to matter.
    """
    return digest(repr((__version__, sys.version, list(needles), stamps(code_folders()))).encode())


def code_folders() -> list[str]:
    """The folders of gradlint's own code and rules."""
    own, *beside = list(package_path)
    return [own, *(os.path.join(folder, "rules") for folder in beside)]


def stamps(folders: Iterable[str]) -> list[tuple[str, int, int]]:
    """The path, time and size of every Python file and data file below some folders."""
    found: list[tuple[str, int, int]] = []
    waiting = list(folders)
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as scan:
            for entry in scan:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                elif entry.is_file() and not entry.name.endswith((".pyc", ".pyo")):
                    stat = entry.stat()
                    found.append((entry.path, stat.st_mtime_ns, stat.st_size))
    return sorted(found)


def folder_in(place: str) -> str:
    """The folder that is gradlint's own in the place configured for the cache."""
    return place if os.path.basename(place) == FOLDER else os.path.join(place, FOLDER)


def is_own(folder: str) -> bool:
    """Whether gradlint has made a folder: it is not a link, and it has gradlint's tag."""
    try:
        return _is_real(folder) and read_bytes(os.path.join(folder, TAG_NAME), 1024, follow=False) == TAG.encode()
    except (OSError, SourceError):
        return False


def prepare(folder: str) -> None:
    """Make a cache folder, tagged as one for backup tools and ignored by git.

    Raises:
        OSError: If it cannot be made, or something of that name exists that gradlint has not made.
    """
    os.makedirs(folder, exist_ok=True)
    if not is_own(folder):
        if not _is_real(folder) or not all(_NAMES.fullmatch(name) for name in os.listdir(folder)):
            raise FileExistsError(folder)
        _put(os.path.join(folder, TAG_NAME), TAG)
        if not is_own(folder):
            raise FileExistsError(folder)
    _put(os.path.join(folder, ".gitignore"), "*\n")


def clean(folder: str) -> bool:
    """Remove gradlint's files from a cache folder, then the folder if it is empty.

    Returns:
        Whether there was such a folder; one that gradlint has not made, and the target of a link, are left alone.

    Raises:
        OSError: If a file cannot be removed.
    """
    if not is_own(folder):
        return False
    known = sorted((name for name in os.listdir(folder) if _NAMES.fullmatch(name)), key=lambda name: name == TAG_NAME)
    for name in known:
        path = os.path.join(folder, name)
        if os.path.islink(path) or os.path.isfile(path):
            with suppress(FileNotFoundError):
                os.unlink(path)
    with suppress(OSError):
        os.rmdir(folder)
    return True


def _is_real(folder: str) -> bool:
    """Whether a folder is really where it seems to be, and not a link to another."""
    place = os.path.join(os.path.realpath(os.path.dirname(folder)), os.path.basename(folder))
    return os.path.isdir(folder) and os.path.realpath(folder) == place


def _put(path: str, content: str) -> None:
    """Write a file, unless a file or a link of its name exists."""
    with suppress(FileExistsError), open(path, "x", encoding="utf-8", newline="\n") as file:
        file.write(content)


def _is_settled(stat: os.stat_result) -> bool:
    return _is_old(stat.st_mtime_ns)


def _is_old(time_ns: int) -> bool:
    return time.time_ns() - time_ns > _SETTLED
