"""The template for LSP4IJ: what it says starts a server that lints, with the settings that it brings."""

from __future__ import annotations

import json
from pathlib import Path

from gradlint.cli import COMMANDS
from gradlint.server.documents import KINDS
from gradlint.server.settings import Editor, parse

TEMPLATE = Path(__file__).parent.parent.parent / "editors" / "pycharm" / "gradlint"


def test_template() -> None:
    template = json.loads((TEMPLATE / "template.json").read_text())
    assert set(template) == {"id", "name", "programArgs", "fileTypeMappings"}
    assert set(template["programArgs"]) == {"default", "windows"}
    name, command = template["programArgs"]["default"].split()
    assert (name, command in COMMANDS) == ("gradlint", True)
    assert {mapping["languageId"] for mapping in template["fileTypeMappings"]} == set(KINDS)
    for mapping in template["fileTypeMappings"]:
        assert all(pattern.startswith("*.") for pattern in mapping["fileType"]["patterns"])


def test_settings() -> None:
    settings = json.loads((TEMPLATE / "settings.json").read_text())
    # The template sets what holds anyway; it is there to be changed.
    assert parse(settings) == (Editor(), [])
