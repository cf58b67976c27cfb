"""The stream of the client's messages, with their headers in the one spelling that pygls reads."""

from __future__ import annotations

import io
import re

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d+)[ \t]*\r?\n", re.IGNORECASE)


class Requests(io.BufferedReader):
    """Reads messages; the names of headers count in any case, and with any space around their values, as in HTTP."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line of a header."""
        line = super().readline(size)
        length = _LENGTH.fullmatch(line)
        return line if length is None else b"Content-Length: %d\r\n" % int(length[1])
