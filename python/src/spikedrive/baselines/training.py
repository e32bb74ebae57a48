"""What all baselines share: what they are paid in, how they are counted, how a rate falls."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

# `learn` of Stable-Baselines3 wants a number of steps, a run lasts a number of episodes. Twice the steps of so many
# full episodes are never reached, and a fixed share of them is a fixed number of steps.
SLACK = 2


def total_steps(episodes: int, horizon: int) -> int:
    """The `total_timesteps` of a run: an upper bound that its episodes never reach."""
    return SLACK * episodes * horizon


def falling(start: float, end: float) -> Callable[[float], float]:
    """A rate that falls linearly over the run's nominal steps, episodes x horizon, and stays at `end` after them."""

    def rate(progress_remaining: float) -> float:
        return start + (end - start) * min(1.0, SLACK * (1.0 - progress_remaining))

    return rate


class Meter(VecEnvWrapper):
    """Counts what counts: the true rewards, steps, episodes and crashes of all lanes together."""

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv)
        self.env_steps = 0
        self.episodes = 0
        self.crashes = 0
        self.returns: list[float] = []
        self._returns = np.zeros(venv.num_envs)

    def reset(self) -> VecEnvObs:
        """Starts an episode on every lane."""
        self._returns[:] = 0.0
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """Steps every lane once."""
        observations, rewards, ended, infos = self.venv.step_wait()
        self.env_steps += self.num_envs
        self._returns += rewards
        for lane in np.flatnonzero(ended):
            self.episodes += 1
            self.crashes += not infos[lane].get("TimeLimit.truncated", False)
            self.returns.append(float(self._returns[lane]))
            self._returns[lane] = 0.0
        return observations, rewards, ended, infos


class LearningReward(VecEnvWrapper):
    """What the learner is paid: `scale * max(reward, floor)`. Scores are of the true reward."""

    def __init__(self, venv: VecEnv, scale: float, floor: float) -> None:
        super().__init__(venv)
        self._scale = scale
        self._floor = floor

    def reset(self) -> VecEnvObs:
        """Starts an episode on every lane."""
        return self.venv.reset()

    def step_wait(self) -> VecEnvStepReturn:
        """Steps every lane once."""
        observations, rewards, ended, infos = self.venv.step_wait()
        paid = np.float32(self._scale) * np.maximum(rewards.astype(np.float32), np.float32(self._floor))
        return observations, paid, ended, infos
