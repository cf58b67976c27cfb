"""``pytest --gradlint``: watch the gradient calls of the tests and list what they lose at the end.

With pytest-xdist each worker watches its own tests and hands what it saw to the process that reports. Under
``gradlint run --pytest`` that is the command, which prints its own summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradlint.runtime.session import Session

_KEY = "_gradlint_session"
_OWN = "_gradlint_owns_it"
_FAILED = "_gradlint_failed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option."""
    group = parser.getgroup("gradlint")
    group.addoption("--gradlint", action="store_true", help="report the lines where the tests lose gradients")


def pytest_configure(config: pytest.Config) -> None:
    """Watch from the beginning where it was asked for."""
    from gradlint.runtime.session import Session

    if Session.current is not None:
        setattr(config, _KEY, Session.current)
        return
    if not config.getoption("--gradlint") and not getattr(config, "workerinput", {}).get("gradlint"):
        return
    failures: list[str] = []
    session = Session(lambda finding: None, failures.append)
    session.start()
    for name, value in ((_KEY, session), (_OWN, True), (_FAILED, failures)):
        setattr(config, name, value)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Watch no longer."""
    session: Session | None = getattr(config, _KEY, None)
    if session is not None and getattr(config, _OWN, False):
        session.stop()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist: hand over what was seen."""
    watched: Session | None = getattr(session.config, _KEY, None)
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if watched is not None and output is not None:
        output["gradlint"] = watched.handed_over()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker of pytest-xdist is made: it watches where this process does."""
    if getattr(node.config, _KEY, None) is not None:
        node.workerinput["gradlint"] = True


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended: take in what it saw."""
    session: Session | None = getattr(node.config, _KEY, None)
    handed = getattr(node, "workeroutput", {}).get("gradlint")
    if session is not None and handed is not None:
        session.take_in(handed)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List what was seen."""
    session: Session | None = getattr(config, _KEY, None)
    if session is None or not getattr(config, _OWN, False):
        return
    session.children.take_in()
    terminalreporter.section("gradients lost")
    for text in getattr(config, _FAILED, ()):
        last = text.strip().splitlines()[-1]
        terminalreporter.write_line(f"the watcher failed, so the tests continued unwatched: {last}")
    calls = session.calls
    terminalreporter.write_line(f"{calls:,} gradient {'call' if calls == 1 else 'calls'} watched")
    for finding in session.findings.values():
        times = session.times(finding)
        where = f"{finding.path}:{finding.location.line}"
        terminalreporter.write_line(f"{where}: {finding.code} {finding.message} ({times:,}x)")
