"""JupyterLab with jupyterlab-lsp, which finds gradlint by itself: its server, and its page in a browser."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect, sync_playwright
from websocket import WebSocket, create_connection

from editors.tests.obtain import ROOT, browser, environment
from editors.tests.processes import running, wait_for
from editors.tests.study import notebook
from gradlint.server.jupyter import NAME
from tests.server.programs import BROKEN, CELLS, FIXED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

TOKEN = "secret"
READY = re.compile(r"is running at:\s+.*?(http://127\.0\.0\.1:\d+)/lab", re.DOTALL)
CAPABILITIES = {
    "textDocument": {
        "synchronization": {"dynamicRegistration": True, "willSave": False, "didSave": True},
        "publishDiagnostics": {"tagSupport": {"valueSet": [2, 1]}},
        "hover": {"dynamicRegistration": True, "contentFormat": ["markdown", "plaintext"]},
    },
    "workspace": {"didChangeConfiguration": {"dynamicRegistration": True}},
}
"""What JupyterLab 4 says of itself, as far as it concerns gradlint."""


@dataclass(frozen=True)
class Lab:
    """A Jupyter server that runs: its address, and the folder that it shows."""

    address: str
    folder: Path


def documented(name: str) -> dict[str, Any]:
    """The settings that the documentation gives for a file."""
    guide = (ROOT / "docs" / "editors.md").read_text()
    block = re.search(rf"{re.escape(name)}`.*?^```json\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    assert block is not None
    settings: dict[str, Any] = json.loads(block[1])
    return settings


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("jupyter")
    folder, log = home / "my work", home / "server.log"
    folder.mkdir()
    (folder / "study.ipynb").write_text(notebook())
    (folder / "train.py").write_text(BROKEN)
    for plugin, settings in documented("overrides.json").items():
        extension, _, name = plugin.partition(":")
        file = home / "settings" / extension / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings))
    # What is written for another environment stands beside what is found in this one, and below it in priority.
    written = documented("gradlint.json")
    servers = written["LanguageServerManager"]["language_servers"]
    servers["elsewhere"] = servers.pop(NAME)
    configuration = home / "config" / "jupyter_server_config.d"
    configuration.mkdir(parents=True)
    (configuration / "gradlint.json").write_text(json.dumps(written))
    variables = {
        **environment(),
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "share"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTER_RUNTIME_DIR": str(home / "run"),
    }
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    token = f"--IdentityProvider.token={TOKEN}"
    command = [sys.executable, "-m", "jupyterlab", *options, token, f"--ServerApp.root_dir={folder}"]
    with running(command, log, cwd=home, env=variables) as process:
        ready = wait_for(lambda: READY.search(log.read_text(errors="replace")), process, log, 90)
        yield Lab(ready[1], folder)


def status(lab: Lab) -> dict[str, Any]:
    """What jupyter-lsp says of the language servers that it would start."""
    with urlopen(f"{lab.address}/lsp/status?token={TOKEN}", timeout=60) as answer:
        told: dict[str, Any] = json.load(answer)
    return told["sessions"]


def test_the_specification_for_another_environment(lab: Lab) -> None:
    assert status(lab)["elsewhere"]["spec"]["display_name"] == "gradlint"


def test_it_is_found_and_takes_no_other_servers_place(lab: Lab) -> None:
    found = status(lab)
    assert found[NAME]["spec"]["languages"] == ["python"]
    # JupyterLab takes the first by name of those that it knows for a language.
    assert sorted([NAME, "pylsp", "pyright", "pyrefly", "basedpyright", "jedi-language-server"])[-1] == NAME


class Socket:
    """The connection of a page to the language server."""

    def __init__(self, lab: Lab) -> None:
        self.uri = (lab.folder / "study.ipynb").as_uri()
        address = lab.address.replace("http", "ws", 1)
        self.socket: WebSocket = create_connection(f"{address}/lsp/ws/{NAME}?token={TOKEN}", timeout=60)

    def send(self, method: str, params: Any, identity: int | None = None) -> None:
        """Send a notification, or a request where it has an identity."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self.socket.send(json.dumps(message if identity is None else {**message, "id": identity}))

    def answer(self, identity: int) -> Any:
        """The result of a request."""
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == identity and "method" not in message:
                return message["result"]

    def diagnostics(self, version: int) -> list[Any]:
        """What is published of a version of the notebook."""
        while True:
            message = json.loads(self.socket.recv())
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["version"] == version:
                found: list[Any] = message["params"]["diagnostics"]
                return found


