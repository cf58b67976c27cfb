"""Packs a folder of programs and what TensorFlow did with each into ``programs.jsonl``, one program a line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

PACKED = Path(__file__).with_name("programs.jsonl")

CONVERTED: dict[str, list[dict[str, object]]] = {
    "02_window/tf_function_eager_tape_gradient_inside.py": [{"line": 9, "method": "gradient", "outcomes": ["value"]}],
    "02_window/tf_function_none_gradient.py": [
        {"line": 9, "method": "gradient", "outcomes": ["none"]},
        {"line": 15, "method": "gradient", "outcomes": ["none"]},
    ],
    "02_window/tf_function_persistent_tape_inside_gradient_in_context.py": [
        {"line": 9, "method": "gradient", "outcomes": ["value"]}
    ],
    "02_window/tf_function_return_gradient_no_use.py": [
        {"line": 9, "method": "gradient", "outcomes": ["value"]},
        {"line": 10, "method": "gradient", "outcomes": ["error:RuntimeError"]},
    ],
    "02_window/tf_function_tape_inside.py": [{"line": 9, "method": "gradient", "outcomes": ["value"]}],
}
"""The programs whose gradient calls AutoGraph moved to a file of its own, so that ``calls.json`` has the line at which
the ``tf.function`` was called; measured again with ``autograph=False`` (TensorFlow 2.21)."""


def pack(folder: Path) -> int:
    """Pack ``cases/**/*.py`` with ``calls.json``; gives how many programs there are."""
    calls = json.loads((folder / "calls.json").read_text())
    lines = []
    for name in sorted(calls):
        code = (folder / "cases" / name).read_text()
        lines.append(
            json.dumps({"name": name, "calls": CONVERTED.get(name, calls[name]), "code": code}, ensure_ascii=False)
        )
    PACKED.write_text("\n".join(lines) + "\n")
    return len(lines)


if __name__ == "__main__":
    print(f"{pack(Path(sys.argv[1]))} programs")
