"""The error by which a command reports that it could not do what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.settings import SettingsError
    from gradlint.sources.toml import TomlPlace


class CommandError(Exception):
    """gradlint could not do what was asked; the message says why. The exit status is 2.

    Args:
        message: What is wrong, in one line.
        place: The line of the configuration file that it is about.
    """

    def __init__(self, message: str, place: TomlPlace | None = None) -> None:
        super().__init__(message)
        self.place = place

    @classmethod
    def of(cls, error: SettingsError) -> CommandError:
        """What is wrong with settings."""
        return cls(str(error), error.place)
