"""MACs, counted by hand."""

import torch
from fake import FakeLanes
from stable_baselines3.common.callbacks import BaseCallback
from torch import nn

from spikedrive.baselines import dqn, ppo
from spikedrive.baselines.inputs import InputsEnv
from spikedrive.baselines.macs import ADAM_MACS, MacCounter

# Multiply-accumulates of 3-64-64-3 and 3-64-64-1; their weights and biases.
ACTOR, CRITIC = 3 * 64 + 64 * 64 + 64 * 3, 3 * 64 + 64 * 64 + 64
ACTOR_PARAMETERS, CRITIC_PARAMETERS = ACTOR + 64 + 64 + 3, CRITIC + 64 + 64 + 1
FIRST_LAYER = 3 * 64


class Nothing(BaseCallback):
    def _on_step(self):
        return True


def counted(model):
    counter = MacCounter(model.policy, model.policy.optimizer)
    return model, counter


def test_a_decision_costs_the_actor_alone():
    model, counter = counted(ppo.build(InputsEnv(FakeLanes([100]), "sensors"), ppo.Params(lanes=1, minibatch=16), 1, 1000))
    with counter.aside() as aside:
        model.predict(model.observation_space.sample(), deterministic=True)
    assert aside == [4480]
    assert aside == [ACTOR]
    assert counter.macs == 0, "what is counted aside is not counted twice"


def test_ppo_costs_rollout_bootstrap_and_epochs():
    # No episode ends: two lanes of 16 steps, then 3 epochs of two minibatches of 16.
    params = ppo.Params(lanes=2, rollout=16, minibatch=16, epochs=3)
    model, counter = counted(ppo.build(InputsEnv(FakeLanes([1000] * 2), "sensors"), params, 1, 1000))
    model.learn(32)
    decisions = 32 * (ACTOR + CRITIC)
    bootstrap = 2 * CRITIC
    # Forward, gradients of the weights, gradients of what each layer was fed but for both first layers.
    samples = 3 * 32 * (3 * (ACTOR + CRITIC) - 2 * FIRST_LAYER)
    adam = ADAM_MACS * 3 * 2 * (ACTOR_PARAMETERS + CRITIC_PARAMETERS)
    assert counter.macs == decisions + bootstrap + samples + adam


def test_dqn_costs_target_online_and_gradients():
    # 10 steps of warm-up without a network, then 5 greedy steps with a gradient step each.
    params = dqn.Params(batch=8, gradient_steps=1, warmup=10, exploration_steps=1, final_epsilon=0.0, n_step=1)
    model, counter = counted(dqn.build(InputsEnv(FakeLanes([1000]), "sensors"), params, 1, 1000))
    model.learn(15)
    # Stable-Baselines3 trains when more steps than those of the warm-up are done, and acts when as many are.
    decisions = 5 * ACTOR
    samples = 5 * 8 * (ACTOR + 3 * ACTOR - FIRST_LAYER)
    adam = ADAM_MACS * 5 * ACTOR_PARAMETERS
    assert counter.macs == decisions + samples + adam


def test_an_lstm_costs_four_gates_of_inputs_and_recurrence():
    lstm = nn.LSTM(3, 8)
    counter = MacCounter(lstm, torch.optim.Adam(lstm.parameters()))
    fed, recurrent = 4 * 3 * 8, 4 * 8 * 8
    with torch.no_grad():
        lstm(torch.zeros(5, 2, 3))
    assert counter.macs == 10 * (fed + recurrent)
    # With gradients: the weights once more, what was fed back once more, the inputs not.
    lstm(torch.zeros(5, 2, 3))
    assert counter.macs == 10 * (fed + recurrent) + 10 * (2 * fed + 3 * recurrent)
