"""Drivers that do not learn: they show that this is the environment that the Rust programs drive in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikedrive.benchmark.evaluate import Driver

LEFT, STRAIGHT, RIGHT = 0, 1, 2


class Random:
    """Any action, each with probability 1/3."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def predict(self, observation: np.ndarray, state: object, _starts: object, _deterministic: bool) -> tuple[np.ndarray, object]:
        """Actions for all lanes."""
        return self._rng.integers(0, 3, len(observation)), state


class Straight:
    """Never steers."""

    def __init__(self, seed: int) -> None:
        del seed

    def predict(self, observation: np.ndarray, state: object, _starts: object, _deterministic: bool) -> tuple[np.ndarray, object]:
        """Actions for all lanes."""
        return np.full(len(observation), STRAIGHT), state


@dataclass
class BangBang:
    """Steers towards the side with more room: left when left - right > threshold, right when it is < -threshold.

    While it steers, the threshold on that side is half. These settings were best on the validation tracks of phase 4
    (`server/env/src/oracle/bang_bang.rs`).
    """

    seed: int
    threshold: float = 2.25
    hysteresis: float = 0.5

    def predict(self, observation: np.ndarray, state: object, _starts: object, _deterministic: bool) -> tuple[np.ndarray, object]:
        """Actions for all lanes; the state is the last ones."""
        previous = state if isinstance(state, np.ndarray) else np.full(len(observation), STRAIGHT)
        difference = observation[:, 0].astype(float) - observation[:, 2].astype(float)
        left = np.where(previous == LEFT, self.threshold * self.hysteresis, self.threshold)
        right = np.where(previous == RIGHT, self.threshold * self.hysteresis, self.threshold)
        actions = np.where(difference > left, LEFT, np.where(difference < -right, RIGHT, STRAIGHT))
        return actions, actions


SCRIPTS: dict[str, Callable[[int], Driver]] = {
    "gym-random": Random,
    "gym-straight": Straight,
    "gym-bang-bang": BangBang,
}
