"""The picture in the page on ``gradlint run`` and the text beside it are what the command prints."""

from __future__ import annotations

import re

import pytest

from tools.terminal import PAGE, PICTURE, drawn, printed


@pytest.mark.sweep(every=3)
def test_the_picture_and_the_text_are_what_is_printed() -> None:
    output = printed()
    assert PICTURE.read_text(encoding="utf-8") == drawn(output)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    assert re.sub(r"\s+", " ", plain) in re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))
