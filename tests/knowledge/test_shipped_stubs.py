"""The stubs that gradlint brings, held to what their packages do under TensorFlow."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradlint.knowledge.stubs import shipped
from gradlint.knowledge.table import Effect
from tests.knowledge.run_layers import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = "tensorflow_probability.distributions"


def last_line(module: str, *arguments: str) -> dict[str, dict[str, Any]]:
    """What a module of this folder prints last, run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.knowledge.{module}", *arguments],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    result: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.fixture(scope="module")
def observed(asked: Callable[[str], list[str]]) -> dict[str, dict[str, object]]:
    """What the packages did: the distributions asked about sampled, a function of every other package called."""
    return last_line("run_packages", *sorted({*asked("name")} & {*distributions(), *bijectors()}))


def distributions() -> list[str]:
    """The distributions of which the stub speaks, without the bases that it makes up."""
    names = [name.rpartition(".") for name in shipped("tensorflow_probability").classes]
    return sorted(
        name for at, _, name in names if at == DISTRIBUTIONS and not name.startswith("_") and name != "Distribution"
    )


def bijectors() -> list[str]:
    """The bijectors of which the stub speaks, without their base."""
    names = [name.partition(".")[2] for name in shipped("tensorflow_probability").classes]
    return sorted(name for name in names if name.startswith("bijectors.") and name != "bijectors.Bijector")


@pytest.mark.sweep(every=5)
@pytest.mark.parametrize("name", distributions())
def test_a_distribution_does_what_its_stub_says(name: str, observed: dict[str, dict[str, object]]) -> None:
    stub = shipped("tensorflow_probability").method(f"{DISTRIBUTIONS}.{name}", "sample")
    assert stub is not None
    seen = observed[name]
    assert seen["log_prob"] is True, seen
    said = stub.entry.argument("self")
    assert said is Effect.UNKNOWN or seen["sample"] is (said is Effect.PASSES), seen
    assert seen.get("variables", 2) == (1 if name == "MultivariateNormalTriL" or name == "Uniform" else 2)


@pytest.mark.sweep(every=5)
@pytest.mark.parametrize("name", bijectors())
def test_a_bijector_does_what_its_stub_says(name: str, observed: dict[str, dict[str, object]]) -> None:
    holds = name.rpartition(".")[2] in {"Chain", "Invert", "Scale", "ScaleMatvecDiag", "Shift"}
    assert observed[name] == {"passes": True, "variables": int(holds)}


@pytest.mark.parametrize("package", ["scipy", "sklearn", "pandas", "cv2", "PIL"])
def test_a_package_gives_no_tensor_back(package: str, observed: dict[str, dict[str, object]]) -> None:
    assert shipped(package).rest[package].entry.result == "ndarray"
    assert observed[package] == {"tensor": False}


INSTALLED = [package for package in PACKAGES if importlib.util.find_spec(package)]
"""The packages with layers of their own that are here: Sonnet comes with the tests, the others where they are had."""


@pytest.fixture(scope="module")
def called() -> dict[str, dict[str, int]]:
    """What the layers of the installed packages did when they were called."""
    return last_line("run_layers", *INSTALLED)


def test_sonnet_is_here_to_be_asked() -> None:
    assert "sonnet" in INSTALLED


@pytest.mark.parametrize("name", [f"{package}.{name}" for package in INSTALLED for name in PACKAGES[package]])
def test_a_layer_does_what_its_stub_says(name: str, called: dict[str, dict[str, int]]) -> None:
    stubs, seen = shipped(name.partition(".")[0]), called[name]
    assert stubs.library(name) == ("tensorflow.Module" if name.startswith("sonnet.") else "keras.Layer")
    trains = stubs.trainable(name)
    assert trains is None or trains is (seen["variables"] > 0)
    assert seen["reached"] == seen["variables"]
    stub = stubs.method(name, "__call__") or stubs.method(name, "call")
    if stub is not None:
        effects = {one.name: one.effect for one in stub.entry.parameters if one.name != "self"}
        first = next(iter(effects.values()))
        assert first is Effect.UNKNOWN or (first is Effect.PASSES) is bool(seen["input"])
        assert len(stub.entry.outputs) == seen["outputs"]
