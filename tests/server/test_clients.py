"""Each client's own way through a short life: open, see the diagnostic, take the fix, close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.server.clients import PROFILES, Profile
from tests.server.programs import BROKEN, FIXED
from tests.server.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sweep(every=12)

WIDE = BROKEN.replace("    root = np.sqrt(w * x)", '    é = "😀"; root = np.sqrt(w * x)')
START = {"utf-8": 24, "utf-16": 21, "utf-32": 20}
"""Where ``np.sqrt`` stands in its line."""
REFRESHES = {
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "workspace/inlayHint/refresh": "workspace.inlayHint.refreshSupport",
    "workspace/configuration": "workspace.configuration",
    "workspace/applyEdit": "workspace.applyEdit",
    "window/showDocument": "window.showDocument.support",
    "window/workDoneProgress/create": "window.workDoneProgress",
}
"""The requests of the server, by the capability that allows them."""


def begin(profile: Profile, folder: Path) -> tuple[Wire, dict[str, Any]]:
    """A session as the client begins it; gives what the server can do as well."""

    def answer(method: str, params: Any) -> dict[str, Any]:
        return profile.configured if method == "workspace/configuration" else {"result": None}

    uri = folder.as_uri()
    named = {"rootPath": str(folder), "rootUri": uri, "workspaceFolders": [{"uri": uri, "name": folder.name}]}
    root = {key: value if key in profile.root else None for key, value in named.items()}
    wire = Wire(answer)
    able = wire.initialize(capabilities=profile.capabilities, initializationOptions=profile.options, **root)
    if profile.settings is not ...:
        wire.notify("workspace/didChangeConfiguration", {"settings": profile.settings})
    return wire, able


def diagnostics(wire: Wire, profile: Profile, uri: str, version: int, identity: int) -> list[Any]:
    """The diagnostics as the client gets them."""
    if not profile.pulls:
        return wire.published(uri, version)
    report = wire.request(identity, "textDocument/diagnostic", {"textDocument": {"uri": uri}})["result"]
    items: list[Any] = report["items"]
    return items


def applied(text: str, edits: list[Any], encoding: str) -> str:
    """A text with edits of places that lie in single lines."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda edit: -edit["range"]["start"]["character"]):
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert start["line"] == end["line"]
        codec = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding]
        width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
        line = lines[start["line"]].encode(codec)
        head, tail = line[: start["character"] * width], line[end["character"] * width :]
        lines[start["line"]] = head.decode(codec) + edit["newText"] + tail.decode(codec)
    return "\n".join(lines)


@pytest.mark.parametrize("name", PROFILES)
def test_life(name: str, tmp_path: Path) -> None:
    profile = PROFILES[name]
    folder = tmp_path / "mein Ordner ä"
    folder.mkdir()
    wire, able = begin(profile, folder)
    encoding = profile.encoding()
    assert able["positionEncoding"] == encoding
    uri = f"{folder.as_uri()}/tr%C3%A4in%20%2B1.py"
    item = {"uri": uri, "languageId": "python", "version": 0, "text": WIDE}
    wire.notify("textDocument/didOpen", {"textDocument": item})
    (found,) = diagnostics(wire, profile, uri, 0, 10)
    assert found["code"] == "GT201"
    assert found["range"]["start"] == {"line": 7, "character": START[encoding]}
    told = profile.able("textDocument.publishDiagnostics.relatedInformation")
    assert ("relatedInformation" in found) == (told or profile.able("textDocument.diagnostic.relatedInformation"))

    asked = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": [found]}}
    offered = wire.request(11, "textDocument/codeAction", asked)["result"]
    if profile.able("textDocument.codeAction.codeActionLiteralSupport"):
        edit = next(action for action in offered if action.get("isPreferred"))["edit"]
    else:
        assert all(isinstance(one["command"], str) for one in offered)
        edit = next(one for one in offered if one["command"] == "gradlint.apply")["arguments"][0]
    if profile.able("workspace.workspaceEdit.documentChanges"):
        (change,) = edit["documentChanges"]
        assert change["textDocument"] == {"uri": uri, "version": 0}
        edits = change["edits"]
    else:
        edits = edit["changes"][uri]
    fixed = applied(WIDE, edits, encoding)
    assert fixed == WIDE.replace("np.sqrt", "tf.sqrt")
    wire.change(uri, 1, {"text": fixed})
    assert diagnostics(wire, profile, uri, 1, 12) == []
    wire.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    wire.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert wire.finish() == 0
    logged = wire.close()
    assert "Traceback" not in logged
    for request in wire.asked:
        if request["method"] == "client/registerCapability":
            for registration in request["params"]["registrations"]:
                part, _, feature = registration["method"].partition("/")
                assert profile.able(f"{part}.{feature}.dynamicRegistration"), registration
        else:
            assert profile.able(REFRESHES[request["method"]]), request


