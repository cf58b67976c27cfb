"""Lints more files than one machine should read, with Ray Data: ``python scan.py FOLDER --output OUT``.

The files are split into shards. Each shard is one task, which writes one file of JSON lines, whole or not at all: to
resume an interrupted run, start it again with the same command. A line is a finding in the format ``jsonl``, or
``{"path": ..., "error": ...}`` for a file that could not be checked. None of the code is run, and configuration files
in the tree are ignored.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

SUFFIXES = (".py", ".pyi", ".ipynb", ".md")
SKIPPED = {".git", "node_modules", "__pycache__"}
LARGEST = 4_000_000
"""Larger files, in bytes, are reported as errors."""


def files(folder: Path) -> list[str]:
    """The files below a folder that may contain programs, in order; links are not followed."""
    found: list[str] = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED)
        found += [os.path.join(here, name) for name in sorted(names) if name.endswith(SUFFIXES)]
    return [path for path in found if os.path.isfile(path) and not os.path.islink(path)]


def check_file(path: str) -> list[dict[str, Any]]:
    """One record for each finding of a file, or one for what was wrong with it."""
    import gradlint

    try:
        if os.path.getsize(path) > LARGEST:
            return [{"path": path, "error": "the file is too large"}]
        text = Path(path).read_text("utf-8")
        if "GradientTape" not in text:
            return []
        return [finding.to_json() for finding in gradlint.check_source(text, path)]
    except Exception as error:  # whatever one file does, the others are checked
        return [{"path": path, "error": f"{type(error).__name__}: {error}"}]


def check_shard(shard: dict[str, Any]) -> dict[str, Any]:
    """Check a shard's files and write what came out; gives counts."""
    records = [record for path in shard["paths"] for record in check_file(path)]
    target = Path(shard["output"])
    unfinished = target.with_suffix(".unfinished")
    unfinished.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    unfinished.replace(target)
    errors = sum("error" in record for record in records)
    return {"files": len(shard["paths"]), "findings": len(records) - errors, "errors": errors}


def shards(folder: Path, output: Path, size: int) -> list[dict[str, Any]]:
    """The shards that are still to do: a shard's name holds its number and size, so other sizes are other shards."""
    paths = files(folder)
    cut = (paths[start : start + size] for start in range(0, len(paths), size))
    named = [{"paths": part, "output": str(output / f"{size}-{number:06}.jsonl")} for number, part in enumerate(cut)]
    return [shard for shard in named if not os.path.exists(shard["output"])]


def main(arguments: list[str] | None = None) -> int:
    """Scan a folder and print the counts; the status is 0 where every file could be checked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="where the JSON lines go")
    parser.add_argument("--shard", type=int, default=500, metavar="FILES", help="how many files a task checks")
    parser.add_argument("--workers", type=int, help="how many tasks run at a time; default: one per processor")
    parser.add_argument("--address", help="a Ray cluster; default: this machine")
    given = parser.parse_args(arguments)
    given.output.mkdir(parents=True, exist_ok=True)
    todo = shards(given.folder, given.output.resolve(), given.shard)
    total = {"files": 0, "findings": 0, "errors": 0}
    if todo:
        import ray

        workers = None if given.address else given.workers
        ray.init(address=given.address, num_cpus=workers, include_dashboard=False, log_to_driver=False)
        for done in ray.data.from_items(todo, override_num_blocks=len(todo)).map(check_shard).iter_rows():
            total = {key: total[key] + done[key] for key in total}
        ray.shutdown()
    print(f"{len(todo)} shards, {total['files']} files, {total['findings']} findings, {total['errors']} errors")
    return 1 if total["errors"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
