"""A program of the project that imports the file that is looked at: it runs as it is, and imports the marked file."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, ModuleType

    from gradlint.confirm.protocol import Job


class _Marked(importlib.abc.Loader):
    """Runs the marked program as the module that its file is."""

    def __init__(self, code: CodeType, exposed: Any) -> None:
        self.code = code
        self.exposed = exposed

    def exec_module(self, module: ModuleType) -> None:
        """Run it, with what its marks call."""
        module.__dict__["__gradlint__"] = self.exposed
        exec(self.code, module.__dict__)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules where Python finds them, and has the one of a certain file run with its marks."""

    def __init__(self, path: str, loader: _Marked) -> None:
        self.path = os.path.realpath(path)
        self.loader = loader

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The module's specification, if its file is the one."""
        found = importlib.machinery.PathFinder.find_spec(name, path, target)
        if found is None or found.origin is None or os.path.realpath(found.origin) != self.path:
            return None
        found.loader = self.loader
        return found


def prepare(job: Job, folder: str, exposed: Any) -> str:
    """Let imports of the file that is looked at lead to the marked program, from here on.

    Args:
        job: The probe.
        folder: The scratch folder, which holds the marked program already.
        exposed: What the marks call.

    Returns:
        The file that the program that is run is compiled as.
    """
    assert job.leader is not None
    code = compile(job.text, os.path.join(folder, "probe.py"), "exec")
    sys.meta_path.insert(0, _Finder(job.path, _Marked(code, exposed)))
    filename = os.path.join(folder, "leader.py")
    with open(filename, "w", encoding="utf-8", errors="surrogatepass") as program:
        program.write(job.leader[1])
    return filename