def test_a_client_without_code_actions_makes_the_edit_by_a_command(tmp_path: Path) -> None:
    made: list[Any] = []

    def answer(method: str, params: Any) -> dict[str, Any]:
        assert method == "workspace/applyEdit"
        made.append(params["edit"])
        return {"result": {"applied": True}}

    wire = Wire(answer)
    wire.initialize()
    uri = (tmp_path / "train.py").as_uri()
    (found,) = wire.open(uri, BROKEN)
    asked = {"textDocument": {"uri": uri}, "range": found["range"], "context": {"diagnostics": []}}
    offered = wire.request(2, "textDocument/codeAction", asked)["result"]
    titles = [command["title"] for command in offered]
    assert titles == [
        "Compute it with TensorFlow",
        "Ignore GT201 on this line",
        "Explain GT201 (numpy-call)",
        "Fix all with gradlint",
    ]
    for identity, command in enumerate(offered[:2], 3):
        assert wire.request(identity, "workspace/executeCommand", command)["result"] is True
    assert applied(BROKEN, made[0]["changes"][uri], "utf-16") == FIXED
    assert "# gradlint: ignore[GT201]" in made[1]["changes"][uri][0]["newText"]
    assert wire.request(5, "workspace/executeCommand", offered[2])["result"].startswith("# ")
    for nonsense in ([], [None], ["text"], [7], [{"changes": [1]}]):
        command = {"command": "gradlint.apply", "arguments": nonsense}
        assert wire.request(6, "workspace/executeCommand", command)["result"] is False
    assert wire.finish() == 0
    assert "Traceback" not in wire.close()


def test_a_client_that_makes_no_edits(tmp_path: Path) -> None:
    wire = Wire(lambda method, params: {"error": {"code": -32601, "message": "Method not found"}})
    wire.initialize()
    uri = (tmp_path / "train.py").as_uri()
    wire.open(uri, BROKEN)
    command = {"command": "gradlint.fixAll", "arguments": [uri]}
    assert wire.request(2, "workspace/executeCommand", command)["result"] is False
    assert wire.finish() == 0
    assert "Traceback" not in wire.close()


URIS = (
    "file:///tmp/two words.py",
    "file:///tmp/tr%c3%a4in%20a.py",
    "file:///tmp/träin.py",
    "file:///C:/Users/me/train.py",
    "file:///c%3A/Users/you/train.py",
    "file://server/share/train.py",
    "file:/tmp/train.py",
    "untitled:Untitled-1",
    "untitled:/tmp/new.py",
    "git:/tmp/train.py?" + quote('{"path":"/tmp/train.py","ref":"~"}'),
    "vscode-notebook-cell:/tmp/study.ipynb#W0sZmlsZQ%3D%3D",
    "vscode-vfs://github/someone/something/train.py",
    "jupyterlab://a.ipynb",
    "zipfile:///tmp/a.zip::train.py",
    "train.py",
    "",
)


def test_every_form_of_uri() -> None:
    wire = Wire()
    wire.initialize()
    for uri in URIS:
        assert [found["code"] for found in wire.open(uri, BROKEN)] == ["GT201"]
        wire.change(uri, 2, {"text": FIXED})
        assert wire.published(uri, 2) == []
    for uri in URIS:
        wire.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert wire.finish() == 0
    assert "Traceback" not in wire.close()
