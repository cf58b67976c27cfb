"""What comes from the tree that is linted, made fit for where it is shown: the one place that knows each syntax.

A file's name, a cell's text and an expression may hold whatever a stranger put there: sequences that steer a terminal,
line ends behind which a line of its own would begin (``::error``, which a CI service obeys), characters that turn the
direction of writing, surrogates of a name that is no UTF-8, backquotes and Markdown.
"""

from __future__ import annotations

import json
import re
from typing import Any

_HOSTILE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls but the tab, line and paragraph separators, marks of direction, tags and lone surrogates."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COMMAND = re.compile(r"\s*(?:::|##\[)")
"""What a CI service takes for a command where a line of output begins with it."""
_ANYWHERE = re.compile(r"##(?=vso\[)", re.IGNORECASE)
"""What Azure Pipelines takes for a command wherever it stands in a line."""
_SPAN = re.compile(r"`[^`\n]+`")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&!#]")
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")


def name(text: str) -> str:
    r"""A path or another name, on one line, as every format for people shows it.

    What cannot be shown is written as Python writes it (``\x1b``, ``\n``, ``\u202e``); a path that a CI service
    would take for a command begins with ``./``.
    """
    shown = _ANYWHERE.sub("##\u200b", _HOSTILE.sub(_python, text).replace("\t", "\\t"))
    return f"./{shown}" if _COMMAND.match(shown) else shown


def content(text: str) -> str:
    """A piece of a program on one line, character for character: what cannot be shown is U+FFFD, a tab stays."""
    return text if text.isprintable() else _HOSTILE.sub("\ufffd", text)


def prose(text: str) -> str:
    """A message: as :func:`content`, but for its line breaks, which stay; none of its lines is a command."""
    return "\n".join(quiet(content(line)) for line in text.split("\n"))


def line(text: str) -> str:
    """A message on one line."""
    return quiet(content(" ".join(text.split())))


def row(text: str) -> str:
    """A line of output: as :func:`line`, but for its spaces, which stay."""
    return quiet(content(text))


def quiet(text: str) -> str:
    """A line of output that no CI service takes for a command."""
    if "##" in text:
        text = _ANYWHERE.sub("##\u200b", text)
    return f"\u200b{text.lstrip()}" if _COMMAND.match(text) else text


def code(text: str) -> str:
    """A piece of the program between backquotes, in which none of its own can end the span."""
    return f"`{content(' '.join(text.split())).replace('`', chr(0x2CB))}`"


def as_json(value: Any, *, indent: int | None = None) -> str:
    """JSON whose strings hold no character that steers what shows them; each reads back as it was."""
    rows = json.dumps(value, indent=indent, ensure_ascii=False).split("\n")
    return "\n".join(_ANYWHERE.sub(r"\\u0023#", _HOSTILE.sub(_json, row)) for row in rows)


def markdown(text: str) -> str:
    """A message as Markdown: code between backquotes stays code, and nothing else in it is markup."""
    parts: list[str] = []
    end = 0
    for span in _SPAN.finditer(text):
        parts += [_MARKDOWN.sub(r"\\\g<0>", text[end : span.start()]), span[0]]
        end = span.end()
    parts.append(_MARKDOWN.sub(r"\\\g<0>", text[end:]))
    return prose("".join(parts))


def sarif(text: str) -> str:
    """A plain message of SARIF, in which square brackets before round ones would be a link."""
    return prose(_LINK.sub(r"\\[", text))


def xml(text: str) -> str:
    """A text without what XML 1.0 has no way to write, and without what steers what shows it; line breaks stay."""
    return _NOT_XML.sub("\ufffd", prose(text))


def html(text: str) -> str:
    """A text on one line as HTML and XML take it, within an element or between quotes."""
    shown = _NOT_XML.sub("\ufffd", content(text))
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def workflow(text: str) -> str:
    """The text of a workflow command of GitHub Actions, which may have line breaks."""
    return prose(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """A property of a workflow command of GitHub Actions."""
    return workflow(name(text)).replace(":", "%3A").replace(",", "%2C")


def azure(text: str) -> str:
    """The text of a logging command of Azure Pipelines, which is one line."""
    return prose(text).replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def azure_property(text: str) -> str:
    """A property of a logging command of Azure Pipelines."""
    return azure(name(text)).replace(";", "%3B").replace("]", "%5D")


def _python(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]


def _json(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
