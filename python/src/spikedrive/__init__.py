"""SpikeDrive for Python: `gymnasium.make("SpikeDrive-v1")` after `import spikedrive`."""

from __future__ import annotations

from gymnasium.envs.registration import register, registry

from spikedrive._config import SessionConfig
from spikedrive._errors import (
    AccessDeniedError,
    InvalidArgumentError,
    ProgramFailedError,
    ProgramNotFoundError,
    ProtocolError,
    ResetNeededError,
    ServerFullError,
    ServerLostError,
    ServerUnreachableError,
    SessionLostError,
    SpikeDriveError,
)
from spikedrive._security import Security
from spikedrive._world import Road
from spikedrive.env import SpikeDriveEnv
from spikedrive.training import TrainedRun, train
from spikedrive.vector import SpikeDriveVectorEnv

__version__ = "0.1.0"
__all__ = [
    "AccessDeniedError",
    "InvalidArgumentError",
    "ProgramFailedError",
    "ProgramNotFoundError",
    "ProtocolError",
    "ResetNeededError",
    "Road",
    "Security",
    "ServerFullError",
    "ServerLostError",
    "ServerUnreachableError",
    "SessionConfig",
    "SessionLostError",
    "SpikeDriveEnv",
    "SpikeDriveError",
    "SpikeDriveVectorEnv",
    "TrainedRun",
    "train",
]

if "SpikeDrive-v1" not in registry:
    # Without max_episode_steps: the server truncates, and tells the horizon from a crash.
    register(
        "SpikeDrive-v1",
        entry_point="spikedrive.env:SpikeDriveEnv",
        vector_entry_point="spikedrive.vector:SpikeDriveVectorEnv",
    )
