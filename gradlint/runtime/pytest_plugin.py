"""``pytest --gradlint``: watch the gradient calls of the tests and list what they lose at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from gradlint.runtime.session import Session

_KEY = "_gradlint_session"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option."""
    group = parser.getgroup("gradlint")
    group.addoption("--gradlint", action="store_true", help="name the lines where the tests' gradients are lost")


def pytest_configure(config: pytest.Config) -> None:
    """Watch from the beginning where it was asked for."""
    if not config.getoption("--gradlint"):
        return
    from gradlint.runtime.session import Session

    session = Session(lambda finding: None, lambda text: None)
    session.start()
    setattr(config, _KEY, session)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Watch no longer."""
    session: Session | None = getattr(config, _KEY, None)
    if session is not None:
        session.stop()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """List what was seen."""
    session: Session | None = getattr(config, _KEY, None)
    if session is None:
        return
    terminalreporter.section("gradients lost")
    terminalreporter.write_line(f"{session.watcher.calls:,} gradient calls watched")
    for finding in session.findings.values():
        times = session.times(finding)
        where = f"{finding.path}:{finding.location.line}"
        terminalreporter.write_line(f"{where}: {finding.code} {finding.message} ({times:,}x)")
