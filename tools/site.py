"""What MkDocs is told about the pages: a hook that ``mkdocs.yml`` names.

The pages are read in a checkout too, where they link to files that are no pages: a rule's source, the Action. On the
site such a link is the file's name alone.
"""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = re.compile(r"\[(?P<text>[^\]\n]+)\]\((?:(?:\.\./)+|(?=examples/))(?P<path>[^)#\s]+)\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """A page's Markdown, with the links that lead out of ``docs/`` written as names."""
    depth = page.file.src_uri.count("/")

    def named(match: re.Match[str]) -> str:
        if "](examples/" not in match[0] and match[0].count("../") <= depth:
            return match[0]
        text = match["text"].strip("`")
        return f"`{text}`" if text == match["path"] else f"{match['text']} (`{match['path']}`)"

    return _OUTSIDE.sub(named, markdown)
