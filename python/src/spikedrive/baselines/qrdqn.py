"""Deep Q-network of quantiles (Dabney et al. 2018), sb3-contrib: `dqn` that learns how returns are distributed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sb3_contrib import QRDQN
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from spikedrive.baselines import dqn
from spikedrive.baselines.training import falling


@dataclass(frozen=True)
class Params(dqn.Params):
    """Hyper-parameters: those of `dqn`, and the quantiles."""

    quantiles: int = 16


# What `spikedrive.baselines.tune` draws from.
SPACE: dict[str, Any] = dqn.SPACE | {"quantiles": [8, 16, 32]}

# For each kind of inputs, the best trial of
# `python -m spikedrive.baselines.tune --agents sb3-qrdqn-action --trials 8 --seeds 1`.
PARAMS: dict[str, Params] = {
    "sensors+action": Params(
        batch=128,
        learning_rate=0.00139,
        final_learning_rate=1e-05,
        warmup=300,
    ),
}


def build(env: VecEnv, params: Params, seed: int, total_steps: int) -> QRDQN:
    """A learner that has learned nothing yet."""
    return QRDQN(
        "MlpPolicy",
        env,
        learning_rate=falling(params.learning_rate, params.final_learning_rate),
        buffer_size=params.replay,
        learning_starts=params.warmup,
        batch_size=params.batch,
        tau=params.tau,
        gamma=params.discount,
        n_steps=params.n_step,
        train_freq=1,
        gradient_steps=params.gradient_steps,
        target_update_interval=1,
        exploration_fraction=params.exploration_steps / total_steps,
        exploration_final_eps=params.final_epsilon,
        policy_kwargs={
            "net_arch": [params.width, params.width],
            "activation_fn": nn.ReLU,
            "n_quantiles": params.quantiles,
        },
        seed=seed,
        device="cpu",
    )
