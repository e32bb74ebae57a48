"""Many cars: the same as one at a time and as Gymnasium's own vectors, in all autoreset modes; seeds, masks, mistakes."""

import copy
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from support import WORLD, LaneEnv, steer_all

import spikedrive

LANES = 5
DISABLED = AutoresetMode.DISABLED


def make(server, lanes=LANES, **arguments):
    return gymnasium.make_vec(
        "SpikeDrive-v1", num_envs=lanes, vectorization_mode="vector_entry_point", server=server, **{**WORLD, **arguments}
    )


def drive(env, steps, seed):
    """All that a vector answers; where autoreset is disabled, ended lanes are reset."""
    observations, infos = env.reset(seed=seed)
    answers = [(observations.copy(), infos)]
    for _ in range(steps):
        answer = env.step(steer_all(observations))
        answers.append(answer)
        observations, over = answer[0], answer[2] | answer[3]
        if env.metadata["autoreset_mode"] is DISABLED and over.any():
            observations, infos = env.reset(options={"reset_mask": over})
            answers.append((observations.copy(), infos))
    return answers


class SameSeed(SyncVectorEnv):
    """Gymnasium's vector with one seed for all: lane k is told by `LaneEnv`."""

    def reset(self, *, seed=None, options=None):
        return super().reset(seed=None if seed is None else [seed] * self.num_envs, options=options)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_it_answers_what_gymnasiums_own_vector_answers(server, mode):
    lanes = [lambda lane=lane: LaneEnv(lane, server=server, **WORLD) for lane in range(LANES)]
    theirs, ours = SameSeed(lanes, autoreset_mode=mode), make(server, autoreset_mode=mode)
    assert ours.metadata["autoreset_mode"] is mode
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    expected, answers = drive(theirs, 80, seed=7), drive(ours, 80, seed=7)
    reasons = [answer[-1] for answer in answers if {"end_reason", "final_info"} & answer[-1].keys()]
    assert len(reasons) > 3
    assert len(answers) == len(expected)
    for step, (a, b) in enumerate(zip(answers, expected, strict=True)):
        assert data_equivalence(a, b, exact=True), f"step {step}: {a} instead of {b}"
    theirs.close()
    ours.close()


def test_lane_0_is_the_single_environment(server):
    with gymnasium.make("SpikeDrive-v1", server=server, **WORLD) as env:
        vector = make(server, autoreset_mode="SameStep")
        observation, _ = env.reset(seed=11)
        observations, _ = vector.reset(seed=11)
        episodes = 0
        for _ in range(120):
            assert np.array_equal(observation, observations[0])
            actions = steer_all(observations)
            observation, reward, terminated, truncated, _ = env.step(actions[0])
            observations, rewards, terminations, truncations, infos = vector.step(actions)
            assert (reward, terminated, truncated) == (rewards[0], terminations[0], truncations[0])
            if terminated or truncated:
                assert np.array_equal(infos["final_obs"][0], observation)
                episodes += 1
                observation, _ = env.reset()
        assert episodes > 3
        vector.close()


def test_a_lane_lives_the_same_episodes_among_others(server):
    few, many = make(server, 2), make(server, 64)
    for a, b in zip(drive(few, 60, seed=1), drive(many, 60, seed=1), strict=True):
        for part, whole in zip(a[:-1], b[:-1], strict=True):
            assert np.array_equal(part, whole[:2])
    few.close()
    many.close()


def test_a_seed_is_a_sequence_of_episodes(server):
    env = make(server)
    starts = [env.reset(seed=1)[0], env.reset()[0], env.reset()[0]]
    again = [env.reset(seed=np.int64(1))[0], env.reset()[0], env.reset()[0]]
    assert np.array_equal(starts, again)
    assert len({tuple(lane) for start in starts for lane in start}) == 3 * LANES
    fresh = {tuple(make_and_reset(server)[0]) for _ in range(3)}
    assert len(fresh) == 3
    with pytest.raises(spikedrive.InvalidArgumentError, match=r"seed: \[1, 2, 3, 4, 5\] is no single seed"):
        env.reset(seed=[1, 2, 3, 4, 5])
    env.close()


def make_and_reset(server):
    env = make(server)
    observations, _ = env.reset()
    env.close()
    return observations


def test_results_are_the_users_own(server):
    env = make(server)
    first = env.reset(seed=1)[0]
    kept = first.copy()
    results = [env.step(np.ones(LANES, dtype=np.int64)) for _ in range(3)]
    assert np.array_equal(first, kept)
    for result in results:
        for array in result[:4]:
            assert array.flags.writeable
            array[:] = 0
    assert (results[0][1].dtype, results[0][2].dtype, first.dtype) == (np.float64, np.bool_, np.float32)
    env.close()


