"""Whole sequences at once give what sb3-contrib gives step by step."""

import pytest
import torch
from fake import FakeLanes
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from torch import nn

from spikedrive.baselines import recurrent_ppo
from spikedrive.baselines.inputs import InputsEnv


@pytest.fixture
def model():
    params = recurrent_ppo.Params(lanes=3, rollout=32, minibatch=48, width=8, epochs=1)
    model = recurrent_ppo.build(InputsEnv(FakeLanes([5, 9, 50]), "sensors"), params, 1, 1000)
    model.learn(96)
    return model


def evaluated(policy, batch, process_sequence, monkeypatch):
    """Values, log-probabilities and gradients of a minibatch, and how often an LSTM was called."""
    calls = []
    hooks = [lstm.register_forward_hook(lambda *_: calls.append(1)) for lstm in policy.modules() if isinstance(lstm, nn.LSTM)]
    monkeypatch.setattr(type(policy), "_process_sequence", staticmethod(process_sequence))
    policy.zero_grad()
    values, log_probabilities, _ = policy.evaluate_actions(
        batch.observations, batch.actions.long().flatten(), batch.lstm_states, batch.episode_starts
    )
    seen = batch.mask > 0
    (values.flatten()[seen].sum() + log_probabilities[seen].sum()).backward()
    for hook in hooks:
        hook.remove()
    gradients = [parameter.grad.clone() for parameter in policy.parameters() if parameter.grad is not None]
    return [values.flatten()[seen], log_probabilities[seen], *gradients], len(calls)


def test_it_is_the_policy_of_sb3_contrib(model, monkeypatch):
    at_once = recurrent_ppo.SequencePolicy._process_sequence
    for batch in model.rollout_buffer.get(48):
        assert batch.episode_starts.sum() > 3, "episodes start within the minibatch"
        found, calls = evaluated(model.policy, batch, at_once, monkeypatch)
        expected, steps = evaluated(model.policy, batch, RecurrentActorCriticPolicy._process_sequence, monkeypatch)
        assert len(found) > 10
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other)
        assert calls == 2 < steps, "actor and critic, once each"


def test_an_episode_that_starts_within_a_sequence_is_forgotten_there_too(model):
    lstm, batch = model.policy.lstm_actor, next(model.rollout_buffer.get(48))
    sequences = batch.lstm_states.pi[0].shape[1]
    starts = batch.episode_starts.clone().reshape(sequences, -1)
    starts[:, 1] = 1.0
    features = model.policy.extract_features(batch.observations, model.policy.pi_features_extractor)
    arguments = features, batch.lstm_states.pi, starts.flatten(), lstm
    found, _ = recurrent_ppo.SequencePolicy._process_sequence(*arguments)
    expected, _ = RecurrentActorCriticPolicy._process_sequence(*arguments)
    torch.testing.assert_close(found, expected)
