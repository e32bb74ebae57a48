"""The environments of the protocol."""

from __future__ import annotations

from stable_baselines3.common.vec_env import VecEnv

from spikedrive._config import Split
from spikedrive.benchmark.protocol import HARD_WORLDS, HORIZON, PHASE, WORLDS
from spikedrive.sb3 import SpikeDriveVecEnv
from spikedrive.vector import SpikeDriveVectorEnv

_OPTIONS = WORLDS | HARD_WORLDS


def training(world: str, lanes: int, seed: int, server: str | None, phase: int = PHASE) -> VecEnv:
    """Lanes on tracks of the train split, for a learner of Stable-Baselines3."""
    env = SpikeDriveVecEnv(lanes, server=server, phase=phase, split="train", horizon=HORIZON, **_OPTIONS[world])
    env.seed(seed)
    return env


def held_out(world: str, split: Split, tracks: int, horizon: int, server: str | None, phase: int = PHASE) -> SpikeDriveVectorEnv:
    """A lane for each of the first tracks of a split that nobody learns on."""
    return SpikeDriveVectorEnv(tracks, server=server, phase=phase, split=split, horizon=horizon, **_OPTIONS[world])
