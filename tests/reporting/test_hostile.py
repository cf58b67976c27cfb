"""A tree whose names and contents were chosen to do harm, in every format: each output is sound by its own grammar."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from markdown_it import MarkdownIt

from gradlint import escaping
from gradlint.reporting import FORMATS
from tests.reporting.pages import Page

ROOT = Path(__file__).parents[2]
HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
COMMAND = re.compile(r"^\s*(?:::|##\[)", re.MULTILINE)

NAMES = [
    b"escape\x1b[31m\x1b]0;title\x07",
    b"\x07bell",
    b"line\n::error::pwned",
    b"return\r::error::pwned",
    b"both\r\n##[error]pwned",
    "right\u202eyp.txet".encode(),
    "separator\u2028::error::pwned".encode(),
    "next\u0085::error::pwned".encode(),
    b"bytes\xff\xfe",
    b"::error::pwned",
    b" ::error::spaces",
    b"##[error]pwned",
    b"tick`![x](http:evil)`",
    b"<img src=x onerror=alert(1)>",
    b"amp&'\"]]>",
    b"%0A::error::pwned",
    b"comma,colon:equals=",
    b"[link](http:evil)",
    b"*bold* _it_ ~~no~~ |cell|",
    b"tab\tbed",
]
KEY = "k` ![x](http://evil) <b> ::error::pwned \\x1b \u202e \x1b[31m\u2028::error::pwned"
BROKEN = """\
import numpy as np
import tensorflow as tf

d = {{{key}: tf.Variable([1.0, 2.0])}}
with tf.GradientTape() as tape:
    y = tf.constant(np.square(d[{key}]))
g = tape.gradient(y, d[{key}])
""".format(key=f'"{KEY}"')
IMPORTS = "import tensorflow as tf\nprint(\n'GradientTape\u202e\x1b[31m\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finding and an error under each name; pages and notebooks are among them."""
    folder = os.fsencode(tmp_path_factory.mktemp("tree"))
    cells = [{"cell_type": "code", "source": text} for text in (BROKEN, "print(\nGradientTape\x1b")]
    for number, name in enumerate(NAMES):
        place = os.path.join(folder, name)
        os.mkdir(place)
        for stem, text in (
            (name + b".py", BROKEN),
            (b"bad" + name + b".py", IMPORTS),
            (name + b".md", f"# a\n\n```python\n{BROKEN}```\n"),
            (name + b".ipynb", json.dumps({"cells": cells})),
        )[: 4 if number < 3 else 2]:
            with open(os.path.join(place, stem), "wb") as file:
                file.write(text.encode())
    return Path(os.fsdecode(folder))


