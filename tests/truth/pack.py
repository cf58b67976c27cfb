"""Packs a folder of programs and what TensorFlow did with each into ``programs.jsonl``, one program a line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

PACKED = Path(__file__).with_name("programs.jsonl")


def pack(folder: Path) -> int:
    """Pack ``cases/**/*.py`` with ``calls.json``; gives how many programs there are."""
    calls = json.loads((folder / "calls.json").read_text())
    lines = []
    for name in sorted(calls):
        code = (folder / "cases" / name).read_text()
        lines.append(json.dumps({"name": name, "calls": calls[name], "code": code}, ensure_ascii=False))
    PACKED.write_text("\n".join(lines) + "\n")
    return len(lines)


if __name__ == "__main__":
    print(f"{pack(Path(sys.argv[1]))} programs")
