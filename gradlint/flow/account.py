"""What the check of one file may cost, in counts: a result never depends on the machine, nor on what else it does.

One account is open while a file is checked. Whatever grows pays into it where it is made: a value, an edge, the items
of a container, an entry of the journal, a step of the program, a look at a value. So a new way to grow pays too.
What can be widened never comes to the end: past its bound a container is one unknown value. What cannot be ends the
analysis, which then says nothing of the rest of the program.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIMIT = 1_200_000
"""What one file may cost. A unit is about a microsecond of a slow machine, and some 100 bytes where it is kept."""
STEP = 10
"""What an expression or a statement of the program costs."""


class ExhaustedError(Exception):
    """The account is exhausted."""


class Account:
    """What a check has cost so far.

    Args:
        limit: What it may cost.

    Attributes:
        limit: What it may cost.
        spent: What it has cost.
        hidden: What has come to stand behind an unknown value since the machine last looked.
    """

    __slots__ = ("hidden", "limit", "spent")

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.spent = 0
        self.hidden: list[Any] = []

    def pay(self, amount: int) -> None:
        """Count some work.

        Raises:
            ExhaustedError: If that is more than is left.
        """
        self.spent += amount
        if self.spent > self.limit:
            raise ExhaustedError

    def charge(self, amount: int) -> None:
        """Count work that has been done, whether or not there was so much left."""
        self.spent = min(self.spent + amount, self.limit)

    def pay_for(self, length: int) -> None:
        """Count a look at, or a copy of, so many entries that are taken all at once.

        Raises:
            ExhaustedError: If that is more than is left.
        """
        self.spent += 1 + (length >> 4)
        if self.spent > self.limit:
            raise ExhaustedError

    @property
    def left(self) -> int:
        """What may still be spent."""
        return max(self.limit - self.spent, 0)

    @contextmanager
    def share(self, amount: int) -> Iterator[None]:
        """Let something spend so much of what is left and no more."""
        limit = self.limit
        self.limit = min(limit, self.spent + amount)
        try:
            yield
        finally:
            self.limit = limit


_OPEN: ContextVar[Account | None] = ContextVar("account", default=None)


def running() -> Account:
    """The account that is open; a fresh one, which nothing else pays into, where none is."""
    return _OPEN.get() or Account()


def pay(amount: int) -> None:
    """Count some work in the account that is open, where one is.

    Raises:
        ExhaustedError: If that is more than is left.
    """
    account = _OPEN.get()
    if account is not None:
        account.spent += amount
        if account.spent > account.limit:
            raise ExhaustedError


def pay_for(length: int) -> None:
    """Count a look at so many entries in the account that is open: see :meth:`Account.pay_for`.

    Raises:
        ExhaustedError: If that is more than is left.
    """
    pay(1 + (length >> 4))


def hide(values: Iterable[Any]) -> None:
    """Note values that stand behind an unknown one from now on, so that what is done to that may be done to them."""
    account = _OPEN.get()
    if account is not None:
        account.hidden.extend(values)


@contextmanager
def opened(limit: int = LIMIT) -> Iterator[Account]:
    """Open an account; within one that is open already, go on with that."""
    account = _OPEN.get()
    if account is not None:
        yield account
        return
    token = _OPEN.set(made := Account(limit))
    try:
        yield made
    finally:
        _OPEN.reset(token)
