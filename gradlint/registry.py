"""Finds the rules: in every module of ``gradlint.rules``, and in the packages and folders that are named.

Other rules have exactly the same interface as the built-in ones. A package provides them through an entry point in the
group ``gradlint.rules`` whose value is a module or a package; a folder simply contains modules.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from gradlint.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENTRY_POINTS = "gradlint.rules"
"""The group of entry points through which a package provides rules."""

_CODE = re.compile(r"[A-Z]{2,10}[0-9]{3,4}")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class RulesError(ValueError):
    """Rules from elsewhere cannot be used; the message says which and why."""


def load(plugins: Iterable[str] = (), folders: Iterable[str | os.PathLike[str]] = ()) -> tuple[Rule, ...]:
    """The rules, one instance each, in the order of their codes: the built-in ones and the others.

    Args:
        plugins: Installed packages, by the name of the distribution or of its entry point.
        folders: Folders with modules of rules.

    Raises:
        RulesError: If a package or folder cannot be used, one of its rules is not well-formed, or two rules share a
            code or a name.
    """
    return _load(tuple(plugins), tuple(os.path.abspath(folder) for folder in folders))


def is_builtin(rule: Rule) -> bool:
    """Whether a rule is built in."""
    return type(rule).__module__.startswith(ENTRY_POINTS + ".")


@cache
def _load(plugins: tuple[str, ...], folders: tuple[str, ...]) -> tuple[Rule, ...]:
    rules = list(_instances(importlib.import_module("gradlint.rules")))
    for plugin in plugins:
        rules += _others(_plugin(plugin), f"the plugin {plugin}")
    for folder in folders:
        rules += _others(_folder(folder), f"the rules in {folder}")
    return tuple(sorted(_unique(rules), key=lambda rule: rule.code))


def _instances(module: ModuleType) -> Iterator[Rule]:
    """The rules in a module and, if it is a package, in everything in it."""
    yield from rules_of(module)
    for info in pkgutil.iter_modules(getattr(module, "__path__", ()), prefix=module.__name__ + "."):
        yield from _instances(importlib.import_module(info.name))


def rules_of(module: ModuleType) -> list[Rule]:
    """One instance of each rule that a module defines itself."""
    return [
        value()
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Rule)
        and value.__module__ == module.__name__
        and hasattr(value, "code")
    ]


def _others(module: ModuleType, where: str) -> list[Rule]:
    try:
        rules = list(_instances(module))
    except Exception as error:
        raise RulesError(f"{where}: {type(error).__name__}: {error}") from error
    if not rules:
        raise RulesError(f"{where}: it contains no rules")
    for rule in rules:
        problem = _problem(rule)
        if problem is not None:
            raise RulesError(f"{where}: {type(rule).__qualname__}: {problem}")
    return rules


def _problem(rule: Rule) -> str | None:
    """What is wrong with a rule from elsewhere, or None."""
    if not isinstance(rule.code, str) or not _CODE.fullmatch(rule.code):
        return f"the code {rule.code!r} is not two to ten capital letters followed by three or four digits"
    if not isinstance(getattr(rule, "name", None), str) or not _NAME.fullmatch(rule.name):
        return f"the name {getattr(rule, 'name', None)!r} is not in kebab-case"
    if not isinstance(getattr(rule, "kinds", None), tuple):
        return "`kinds` is not a tuple"
    if not rule.documentation:
        return "it has no docstring, which is its documentation"
    return None


def _plugin(name: str) -> ModuleType:
    import importlib.metadata

    wanted = _normalised(name)
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        distribution = entry.dist.name if entry.dist is not None else ""
        if wanted in (_normalised(entry.name), _normalised(distribution)):
            try:
                module = entry.load()
            except Exception as error:
                raise RulesError(f"the plugin {name}: {type(error).__name__}: {error}") from error
            if not isinstance(module, ModuleType):
                raise RulesError(f"the plugin {name}: its entry point {entry.value} is not a module")
            return module
    raise RulesError(f"the plugin {name} is not installed, or has no entry point of the group {ENTRY_POINTS}")


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _folder(path: str) -> ModuleType:
    """A folder as a package of its own, so that its modules can use relative imports."""
    if not os.path.isdir(path):
        raise RulesError(f"the rules in {path}: no such folder")
    import hashlib

    name = f"gradlint_rules_{hashlib.sha256(path.encode()).hexdigest()[:12]}"
    package = sys.modules.get(name)
    if package is None:
        package = ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package
    return package


def _unique(rules: list[Rule]) -> list[Rule]:
    seen: dict[str, Rule] = {}
    for rule in rules:
        for key in (rule.code, rule.name):
            if key in seen:
                raise RulesError(f"{key} names two rules: {_named(seen[key])} and {_named(rule)}")
            seen[key] = rule
    return rules


def _named(rule: Rule) -> str:
    return f"{type(rule).__module__}.{type(rule).__qualname__}"
