"""Protocol 1: what every driver is taught and how it is scored, whatever it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PROTOCOL = 1
PHASE = 4
# Steps of a training episode and of a validation, and of the final tests.
HORIZON = 100
TEST_HORIZONS = (100, 140)
EPISODES = 300
# Training episodes between two evaluations, at least.
EVALUATE_EVERY = 5
VALIDATION_TRACKS = 20
TEST_TRACKS = 50
# What a planner that knows the true state attains on phase 4 (`spikedrive oracle`); sensor noise does not change it.
CEILING = {100: 243.6, 140: 341.3}
# Shares of the ceiling whose first reaching is noted, in percent.
MILESTONES = (90, 95, 98)

# Options of the environment that each world adds to the base task.
WORLDS: dict[str, dict[str, Any]] = {"base": {}, "noise-1": {"sensor_noise": 1.0}}
# The suite SpikeDrive-Hard, which is no part of the benchmark.
HARD_WORLDS: dict[str, dict[str, Any]] = {
    "hard-latency": {"sensor_latency": 3},
    "hard-lag": {"actuator_lag": 0.2},
    "hard-storm": {"sensor_latency": 2, "actuator_lag": 0.5, "gust": 0.1, "sensor_noise": 0.5},
}


@dataclass(frozen=True)
class Evaluation:
    """A greedy evaluation on the validation tracks."""

    episode: int
    env_steps: int
    mean_return: float
    crash_rate: float


@dataclass
class Milestones:
    """Training episodes and steps until each milestone was reached first."""

    reached: dict[int, Evaluation] = field(default_factory=dict)

    def note(self, evaluation: Evaluation) -> None:
        """A milestone needs its share of the ceiling as mean, and no crash."""
        percent = 100 * evaluation.mean_return / CEILING[HORIZON]
        for milestone in MILESTONES:
            if milestone not in self.reached and evaluation.crash_rate == 0 and percent >= milestone:
                self.reached[milestone] = evaluation
