"""Proximal policy optimisation with a memory, sb3-contrib: actor and critic each have an LSTM of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from spikedrive.baselines.training import falling


@dataclass(frozen=True)
class Params:
    """Hyper-parameters, by the field's names."""

    lanes: int = 8
    # Steps of each lane between two updates.
    rollout: int = 32
    minibatch: int = 128
    epochs: int = 10
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-4
    discount: float = 0.95
    gae_lambda: float = 0.9
    clip: float = 0.2
    entropy: float = 0.005
    # The learner is paid reward_scale * max(reward, reward_floor).
    reward_scale: float = 0.05
    reward_floor: float = -100.0
    # Neurons of an LSTM, and of the one hidden layer behind it.
    width: int = 64


# What `spikedrive.baselines.tune` draws from: choices, or (low, high) for a number drawn log-uniformly.
SPACE: dict[str, Any] = {
    "rollout": [32, 64],
    "minibatch": [64, 128, 256],
    "epochs": [5, 10],
    "learning_rate": (3e-4, 5e-3),
    "final_learning_rate": [1e-5, 1e-4],
    "discount": [0.9, 0.95],
    "gae_lambda": [0.8, 0.9, 0.95],
    "entropy": [0.001, 0.005, 0.01],
    "reward_scale": [0.02, 0.05, 0.1],
    "reward_floor": [-100.0, -20.0],
}

# For each kind of inputs, the best trial of
# `python -m spikedrive.baselines.tune --agents sb3-rppo --trials 8 --seeds 1`.
PARAMS: dict[str, Params] = {
    "sensors": Params(
        rollout=64,
        minibatch=256,
        learning_rate=0.00468,
        gae_lambda=0.8,
    ),
}

# For kinds of inputs in worlds of SpikeDrive-Hard, the best of 428 trials in hard-lag, of 32 in each other: docs/baselines.md.
WORLD_PARAMS: dict[tuple[str, str], Params] = {
    ("sensors", "hard-latency"): Params(
        learning_rate=0.000847,
        final_learning_rate=1e-5,
        reward_scale=0.1,
    ),
    ("sensors", "hard-lag"): Params(
        rollout=64,
        epochs=5,
        learning_rate=0.00243,
        entropy=0.001,
        reward_scale=0.1,
        reward_floor=-20.0,
    ),
    ("sensors", "hard-storm"): Params(
        rollout=64,
        minibatch=64,
        epochs=5,
        learning_rate=0.00286,
        final_learning_rate=1e-5,
        entropy=0.001,
        reward_scale=0.02,
    ),
}


class SequencePolicy(RecurrentActorCriticPolicy):
    """The policy of sb3-contrib, equal up to rounding, whose LSTMs run over whole sequences at once.

    sb3-contrib goes step by step as soon as an episode starts anywhere in a minibatch. Its buffer begins a sequence wherever
    one does, so that it is enough to begin these from zero.
    """

    @staticmethod
    def _process_sequence(
        features: torch.Tensor,
        lstm_states: tuple[torch.Tensor, torch.Tensor],
        episode_starts: torch.Tensor,
        lstm: nn.LSTM,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        sequences = lstm_states[0].shape[1]
        starts = episode_starts.reshape(sequences, -1)
        if not starts[:, 1:].any():
            goes_on = (1.0 - starts[:, 0]).reshape(1, sequences, 1)
            hidden, cell = lstm_states
            lstm_states, episode_starts = (goes_on * hidden, goes_on * cell), torch.zeros_like(episode_starts)
        done: tuple[torch.Tensor, torch.Tensor]
        done = RecurrentActorCriticPolicy._process_sequence(features, lstm_states, episode_starts, lstm)
        return done


def build(env: VecEnv, params: Params, seed: int, total_steps: int) -> RecurrentPPO:
    """A learner that has learned nothing yet."""
    del total_steps  # As in `ppo`.
    return RecurrentPPO(
        SequencePolicy,
        env,
        learning_rate=falling(params.learning_rate, params.final_learning_rate),
        n_steps=params.rollout,
        batch_size=params.minibatch,
        n_epochs=params.epochs,
        gamma=params.discount,
        gae_lambda=params.gae_lambda,
        clip_range=params.clip,
        ent_coef=params.entropy,
        policy_kwargs={
            "lstm_hidden_size": params.width,
            "net_arch": [params.width],
            "activation_fn": nn.Tanh,
        },
        seed=seed,
        device="cpu",
    )
