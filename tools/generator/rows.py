"""Turns what was observed of a callable into its line of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.generator.candidates import NEVER, VALUES
from tools.generator.hints import hints
from tools.generator.probe import better, signature_of
from tools.generator.scope import compat_of, is_same

if TYPE_CHECKING:
    import inspect
    from collections.abc import Iterable, Mapping

    from tools.generator.observation import Observation
    from tools.generator.scope import Subject

_WORST = ("notensor", "notfloat", "none", "lookup", "raises", "zero", "passes")

_UNDERSTOOD = (("tensorflow.keras.", "keras."),)
"""Names that the reader makes of one another, so that the table need not have them."""

_INSTANCES = {"loss", "metric", "layer", "model", "regularizer", "constraint", "initializer", "schedule"}

STATE = {"optimizer": "state", "metric": "state"}
"""What the whole of a class is where its calls do not tell."""


def row(subject: Subject, calls: Mapping[str, Observation]) -> str | None:
    """The table's line for a function, or for the making of a class's instances.

    Args:
        subject: The callable.
        calls: What was observed, by the arguments; for a class, of its instances' calls.

    Returns:
        The line without its end, or None where nothing is known of a function.
    """
    signature = signature_of(subject.value)
    aliases = " ".join(_aliases(subject))
    if subject.kind == "class" and calls:
        return _line(subject.name, "class", signature, calls, aliases)
    if subject.kind != "function":
        effect = _whole(_merge(calls, None)) if calls else STATE.get(subject.kind, "unknown")
        effect = STATE.get(subject.kind, effect)
        facts = " ".join(dict.fromkeys(word for seen in calls.values() for word in seen.facts))
        return "\t".join(
            (subject.name, subject.kind, effect, _signature(signature, {}), "instance", "", facts, aliases)
        )
    if not calls:
        return None
    return _line(subject.name, "function", signature, calls, aliases)


def call_row(subject: Subject, signature: inspect.Signature | None, calls: Mapping[str, Observation]) -> str | None:
    """The line for the call of a class's instances, or None where nothing is known of it.

    Args:
        subject: The class.
        signature: The signature of the method that is called.
        calls: What was observed.
    """
    if subject.kind not in _INSTANCES or not calls:
        return None
    return _line(f"{subject.name}.__call__", "method", signature, calls, "")


def _line(
    name: str, kind: str, signature: inspect.Signature | None, calls: Mapping[str, Observation], aliases: str
) -> str:
    merged = _merge(calls, None if name in hints() else signature)
    first = next((seen for seen in calls.values() if seen.effects), next(iter(calls.values())))
    whole = _whole(merged)
    by_parameter = {parameter: _best(verdicts).replace("unknown", "?") for parameter, verdicts in merged.items()}
    if first.result in ("object", "callable"):
        by_parameter = dict.fromkeys(by_parameter, "?")
        whole = "unknown" if by_parameter else "notensor"
    if first.result == "variable":
        whole = "state" if "assigns" in first.facts else "variable"
        by_parameter = dict.fromkeys(by_parameter, whole)
    if first.result in ("string", "shape", "dtype") and by_parameter:
        by_parameter = dict.fromkeys(by_parameter, "notfloat")
        whole = "notfloat"
    if not first.effects and first.result == "none":
        whole = "notensor"
    parameters = _signature(signature, by_parameter, "function")
    unnamed = whole not in ("passes", "mixed") and ":" not in whole
    if unnamed and first.result not in ("ndarray", "number") and _runs_functions(signature):
        whole = "unknown"
    if whole == "notensor" and "=?" in parameters and first.result not in ("none", "string", "dtype", "shape"):
        whole = "unknown"
    outputs = _agreed(first, calls)
    if first.result in ("list", "tuple") and len(outputs) > 4:
        outputs = outputs[:1]
    by_output = [
        _best(verdicts[place] for verdicts in merged.values() if place < len(verdicts)) for place in range(len(outputs))
    ]
    return "\t".join(
        (
            name,
            kind,
            whole,
            parameters,
            first.result,
            " ".join(_output(n, d, e, whole) for (n, d), e in zip(outputs, by_output, strict=True)),
            " ".join(_exceptions(merged, by_parameter, by_output)),
            aliases,
        )
    )


def _agreed(first: Observation, calls: Mapping[str, Observation]) -> tuple[tuple[str, str], ...]:
    """The outputs of a call, with a dtype in doubt where another call has another one."""
    count = len(first.outputs)
    real = [seen.outputs for text, seen in calls.items() if "C(" not in text and len(seen.outputs) == count]
    whole = [seen.outputs for text, seen in calls.items() if "C(" in text and len(seen.outputs) == count]
    found = []
    for place, (name, dtype) in enumerate(first.outputs):
        words = {other[place][1] for other in real} or {dtype}
        if words <= {"same", "real"} and any(other[place][1] == "real" for other in whole):
            words = {"real"}
        found.append((name, _common(words)))
    return tuple(found)


def _common(dtypes: set[str]) -> str:
    """What holds of several words for a dtype; one that is asked for may come of itself where it is not."""
    if len(dtypes) == 1:
        return dtypes.pop()
    asked = {dtype.rpartition(":")[0] for dtype in dtypes if dtype.startswith("argument:")}
    if len(asked) == 1:
        itself = {dtype.rpartition(":")[2] for dtype in dtypes}
        return f"{asked.pop()}:{'same' if 'same' in itself else '?'}"
    return "?"


def _output(name: str, dtype: str, effect: str, whole: str) -> str:
    word = f"{name}={dtype}" if name else dtype
    plain = effect.partition(":")[0]
    if plain == "unknown":
        return word
    if plain != whole.partition(":")[0] and not (whole == "mixed" and plain == "passes") and whole != "notensor":
        word += f"!{plain}"
    return word


def _exceptions(
    merged: Mapping[str, tuple[str, ...]], by_parameter: Mapping[str, str], by_output: list[str]
) -> Iterable[str]:
    """The ways of one parameter to one output that are worse than the parameter and the output are by themselves."""
    for parameter, verdicts in merged.items():
        for place, verdict in enumerate(verdicts[: len(by_output)]):
            plain = verdict.partition(":")[0]
            expected = worse(by_parameter[parameter], by_output[place])
            if plain != expected and by_parameter[parameter] not in ("?", "variable", "state"):
                yield f"{parameter}>{place}={plain}"


def worse(first: str, second: str) -> str:
    """Of two effects, the one that lets less through, without the operation's name."""
    return min((first.partition(":")[0], second.partition(":")[0]), key=lambda e: _WORST.index(e) if e in _WORST else 0)


