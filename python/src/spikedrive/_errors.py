"""What can go wrong. Every error is a `SpikeDriveError` and says what to do."""

from __future__ import annotations

import gymnasium.error


class SpikeDriveError(Exception):
    """Anything that this package raises."""


class InvalidArgumentError(SpikeDriveError, ValueError):
    """An argument is out of its range: the text tells its name, its value and the range."""


class ResetNeededError(SpikeDriveError, gymnasium.error.ResetNeeded):
    """A step where there is no episode: call `reset` first."""


class ServerUnreachableError(SpikeDriveError, ConnectionError):
    """No server answers at the address."""


class ServerLostError(SpikeDriveError, ConnectionError):
    """The server went away, or stopped answering, while a session was driven."""


class SessionLostError(ServerLostError):
    """The server is there and holds the session no more: nothing was asked of it for its lease, or somebody closed it."""


class AccessDeniedError(SpikeDriveError, PermissionError):
    """The server wants a token, or another one."""


class ServerFullError(SpikeDriveError):
    """The server holds as much as it may."""


class ProtocolError(SpikeDriveError):
    """The server answered what this package does not understand."""


class ProgramNotFoundError(SpikeDriveError, FileNotFoundError):
    """A program of the project is nowhere to be found: the text tells how to get it."""


class ProgramFailedError(SpikeDriveError, RuntimeError):
    """A program of the project ended with an error: the text is its own."""
