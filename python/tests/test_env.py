"""One car: Gymnasium's own checks, seeds, ends, infos, pictures, mistakes."""

import copy
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.env_match import check_environments_match
from gymnasium.wrappers import RecordEpisodeStatistics
from support import WORLD, steer

import spikedrive


def make(server, **arguments):
    return gymnasium.make("SpikeDrive-v1", server=server, **arguments)


def episode(env, seed=None, policy=steer):
    """Observations, rewards and the last info of an episode."""
    observation, info = env.reset(seed=seed)
    observations, rewards = [observation], []
    over = False
    while not over:
        observation, reward, terminated, truncated, info = env.step(policy(observation))
        observations.append(observation)
        rewards.append(reward)
        over = terminated or truncated
    return np.array(observations), np.array(rewards), info


def test_gymnasium_finds_no_fault(server):
    for arguments in ({}, {"info": True}, {"rays": 7, "sensor_noise": 1.0, "gust": 0.1}, {"split": "test"}):
        with make(server, **WORLD, **arguments) as env:
            check_env(env.unwrapped)


def test_spaces_and_types(server):
    with make(server, rays=5) as env:
        assert env.observation_space == gymnasium.spaces.Box(0, 20, (5,), np.float32)
        assert env.action_space == gymnasium.spaces.Discrete(3)
        assert env.spec.max_episode_steps is None
        observation, info = env.reset(seed=1)
        assert (observation.shape, observation.dtype, info) == ((5,), np.float32, {})
        result = env.step(np.int64(1))
        assert [type(value) for value in result[1:]] == [float, bool, bool, dict]
        # On the middle of a straight start: 2 for the centring at most, and 0.5.
        assert 0.5 <= result[1] <= 2.5
        result[0][:] = 0  # A user's own array.


def test_two_servers_drive_the_same(server, other_server):
    with make(server, **WORLD, info=True) as one, make(other_server, **WORLD, info=True) as other:
        check_environments_match(one, other, num_steps=100, seed=5, info_comparison="keys-equivalence")


def test_a_seed_is_a_sequence_of_episodes(server):
    with make(server, **WORLD) as env:
        first = [episode(env, seed=3)[0], episode(env)[0], episode(env)[0]]
        again = [episode(env, seed=3)[0], episode(env)[0], episode(env)[0]]
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        starts = {tuple(observations[0]) for observations in [*first, episode(env, seed=4)[0]]}
        assert len(starts) == 4
    with make(server, **WORLD) as one, make(server, **WORLD) as other:
        # Without a seed nobody repeats anybody; an episode may be given up.
        starts = [tuple(env.reset()[0]) for env in (one, other, one, other)]
        assert len(set(starts)) == 4


def test_an_episode_is_cut_at_the_horizon_and_ends_in_a_crash(server):
    with make(server, phase=1, horizon=40) as env:
        _, rewards, info = episode(env, seed=1)
        assert (len(rewards), info) == (40, {"end_reason": "horizon"})
        _, rewards, info = episode(env, seed=1, policy=lambda _: 0)
        assert len(rewards) < 40
        # -100, less 0.1 where the action changed.
        assert rewards[-1] == -100
        assert info == {"end_reason": "crash"}
        with pytest.raises(spikedrive.ResetNeededError, match="the episode of lane 0 is over"):
            env.step(1)
        env.reset()
        env.step(1)


def test_held_out_tracks_come_in_order(server):
    with make(server, split="validation") as env:
        starts = [tuple(env.reset()[0]) for _ in range(21)]
    assert len(set(starts)) == 20
    assert starts[20] == starts[0]


def test_a_circuit_is_driven_in_laps(server, circuit):
    with make(server, circuit=circuit, info=True) as env:
        _, info = env.reset(seed=0)
        assert info["road"].closed
        assert info["road"].track == 0
        assert np.isclose(info["road"].half_widths, 4).all()
        _, rewards, info = episode(env)
        assert info["end_reason"] == "lap"
        assert len(rewards) > 100
    with make(server, circuit=circuit, circuit_mode="real", info=True) as env:
        _, info = env.reset(seed=0)
        assert not np.isclose(info["road"].half_widths, 4).any()


def test_info_tells_where_the_car_is_and_changes_nothing(server):
    with make(server, **WORLD, info=True) as told, make(server, **WORLD) as plain:
        observation, info = told.reset(seed=2)
        plain.reset(seed=2)
        road, before = info["road"], info["pose"]
        assert road.centre.shape == road.half_widths.shape
        for _ in range(10):
            action = steer(observation)
            observation, reward, _, _, info = told.step(action)
            assert "road" not in info
            assert np.hypot(*(info["pose"] - before)[:2]) == pytest.approx(1, abs=0.01)
            before = info["pose"]
            assert plain.step(action)[1] == reward
            # Without a change of action the reward tells the deviation.
            near = np.min(np.linalg.norm(road.centre - info["pose"][:2], axis=1))
            assert near == pytest.approx(abs(info["pose"][3]), abs=0.5)