def _merge(calls: Mapping[str, Observation], signature: inspect.Signature | None) -> dict[str, tuple[str, ...]]:
    """The most connected verdict of all calls, by parameter and output.

    What is zero for real tensors is zero, whatever it is for complex ones. Of an optional parameter it is not believed
    that it never matters, unless an operation is named that stops its gradient, or the calls were chosen by hand.
    """
    merged: dict[str, tuple[str, ...]] = {}
    for text, seen in calls.items():
        for parameter, verdicts in seen.effects.items():
            known = merged.setdefault(parameter, verdicts)
            if "C(" in text and "zero" in known:
                continue
            if len(known) == len(verdicts):
                merged[parameter] = tuple(map(better, known, verdicts))
            elif known and verdicts:
                merged[parameter] = tuple(better(one, _best(verdicts)) for one in known)
    for parameter, verdicts in merged.items():
        known_to = signature.parameters.get(parameter) if signature is not None else None
        optional = known_to is not None and known_to.default is not known_to.empty
        if optional and len(merged) > 1:
            merged[parameter] = tuple("unknown" if verdict in ("zero", "none") else verdict for verdict in verdicts)
    return merged


def _whole(merged: Mapping[str, tuple[str, ...]]) -> str:
    """The effect of a callable as a whole."""
    effects = [best for verdicts in merged.values() if (best := _best(verdicts)) != "unknown"]
    if not effects:
        return "notensor"
    best = _best(effects)
    if best == "passes" and any(effect != "passes" for effect in effects):
        return "mixed"
    return best


def _best(verdicts: Iterable[str]) -> str:
    known = list(verdicts)
    if not known:
        return "notensor"
    best = known[0]
    for verdict in known[1:]:
        best = better(best, verdict)
    return best


def _signature(signature: inspect.Signature | None, effects: Mapping[str, str], kind: str = "class") -> str:
    """The column of parameters."""
    if signature is None:
        known = set(effects.values())
        return f"*args={known.pop() if len(known) == 1 else '?'} **kwargs=?"
    words: list[str] = []
    left = dict(effects)
    starred = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            words.append("*")
            starred = True
        star = ""
        if parameter.kind is parameter.VAR_POSITIONAL:
            star, starred = "*", True
        elif parameter.kind is parameter.VAR_KEYWORD:
            star = "**"
            words += [f"{name}={verdict}" for name, verdict in left.items() if name not in signature.parameters]
        effect = left.get(parameter.name, "" if kind == "class" or _takes_no_floats(parameter) else "?")
        words.append(star + parameter.name + (f"={effect}" if effect else ""))
    return " ".join(words)


def _runs_functions(signature: inspect.Signature | None) -> bool:
    """Whether a callable takes functions, which may bring in what they captured."""
    return signature is not None and any(
        value.startswith("lambda")
        for name, parameter in signature.parameters.items()
        if not _takes_no_floats(parameter)
        for value in VALUES.get(name, ())
    )


def _takes_no_floats(parameter: inspect.Parameter) -> bool:
    """Whether a parameter that no float was seen to go into is one that takes none."""
    if parameter.name in NEVER or isinstance(parameter.default, bool | int | str | tuple):
        return True
    return not any(
        mark in value for value in VALUES.get(parameter.name, ("F(",)) for mark in ("F(", "S(", "R(", "lambda")
    )


def _aliases(subject: Subject) -> Iterable[str]:
    """The names of a callable that its line has to give."""
    known = {subject.name, *subject.names}
    for name in subject.names:
        derived = any(name.startswith(long) and short + name.removeprefix(long) in known for long, short in _UNDERSTOOD)
        if name != subject.name and not derived:
            yield name
    compared = {name: compat_of(name) for name in subject.names}
    same = {name for name, value in compared.items() if value is not None and is_same(value, subject.value)}
    if same and same == {name for name, value in compared.items() if value is not None}:
        yield "compat.v1"
    else:
        yield from (name.replace("tensorflow.", "tensorflow.compat.v1.", 1) for name in sorted(same))
