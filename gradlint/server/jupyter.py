"""What jupyter-lsp needs to know of the language server, so that JupyterLab finds it where gradlint is installed.

jupyter-lsp finds :func:`specification` by the entry point group ``jupyter_lsp_spec_v1``.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from gradlint.options import OPTIONS

NAME = "tf-gradlint"
"""The server's key.

JupyterLab starts one server a language, the one of the highest rank and of those the first by name: a name behind
those of the servers that complete and format keeps gradlint from taking their place before the user says so.
"""

OFFERED = ("select", "extend_select", "ignore")
"""The options of the project that JupyterLab offers to set; it sends every default, so none has one here."""


def specification(manager: object) -> dict[str, dict[str, Any]]:
    """The server's specification by its key, in version 2 of jupyter-lsp's schema; empty where pygls is not there.

    Args:
        manager: jupyter-lsp's manager of servers.
    """
    if find_spec("pygls") is None or find_spec("lsprotocol") is None:
        return {}
    return {
        NAME: {
            "version": 2,
            "argv": [sys.executable, "-P", "-m", "gradlint", "server"],
            "languages": ["python"],
            "mime_types": ["text/python", "text/x-ipython"],
            "display_name": "gradlint",
            "requires_documents_on_disk": False,
            "install": {"pip": 'pip install "tf-gradlint[lsp]"'},
            "config_schema": {
                "title": "gradlint",
                "description": "What JupyterLab sets on top of the project's configuration files.",
                "type": "object",
                "properties": _properties(),
            },
        }
    }


def _properties() -> dict[str, Any]:
    own: dict[str, Any] = {
        "gradlint.enable": {"type": "boolean", "description": "Whether to lint at all."},
        "gradlint.debounce": {
            "type": "integer",
            "minimum": 0,
            "maximum": 10_000,
            "description": "How many milliseconds to wait after a change before a document is checked again.",
        },
        "gradlint.configuration": {"type": "string", "description": "The configuration file to use."},
    }
    for name in OFFERED:
        first, *rest = name.split("_")
        key = first + "".join(part.capitalize() for part in rest)
        own[f"gradlint.{key}"] = {**OPTIONS[name].type.schema, "description": OPTIONS[name].help}
    return own
