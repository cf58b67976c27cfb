"""What tells whether stubs have changed, without reading them."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def stamps(models: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
    """Each stub's path, size and time of its last change.

    Args:
        models: Stub files, and folders of them.
    """
    found = []
    for path in models:
        for file in sorted(Path(path).rglob("*.pyi")) if os.path.isdir(path) else [Path(path)]:
            with contextlib.suppress(OSError):
                facts = file.stat()
                found.append((str(file), facts.st_size, facts.st_mtime_ns))
    return tuple(found)
