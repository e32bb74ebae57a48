"""Greedy evaluation: no exploration, no learning, one episode on each track of a split, all in one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from gymnasium.vector import VectorEnv

from spikedrive.baselines.inputs import Inputs


class Driver(Protocol):
    """What can be evaluated: every model of Stable-Baselines3, and the scripts."""

    def predict(
        self,
        observation: Any,  # noqa: ANN401 -- as Stable-Baselines3 has it
        state: Any,  # noqa: ANN401
        episode_start: Any,  # noqa: ANN401
        deterministic: bool,
    ) -> tuple[Any, Any]:
        """Actions for all lanes, and what to remember."""


@dataclass(frozen=True)
class Driven:
    """How one episode went on every lane."""

    returns: np.ndarray
    lengths: np.ndarray
    crashed: np.ndarray

    @property
    def mean_return(self) -> float:
        """Mean over the lanes."""
        return float(self.returns.mean())

    @property
    def crash_rate(self) -> float:
        """Share of the lanes that crashed."""
        return float(self.crashed.mean())


def drive(driver: Driver, env: VectorEnv, inputs: Inputs) -> Driven:
    """One episode on every lane, the first of the environment's seed 0: always the same ones.

    A lane whose episode is over waits for the others: what it does then counts for nothing.
    """
    observations, _ = env.reset(seed=0)
    lanes = env.num_envs
    features = inputs.reset(observations)
    returns, lengths = np.zeros(lanes), np.zeros(lanes, int)
    crashed, running = np.zeros(lanes, bool), np.ones(lanes, bool)
    state, begins = None, np.ones(lanes, bool)
    while running.any():
        actions, state = driver.predict(features, state, begins, True)
        begins = np.zeros(lanes, bool)
        observations, rewards, terminated, truncated, _ = env.step(actions)
        returns += np.where(running, rewards, 0.0)
        lengths += running
        crashed |= running & terminated
        running &= ~(terminated | truncated)
        features = inputs.step(actions, observations)
    return Driven(returns, lengths, crashed)
