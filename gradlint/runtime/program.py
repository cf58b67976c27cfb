"""Runs a script or module as Python itself would."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import linecache
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class ProgramError(Exception):
    """The program cannot be found or read."""


def run_script(path: str, arguments: Sequence[str]) -> None:
    """Run a script as ``python PATH ARGUMENTS`` does.

    Args:
        path: The script, ``-`` for standard input; a folder with a ``__main__.py`` is run as Python runs it.
        arguments: Its arguments.

    Raises:
        ProgramError: If it cannot be read.
        SystemExit, Exception: Whatever the program raises.
    """
    if os.path.isdir(path):
        script = os.path.join(path, "__main__.py")
        sys.path.insert(0, path)
    else:
        script = path
        sys.path.insert(0, "" if path == "-" else os.path.dirname(os.path.abspath(path)))
    source = _source(path, script)
    if path == "-":
        script = "<stdin>"
    sys.argv = [path, *arguments]
    linecache.cache[script] = (len(source), None, _lines(source), script)
    module = _main(os.path.abspath(script) if os.path.isdir(path) else script, None)
    code = compile(source, script, "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _source(path: str, script: str) -> bytes:
    """A script's text.

    Raises:
        ProgramError: If it cannot be read.
    """
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        with open(script, "rb") as file:
            return file.read()
    except OSError as error:
        raise ProgramError(f"{path}: {error.strerror or error}") from None


def _lines(source: bytes) -> list[str]:
    """A program's lines as they ran, though it may go to another folder or be written anew meanwhile."""
    try:
        return importlib.util.decode_source(source).splitlines(keepends=True)
    except (SyntaxError, UnicodeDecodeError):
        return []


def run_module(name: str, arguments: Sequence[str]) -> None:
    """Run a module as ``python -m NAME ARGUMENTS`` does.

    Raises:
        ProgramError: If there is no such module.
        SystemExit, Exception: Whatever the program raises.
    """
    sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None or spec.loader is None:
        raise ProgramError(f"no module named {name}")
    sys.argv = [spec.origin, *arguments]
    module = _main(spec.origin, spec)
    code = spec.loader.get_code(spec.name)  # type: ignore[attr-defined]
    exec(code, module.__dict__)


def _main(path: str, spec: importlib.machinery.ModuleSpec | None) -> ModuleType:
    module = ModuleType("__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = __builtins__
    if spec is None:
        module.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    else:
        module.__spec__ = spec
        module.__package__ = spec.parent
        module.__loader__ = spec.loader
    sys.modules["__main__"] = module
    return module


class AfterImport:
    """Calls a function once a module has been imported, without importing it.

    Put on ``sys.meta_path``; it finds nothing itself and lets the others load the module.

    Args:
        name: The module.
        then: What to call.
    """

    def __init__(self, name: str, then: Any) -> None:
        self.name = name
        self.then = then

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The module's own specification, with a loader that calls the function after it."""
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module
        then = self.then

        def exec_module(module: ModuleType) -> None:
            load(module)
            then()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