def test_a_mask_resets_some_lanes(server):
    env = make(server, autoreset_mode="Disabled")
    observations, _ = env.reset(seed=3)
    mask = np.array([False, True, False, False, True])
    after, _ = env.reset(options={"reset_mask": mask})
    assert (np.any(after != observations, axis=1) == mask).all()
    for bad, text in [
        (mask[:2], "is no array of 5 bools"),
        (mask.astype(int), "is no array of 5 bools"),
        (list(mask), "is no array of 5 bools"),
        (np.zeros(LANES, dtype=np.bool_), "marks no lane"),
    ]:
        with pytest.raises(spikedrive.InvalidArgumentError, match=text):
            env.reset(options={"reset_mask": bad})
    with pytest.raises(spikedrive.InvalidArgumentError, match="seed: 1 beside a reset_mask"):
        env.reset(seed=1, options={"reset_mask": mask})
    env.close()
    with pytest.raises(spikedrive.ResetNeededError):
        make(server).reset(options={"reset_mask": mask})


def test_a_disabled_lane_that_is_over_must_be_reset(server):
    env = make(server, 2, autoreset_mode="DISABLED", horizon=2)
    env.reset(seed=1)
    env.step([1, 1])
    env.step([1, 1])
    with pytest.raises(spikedrive.ResetNeededError, match="the episode of lane 0 is over and autoreset is DISABLED"):
        env.step([1, 1])
    env.reset(options={"reset_mask": np.array([True, True])})
    env.step([1, 1])
    env.close()


def test_info_and_pictures(server):
    env = make(server, info=True, render_mode="rgb_array", autoreset_mode="SameStep", horizon=3)
    _, infos = env.reset(seed=1)
    assert infos["pose"].shape == (LANES, 4)
    assert [road.track for road in infos["road"]] != [0] * LANES
    frames = env.render()
    assert [frame.shape for frame in frames] == [(480, 480, 3)] * LANES
    for _ in range(3):
        *_, infos = env.step([1] * LANES)
    # Each lane has begun anew.
    assert infos["_road"].all()
    assert infos["final_info"]["end_reason"].tolist() == ["horizon"] * LANES
    assert (env.render()[0] != frames[0]).any()
    env.close()


def test_wrappers_see_the_autoreset_mode(server):
    env = gymnasium.wrappers.vector.RecordEpisodeStatistics(make(server, autoreset_mode="SameStep"))
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert "autoreset_mode" not in spikedrive.SpikeDriveVectorEnv.metadata
    drive(env, 60, seed=1)
    assert env.episode_count > 5
    assert max(env.length_queue) == 25
    env.close()


def test_copies_and_specs(server):
    env = make(server, rays=5)
    start = env.reset(seed=1)[0]
    for twin in (pickle.loads(pickle.dumps(env)), copy.deepcopy(env), gymnasium.make_vec(env.spec)):
        assert np.array_equal(twin.reset(seed=1)[0], start)
        twin.close()
    env.close()
    env.close()


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        ([1, 1], r"actions: an array of shape \(2,\) and type int64"),
        ([1.0] * LANES, "type float64: send one integer"),
        ([[1]] * LANES, r"shape \(5, 1\)"),
        ([1, 1, 3, 1, 1], r"actions: 3 of lane 2 is outside Discrete\(3\)"),
        ([1, 1, 1, -255, 1], "actions: -255 of lane 3"),
        ([256, 1, 1, 1, 1], "actions: 256 of lane 0"),
    ],
)
def test_bad_actions_change_nothing(server, actions, text):
    env, twin = make(server), make(server)
    env.reset(seed=1)
    twin.reset(seed=1)
    with pytest.raises(spikedrive.InvalidArgumentError, match=text):
        env.step(actions)
    assert np.array_equal(env.step([1] * LANES)[0], twin.step([1] * LANES)[0])
    env.close()
    twin.close()


def test_other_mistakes(server):
    with pytest.raises(spikedrive.InvalidArgumentError, match="autoreset_mode: 'never' is none of NextStep, SameStep, Disabled"):
        make(server, autoreset_mode="never")
    with pytest.raises(spikedrive.InvalidArgumentError, match="render_mode: 'human' is none of None, rgb_array"):
        make(server, render_mode="human")
    with pytest.raises(spikedrive.InvalidArgumentError, match="lanes: 5000 is outside"):
        make(server, 5000).reset()
    with pytest.raises(spikedrive.InvalidArgumentError, match="num_envs: 0"):
        make(server, 0)
    with pytest.raises(spikedrive.ResetNeededError):
        make(server).step([1] * LANES)
