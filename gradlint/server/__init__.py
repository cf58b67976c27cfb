"""The language server, ``gradlint server``: findings, fixes and explanations in an editor.

pygls and lsprotocol, which it stands on, come with the extra ``lsp`` and are imported by :func:`main` alone.
"""

from __future__ import annotations

import io
import logging
import os
import sys

INSTALL = 'pip install "tf-gradlint[lsp]"'


def main(*, log_level: str = "warning", trust: bool = False) -> int:
    """Serve one client over standard input and output, until it says goodbye or hangs up.

    What anything else prints meanwhile goes to standard error, since standard output belongs to the protocol.

    Args:
        log_level: How much is logged to standard error: ``error``, ``warning``, ``info`` or ``debug``.
        trust: Whether the rules, plugins and Python that configuration files name are run, whatever the client says.

    Returns:
        The exit status: 0 after an orderly shutdown, 1 where the client left without one, 2 where pygls is not there.
    """
    try:
        import lsprotocol  # noqa: F401
        import pygls  # noqa: F401
    except ImportError as error:
        print(f"gradlint: the language server needs {error.name}; install it with: {INSTALL}", file=sys.stderr)
        return 2
    from gradlint.server.app import create
    from gradlint.server.stream import Requests

    _log(log_level)
    server = create(trust=trust)
    with Requests(io.FileIO(os.dup(0))) as requests, os.fdopen(os.dup(1), "wb") as responses:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        server.start_io(requests, responses)
    return 0 if server.protocol.stopped else 1


def _log(level: str) -> None:
    """Log to standard error, one line a message; tracebacks only for whoever debugs."""

    class Line(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            if level != "debug":
                record.exc_info, record.exc_text, record.stack_info = None, None, None
            return super().format(record).splitlines()[0] if level != "debug" else super().format(record)

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line("gradlint server: %(levelname)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
