"""The checker drops what is overtaken, looks once at a burst, and lets nobody wait for what is gone."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from gradlint.server.checker import Checker
from gradlint.server.documents import Documents, Snapshot
from gradlint.server.programs import nothing

if TYPE_CHECKING:
    from gradlint.server.results import Result

pytestmark = pytest.mark.asyncio
URI = "file:///train.py"


class Desk:
    """A checker whose looks take until they are let go."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.looked: list[str] = []
        self.delivered: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.reads: dict[str, str] = {}
        self.begun = threading.Event()
        self.checker = Checker(self.documents, self.look, self.deliver)
        self.documents.open(types.TextDocumentItem(URI, "python", 1, "first"))

    def look(self, snapshot: Snapshot) -> Result:
        self.looked.append(snapshot.texts[0].content)
        self.begun.set()
        assert self.gate.wait(10)
        result = nothing(snapshot)
        assert result.source.project is not None
        result.source.project.texts.update(self.reads)
        return result

    def deliver(self, result: Result) -> None:
        self.delivered.append(result.snapshot.texts[0].content)

    def write(self, text: str) -> None:
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.documents.change(types.VersionedTextDocumentIdentifier(2, URI), [whole])

    async def begins(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 10)
        self.begun.clear()


async def test_a_burst_is_looked_at_once() -> None:
    desk = Desk()
    for number in range(100):
        desk.write(f"state {number}")
        desk.checker.changed(URI, 0.05)
        await asyncio.sleep(0)
    await asyncio.sleep(0.4)
    assert desk.looked == desk.delivered == ["state 99"]
    desk.checker.close()


async def test_what_is_overtaken_is_dropped() -> None:
    desk = Desk()
    desk.gate.clear()
    desk.checker.changed(URI, 0)
    await desk.begins()
    desk.write("second")
    desk.checker.changed(URI, 0)
    desk.gate.set()
    result = await desk.checker.result(URI)
    assert result is not None
    assert result.snapshot.texts[0].content == "second"
    assert desk.delivered == ["second"]
    desk.checker.close()


async def test_a_request_does_not_wait_for_the_debounce() -> None:
    desk = Desk()
    desk.checker.changed(URI, 30)
    async with asyncio.timeout(60):
        assert await desk.checker.result(URI) is not None
        assert await desk.checker.result(URI) is not None
    assert desk.looked == ["first"]
    desk.checker.close()


async def test_another_file_that_changes_meanwhile_overtakes_as_well() -> None:
    """What is being looked at may have read the file before it changed, whether anything depends on it yet or not."""
    desk = Desk()
    desk.reads["/helpers.py"] = "before"
    for text, looks in (("before", ["first"]), ("after", ["first", "first"])):
        desk.looked.clear()
        desk.delivered.clear()
        desk.gate.clear()
        desk.checker.invalidate()
        await desk.begins()
        desk.checker.others_changed("file:///helpers.py", "/helpers.py", text, 0)
        desk.gate.set()
        assert await desk.checker.result(URI) is not None
        assert desk.looked == looks
        assert desk.delivered == ["first"]
    desk.checker.close()


async def test_a_file_that_still_holds_what_was_read_of_it_costs_no_look() -> None:
    """A client that opens, saves and closes files changes nothing of what the others read."""
    desk = Desk()
    desk.reads["/helpers.py"] = "before"
    desk.checker.changed(URI, 0)
    assert await desk.checker.result(URI) is not None
    assert not desk.checker.others_changed("file:///helpers.py", "/helpers.py", "before", 0)
    assert await desk.checker.result(URI) is not None
    assert desk.looked == ["first"]
    for text in ("after", None):
        assert desk.checker.others_changed("file:///helpers.py", "/helpers.py", text, 0)
        assert await desk.checker.result(URI) is not None
    assert desk.looked == ["first"] * 3
    desk.checker.close()


async def test_another_file_that_nothing_depends_on_costs_no_look() -> None:
    desk = Desk()
    desk.checker.changed(URI, 0)
    assert await desk.checker.result(URI) is not None
    assert not desk.checker.others_changed("file:///helpers.py", "/helpers.py", "", 0)
    assert not desk.checker.others_changed(URI, "/train.py", "", 0)
    assert await desk.checker.result(URI) is not None
    assert desk.looked == ["first"]
    desk.checker.close()


async def test_changed_settings_overtake_as_well() -> None:
    desk = Desk()
    desk.gate.clear()
    desk.checker.changed(URI, 0)
    await desk.begins()
    desk.checker.invalidate()
    desk.gate.set()
    assert await desk.checker.result(URI) is not None
    assert desk.looked == ["first", "first"]
    assert desk.delivered == ["first"]
    desk.checker.close()


async def test_closing_lets_nobody_wait() -> None:
    desk = Desk()
    desk.gate.clear()
    waiting = asyncio.ensure_future(desk.checker.result(URI))
    await desk.begins()
    desk.documents.close(URI)
    desk.checker.forget(URI)
    async with asyncio.timeout(60):
        assert await waiting is None
    desk.gate.set()
    await asyncio.sleep(0.1)
    assert desk.delivered == []
    assert await desk.checker.result(URI) is None
    desk.checker.close()


async def test_ending_lets_nobody_wait() -> None:
    desk = Desk()
    desk.gate.clear()
    waiting = asyncio.ensure_future(desk.checker.result(URI))
    await desk.begins()
    desk.checker.close()
    async with asyncio.timeout(60):
        assert await waiting is None
    desk.gate.set()
