"""Stable-Baselines3 on a vector of lanes. A tier of its own, for it needs torch.

pip install './python[sb3]' pytest && python -m pytest python/tests/baselines
"""

import json

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize
from support import WORLD, Server, steer_all

import spikedrive
from spikedrive.sb3 import SpikeDriveVecEnv, TelemetryCallback
from spikedrive.telemetry import Run

LANES = 4


def test_episodes_are_those_of_the_gymnasium_vector(server):
    env = SpikeDriveVecEnv(LANES, server=server, **WORLD)
    twin = gymnasium.make_vec("SpikeDrive-v1", num_envs=LANES, server=server, autoreset_mode="SameStep", **WORLD)
    assert env.seed(5) == [5] * LANES
    observations, (expected, _) = env.reset(), twin.reset(seed=5)
    ends = 0
    for _ in range(80):
        assert np.array_equal(observations, expected)
        actions = steer_all(observations)
        observations, rewards, dones, infos = env.step(actions)
        expected, their_rewards, terminated, truncated, their_infos = twin.step(actions)
        assert np.array_equal(rewards, their_rewards.astype(np.float32))
        assert np.array_equal(dones, terminated | truncated)
        for lane in np.flatnonzero(dones):
            ends += 1
            assert np.array_equal(infos[lane]["terminal_observation"], their_infos["final_obs"][lane])
            assert infos[lane]["TimeLimit.truncated"] == truncated[lane]
            assert infos[lane]["end_reason"] == ("horizon" if truncated[lane] else "crash")
        assert all(infos[lane] == {} for lane in np.flatnonzero(~dones))
    assert ends > 6
    # A reset without a seed goes on; with the same seed it begins anew.
    follow = env.reset()
    env.seed(5)
    assert not np.array_equal(follow, env.reset())
    env.close()
    twin.close()


def test_attributes_and_methods(server):
    env = SpikeDriveVecEnv(LANES, server=server, info=True, render_mode="rgb_array", **WORLD)
    env.seed(1)
    env.reset()
    assert [set(info) for info in env.reset_infos] == [{"pose", "road"}] * LANES
    assert env.get_attr("render_mode") == ["rgb_array"] * LANES
    assert env.get_attr("num_envs", [0, 2]) == [LANES] * 2
    env.set_attr("note", 3)
    assert env.get_attr("note") == [3] * LANES
    with pytest.raises(spikedrive.InvalidArgumentError, match="the lanes share their attributes"):
        env.set_attr("note", 4, indices=1)
    with pytest.raises(AttributeError):
        env.get_attr("absent")
    assert env.env_is_wrapped(VecMonitor, [0]) == [False]
    assert len(env.env_method("render", indices=0)) == 1
    assert [image.shape for image in env.get_images()] == [(480, 480, 3)] * LANES
    env.close()


def test_a_token_is_shown_and_the_vector_goes_back(tmp_path):
    for name, text in {"tokens": "ann ann-0123456789abcdef", "token": "ann-0123456789abcdef"}.items():
        (tmp_path / name).write_text(text)
    with Server("--tokens", tmp_path / "tokens") as local:
        env = SpikeDriveVecEnv(LANES, server=local.address, **WORLD)
        with pytest.raises(spikedrive.AccessDeniedError):
            env.reset()
        security = spikedrive.Security(token_file=tmp_path / "token")
        env = SpikeDriveVecEnv(LANES, server=local.address, security=security, lease=60, **WORLD)
        observations = env.reset()
        state = env.vector.snapshot()
        rewards = env.step(steer_all(observations))[1]
        assert np.array_equal(env.vector.restore(state)[0], observations)
        assert np.array_equal(env.step(steer_all(observations))[1], rewards)
        env.close()


@pytest.mark.parametrize("algorithm", [PPO, DQN])
def test_algorithms_learn_and_are_kept(server, tmp_path, algorithm):
    env = VecMonitor(SpikeDriveVecEnv(LANES, server=server, phase=1, horizon=30))
    options = {"n_steps": 64, "batch_size": 64} if algorithm is PPO else {"learning_starts": 100}
    model = algorithm("MlpPolicy", env, seed=1, device="cpu", **options)
    with Run(algorithm.__name__.lower(), seed=1, episodes=100, runs=tmp_path, phase=1) as run:
        model.learn(1024, callback=TelemetryCallback(run, phase=1))
    records = [json.loads(line) for line in (run.directory / "episodes.jsonl").read_text().splitlines()]
    assert len(records) > 1024 / 30
    assert records[-1]["env_steps"] <= 1024
    assert sum(record["length"] for record in records) <= 1024
    assert {record["crashed"] for record in records} <= {True, False}
    env.close()


def test_a_seed_of_the_model_seeds_the_lanes(server):
    starts = []
    for _ in range(2):
        env = VecNormalize(VecMonitor(SpikeDriveVecEnv(LANES, server=server, **WORLD)))
        PPO("MlpPolicy", env, n_steps=8, batch_size=8, seed=3, device="cpu")
        starts.append(env.venv.reset())
        env.close()
    assert np.array_equal(*starts)