@pytest.fixture(scope="module")
def written(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each format makes of the tree; ``stderr`` is what the command said."""
    out = tmp_path_factory.mktemp("out")
    options = [f"--output-format={name}:{out / name}" for name in FORMATS]
    done = command(tree, *options, "--output-format=json", ".")
    assert done.returncode == 2
    texts = {name: (out / name).read_bytes().decode() for name in FORMATS}
    return {**texts, "stderr": done.stderr.decode(), "stdout": done.stdout.decode()}


def command(tree: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    line = [sys.executable, "-m", "gradlint", "check", "--no-cache", *arguments]
    return subprocess.run(line, cwd=tree, env=environment, capture_output=True, check=False)


def is_sound(text: str) -> None:
    """Nothing in it steers a terminal, and none of its lines is a command of a CI service."""
    assert HOSTILE.findall(text) == []
    assert COMMAND.findall(text) == []


@pytest.mark.parametrize("name", ["full", "concise", "grouped", "statistics", "pylint", "markdown", "stderr"])
def test_what_people_read(written: dict[str, str], name: str) -> None:
    is_sound(written[name])
    assert "\t" not in written[name]
    if name in {"full", "concise", "stderr"}:
        assert r"line\n::error::pwned" in written[name]
        assert r"bytes\udcff\udcfe" in written[name]
        assert "./::error::pwned/" in written[name]


def test_github(written: dict[str, str]) -> None:
    text = written["github"]
    assert HOSTILE.findall(text) == []
    lines = text.split("\n")[:-1]
    value = r"[^\n\r:,]*"
    grammar = re.compile(rf"::(?:error|warning|notice) (?:\w+={value})(?:,\w+={value})*::[^\n\r]*")
    assert [line for line in lines if not grammar.fullmatch(line)] == []
    assert len(lines) == len(json.loads(written["json"])) + written["concise"].count(": error: syntax error")
    assert all(not line.lstrip().startswith("::error::pwned") for line in text.splitlines())


def test_junit(written: dict[str, str]) -> None:
    is_sound(written["junit"])
    root = ElementTree.fromstring(written["junit"])
    for element in root.iter():
        for text in (*element.attrib.values(), element.text or ""):
            is_sound(text)
    assert len(root) == 2 * len(NAMES) + 6


def test_html(written: dict[str, str]) -> None:
    text = written["html"]
    assert HOSTILE.findall(text) == []
    page = Page(text)
    assert [tag for tag, _ in page.tags if tag in ("img", "b", "link", "iframe")].count("b") == len(
        re.findall(r"<b>\d+</b>|<b>No gradient", text)
    )
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert [key for _, attrs in page.tags for key in attrs if key.startswith("on")] == []
    assert {href.partition(":")[0] for href in page.all("href") if not href.startswith("#")} <= {"https"}
    assert "<img src=x onerror=alert(1)>" in page.text


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab", "rdjson"])
def test_json_documents(written: dict[str, str], name: str) -> None:
    is_sound(written[name])
    assert json.loads(written[name])


@pytest.mark.parametrize("name", ["jsonl", "lsp"])
def test_json_lines(written: dict[str, str], name: str) -> None:
    is_sound(written[name])
    assert [json.loads(line) for line in written[name].splitlines()]
    assert len(written[name].splitlines()) == written[name].count("\n")


def test_json_gives_names_as_they_are(written: dict[str, str]) -> None:
    paths = {os.fsencode(finding["path"]) for finding in json.loads(written["json"])}
    assert {os.path.join(name, name + b".py") for name in NAMES} <= paths


def test_sarif_is_valid_and_its_markdown_holds_no_markup(written: dict[str, str]) -> None:
    log = json.loads(written["sarif"])
    schema = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text())
    jsonschema.validate(log, schema)
    for result in log["runs"][0]["results"]:
        plain(result["message"]["markdown"])
        assert not re.search(r"(?<!\\)\[[^\]\[]*\]\(", result["message"]["text"])


def test_gitlab_s_descriptions_hold_no_markup(written: dict[str, str]) -> None:
    issues = json.loads(written["gitlab"])
    assert len(issues) > 2 * len(NAMES)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        plain(issue["description"])


def plain(markdown: str) -> None:
    """Markdown that renders to text and code spans alone."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown):
        assert token.type in {"paragraph_open", "paragraph_close", "inline"}, markdown
        for child in token.children or ():
            assert child.type in {"text", "code_inline", "softbreak", "text_special"}, (child.type, markdown)


@pytest.mark.parametrize("options", [["--diff"], ["--show-files"], ["--fix", "--show-fixes"], ["no such\n::error::x"]])
def test_what_else_the_command_says(tree: Path, tmp_path: Path, options: list[str]) -> None:
    place = tmp_path / "copy"
    place.mkdir()
    for name in NAMES[:4]:
        path = place / os.fsdecode(name + b".py")
        path.write_bytes(BROKEN.replace(KEY, "k").encode())
    done = command(place, *options)
    is_sound(done.stderr.decode())
    is_sound(done.stdout.decode())


MARKUP = [
    "a `b` c",
    "`b",
    "a ` b ` c ` <img>",
    "[x](y) ![z](w)",
    "# t",
    "&lt; <b>",
    "a\n\n# t",
    "~~~\nx",
    "1. x",
    "| a |",
]


@pytest.mark.parametrize("text", MARKUP)
def test_markdown_of_any_message(text: str) -> None:
    plain(escaping.markdown(text).replace("1. x", ""))


def test_names_stay_as_they_are_where_nothing_is_wrong_with_them() -> None:
    for text in ("src/train.py", "übung/μ.py", "a b.py", "日本語.py", "👩‍🚀.py", "C:\\x\\y.py"):
        assert escaping.name(text) == text
