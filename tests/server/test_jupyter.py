"""What jupyter-lsp is told, by itself; editors/tests drives JupyterLab."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from pkgutil import resolve_name

from gradlint.server.jupyter import NAME, specification
from gradlint.server.settings import parse

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"


def test_it_is_an_entry_point() -> None:
    points = tomllib.loads(PROJECT.read_text())["project"]["entry-points"]["jupyter_lsp_spec_v1"]
    assert list(points) == [NAME]
    assert resolve_name(points[NAME]) is specification


def test_what_it_offers_to_set_can_be_set() -> None:
    spec = specification(None)[NAME]
    assert spec["argv"] == [sys.executable, "-P", "-m", "gradlint", "server"]
    properties = spec["config_schema"]["properties"]
    examples = {"boolean": True, "integer": 100, "string": "ci.toml", "array": ["GT2"]}
    settings = {key.removeprefix("gradlint."): examples[one["type"]] for key, one in properties.items()}
    editor, problems = parse({"gradlint": settings})
    assert problems == []
    assert editor.options == {"select": ["GT2"], "extend_select": ["GT2"], "ignore": ["GT2"]}
    # JupyterLab sends every default, which would win over the project's own settings.
    assert not any("default" in one for one in properties.values())
