"""Where the sessions of an environment come from."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from gymnasium.vector import AutoresetMode

from spikedrive._config import SessionConfig, check_lease
from spikedrive._errors import InvalidArgumentError
from spikedrive._security import Security
from spikedrive._server import reach
from spikedrive._session import Session


@dataclass(frozen=True)
class SessionSource:
    """Makes the sessions of an environment, one after the other: they differ in their seed."""

    config: SessionConfig
    lanes: int
    autoreset_mode: AutoresetMode
    told: bool
    """Whether the server tells where the cars are."""
    server: str | None
    security: Security | None
    lease: int | None

    def __post_init__(self) -> None:
        """A server that is to be started, or a file that is not there, is told of here, not at the first reset."""
        check_lease(self.lease)
        reach(self.server, self.security)

    def open(self, seed: int) -> Session:
        """A session at the beginning of a seed's episodes."""
        request = self.config.request(self.lanes, seed, self.autoreset_mode, self.told, self.lease)
        session = Session.create(*reach(self.server, self.security), request)
        for warning in session.made.warnings:
            warnings.warn(warning, stacklevel=3)
        return session

    def resume(self, state: bytes) -> Session:
        """A session that goes on from a snapshot."""
        like = self.config.request(self.lanes, 0, self.autoreset_mode, self.told, self.lease)
        return Session.resume(*reach(self.server, self.security), state, like)


def check_state(state: object) -> bytes:
    """The bytes of a snapshot; what is in them, the server checks."""
    if isinstance(state, (bytes, bytearray, memoryview)):
        return bytes(state)
    raise InvalidArgumentError(f"state: a {type(state).__name__} is no snapshot: give the bytes that snapshot() returned")
