"""Snapshots, forks, rollouts and leases: the same future bit for bit, whatever goes on with it."""

import contextlib
import time

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode
from support import WORLD, Server, steer, steer_all

import spikedrive

LANES = 5
# Everything that has a memory: noise, latency, lag, wind.
STORM = {"rays": 5, "sensor_noise": 0.5, "sensor_latency": 2, "actuator_lag": 0.7, "gust": 0.05, "varying_width": True}


@contextlib.contextmanager
def single(server, **arguments):
    with contextlib.closing(spikedrive.SpikeDriveEnv(server=server, **{**WORLD, **arguments})) as env:
        yield env


@contextlib.contextmanager
def vector(server, lanes=LANES, **arguments):
    with contextlib.closing(spikedrive.SpikeDriveVectorEnv(lanes, server=server, **{**WORLD, **arguments})) as env:
        yield env


def drive(env, observation, steps):
    """All that an environment answers from a moment on; its observation is known. Ended episodes are reset, where nobody does."""
    answers = []
    for _ in range(steps):
        single = observation.ndim == 1
        answer = env.step(steer(observation) if single else steer_all(observation))
        answers.append(answer)
        observation, over = answer[0], np.asarray(answer[2] | answer[3])
        if over.any() and single:
            answers.append(env.reset())
            observation = answers[-1][0]
        elif over.any() and env.metadata["autoreset_mode"] is AutoresetMode.DISABLED:
            answers.append(env.reset(options={"reset_mask": over}))
            observation = answers[-1][0]
    return answers


def same(one, other):
    return len(one) == len(other) and all(data_equivalence(a, b, exact=True) for a, b in zip(one, other, strict=True))


def makers(server):
    """One car, and many in all modes."""
    yield lambda **arguments: single(server, **arguments)
    for mode in AutoresetMode:
        yield lambda mode=mode, **arguments: vector(server, autoreset_mode=mode, **arguments)


@pytest.mark.parametrize("kind", range(4), ids=["env", *(mode.name for mode in AutoresetMode)])
@pytest.mark.parametrize("world", [{}, STORM], ids=["base", "storm"])
def test_the_same_thousand_steps_follow_a_snapshot(server, other_server, kind, world):
    make, elsewhere = list(makers(server))[kind], list(makers(other_server))[kind]
    with make(**world) as env, make(**world) as fresh, elsewhere(**world) as other:
        observation, _ = env.reset(seed=5)
        observation = drive(env, observation, 40)[-1][0]
        state = env.snapshot()
        assert isinstance(state, bytes)
        expected = drive(env, observation, 1000)
        assert len({answer[0].tobytes() for answer in expected}) > 500
        for again in (env, fresh, other):
            restored, info = again.restore(state)
            assert np.array_equal(restored, observation)
            assert info == {}
            assert same(drive(again, restored, 1000), expected)
        # The same moment is told by the same bytes; where there is a session, it is driven on.
        session = env._session
        env.restore(bytearray(state))
        assert env._session is session
        assert env.snapshot() == state
        env.close()
        assert np.array_equal(env.restore(state)[0], observation)


@pytest.mark.parametrize("kind", range(4), ids=["env", *(mode.name for mode in AutoresetMode)])
def test_the_end_of_an_episode_is_a_moment_as_well(server, kind):
    make = list(makers(server))[kind]
    with make(phase=1) as env, make() as other:
        env.reset(seed=2)
        straight = 1 if kind == 0 else np.ones(LANES, dtype=np.int64)
        for _ in range(25):
            observation, _, _, truncated, _ = env.step(straight)
        assert np.all(truncated)
        state = env.snapshot()
        assert np.array_equal(other.restore(state)[0], observation)
        if kind == 0 or env.metadata["autoreset_mode"] is AutoresetMode.DISABLED:
            with pytest.raises(spikedrive.ResetNeededError, match="is over"):
                other.step(straight)
            assert np.array_equal(other.reset()[0], env.reset()[0])
        for _ in range(5):
            assert data_equivalence(other.step(straight), env.step(straight), exact=True)


def test_what_is_told_of_cars_comes_with_a_snapshot(server):
    with single(server, render_mode="rgb_array", info=True) as env, single(server, render_mode="rgb_array", info=True) as other:
        observation, begun = env.reset(seed=1)
        observation, *_, info = drive(env, observation, 10)[-1]
        picture, state = env.render(), env.snapshot()
        drive(env, observation, 10)
        for again in (env, other):
            _, restored = again.restore(state)
            assert np.array_equal(restored["pose"], info["pose"])
            assert np.array_equal(restored["road"].centre, begun["road"].centre)
            assert np.array_equal(again.render(), picture)
        with contextlib.closing(env.fork()) as twin:
            assert np.array_equal(twin.render(), picture)
            twin.step(0)
            assert not np.array_equal(twin.render(), picture)
    with vector(server, info=True) as env:
        env.reset(seed=1)
        env.step(np.ones(LANES, dtype=np.int64))
        assert env.restore(env.snapshot())[1]["_road"].all()