def virtual(*cells: str) -> str:
    """The cells as jupyterlab-lsp sends them: one document, with lines left free between them."""
    return "".join(f"\n\n\n{cell}\n" for cell in cells)


def test_the_messages_of_the_page(lab: Lab) -> None:
    page = Socket(lab)
    cells = [CELLS[0], CELLS[1].replace("%matplotlib inline", 'get_ipython().run_line_magic("matplotlib", " inline")')]
    broken = virtual(*cells, *CELLS[2:])
    root = lab.folder.as_uri()
    begin = {"processId": None, "rootUri": root, "workspaceFolders": None, "initializationOptions": None}
    page.send("initialize", {**begin, "capabilities": CAPABILITIES}, 0)
    assert page.answer(0)["capabilities"]["positionEncoding"] == "utf-16"
    page.send("initialized", {})
    page.send("workspace/didChangeConfiguration", {"settings": {}})
    item = {"uri": page.uri, "languageId": "python", "text": broken, "version": 0}
    page.send("textDocument/didOpen", {"textDocument": item})
    # JupyterLab tells the text once more, with the same version, before it counts.
    for version in (0, 1):
        identifier = {"uri": page.uri, "version": version}
        page.send("textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"text": broken}]})
    (found,) = page.diagnostics(1)
    assert found["code"] == "GT201"
    line = found["range"]["start"]["line"]
    assert broken.split("\n")[line] == "    loss = tf.square(np.sqrt(w))"
    context = {"diagnostics": [found]}
    page.send("textDocument/codeAction", {"textDocument": item, "range": found["range"], "context": context}, 1)
    # The page says nothing of code actions, so it is offered commands.
    offered = {command["title"]: command for command in page.answer(1)}
    (edit,) = offered["Compute it with TensorFlow"]["arguments"][0]["changes"][page.uri]
    assert (edit["newText"], edit["range"]["start"]["line"]) == ("tf", line)
    settings = {"settings": {"gradlint": {"ignore": ["GT201"]}}}
    page.send("workspace/didChangeConfiguration", settings)
    assert page.diagnostics(1) == []
    # A second page shares the server with the first.
    second = Socket(lab)
    second.send("initialize", {**begin, "capabilities": CAPABILITIES}, 7)
    assert second.answer(7)["capabilities"]["positionEncoding"] == "utf-16"
    for socket in (page, second):
        socket.socket.close()


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-gpu"])
        page = window.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(120_000)
        expect.set_options(timeout=120_000)
        yield page
        window.close()


def test_a_notebook_in_the_browser(lab: Lab, page: Page) -> None:
    page.goto(f"{lab.address}/lab/tree/study.ipynb?token={TOKEN}&reset")
    losing = page.locator(".jp-Notebook .jp-Cell").nth(3)
    # A warning, as the settings of JupyterLab say.
    mark = losing.locator(".cm-lintRange-warning")
    expect(mark).to_have_text("np.sqrt(w)")
    expect(page.locator(".jp-Notebook .cm-lintRange")).to_have_count(1)
    mark.hover()
    expect(page.locator(".cm-tooltip-lint")).to_contain_text("`np.sqrt` returns a NumPy array")
    # The user types the cure.
    losing.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(CELLS[2].replace("np.sqrt", "tf.sqrt"))
    expect(page.locator(".jp-Notebook .cm-lintRange")).to_have_count(0)


def test_a_file_in_the_browser(lab: Lab, page: Page) -> None:
    page.goto(f"{lab.address}/lab/tree/train.py?token={TOKEN}&reset")
    editor = page.locator(".jp-FileEditor")
    expect(editor.locator(".cm-lintRange-warning")).to_have_text("np.sqrt(w * x)")
    editor.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(FIXED)
    expect(editor.locator(".cm-lintRange")).to_have_count(0)
