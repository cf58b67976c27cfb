"""Finds calls of a callable that work, and observes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tools.generator.candidates import MODES, NEVER, PROFILES, STARRED, VALUES
from tools.generator.instances import attempts
from tools.generator.observation import Observation
from tools.generator.probe import better, observe, signature_of

if TYPE_CHECKING:
    import inspect

ATTEMPTS = 700
"""How many calls are tried before a callable is given up."""

_WITH_FLOATS = ("layer", "loss", "metric", "regularizer", "constraint", "model")
"""The kinds of class whose instances are called with floats, so that a call without them shows little."""

Attempt = Callable[[str], None]
"""Told of every call before it is made."""


class Search:
    """The search for one callable's calls.

    Attributes:
        found: The calls that worked, by their text.
    """

    def __init__(self, target: Callable[..., Any], attempt: Attempt, refused: frozenset[str] = frozenset()) -> None:
        """Begin a search.

        Args:
            target: The callable.
            attempt: Told of every call before it is made, so that one that ends the process is known.
            refused: Calls that are not to be made, since they ended the process before.
        """
        self.target = target
        self.attempt = attempt
        self.refused = refused
        self.found: dict[str, Observation] = {}
        self.tried: set[str] = set()
        self.errors: list[str] = []

    def run(self, hints: list[str]) -> dict[str, Observation]:
        """Look for calls that show what the callable does to every argument.

        Args:
            hints: Calls to make in place of a search, if there are any.
        """
        if hints:
            for text in hints:
                self.probe(text)
            return self.found
        base = self._base()
        if base is not None:
            text, profile = base
            self._further(self._confirm(text), profile)
        return self.found

    def run_instances(self, kind: str, hints: list[str]) -> dict[str, Observation]:
        """Look for a call of a class's instances.

        Args:
            kind: What sort of class it is.
            hints: Calls to make in place of a search, if there are any.
        """
        for text in hints or attempts(self.target, kind):
            seen = self.probe(text)
            if seen is not None and not hints and (seen.effects or kind not in _WITH_FLOATS):
                self.found = {text: seen}
                break
        else:
            if not hints:
                self.found = dict(itertools.islice(self.found.items(), 1))
        return self.found

    def probe(self, text: str) -> Observation | None:
        """Make a call, and keep it if it works.

        Args:
            text: The arguments.
        """
        if text in self.tried or text in self.refused or len(self.tried) > ATTEMPTS:
            return self.found.get(text)
        self.tried.add(text)
        self.attempt(text)
        try:
            seen = observe(self.target, text)
        except Exception as error:
            self.errors.append(f"{text}: {type(error).__name__}: {str(error)[:120]}")
            return None
        self.found[text] = seen
        return seen

    def _base(self) -> tuple[str, str] | None:
        """The first call that works, one with floats before one without, and its shape."""
        without: tuple[str, str] | None = None
        for text, profile in _attempts(self.target):
            seen = self.probe(text)
            if seen is None:
                continue
            del self.found[text]
            if seen.effects:
                self.found = {text: seen}
                return text, profile
            without = without or (text, profile)
            if len(self.tried) > ATTEMPTS // 4:
                break
        if without is not None:
            self.tried.discard(without[0])
            self.probe(without[0])
        return without

    def _confirm(self, text: str) -> str:
        """Look for further calls where the first shows no way through, since another shape or dtype may have one."""
        first = self.found.get(text)
        if first is None or not _is_cut(first) or first.result in ("ndarray", "number", "string"):
            return text
        known = dict(first.effects)
        budget = len(self.tried) + 50
        for other, _ in _attempts(self.target):
            if len(self.tried) > budget:
                break
            seen = self.probe(other)
            if seen is None or other == text:
                continue
            merged = {
                name: tuple(map(better, verdicts, seen.effects.get(name, verdicts)))
                for name, verdicts in known.items()
                if len(seen.effects.get(name, verdicts)) == len(verdicts)
            }
            if known | merged == known:
                del self.found[other]
            known |= merged
            if not _is_cut(Observation("", (), known)):
                break
        return text

    def _further(self, base: str, profile: str) -> None:
        """Give floats to the optional parameters that may take them."""
        signature = signature_of(self.target)
        if signature is None or base not in self.found:
            return
        given = base
        for parameter in signature.parameters.values():
            if not _may_take_floats(parameter) or f"{parameter.name}=" in base:
                continue
            last = profile.rpartition(", ")[2]
            for value in dict.fromkeys(("F()", f"F({profile})", f"F({last})")):
                text = f"{given}, {parameter.name}={value}".removeprefix(", ")
                seen = self.probe(text)
                if seen is not None and parameter.name in seen.effects:
                    if given != base or set(self.found[base].effects) <= set(seen.effects):
                        self.found.pop(given if given != base else "", None)
                    given = text
                    break
                self.found.pop(text, None)


def _is_cut(seen: Observation) -> bool:
    """Whether no gradient was seen to come through from some argument."""
    return any(
        verdicts and all(verdict.partition(":")[0] in ("none", "zero", "lookup") for verdict in verdicts)
        for verdicts in seen.effects.values()
    )


def _may_take_floats(parameter: inspect.Parameter) -> bool:
    if parameter.name in NEVER or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
        return False
    if isinstance(parameter.default, int) and not isinstance(parameter.default, bool):
        return parameter.name.endswith(("value", "values"))
    return parameter.default is None or isinstance(parameter.default, float)


def _attempts(target: Callable[..., Any]) -> Iterator[tuple[str, str]]:
    """The texts of arguments to try, the likeliest first, with the shape that each is made of."""
    signature = signature_of(target)
    if signature is None:
        for count, mode, profile in itertools.product((1, 2, 3), MODES, PROFILES):
            yield ", ".join([mode.replace("$", profile)] * count), profile
        return
    required = [p for p in signature.parameters.values() if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if not required:
        first = next((p for p in signature.parameters.values() if _may_take_floats(p)), None)
        if first is not None:
            yield f"{first.name}=F(2, 3)", "2, 3"
        yield "", ""
        return
    for mode, profile in itertools.product(MODES, PROFILES):
        choices = [_choices(parameter, mode) for parameter in required]
        for combination in itertools.islice(itertools.product(*choices), 24):
            words = [
                value if _is_positional(parameter) else f"{parameter.name}={value}"
                for parameter, value in zip(required, combination, strict=True)
            ]
            yield ", ".join(words).replace("$", profile).replace("F()", "F()"), profile


def _choices(parameter: inspect.Parameter, mode: str) -> tuple[str, ...]:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return STARRED
    return VALUES.get(parameter.name, (mode,))


def _is_positional(parameter: inspect.Parameter) -> bool:
    return parameter.kind is not parameter.KEYWORD_ONLY
