"""Proximal policy optimisation (Schulman et al. 2017), Stable-Baselines3.

An actor and a critic of their own, each with two hidden tanh layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from spikedrive.baselines.training import falling


@dataclass(frozen=True)
class Params:
    """Hyper-parameters, by the field's names."""

    lanes: int = 8
    # Steps of each lane between two updates.
    rollout: int = 16
    minibatch: int = 64
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
    # Neurons of each of the two hidden layers.
    width: int = 64


# What `spikedrive.baselines.tune` draws from: choices, or (low, high) for a number drawn log-uniformly.
SPACE: dict[str, Any] = {
    "rollout": [16, 32, 64],
    "minibatch": [32, 64, 128],
    "epochs": [5, 10, 20],
    "learning_rate": (3e-4, 5e-3),
    "final_learning_rate": [1e-5, 1e-4],
    "discount": [0.9, 0.95],
    "gae_lambda": [0.8, 0.9, 0.95],
    "entropy": [0.001, 0.005, 0.01],
    "reward_scale": [0.02, 0.05, 0.1],
    "reward_floor": [-100.0, -20.0],
}

# For each kind of inputs, the best trial of
# `python -m spikedrive.baselines.tune --agents sb3-ppo,sb3-ppo-action,sb3-ppo-x4,sb3-ppo-code --trials 8 --seeds 1`.
_TRIAL_2 = Params(
    rollout=64,
    minibatch=32,
    epochs=5,
    learning_rate=0.00296,
    final_learning_rate=1e-5,
    discount=0.9,
    gae_lambda=0.8,
    reward_floor=-20.0,
)
_TRIAL_3 = Params(
    rollout=64,
    minibatch=32,
    epochs=5,
    learning_rate=0.00286,
    final_learning_rate=1e-5,
    entropy=0.001,
    reward_scale=0.02,
)
_TRIAL_7 = Params(
    rollout=64,
    epochs=20,
    learning_rate=0.00266,
    gae_lambda=0.8,
    entropy=0.001,
    reward_scale=0.02,
)
PARAMS: dict[str, Params] = {
    "sensors": _TRIAL_2,
    "sensors+action": _TRIAL_7,
    "sensors-x4": _TRIAL_3,
    "code": _TRIAL_2,
}


def build(env: VecEnv, params: Params, seed: int, total_steps: int) -> PPO:
    """A learner that has learned nothing yet."""
    del total_steps  # No rate of it needs them but the learning rate, which falls by the share of them.
    return PPO(
        "MlpPolicy",
        env,
        learning_rate=falling(params.learning_rate, params.final_learning_rate),
        n_steps=params.rollout,
        batch_size=params.minibatch,
        n_epochs=params.epochs,
        gamma=params.discount,
        gae_lambda=params.gae_lambda,
        clip_range=params.clip,
        ent_coef=params.entropy,
        policy_kwargs={"net_arch": [params.width, params.width], "activation_fn": nn.Tanh},
        seed=seed,
        device="cpu",
    )
