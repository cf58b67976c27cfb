"""What must not shake the server: nonsense, haste, size, and clients that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.server.editor import session
from tests.server.programs import BROKEN, FIXED, long
from tests.server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


def test_malformed_messages(wire: Wire) -> None:
    wire.initialize()
    wire.raw(b"Content-Length: 9\r\n\r\n{not json")
    wire.raw(b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc")
    wire.raw(b"Content-Type: nonsense\r\nContent-Length: 2\r\n\r\n[]")
    wire.raw(b"Content-Length: 6\r\n\r\n[[[[[[")
    wire.raw(b"\r\n\r\nnothing at all\r\n")
    for nonsense in (
        None,
        7,
        "text",
        {},
        {"jsonrpc": "1.0", "method": "exit"},
        {"jsonrpc": "2.0"},
        {"jsonrpc": "2.0", "id": []},
    ):
        wire.send(nonsense)
    wire.notify("textDocument/didChange", {"textDocument": {"uri": 7}})
    wire.notify(
        "textDocument/didChange", {"textDocument": {"uri": "file:///not/open.py", "version": 2}, "contentChanges": []}
    )
    wire.notify("no/such/notification", {"a": 1})
    error = wire.request(2, "textDocument/hover", {"position": "here"})["error"]
    assert error["code"] == types.ErrorCodes.InvalidParams
    error = wire.request(3, "no/such/request", {})["error"]
    assert error["code"] == types.ErrorCodes.MethodNotFound
    error = wire.request(4, "workspace/executeCommand", {"command": "no.such.command"})["error"]
    assert error["code"] == types.ErrorCodes.InvalidParams
    nowhere = {"textDocument": {"uri": "file:///not/open.py"}, "position": {"line": 5, "character": 5}}
    assert wire.request(5, "textDocument/hover", nowhere)["result"] is None
    wire.send({"jsonrpc": "2.0", "id": "unknown", "result": None})
    assert [found["code"] for found in wire.open("file:///tmp/train.py", BROKEN)] == ["GT201"]
    beyond = {"textDocument": {"uri": "file:///tmp/train.py"}, "position": {"line": 5000, "character": 5000}}
    assert wire.request(6, "textDocument/hover", beyond)["result"] is None
    assert wire.finish() == 0


def test_changes_of_every_impossible_range(wire: Wire) -> None:
    wire.initialize()
    uri = "file:///tmp/train.py"
    assert wire.open(uri, FIXED) == []
    ranges = [((900, 0), (900, 5)), ((0, 900), (0, 950)), ((3, 2), (1, 1)), ((0, 0), (900, 900)), ((2, 0), (2, 0))]
    for version, (start, end) in enumerate(ranges, 2):
        span = {side: {"line": place[0], "character": place[1]} for side, place in (("start", start), ("end", end))}
        identifier = {"uri": uri, "version": version}
        wire.notify(
            "textDocument/didChange", {"textDocument": identifier, "contentChanges": [{"range": span, "text": "x"}]}
        )
    whole = {"textDocument": {"uri": uri, "version": 9}, "contentChanges": [{"text": BROKEN}]}
    wire.notify("textDocument/didChange", whole)
    while True:
        message = wire.read()
        if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["version"] == 9:
            break
    assert [found["code"] for found in message["params"]["diagnostics"]] == ["GT201"]
    assert wire.finish() == 0


def test_surrogates_that_no_file_can_hold(wire: Wire) -> None:
    wire.initialize()
    program = BROKEN.replace("import numpy", "# \ud83d alone\nimport numpy").replace(
        "\nwith", "\nname = '\udc00'\nwith"
    )
    assert [found["code"] for found in wire.open("file:///tmp/train.py", program)] == ["GT201"]
    assert wire.finish() == 0


ODD = [
    "untitled:Untitled-1",
    "untitled:/tmp/new.py",
    "vscode-notebook-cell:/tmp/study.ipynb#W0sZmlsZQ%3D%3D",
    "vscode-vfs://github/owner/name/train.py",
    "git:/tmp/train.py?%7B%22ref%22%3A%22~%22%7D",
    "http://example.org/train.py",
    "file:///tmp/gr%C3%B6%C3%9Fe%20%25.py",
    "file:///tmp/größe %.py",
    "file:///tmp/line%0Abreak.py",
    "file:///tmp/a.py?query#fragment",
    "file:///tmp/%00.py",
    "file:///tmp/%ff%fe.py",
    "file:///tmp/%zz%.py",
    "file:///c%3A/users/train.py",
    "file:////server/share/train.py",
    "file://server/share/train.py",
    "file://[::1/train.py",
    "file:///tmp/../../../train.py",
    "file:///dev/stdin",
    "file:///proc/self/mem",
    f"file:///tmp/{'a' * 5000}.py",
    f"file:///{'a/' * 3000}train.py",
    "file:///tmp",
    "file://",
    "file:",
    "/tmp/train.py",
    "train.py",
    "C:\\users\\train.py",
    "\ud800://train.py",
    "%",
    "",
]


def test_documents_of_every_address(wire: Wire, tmp_path: Path) -> None:
    """What no path belongs to is checked or passed over; requests are answered, and another file has its finding."""
    wire.initialize()
    start = {"line": 5, "character": 12}
    for number, uri in enumerate(ODD):
        document = {"uri": uri}
        item = {**document, "languageId": "python", "version": 1, "text": BROKEN}
        wire.notify("textDocument/didOpen", {"textDocument": item})
        wire.change(uri, 2, {"text": BROKEN + "\n"})
        asked = {"textDocument": document, "position": start}
        assert {"result", "error"} & wire.request(f"hover {number}", "textDocument/hover", asked).keys()
        asked = {"textDocument": document, "range": {"start": start, "end": start}, "context": {"diagnostics": []}}
        assert {"result", "error"} & wire.request(f"action {number}", "textDocument/codeAction", asked).keys()
        sound = (tmp_path / f"sound{number}.py").as_uri()
        assert [found["code"] for found in wire.open(sound, BROKEN)] == ["GT201"], uri
        wire.notify("textDocument/didSave", {"textDocument": document})
        for closed in (uri, sound):
            wire.notify("textDocument/didClose", {"textDocument": {"uri": closed}})
    assert wire.finish() == 0
    assert "Traceback" not in wire.close()


def test_requests_before_the_beginning_and_after_the_end(wire: Wire) -> None:
    error = wire.request(
        1, "textDocument/hover", {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}
    )
    assert error["error"]["code"] == types.ErrorCodes.ServerNotInitialized
    wire.notify(
        "textDocument/didOpen", {"textDocument": {"uri": "file:///a", "languageId": "python", "version": 1, "text": ""}}
    )
    wire.initialize()
    assert wire.request(3, "shutdown")["result"] is None
    late = wire.request(4, "textDocument/hover", {})
    assert late["error"]["code"] in (types.ErrorCodes.InvalidRequest, types.ErrorCodes.InvalidParams)
    wire.notify("exit")
    assert wire.process.wait(30) == 0


def test_exit_without_shutdown(wire: Wire) -> None:
    wire.initialize()
    wire.notify("exit")
    assert wire.process.wait(30) == 1


def test_a_client_that_hangs_up(wire: Wire) -> None:
    wire.initialize()
    assert wire.process.stdin is not None
    wire.process.stdin.close()
    assert wire.process.wait(30) == 1
    assert "Traceback" not in wire.close()


def test_what_rules_print_does_not_reach_the_client(tmp_path: Path, wire: Wire) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "noisy.py").write_text("print('Content-Length: 3')\n" + RULE)
    (tmp_path / "gradlint.toml").write_text('rules = ["rules"]\nextend-select = ["NOISY001"]\n')
    wire.initialize(initializationOptions={"trust": True})
    path = tmp_path / "train.py"
    assert [found["code"] for found in wire.open(path.as_uri(), BROKEN)] == ["GT201"]
    assert wire.finish() == 0


RULE = '''
from gradlint.rule import Rule


class Noisy(Rule):
    """Says something to whoever listens."""

    code = "NOISY001"
    name = "noisy-rule"
    kinds = ()

    def check(self, facts, module):
        print("noise")
        return ()
'''


@pytest.mark.asyncio
async def test_a_thousand_quick_changes(tmp_path: Path) -> None:
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", FIXED)
        await editor.diagnostics(uri)
        for turn in range(1000):
            if turn % 2 == 0:
                editor.edit(uri, "tf.sqrt", "np.sqrt")
            else:
                editor.edit(uri, "np.sqrt", "tf.sqrt")
        editor.edit(uri, "tf.sqrt", "np.sqrt")
        assert [found.code for found in await editor.diagnostics(uri)] == ["GT201"]
        # Broken states have even versions: no state was ever shown with another state's diagnostics.
        for params in editor.published:
            assert bool(params.diagnostics) == (params.version % 2 == 0)
        versions = [params.version for params in editor.published]
        assert versions == sorted(versions)
        assert len(versions) < 500


@pytest.mark.asyncio
async def test_ten_thousand_lines(tmp_path: Path) -> None:
    program = long(10_000)
    assert program.count("\n") > 9_900
    async with session(tmp_path) as editor:
        uri = editor.open(tmp_path / "train.py", program)
        assert [found.code for found in await editor.diagnostics(uri)] == ["GT201"]
        editor.edit(uri, "np.sqrt", "tf.sqrt")
        # While the file is looked at, requests that need no result are answered.
        assert await editor.command("gradlint.explain", "GT000") is None
        assert await editor.diagnostics(uri) == []


@pytest.mark.asyncio
async def test_two_clients_in_turn(tmp_path: Path) -> None:
    for _ in range(2):
        async with session(tmp_path) as editor:
            uri = editor.open(tmp_path / "train.py", BROKEN)
            assert [found.code for found in await editor.diagnostics(uri)] == ["GT201"]


@pytest.mark.asyncio
async def test_memory_stays_where_it_is(tmp_path: Path) -> None:
    async with session(tmp_path, configuration={"debounce": 0}) as editor:

        async def live(turns: int) -> int:
            for turn in range(turns):
                uri = editor.open(tmp_path / f"train{turn % 3}.py", long(200))
                await editor.diagnostics(uri)
                editor.edit(uri, "np.sqrt", "tf.sqrt")
                await editor.diagnostics(uri)
                editor.close(uri)
            return editor.resident()

        settled = await live(15)
        assert await live(60) < settled + (24 << 20)
