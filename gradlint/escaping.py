"""Escapes text from the linted tree for wherever it is shown: the only place that knows each syntax.

A file's name, a cell's text and an expression may contain anything a stranger put there: sequences that control a
terminal, line breaks that would start a line of its own (``::error``, which a CI service obeys), characters that
reverse the direction of text, surrogates of a name that is not UTF-8, backquotes and Markdown.
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
"""What a CI service takes for a command at the start of a line of output."""
_ANYWHERE = re.compile(r"##(?=vso\[)", re.IGNORECASE)
"""What Azure Pipelines takes for a command anywhere in a line."""
_SPAN = re.compile(r"`[^`\n]+`")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&!#]")
_LINK = re.compile(r"\[(?=[^\[\]]*\]\()")


def name(text: str) -> str:
    r"""A path or another name, on one line, as every format for people shows it.

    What cannot be shown is written as Python escapes it (``\x1b``, ``\n``, ``\u202e``); a path that a CI service would
    take for a command is prefixed with ``./``.
    """
    shown = _ANYWHERE.sub("##\u200b", _HOSTILE.sub(_python, text).replace("\t", "\\t"))
    return f"./{shown}" if _COMMAND.match(shown) else shown


def content(text: str) -> str:
    """A piece of a program on one line, character for character: what cannot be shown is U+FFFD, a tab stays."""
    return text if text.isprintable() else _HOSTILE.sub("\ufffd", text)


def prose(text: str) -> str:
    """A message: as :func:`content`, but its line breaks stay; none of its lines is a command."""
    return "\n".join(quiet(content(line)) for line in text.split("\n"))


def line(text: str) -> str:
    """A message on one line."""
    return quiet(content(" ".join(text.split())))


def row(text: str) -> str:
    """A line of output: as :func:`line`, but its spaces stay."""
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
    """JSON whose strings contain no control characters for whatever shows them; each reads back unchanged."""
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
    """A text without what XML 1.0 cannot express and without control characters; line breaks stay."""
    return _NOT_XML.sub("\ufffd", prose(text))


def html(text: str) -> str:
    """A text on one line, escaped for HTML and XML, within an element or between quotes."""
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
