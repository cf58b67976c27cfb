"""The ``gradlint`` command; what needs no argument parser is answered before one is imported."""

from __future__ import annotations

import sys

from gradlint import __version__


def main() -> None:
    """Run the command with this process's arguments and exit with its status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"gradlint {__version__}")
        return
    from gradlint.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
