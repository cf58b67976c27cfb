"""Rules of others: the worked example of the documentation, really installed, and folders of rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gradlint import registry

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "docs/examples/acme-gradlint-rules"
PROGRAM = """\
import tensorflow as tf

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = w * w
gradient = tape.gradient(loss, w, unconnected_gradients="zero")
"""
RULE = '''
from gradlint.flow.causes import Other
from gradlint.flow.facts import Claim
from gradlint.rule import Diagnostic, Rule

from .helpers import WORDS


class Own(Rule):
    """Says how many tapes there are."""

    code = "OWN001"
    name = "own-rule"
    kinds = ()

    def check(self, facts, module):
        for call in facts.calls:
            yield Diagnostic(Claim(Other(), call.span, "warning"), WORDS)
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed by pip into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, str(folder), str(EXAMPLE)], check=True, capture_output=True)
    return folder


def run(folder: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, with another folder's packages installed."""
    places = os.pathsep.join(str(place) for place in (ROOT, path) if place is not None)
    environment = {**os.environ, "PYTHONPATH": places, "GRADLINT_TRUST": "1"}
    command = [sys.executable, "-m", "gradlint", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def findings(folder: Path, *arguments: str, path: Path | None = None) -> list[dict[str, Any]]:
    """The findings of the command in a folder."""
    done = run(folder, "check", "--no-cache", "--output-format", "json", *arguments, path=path)
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("name", ["acme-gradlint-rules", "Acme_Gradlint.Rules", "acme"])
def test_an_installed_package(tmp_path: Path, installed: Path, name: str) -> None:
    (tmp_path / "train.py").write_text(PROGRAM)
    assert findings(tmp_path, path=installed) == []
    (tmp_path / "gradlint.toml").write_text(f'plugins = ["{name}"]\n')
    (found,) = findings(tmp_path, path=installed)
    assert (found["code"], found["severity"]) == ("ACME001", "warning")
    assert found["location"] == {"line": 6, "column": 12}
    assert found["url"] == "https://lint.acme.example/ACME001"


@pytest.mark.sweep(every=3)
def test_it_is_selected_suppressed_explained_and_fixed_like_any_other(tmp_path: Path, installed: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(PROGRAM)
    (tmp_path / "gradlint.toml").write_text('plugins = ["acme"]\n')
    assert findings(tmp_path, "--ignore", "ACME", path=installed) == []
    assert [one["code"] for one in findings(tmp_path, "--select", "zeros-for-none", path=installed)] == ["ACME001"]
    assert "At Acme, a None" in " ".join(run(tmp_path, "explain", "ACME001", path=installed).stdout.split())
    file.write_text(PROGRAM.replace('"zero")', '"zero")  # gradlint: ignore[ACME001]'))
    assert findings(tmp_path, path=installed) == []
    file.write_text(PROGRAM)
    assert findings(tmp_path, "--fix", "--unsafe-fixes", path=installed) == []
    assert file.read_text() == PROGRAM.replace(', unconnected_gradients="zero"', "")


def test_its_examples_hold(tmp_path: Path, installed: Path) -> None:
    script = (
        "import gradlint, gradlint.registry as registry\n"
        "from gradlint.settings import Settings\n"
        "rule = next(rule for rule in registry.load(['acme']) if rule.code == 'ACME001')\n"
        "settings = Settings(plugins=('acme',))\n"
        "for example in rule.examples:\n"
        "    assert [one.code for one in gradlint.check_source(example.broken, settings=settings)] == ['ACME001']\n"
        "    assert gradlint.check_source(example.fixed, settings=settings) == []\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed)])}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


def test_a_folder_of_rules(tmp_path: Path) -> None:
    folder = tmp_path / "lint"
    folder.mkdir()
    (folder / "helpers.py").write_text('WORDS = "A tape is asked."\n')
    (folder / "own.py").write_text(RULE)
    (tmp_path / "train.py").write_text(PROGRAM)
    (tmp_path / "pyproject.toml").write_text('[tool.gradlint]\nrules = ["lint"]\n')
    (found,) = findings(tmp_path)
    assert (found["code"], found["message"], found["url"]) == ("OWN001", "A tape is asked.", None)


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize(
    ("settings", "rule", "complaint"),
    [
        ('plugins = ["not-there"]', RULE, "the plugin not-there is not installed"),
        ('rules = ["nowhere"]', RULE, "no such folder"),
        ('rules = ["lint"]', "import no_such_module_at_all", "ModuleNotFoundError: No module named"),
        ('rules = ["lint"]', "VALUE = 1", "it contains no rules"),
        ('rules = ["lint"]', RULE.replace("OWN001", "GT201"), "GT201 names two rules"),
        ('rules = ["lint"]', RULE.replace("own-rule", "numpy-call"), "numpy-call names two rules"),
        ('rules = ["lint"]', RULE.replace("OWN001", "own1"), "the code 'own1' is not"),
        ('rules = ["lint"]', RULE.replace('"""Says how many tapes there are."""', ""), "it has no docstring"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, settings: str, rule: str, complaint: str) -> None:
    folder = tmp_path / "lint"
    folder.mkdir()
    (folder / "helpers.py").write_text('WORDS = "A tape is asked."\n')
    (folder / "own.py").write_text(rule)
    (tmp_path / "train.py").write_text(PROGRAM)
    (tmp_path / "gradlint.toml").write_text(settings + "\n")
    done = run(tmp_path, "check", "--no-cache")
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_built_in_rules_are_told_apart() -> None:
    assert all(registry.is_builtin(rule) for rule in registry.load())