@pytest.mark.parametrize("kind", range(4), ids=["env", *(mode.name for mode in AutoresetMode)])
def test_forks_go_on_alone(server, kind):
    with list(makers(server))[kind](**STORM) as env:
        observation, _ = env.reset(seed=3)
        observation = drive(env, observation, 20)[-1][0]
        with contextlib.closing(env.fork()) as twin, contextlib.closing(twin.fork()) as third:
            assert type(twin) is type(env)
            # The first one to be driven disturbs no other.
            expected = drive(env, observation, 300)
            assert same(drive(twin, observation, 300), expected)
            third.close()
            env.reset(seed=4)
            again = twin.fork()
        assert again.snapshot()
        again.close()
        with pytest.raises(spikedrive.ResetNeededError):
            again.step(1)


def test_forks_and_snapshots_through_gymnasiums_wrappers(server):
    with gymnasium.make("SpikeDrive-v1", server=server, **WORLD) as env:
        env.reset(seed=1)
        with contextlib.closing(env.unwrapped.fork()) as twin:
            assert env.step(1)[1] == twin.step(1)[1]
            observation, _ = env.unwrapped.restore(twin.snapshot())
            assert same(drive(env, observation, 50), drive(twin, observation, 50))


def test_mistakes_with_snapshots(server):
    with single(server) as env, vector(server) as many:
        for other in (env, many):
            for act in (other.snapshot, other.fork):
                with pytest.raises(spikedrive.ResetNeededError, match="call reset first"):
                    act()
            other.reset(seed=1)
        state = env.snapshot()
        for wrong in (None, "state", 7, [1]):
            with pytest.raises(spikedrive.InvalidArgumentError, match=f"state: a {type(wrong).__name__} is no snapshot"):
                env.restore(wrong)
        for used in (True, False):
            if not used:
                env.close()
            with pytest.raises(spikedrive.InvalidArgumentError, match="bytes are no snapshot"):
                env.restore(b"")
            with pytest.raises(spikedrive.InvalidArgumentError, match="the checksum does not fit"):
                env.restore(state[:-1] + bytes([state[-1] ^ 1]))
        env.restore(state)
        # One that was refused changes nothing.
        assert np.array_equal(env.restore(state)[0], env.reset(seed=1)[0])
    # Before the first step a session of the snapshot is made and looked at; later the server compares all that it was made from.
    for arguments, text, later in (
        ({"horizon": 26}, "horizon", "horizon"),
        ({"rays": 5}, "rays", "options"),
        ({"info": True}, "info", "info"),
    ):
        with single(server, **arguments) as env:
            with pytest.raises(
                spikedrive.InvalidArgumentError, match=f"state: {text} is .* in the snapshot and .* here: restore it in"
            ):
                env.restore(state)
            env.reset(seed=1)
            with pytest.raises(
                spikedrive.InvalidArgumentError, match=f"restore: {later} of the snapshot differs .*: restore it in an env"
            ):
                env.restore(state)
            env.step(1)
    with (
        vector(server) as env,
        pytest.raises(spikedrive.InvalidArgumentError, match="state: lanes is 1 in the snapshot and 5 here"),
    ):
        env.restore(state)
    with vector(server, lanes=1) as env, pytest.raises(spikedrive.InvalidArgumentError, match="state: autoreset mode is"):
        env.restore(state)


