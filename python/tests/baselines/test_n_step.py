"""The n-step return that DQN learns from, with the ends of episodes in it."""

import numpy as np
import pytest
from fake import FakeLanes

from spikedrive.baselines import dqn
from spikedrive.baselines.inputs import SCALES, InputsEnv


def sampled(env, **changes):
    """After 6 steps, by (episode, step) of the observation: reward, discount, ends in a crash, next step."""
    params = dqn.Params(warmup=100, n_step=3, discount=0.5, **changes)
    model = dqn.build(InputsEnv(env, "sensors"), params, 1, 1000)
    model.learn(6)
    found = {}
    for _ in range(200):
        batch = model.replay_buffer.sample(16)
        for k in range(16):
            _, step, episode = np.rint((batch.observations[k].numpy() + 1) * SCALES).astype(int)
            after = np.rint((batch.next_observations[k].numpy() + 1) * SCALES).astype(int)[1]
            numbers = (batch.rewards[k].item(), batch.discounts[k].item(), batch.dones[k].item(), after)
            assert found.setdefault((episode, step), numbers) == numbers
    return found


def test_three_rewards_are_summed_and_a_crash_cuts_the_sum():
    found = sampled(FakeLanes([4]))
    # Rewards 1, 2, 3, 4 of an episode of four steps; then 1, 2 of the next one.
    assert found[0, 0] == (1 + 0.5 * 2 + 0.25 * 3, pytest.approx(0.125), 0.0, 3)
    assert found[0, 1][::2] == (2 + 0.5 * 3 + 0.25 * 4, 1.0)
    assert found[0, 2][::2] == (3 + 0.5 * 4, 1.0)
    assert found[0, 3][::2] == (4.0, 1.0)


def test_the_horizon_cuts_the_sum_and_bootstraps_from_the_last_observation():
    found = sampled(FakeLanes([4], crashes=False))
    assert found[0, 2] == (3 + 0.5 * 4, pytest.approx(0.25), 0.0, 4)
    assert found[0, 3] == (4.0, pytest.approx(0.5), 0.0, 4)
