"""What is remembered, and when it is forgotten."""

import numpy as np
import pytest
from fake import FakeLanes

from spikedrive.baselines.inputs import KINDS, Inputs, InputsEnv


def scaled(*distances):
    """Of left, ahead, right, left, ahead, right ..."""
    return [distance / (6, 10, 6)[k % 3] - 1 for k, distance in enumerate(distances)]


def test_a_memory_grows_and_is_forgotten_on_the_lane_that_begins():
    inputs = Inputs("sensors-x4", 2)
    first = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    np.testing.assert_allclose(inputs.reset(first)[0], scaled(*[1, 2, 3] * 4), atol=1e-6)
    features = inputs.step(np.array([0, 0]), first + 1)
    np.testing.assert_allclose(features[1], scaled(5, 6, 7, *[4, 5, 6] * 3), atol=1e-6)
    features = inputs.restart(np.array([True, False]), first + 2)
    np.testing.assert_allclose(features[0], scaled(*[3, 4, 5] * 4), atol=1e-6)
    np.testing.assert_allclose(features[1], scaled(5, 6, 7, *[4, 5, 6] * 3), atol=1e-6)


def test_an_episode_begins_straight():
    inputs = Inputs("sensors+action", 2)
    seen = np.array([[0, 10, 12], [0, 10, 12]], np.float32)
    assert inputs.reset(seen).tolist() == [[-1, 0, 1, 0, 1, 0]] * 2
    assert inputs.step(np.array([0, 2]), seen).tolist() == [[-1, 0, 1, 1, 0, 0], [-1, 0, 1, 0, 0, 1]]
    assert inputs.restart(np.array([False, True]), seen).tolist() == [[-1, 0, 1, 1, 0, 0], [-1, 0, 1, 0, 1, 0]]


@pytest.mark.parametrize("name", KINDS)
def test_features_are_in_their_space_and_belong_to_the_caller(name):
    inputs = Inputs(name, 3)
    features = inputs.reset(np.array([[0, 0, 0], [20, 20, 20], [20, 0, 3]], np.float32))
    assert features.dtype == np.float32
    assert all(inputs.space.contains(one) for one in features)
    before = features.copy()
    inputs.step(np.array([0, 1, 2]), np.full((3, 3), 7, np.float32))
    np.testing.assert_array_equal(features, before)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="'sensors-x5' names no inputs: use one of sensors, sensors\\+action"):
        Inputs("sensors-x5", 1)


def test_at_an_end_the_learner_sees_the_end_of_the_old_episode_and_the_start_of_the_new_one():
    env = InputsEnv(FakeLanes([2, 3]), "sensors-x4")
    env.reset()
    env.step(np.array([0, 0]))
    features, _, ended, infos = env.step(np.array([2, 2]))
    assert ended.tolist() == [True, False]
    # Lane 0 at step 2 of episode 0, then 1, then twice its start; and its new episode.
    final = scaled(0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    np.testing.assert_allclose(infos[0]["terminal_observation"], final, atol=1e-6)
    np.testing.assert_allclose(features[0], scaled(*[0, 0, 1] * 4), atol=1e-6)
    np.testing.assert_allclose(features[1], scaled(1, 2, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0), atol=1e-6)


def test_at_an_end_the_last_action_belongs_to_the_old_episode():
    env = InputsEnv(FakeLanes([1, 2]), "sensors+action")
    env.reset()
    features, _, _, infos = env.step(np.array([2, 2]))
    assert infos[0]["terminal_observation"][3:].tolist() == [0, 0, 1]
    assert features[:, 3:].tolist() == [[0, 1, 0], [0, 0, 1]]