def test_a_full_server_says_so_to_a_fork_and_drives_on():
    with Server("--max-sessions", "1") as local, single(local.address) as env:
        env.reset(seed=1)
        with pytest.raises(spikedrive.ServerFullError, match="fork: the server holds 1 sessions, as many as it may"):
            env.fork()
        env.step(1)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_rollout_is_as_many_steps(server, mode):
    # The first ones do not fit in one message.
    actions = np.random.default_rng(1).integers(3, size=(5000, LANES))
    with vector(server, autoreset_mode=mode) as env, vector(server, autoreset_mode=mode) as other:
        env.reset(seed=1)
        other.reset(seed=1)
        observations, rewards, terminated, truncated, infos = env.rollout(actions)
        steps = len(observations)
        assert (steps < 26) if mode is AutoresetMode.DISABLED else (steps == 5000)
        for step in range(steps):
            answer = other.step(actions[step])
            rolled = observations[step], rewards[step], terminated[step], truncated[step]
            assert data_equivalence(rolled, answer[:4], exact=True)
            for key, value in answer[4].items():
                if key == "final_info":
                    assert all(np.array_equal(infos[key][name][step], value[name]) for name in value)
                else:
                    assert data_equivalence(list(infos[key][step]), list(value), exact=True)
        ended = terminated | truncated
        assert ended.any()
        if mode is AutoresetMode.SAME_STEP:
            assert np.array_equal(infos["_final_obs"], ended)
        else:
            assert np.array_equal(infos["_end_reason"], ended)
        if mode is AutoresetMode.DISABLED:
            with pytest.raises(spikedrive.ResetNeededError, match="is over"):
                env.rollout(actions)
        if mode is not AutoresetMode.DISABLED:
            assert env.snapshot() == other.snapshot()


def test_a_rollout_of_many_lanes_takes_several_messages(server):
    with vector(server, lanes=1000) as env, vector(server, lanes=1000) as other:
        env.reset(seed=1)
        other.reset(seed=1)
        actions = np.random.default_rng(1).integers(3, size=(100, 1000), dtype=np.uint8)
        observations, rewards, *_ = env.rollout(actions)
        for step in range(100):
            answer = other.step(actions[step])
            assert np.array_equal(observations[step], answer[0])
            assert np.array_equal(rewards[step], answer[1])


def test_an_episode_that_ends_with_a_message_is_the_end_of_a_rollout(server):
    with vector(server, lanes=1, phase=1, horizon=4096, autoreset_mode="Disabled") as env:
        observations, _ = env.reset(seed=1)
        actions = []
        for _ in range(4096):
            actions.append([steer(observations[0])])
            observations = env.step(np.array(actions[-1]))[0]
        env.reset(seed=1)
        _, _, _, truncated, infos = env.rollout(np.array([*actions, [1]]))
        assert (len(truncated), truncated.sum(), infos["end_reason"][-1, 0]) == (4096, 1, "horizon")


def test_mistakes_in_a_rollout(server):
    with vector(server) as env:
        with pytest.raises(spikedrive.ResetNeededError):
            env.rollout(np.ones((2, LANES), dtype=np.int64))
        env.reset(seed=1)
        state = env.snapshot()
        for shape in ((LANES,), (2, LANES + 1), (0, LANES), (2, LANES, 1)):
            with pytest.raises(spikedrive.InvalidArgumentError, match="send integers, steps x 5 lanes"):
                env.rollout(np.ones(shape, dtype=np.int64))
        with pytest.raises(spikedrive.InvalidArgumentError, match="type float64: send integers"):
            env.rollout(np.ones((2, LANES)))
        actions = np.ones((2, LANES), dtype=np.int64)
        actions[1, 3] = 3
        with pytest.raises(spikedrive.InvalidArgumentError, match=r"actions: 3 of step 1, lane 3, is outside Discrete\(3\)"):
            env.rollout(actions)
        assert env.snapshot() == state
    with vector(server, info=True) as env:
        env.reset(seed=1)
        with pytest.raises(spikedrive.InvalidArgumentError, match="rollout: this environment tells where its cars are"):
            env.rollout(np.ones((2, LANES), dtype=np.int64))


def test_a_session_that_nobody_drives_expires_with_its_lease(server):
    with single(server, lease=1) as env, vector(server, lease=1) as many, single(server, lease=1) as driven:
        driven.reset(seed=1)
        driven.step(1)
        twin = driven.fork()
        for other in (env, many):
            other.reset(seed=1)
        time.sleep(1.2)
        for other, action in ((env, 1), (many, np.ones(LANES, dtype=np.int64)), (twin, 1)):
            with pytest.raises(
                spikedrive.SessionLostError, match="expired after 1 s without traffic: create a new one, with a longer"
            ):
                other.step(action)
            other.reset(seed=1)
            other.step(action)
        # A stream keeps its session.
        driven.step(1)
        twin.close()
    with (
        single(server, lease=601) as env,
        pytest.raises(spikedrive.InvalidArgumentError, match="601 is more than this server's lease"),
    ):
        env.reset(seed=1)
    for wrong in (0, -1, 1.5, True, "10"):
        with pytest.raises(spikedrive.InvalidArgumentError, match="is no number of seconds: use 1 to"):
            spikedrive.SpikeDriveEnv(server=server, lease=wrong)
