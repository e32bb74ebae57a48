"""What is counted and what is paid."""

import numpy as np
import pytest
from fake import FakeLanes

from spikedrive.baselines.training import LearningReward, Meter, falling, total_steps


def test_a_meter_counts_true_rewards_below_the_learner_s():
    meter = Meter(FakeLanes([2, 3]))
    env = LearningReward(meter, 0.1, 2.0)
    env.reset()
    paid = [env.step(np.array([1, 1]))[1].tolist() for _ in range(3)]
    # True: lane 0 gets 1, 2 | 1, lane 1 gets 1, 2, 3.
    np.testing.assert_allclose(paid, [[0.2, 0.2], [0.2, 0.2], [0.2, 0.3]])
    assert (meter.env_steps, meter.episodes, meter.crashes, meter.returns) == (6, 2, 2, [3, 6])


def test_the_horizon_is_no_crash():
    meter = Meter(FakeLanes([1], crashes=False))
    meter.reset()
    meter.step(np.array([1]))
    assert (meter.episodes, meter.crashes) == (1, 0)


def test_a_rate_falls_over_the_nominal_steps_of_a_run():
    rate = falling(1.0, 0.2)
    nominal, total = 300 * 100, total_steps(300, 100)
    at = [rate(1 - steps / total) for steps in (0, nominal // 2, nominal, nominal + 500)]
    assert at == pytest.approx([1.0, 0.6, 0.2, 0.2])
