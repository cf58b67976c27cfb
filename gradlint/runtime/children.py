"""Processes that the program starts by ``multiprocessing``: each watches itself and hands over what it saw.

A process that is forked has the watcher already. One that is spawned, or forked by a server, unpickles what its parent
prepared for it; that carries a :class:`Spawned`, which begins to watch when it is unpickled. Each writes what it has
seen into a folder, again and again, since a pool ends its workers by a signal.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gradlint.runtime.program import AfterImport

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 0.2
"""How many seconds at least lie between two times that a process writes what it saw, if there is no new finding."""


class ProcessWatch(Protocol):
    """What watches this process.

    Attributes:
        base: The folder in which the first process began.
        eagerly: Whether every ``tf.function`` runs eagerly.
    """

    base: str
    eagerly: bool

    def begin_again(self) -> None:
        """Forget what was seen: this process was forked."""

    def handed_over(self) -> dict[str, Any]:
        """What was seen, as plain data for another process."""
        ...

    def take_in(self, handed: dict[str, Any]) -> None:
        """Add what another process has seen."""


class Children:
    """The processes that a watched one starts.

    Args:
        session: What watches this process.
        folder: Where all of them write; None where this is the first, which makes the folder when one is started.
    """

    def __init__(self, session: ProcessWatch, folder: str | None = None) -> None:
        self.session = session
        self.folder = folder
        self.owner = folder is None
        self.before: list[tuple[Any, str, Any]] = []
        self.waiting: list[AfterImport] = []
        self._process = os.getpid()
        self._own = uuid.uuid4().hex
        self._written = 0.0

    def install(self) -> None:
        """Watch what is started from now on; ``multiprocessing`` is not imported for that."""
        for module, then in (
            ("multiprocessing.process", self._watch_processes),
            ("multiprocessing.spawn", self._watch_spawning),
        ):
            if module in sys.modules:
                then()
            else:
                waiting = AfterImport(module, then)
                self.waiting.append(waiting)
                sys.meta_path.insert(0, waiting)

    def remove(self) -> None:
        """Put ``multiprocessing`` back as it was."""
        for one in self.waiting:
            if one in sys.meta_path:
                sys.meta_path.remove(one)
        for owner, name, before in reversed(self.before):
            setattr(owner, name, before)
        self.before.clear()

    def running(self) -> bool:
        """Whether a process that was started still runs, for whose end Python will wait."""
        multiprocessing = sys.modules.get("multiprocessing")
        return self.folder is not None and multiprocessing is not None and bool(multiprocessing.active_children())

    def take_in(self) -> None:
        """Add what all of them saw; then the folder goes, if none is running."""
        if self.folder is None or not self.owner:
            return
        running = self.running()
        for path in sorted(Path(self.folder).glob("*.json")):
            with contextlib.suppress(OSError, ValueError, KeyError):  # a process that ended while it wrote
                self.session.take_in(json.loads(path.read_text(encoding="utf-8")))
                path.unlink()
        if not running:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def hand_over(self, now: bool = True) -> None:
        """Write what this process has seen, where it is one of those that were started.

        Args:
            now: Whether to write though it was written a moment ago.
        """
        if self.owner or self.folder is None or (not now and time.monotonic() < self._written + EVERY):
            return
        self._written = time.monotonic()
        path = os.path.join(self.folder, self._own)
        with contextlib.suppress(OSError):  # the folder has gone: nobody waits for this any more
            Path(path).write_text(json.dumps(self.session.handed_over()), encoding="utf-8")
            os.replace(path, path + ".json")

    def _replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        original = getattr(owner, name)
        self.before.append((owner, name, original))
        setattr(owner, name, make(original))

    def _watch_processes(self) -> None:
        from multiprocessing.process import BaseProcess

        self._replace(BaseProcess, "start", self._starting)
        self._replace(BaseProcess, "_bootstrap", self._beginning)

    def _watch_spawning(self) -> None:
        self._replace(sys.modules["multiprocessing.spawn"], "get_preparation_data", self._preparing)

    def _starting(self, original: Any) -> Any:
        def start(process: Any) -> Any:
            if self.folder is None:
                self.folder = tempfile.mkdtemp(prefix="gradlint-")
            return original(process)

        return start

    def _beginning(self, original: Any) -> Any:
        """What a process that was started does first and last; a forked one has all of its parent's findings."""

        def bootstrap(process: Any, *arguments: Any, **options: Any) -> Any:
            if self._process != os.getpid():
                self._process, self._own, self.owner = os.getpid(), uuid.uuid4().hex, False
                self.session.begin_again()
            try:
                return original(process, *arguments, **options)
            finally:
                self.hand_over()

        return bootstrap

    def _preparing(self, original: Any) -> Any:
        def prepare(name: str) -> Any:
            data = original(name)
            if self.folder is not None:
                data["gradlint"] = Spawned(self.folder, self.session.base, self.session.eagerly)
            return data

        return prepare


_BEGIN = """
try:
    import sys
    sys.path.append(root)
    from gradlint.runtime.spawned import watch
    watch(folder, base, eagerly)
except Exception as error:
    sys.stderr.write(f"gradlint: a process that was started is not watched: {type(error).__name__}: {error}\\n")
"""
"""Run in a process that was started, which may have no gradlint on its path yet; its path is set anew afterwards."""


class Spawned:
    """Begins to watch a spawned process when it is unpickled there.

    Args:
        folder: Where the process writes what it saw.
        base: The folder in which the first process began.
        eagerly: Whether every ``tf.function`` runs eagerly.
    """

    def __init__(self, folder: str, base: str, eagerly: bool) -> None:
        root = str(Path(__file__).resolve().parents[2])
        self.given = {"folder": folder, "base": base, "eagerly": eagerly, "root": root}

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_BEGIN, self.given)
