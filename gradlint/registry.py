"""Finds the rules: every module of ``gradlint.rules`` is looked at, no list is kept by hand."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from gradlint.rule import Rule

if TYPE_CHECKING:
    from types import ModuleType


@cache
def load() -> tuple[Rule, ...]:
    """The built-in rules, one instance each, in the order of their codes.

    Raises:
        ValueError: If two rules share a code or a name.
    """
    return tuple(sorted(_unique(_instances("gradlint.rules")), key=lambda rule: rule.code))


def _instances(package: str) -> list[Rule]:
    root = importlib.import_module(package)
    rules: list[Rule] = []
    for info in pkgutil.walk_packages(root.__path__, prefix=package + "."):
        rules += rules_of(importlib.import_module(info.name))
    return rules


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


def _unique(rules: list[Rule]) -> list[Rule]:
    seen: dict[str, Rule] = {}
    for rule in rules:
        for key in (rule.code, rule.name):
            if key in seen:
                raise ValueError(f"{key} names two rules: {type(seen[key]).__qualname__}, {type(rule).__qualname__}")
            seen[key] = rule
    return rules
