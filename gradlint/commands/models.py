"""``gradlint models``: what is known about a callable's effect on a gradient, and where that comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError

if TYPE_CHECKING:
    from gradlint.knowledge.stubs import Stub, Stubs
    from gradlint.knowledge.table import Entry


@click.command("models")
@click.argument("name")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
def command(name: str, output_format: str) -> int:
    """Show what is known about NAME, a dotted name such as `tf.math.erf` or `acme.render.rasterize`."""
    from gradlint.knowledge.packages import canonical

    for short, whole in (("tf.", "tensorflow."), ("np.", "numpy."), ("tfp.", "tensorflow_probability.")):
        if name.startswith(short):
            name = whole + name.removeprefix(short)
    name = canonical(name)
    found = _known(name)
    if found is None:
        raise CommandError(f"nothing is known about {name}: what passes through it counts as unknown")
    if output_format == "json":
        terminal.write(json.dumps(found, indent=2) + "\n")
    else:
        terminal.write("".join(f"{key:<12} {value}\n" for key, value in _rows(found)))
    return 0


def _rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    keys = ("name", "source", "descends", "trains", "gives", "behaves")
    rows = [(key, str(found[key])) for key in keys if found.get(key)]
    rows += [("argument", f"{one['name']}: {one['effect']}") for one in found["arguments"]]
    return rows


def _known(name: str) -> dict[str, Any] | None:
    """What is known about a callable, and where it comes from."""
    from gradlint.flow.libraries.calls import MODELS
    from gradlint.flow.libraries.models import model_of
    from gradlint.knowledge import behaviours
    from gradlint.knowledge.packages import root
    from gradlint.knowledge.stubs import StubError, read, shipped
    from gradlint.knowledge.table import lookup
    from gradlint.settings import Resolver, SettingsError

    try:
        own = read(Resolver().for_folder(".").models)
    except (StubError, SettingsError) as error:
        raise CommandError(str(error)) from None
    entry = lookup(name)
    assert MODELS, "importing them registers them"
    modelled = model_of(entry.name if entry is not None else name) is not None
    for stubs, whose in ((own, "your stub"), (shipped(root(name)), "gradlint's stub")):
        if name in stubs.classes:
            return _class_record(stubs, name, whose)
        stub = _stub(stubs, name)
        if stub is not None:
            return _record(stub.entry, f"{whose}: {stub.place}")
    words = sorted(behaviours.of(entry.name if entry is not None else name))
    said = {"behaves": ", ".join(words)} if words else {}
    if entry is not None:
        return (
            _record(entry, "measured under TensorFlow" + (", and a model in the analysis" if modelled else "")) | said
        )
    if modelled or words:
        source = "a model in the analysis" if modelled else "gradlint's table of behaviours"
        return {"name": name, "source": source, "gives": "", "arguments": []} | said
    return None


def _stub(stubs: Stubs, name: str) -> Stub | None:
    owner, _, method = name.rpartition(".")
    if owner in stubs.classes:
        return stubs.method(owner, method)
    return stubs.function(name)


_SPEAKS_FOR_CLASS = ("__call__", "call", "__init__")
"""The methods that say most of a class, the first that is there."""
_TRAINS = {True: "its own variables", False: "no variables of its own", None: ""}


def _class_record(stubs: Stubs, name: str, whose: str) -> dict[str, Any]:
    cls = stubs.classes[name]
    named = [*_SPEAKS_FOR_CLASS, *cls.methods]
    stub = next((found for one in named if (found := stubs.method(name, one)) is not None), None)
    source = f"{whose}: {cls.place}"
    record = {"source": source, "gives": "", "arguments": []} if stub is None else _record(stub.entry, source)
    return record | {
        "name": name,
        "descends": stubs.library(name),
        "trains": _TRAINS[stubs.trainable(name)],
    }


def _record(entry: Entry, source: str) -> dict[str, Any]:
    gives = " ".join([entry.result, *(f"{one.dtype}" for one in entry.outputs)]).strip()
    arguments = [
        {"name": one.name, "effect": f"{one.effect}" + (f" ({one.op})" if one.op else "")} for one in entry.parameters
    ]
    return {"name": entry.name, "source": source, "gives": gives, "arguments": arguments}
