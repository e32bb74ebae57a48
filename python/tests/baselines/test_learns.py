"""Every algorithm learns: the straight road, in a moment.

Floors are well below what was measured (mean validation return of phase 1, of 243.3 that are attainable).
"""

import dataclasses

import pytest

from spikedrive.baselines.agents import AGENTS
from spikedrive.benchmark.train import train

STRAIGHT_ROAD = 1


@pytest.mark.parametrize(
    ("name", "episodes", "floor"),
    [
        ("sb3-ppo", 60, 150),
        ("sb3-ppo-action", 60, 180),
        ("sb3-ppo-x4", 60, 180),
        ("sb3-ppo-code", 60, 180),
        ("sb3-dqn", 40, 150),
        ("sb3-qrdqn-action", 40, 150),
        ("sb3-rppo", 60, 150),
    ],
)
def test_it_learns_the_straight_road(name, episodes, floor):
    agent = AGENTS[name]
    trained = train(agent, "base", 1, episodes, None, phase=STRAIGHT_ROAD)
    assert max(one.mean_return for one in trained.curve[-3:]) > floor
    assert trained.meter.episodes >= episodes
    assert trained.training_macs > 0


def test_it_would_not_without_a_gradient():
    agent = AGENTS["sb3-ppo"]
    frozen = dataclasses.replace(agent.params, learning_rate=0.0, final_learning_rate=0.0)
    trained = train(dataclasses.replace(agent, params=frozen), "base", 1, 60, None, phase=STRAIGHT_ROAD)
    assert max(one.mean_return for one in trained.curve[-3:]) < 100
