"""``python -m tools.generate``: make the table of callables anew from the installed TensorFlow.

It takes some minutes. With ``--folder`` a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path


def main() -> None:
    """Probe every callable, write the calls and the table, and say how many have a verdict."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the journal of the probes is kept, to go on with later")
    parser.add_argument("--only", metavar="PREFIX", help="probe only the names that begin so; keep the other lines")
    options = parser.parse_args()

    from tools.generator.build import build

    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        build(options.folder, options.only)
    else:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder), options.only)


if __name__ == "__main__":
    main()