def test_wrappers_and_copies(server):
    with RecordEpisodeStatistics(make(server, **WORLD)) as env:
        _, rewards, info = episode(env, seed=1)
        assert info["episode"]["r"] == pytest.approx(rewards.sum(), rel=1e-6)
        assert info["episode"]["l"] == 25
    env = spikedrive.SpikeDriveEnv(server=server, **WORLD)
    start = env.reset(seed=1)[0]
    for twin in (pickle.loads(pickle.dumps(env)), copy.deepcopy(env)):
        with pytest.raises(spikedrive.ResetNeededError):
            twin.step(1)
        assert np.array_equal(twin.reset(seed=1)[0], start)
        twin.close()
    env.close()
    env.close()
    assert np.array_equal(env.reset(seed=1)[0], start)
    env.close()


def test_a_spec_makes_the_environment_again(server):
    with make(server, phase=2, horizon=30, rays=5) as env:
        start = env.reset(seed=1)[0]
        for spec in (env.spec, pickle.loads(pickle.dumps(env.spec)), type(env.spec).from_json(env.spec.to_json())):
            with gymnasium.make(spec) as again:
                assert np.array_equal(again.reset(seed=1)[0], start)


def test_pictures_show_road_car_and_rays(server):
    with make(server, **WORLD, render_mode="rgb_array") as env:
        env.reset(seed=1)
        before = env.render()
        assert (before.shape, before.dtype) == ((480, 480, 3), np.uint8)
        # The car is red, in the middle; the road is grey around it; there is ground in a corner.
        assert before[240, 236].tolist() == [196, 58, 49] or before[240, 244].tolist() == [196, 58, 49]
        assert (before == [120, 124, 130]).all(axis=2).mean() > 0.05
        assert (before == [233, 236, 228]).all(axis=2).mean() > 0.2
        env.step(0)
        after = env.render()
        assert (before != after).any()
        assert env.reset(seed=1)[1] == {}
        assert np.array_equal(env.render(), before)
    with make(server, **WORLD, render_mode="human") as env:
        env.reset(seed=1)
        env.step(1)
        assert env.render() is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"phase": 5}, "phase: 5 is none of 1, 2, 3, 4"),
        ({"phase": 1, "circuit": "a.csv"}, "leave one of them out"),
        ({"split": "tests"}, "split: 'tests' is none of train, validation, test"),
        ({"circuit": "a.csv", "circuit_mode": "wide"}, "circuit_mode: 'wide' is none of fit, real"),
        ({"rays": 4}, "rays: 4 is none of 3, 5, 7, 9"),
        ({"horizon": 0}, "horizon: 0 is no number of steps"),
        ({"sensor_latency": 1.5}, "sensor_latency: 1.5 is no number of steps"),
        ({"actuator_lag": 0}, r"actuator_lag: 0 is outside \(0, 1\]"),
        ({"steering_gain": 0}, r"steering_gain: 0 is outside \[-2, 0\)"),
        ({"left_ray_gain": 0}, r"left_ray_gain: 0 is outside \(0, 1\]"),
        ({"render_mode": "ansi"}, "render_mode: 'ansi' is none of None, human, rgb_array"),
        ({"server": "nowhere"}, "server: 'nowhere' is no server address"),
    ],
)
def test_mistakes_are_told_at_once(server, arguments, text):
    with pytest.raises(spikedrive.InvalidArgumentError, match=text):
        spikedrive.SpikeDriveEnv(**{"server": server, **arguments})


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"horizon": 20_000}, "horizon: 20000 is outside 1..=10000 steps"),
        ({"gust": 0.5}, r"gust: 0.5 is outside \[0, 0.3\]"),
        ({"sensor_noise": -1.0}, r"sensor_noise: -1 is outside \[0, 10\]"),
        ({"sensor_latency": 21}, "sensor_latency: 21 is outside"),
        ({"gust": "strong"}, "an argument is of the wrong type"),
        ({"circuit": "/nowhere.csv"}, "circuit: '/nowhere.csv' cannot be read"),
        ({"circuit": __file__}, "circuit"),
    ],
)
def test_the_servers_own_words_reach_the_user(server, arguments, text):
    env = spikedrive.SpikeDriveEnv(server=server, **arguments)
    with pytest.raises(spikedrive.InvalidArgumentError, match=text):
        env.reset()


def test_mistakes_in_a_step_and_in_a_seed(server):
    env = spikedrive.SpikeDriveEnv(server=server)
    with pytest.raises(spikedrive.ResetNeededError, match="call reset first"):
        env.step(1)
    env.reset(seed=1)
    for action in (3, -1, 1.5, None):
        with pytest.raises(spikedrive.InvalidArgumentError, match=r"is outside Discrete\(3\): use 0 \(left\)"):
            env.step(action)
    with pytest.raises(spikedrive.InvalidArgumentError, match="seed: 18446744073709551616 is outside"):
        env.reset(seed=1 << 64)
    env.reset(seed=(1 << 64) - 1)
    with pytest.raises(TypeError, match="phse"):
        spikedrive.SpikeDriveEnv(server=server, phse=1)
    env.close()
