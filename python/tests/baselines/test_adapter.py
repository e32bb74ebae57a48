"""The environments, as Stable-Baselines3 wants them."""

import gymnasium
import numpy as np
import pytest
from stable_baselines3.common.env_checker import check_env

import spikedrive  # noqa: F401 -- registers SpikeDrive-v1
from spikedrive.sb3 import SpikeDriveVecEnv

STRAIGHT, LEFT = 1, 0


@pytest.fixture
def make():
    made = []

    def make(lanes, **world):
        made.append(SpikeDriveVecEnv(lanes, phase=4, split="validation", **world))
        return made[-1]

    yield make
    for env in made:
        env.close()


def test_the_environment_passes_the_check_of_stable_baselines3():
    env = gymnasium.make("SpikeDrive-v1", phase=4)
    check_env(env.unwrapped, warn=True)
    env.close()


def until_end(env, lane, action):
    """Steps until the lane's episode ends: the lane's observation before, and what the last step gave."""
    seen = env.reset()
    for _ in range(200):
        before = seen
        seen, rewards, ended, infos = env.step(np.full(env.num_envs, action))
        if ended[lane]:
            return before, seen, rewards, ended, infos
    raise AssertionError("no episode ended")


def test_a_crash_is_no_time_limit_and_shows_the_last_observation(make):
    env = make(3, horizon=100)
    env.seed(0)
    before, seen, rewards, ended, infos = until_end(env, 0, LEFT)
    assert rewards[0] < -90
    assert infos[0]["TimeLimit.truncated"] is False
    final = infos[0]["terminal_observation"]
    assert final.shape == (3,)
    assert env.observation_space.contains(final)
    assert not np.array_equal(final, seen[0]), "the batch already holds the next episode's first observation"
    assert not np.array_equal(final, before[0]), "the last step was driven"
    assert all("terminal_observation" not in infos[lane] for lane in range(3) if not ended[lane])


def test_the_horizon_is_a_time_limit(make):
    env = make(2, horizon=3)
    env.seed(0)
    env.reset()
    marks = [env.step(np.full(2, STRAIGHT))[2:] for _ in range(7)]
    assert [ended.tolist() for ended, _ in marks] == [[False] * 2] * 2 + [[True] * 2] + [[False] * 2] * 2 + [[True] * 2] + [
        [False] * 2
    ], "every step is one: none is eaten by a reset"
    infos = marks[2][1]
    assert infos[0]["TimeLimit.truncated"] is True
    assert infos[1]["terminal_observation"].shape == (3,)


def test_a_seed_gives_the_same_episodes(make):
    def driven(seed):
        env = make(2, horizon=5)
        env.seed(seed)
        return [env.reset(), *(env.step(np.array([0, 2]))[0] for _ in range(12))]

    # Held-out tracks are the same for every seed; noise would not be.
    np.testing.assert_array_equal(driven(3), driven(3))
