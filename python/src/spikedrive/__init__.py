"""SpikeDrive for Python: `gymnasium.make("SpikeDrive-v1")` after `import spikedrive`."""

from __future__ import annotations

from gymnasium.envs.registration import register, registry

from spikedrive._config import SessionConfig
from spikedrive._errors import (
    InvalidArgumentError,
    ProgramFailedError,
    ProgramNotFoundError,
    ProtocolError,
    ResetNeededError,
    ServerFullError,
    ServerLostError,
    ServerUnreachableError,
    SpikeDriveError,
)
from spikedrive._world import Road
from spikedrive.env import SpikeDriveEnv
from spikedrive.training import TrainedRun, train
from spikedrive.vector import SpikeDriveVectorEnv

__version__ = "0.1.0"
__all__ = [
    "InvalidArgumentError",
    "ProgramFailedError",
    "ProgramNotFoundError",
    "ProtocolError",
    "ResetNeededError",
    "Road",
    "ServerFullError",
    "ServerLostError",
    "ServerUnreachableError",
    "SessionConfig",
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
