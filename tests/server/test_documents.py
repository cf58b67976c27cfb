"""The client's texts and columns against a plain model of them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lsprotocol import types

from gradlint.finding import Position
from gradlint.server import positions
from gradlint.server.actions import difference
from gradlint.server.documents import Document, Documents, OpenText

ENCODINGS = list(types.PositionEncodingKind)
PIECES = st.lists(
    st.sampled_from(["\n", "\r\n", "\r", "a", "é", "😀", "\x0c", "\u2028", "\x85", " ", "x = 1"]), max_size=12
)
TEXTS = PIECES.map("".join)
PLACES = st.tuples(st.integers(0, 8), st.integers(0, 12))


def lines(text: str) -> list[str]:
    """The lines with their ends, one character after the other."""
    made, line = [], ""
    for index, character in enumerate(text):
        line += character
        if character == "\n" or (character == "\r" and text[index + 1 : index + 2] != "\n"):
            made.append(line)
            line = ""
    return [*made, line]


def offset(text: str, place: tuple[int, int], encoding: types.PositionEncodingKind) -> int:
    """The offset of a position, counted unit by unit."""
    all_lines = lines(text)
    if place[0] >= len(all_lines):
        return len(text)
    width = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[encoding.value]
    unit = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding.value]
    at, left = sum(map(len, all_lines[: place[0]])), place[1]
    for character in all_lines[place[0]].rstrip("\r\n"):
        left -= len(character.encode(width)) // unit
        if left < 0:
            break
        at += 1
    return at


@settings(suppress_health_check=[HealthCheck.too_slow])  # The first texts take a second where the machine is busy.
@given(TEXTS, st.lists(st.tuples(PLACES, PLACES, TEXTS), max_size=5), st.sampled_from(ENCODINGS))
def test_edits(
    text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]], encoding: types.PositionEncodingKind
) -> None:
    document = Document("file:///a.py", 1, "python", encoding, positions.split(text))
    for version, (one, other, new) in enumerate(edits, 2):
        span = types.Range(types.Position(*one), types.Position(*other))
        first, last = sorted((offset(text, one, encoding), offset(text, other, encoding)))
        text = text[:first] + new + text[last:]
        document.change(version, [types.TextDocumentContentChangePartial(span, new)])
        assert document.text.content == text
        assert document.lines == lines(text)


@given(TEXTS, st.sampled_from(ENCODINGS))
def test_places_there_and_back(content: str, encoding: types.PositionEncodingKind) -> None:
    text = OpenText("file:///a.py", 1, content, "python", encoding)
    for number, line in enumerate(lines(content), 1):
        for column in range(1, len(line.rstrip("\r\n")) + 2):
            place = Position(number, column)
            assert text.from_client(text.to_client(place)) == place


@given(TEXTS, TEXTS, st.sampled_from(ENCODINGS))
def test_the_difference_makes_the_other_text(before: str, after: str, encoding: types.PositionEncodingKind) -> None:
    document = Document("file:///a.py", 1, "python", encoding, positions.split(before))
    edits = list(difference(document.text, after))
    for edit in reversed(edits):
        document.change(2, [types.TextDocumentContentChangePartial(edit.range, edit.new_text)])
    assert document.text.content == after


def test_a_line_end_that_comes_together() -> None:
    document = Document("file:///a.py", 1, "python", types.PositionEncodingKind.Utf16, positions.split("a\rb"))
    document.change(
        2, [types.TextDocumentContentChangePartial(types.Range(types.Position(1, 0), types.Position(1, 0)), "\n")]
    )
    assert document.lines == ["a\r\n", "b"]


@pytest.mark.parametrize("uri", ["file:///a%20b.py", "file:///a b.py"])
def test_one_document_however_its_uri_is_written(uri: str) -> None:
    documents = Documents()
    documents.open(types.TextDocumentItem("file:///a%20b.py", "python", 1, "x = 1\n"))
    unit = documents.unit(uri)
    assert unit == "file:///a%20b.py"
    first = documents.revision(unit)
    whole = types.TextDocumentContentChangeWholeDocument("x = 2\n")
    documents.change(types.VersionedTextDocumentIdentifier(2, uri), [whole])
    second = documents.revision(unit)
    assert first is not None
    assert second is not None
    assert first < second
    documents.close(uri)
    assert documents.unit(uri) is None
    assert documents.snapshot(unit) is None
