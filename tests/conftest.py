"""What holds for all tests: what a quick run leaves out, how workers share the rest, and one judge for programs."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests import sampling
from tests.fixtures import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.fixtures.observe import Observation


SEARCHED = 60
"""How many examples a search looks at with ``--whole``, where it does not say itself; a quick run takes a quarter."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the sweeps as a whole, of which else a sample is run")


def pytest_configure(config: pytest.Config) -> None:
    whole = config.getoption("--whole")
    hypothesis.settings.register_profile("gradlint", max_examples=SEARCHED if whole else SEARCHED // 4)
    hypothesis.settings.load_profile("gradlint")
    config.addinivalue_line(
        "markers",
        "sweep(every, name): of the parameters of this test, or of tests without parameters, one in so many is run by "
        "default; tests of one name go together; --whole runs all",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the sample of a sweep does not hold, unless all is wanted or a test is named itself."""
    if config.getoption("--whole") or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if not in_sample(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if in_sample(item)]


def in_sample(item: pytest.Item) -> bool:
    """Whether a test is run by default; tests with the same parameters are in or out together."""
    marker, call = item.get_closest_marker("sweep"), getattr(item, "callspec", None)
    if marker is None:
        return True
    every, name = marker.kwargs["every"], marker.kwargs.get("name")
    return sampling.chosen(name or (item.nodeid if call is None else call.id), every)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spare what is there now later collections of garbage: Keras asks for one after each program."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a module on one worker, so that what they share is made once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByModule(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return next((process for process, begins in SHARED.items() if module.startswith(begins)), module)

    return ByModule(config, log)


SHARED = {
    "observe": (
        "tests/fixing/test_fixtures.py",
        "tests/fixtures/test_tensorflow.py",
        "tests/flow/test_entries.py",
        "tests/flow/test_front.py",
        "tests/flow/test_graph_loops.py",
        "tests/flow/test_joined_models.py",
        "tests/flow/test_layers_of_packages.py",
        "tests/generated/",
        "tests/reports/test_truth.py",
        "tests/rules/test_examples_tensorflow.py",
        "tests/test_mutants.py",
    ),
    "confirmer": ("tests/confirm/",),
    "tensorflow": ("tests/fixing/", "tests/knowledge/"),
    "watch": ("tests/runtime/test_nonfinite.py", "tests/runtime/test_partial.py", "tests/runtime/test_unreadable.py"),
}
"""By what they share, the tests that share a process which has imported TensorFlow: they run on one worker.

Those of ``tensorflow`` import it themselves.
"""


@pytest.fixture(scope="module")
def asked(request: pytest.FixtureRequest) -> Callable[[str], list[Any]]:
    """Gives, by a parameter's name, what the chosen tests of the module ask about."""
    mine = [item for item in request.session.items if item.path == request.path]
    calls = [item.callspec.params for item in mine if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    return lambda name: list({id(call[name]): call[name] for call in calls if name in call}.values())


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether sweeps are to be run as a whole."""
    return bool(request.config.getoption("--whole"))


@pytest.fixture(scope="session")
def observe() -> Iterator[Callable[[Mapping[str, str]], dict[str, Observation]]]:
    """Runs programs, given by their paths, in a process that has imported TensorFlow once for all tests."""
    yield running.observe
    running.close()
