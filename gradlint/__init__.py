"""gradlint: reports the line where a ``tf.GradientTape`` gradient is lost, why, and the cure.

The public API is small and typed::

    import gradlint

    for finding in gradlint.check_source(text, path="train.py"):
        print(finding.code, finding.location.line, finding.message)

Everything else is available through the ``gradlint`` command.
"""

# Nothing may be imported before the path is safe, `__future__` neither: a stranger's folder may come first on it.
import sys


def _leave_out_working_directory() -> None:
    """Keep files in the working directory from being imported in place of what gradlint needs.

    ``python -m gradlint`` puts that directory before all others; while Python looks for the module, ``sys.argv[0]`` is
    ``-m``. If gradlint itself is in that directory, it is moved to the end of the path.
    """
    if sys.argv[:1] != ["-m"] or sys.flags.safe_path or not sys.path:
        return
    words = [word.partition(".")[0] for word in sys.orig_argv[1:]]
    if "gradlint" in words or any(word[0] == "-" and word.endswith("mgradlint") for word in words if word):
        first = sys.path.pop(0)
        if __file__.startswith(first) and __file__[len(first) + 1 :].startswith("gradlint"):
            sys.path.append(first)


_leave_out_working_directory()

import os  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

__version__ = "0.1.0"

# In a wheel the rules lie inside this package; in a checkout they lie beside it.
_folder = os.path.dirname(__file__)
if not os.path.isdir(os.path.join(_folder, "rules")):
    __path__.append(os.path.dirname(_folder))

if TYPE_CHECKING:
    from gradlint.api import check_paths, check_source
    from gradlint.finding import Finding
    from gradlint.runtime.public import explain, watching

__all__ = ["Finding", "__version__", "check_paths", "check_source", "explain", "watching"]


def load_ipython_extension(shell: Any) -> None:
    """Start checking each cell that a notebook runs; called by ``%load_ext gradlint``."""
    from gradlint import notebook

    notebook.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Stop checking cells; called by ``%unload_ext gradlint``."""
    from gradlint import notebook

    notebook.unload(shell)


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that ``import gradlint`` stays fast."""
    if name in {"check_source", "check_paths"}:
        from gradlint import api

        return getattr(api, name)
    if name in {"explain", "watching"}:
        from gradlint.runtime import public

        return getattr(public, name)
    if name == "Finding":
        from gradlint.finding import Finding

        return Finding
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
