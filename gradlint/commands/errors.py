"""The one way in which a command says that it could not do what was asked."""

from __future__ import annotations


class CommandError(Exception):
    """gradlint could not do what was asked; the message says why. The exit status is 2."""
