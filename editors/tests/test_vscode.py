"""Visual Studio Code itself: the extension is built, packaged, installed and driven in its extension host.

The workbench runs in a headless browser; the extension host, where extensions live, runs on this machine as on any.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from editors.tests.obtain import ROOT, browser, environment, program, vscode
from editors.tests.processes import running, wait_for
from editors.tests.study import notebook
from gradlint.server.settings import Editor, parse
from tests.server.programs import BROKEN, CELLS, FIXED

HERE = Path(__file__).parent
SOURCE = ROOT / "editors" / "vscode"
READY = re.compile(r"Extension host agent listening on (\d+)")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as it is installed, made by the commands of its documentation."""
    folder = tmp_path_factory.mktemp("extension") / "vscode"
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    for command in (["ci", "--no-audit", "--no-fund"], ["run", "check"]):
        done = subprocess.run(
            [program("npm"), *command],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist" / "gradlint.vsix"


@pytest.fixture(scope="module")
def seen(package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``vscode/drive.js`` saw."""
    home = tmp_path_factory.mktemp("vscode")
    work, out = home / "my work", home / "seen.json"
    work.mkdir()
    for name in ("train.py", "settings.py", "commands.py"):
        (work / name).write_text(BROKEN)
    (work / "guide.md").write_text(f"# Guide\n\n```python\n{BROKEN}```\n")
    (work / "study.ipynb").write_text(notebook())
    (work / ".vscode").mkdir()
    (work / ".vscode" / "settings.json").write_text(json.dumps({"gradlint.interpreter": sys.executable}))
    folders = ["--extensions-dir", str(home / "extensions"), "--server-data-dir", str(home / "data")]
    server = [program("node"), str(vscode()), *folders, "--accept-server-license-terms"]
    variables = {
        **environment(),
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "GRADLINT_TEST_OUT": str(out),
        "VSCODE_AGENT_FOLDER": str(home / "data"),
    }
    subprocess.run([*server, "--install-extension", str(package)], env=variables, check=True, timeout=60)
    serve = ["--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--disable-workspace-trust"]
    log = home / "server.log"
    with (
        running([*server, *serve], log, env=variables, cwd=home) as process,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        ready = wait_for(lambda: READY.search(log.read_text(errors="replace")), process, log, 60)
        address = f"127.0.0.1:{ready[1]}"
        driver = f"vscode-remote://{address}{HERE / 'vscode'}"
        payload = [["extensionDevelopmentPath", driver], ["extensionTestsPath", f"{driver}/drive"]]
        page = f"http://{address}/?" + urlencode({"folder": str(work), "payload": json.dumps(payload)})
        window = [
            browser(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            f"--user-data-dir={profile}",
            page,
        ]
        with running(window, home / "browser.log", env=variables):
            wait_for(out.exists, process, log, 300)
    result: dict[str, Any] = json.loads(out.read_text())
    assert "failed" not in result, json.dumps(result, indent=2)
    result["train.py"] = (work / "train.py").read_text()
    return result


def test_manifest() -> None:
    """What the package says of itself is what the extension does."""
    manifest = json.loads((SOURCE / "package.json").read_text())
    code = (SOURCE / "src" / "extension.ts").read_text()
    offered = {command["command"] for command in manifest["contributes"]["commands"]}
    assert offered == set(re.findall(r'registerCommand\("([\w.]+)"', code))
    assert {item["command"] for item in manifest["contributes"]["menus"]["commandPalette"]} <= offered
    types = manifest["devDependencies"]["@types/vscode"].lstrip("~^")
    assert manifest["engines"]["vscode"] == f"^{types}"
    assert manifest["activationEvents"] == ["onLanguage:python", "onLanguage:markdown", "onNotebook:jupyter-notebook"]
    properties = manifest["contributes"]["configuration"]["properties"]
    defaults = {key.removeprefix("gradlint."): value["default"] for key, value in properties.items()}
    assert parse({key.partition(".")[0]: value for key, value in defaults.items()}) == (Editor(), [])
    project = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{manifest["version"]}"\n' in project


def test_the_diagnostic_is_shown_and_the_fix_applied(seen: dict[str, Any]) -> None:
    found = seen["diagnostic"]
    assert found["start"] == {"line": 7, "character": 11}
    assert found["end"] == {"line": 7, "character": 25}
    assert (found["severity"], found["code"]) == ("Error", "GT201")
    assert found["page"].endswith("/GT201.md")
    assert "NumPy array" in found["message"]
    assert 10 in found["story"]
    assert "Ignore GT201 on this line" in seen["actions"]
    assert seen["train.py"] == FIXED


def test_hover_hints_and_lenses(seen: dict[str, Any]) -> None:
    assert seen["lenses"] == ["Confirm GT201 with TensorFlow"]
    assert any("w: None" in str(hint) for hint in seen["hints"])
    assert "GT201" in seen["hover"]


def test_commands_and_the_fix_on_save(seen: dict[str, Any]) -> None:
    assert seen["fixed"] == FIXED
    assert seen["saved"] == FIXED
    assert seen["page"].startswith("GT201-")


def test_markdown_and_untitled(seen: dict[str, Any]) -> None:
    assert seen["markdown"] == 10
    assert seen["untitled"] == {"scheme": "untitled", "code": "GT201"}


def test_notebook(seen: dict[str, Any]) -> None:
    found = seen["notebook"]
    assert found["kinds"] == [False, True, True, True, True]
    assert found["counts"] == [0, 0, 0, 1, 0]
    assert found["start"] == {"line": 1, "character": 21}
    assert found["cellOfTheCall"] == 4
    assert found["fixed"] == CELLS[2].replace("np.sqrt", "tf.sqrt")
