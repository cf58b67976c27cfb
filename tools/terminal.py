"""Draws what ``gradlint run`` prints for the example in ``docs/run.md``: ``python -m tools.terminal [--check]``.

The program stands in the page, TensorFlow runs it, and what comes to the terminal becomes ``docs/pictures/run.svg``.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "run.md"
PICTURE = ROOT / "docs" / "pictures" / "run.svg"
COMMAND = "gradlint run train.py np"
_WIDTH = 82
_LOG = re.compile(r"WARNING: All log messages|[IWE]\d{4} |To enable the following instructions")
"""What TensorFlow itself writes there as it starts."""
_VERSION = re.compile(r"TensorFlow \d+\.\d+\.\d+")
_SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" \
aria-label="gradlint run names the line where a gradient is lost">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px; \
line-height: {line_height}px; font-variant-ligatures: none; }}
{styles}
</style>
<defs>
{lines}
</defs>
<rect fill="#272822" width="{width}" height="{height}" rx="8"/>
<g transform="translate(12, 14)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def program() -> str:
    """The example: the first Python program of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def printed() -> str:
    """What the example prints to a terminal, with its colours."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "train.py").write_text(program(), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "gradlint", "run", "--color", "always", "train.py", "np"],
            cwd=folder,
            capture_output=True,
            text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "COLUMNS": "80"},
            check=True,
        )
    shown = [line for line in done.stderr.splitlines() if not _LOG.match(line)]
    return _VERSION.sub("TensorFlow 2.21.0", "\n".join(shown).strip("\n"))


def drawn(output: str) -> str:
    """A terminal's text with its colours as SVG."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(f"$ {COMMAND}\n"))
    console.print(Text.from_ansi(output))
    return console.export_svg(title="", theme=MONOKAI, code_format=_SVG, unique_id="run")


def main() -> None:
    """Write the picture, or compare it."""
    picture = drawn(printed())
    if "--check" not in sys.argv:
        PICTURE.write_text(picture, encoding="utf-8")
        print(f"written: {PICTURE.relative_to(ROOT)}")
    elif picture != PICTURE.read_text(encoding="utf-8"):
        sys.exit(f"not current: {PICTURE.relative_to(ROOT)}; python -m tools.terminal")


if __name__ == "__main__":
    main()
