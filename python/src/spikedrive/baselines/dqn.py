"""Deep Q-network (Mnih et al. 2015) with n-step returns, Stable-Baselines3.

Two hidden ReLU layers; a target network that follows slowly; epsilon-greedy exploration. Not double: Stable-Baselines3
has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stable_baselines3 import DQN
from stable_baselines3.common.vec_env import VecEnv
from torch import nn

from spikedrive.baselines.training import falling


@dataclass(frozen=True)
class Params:
    """Hyper-parameters, by the field's names."""

    lanes: int = 1
    batch: int = 64
    # Gradient steps a step of the vector.
    gradient_steps: int = 2
    learning_rate: float = 1e-3
    final_learning_rate: float = 5e-5
    discount: float = 0.9
    # Steps of the return that bootstraps from the target network.
    n_step: int = 5
    # Share of the way that the target network goes after the online network each step.
    tau: float = 0.005
    replay: int = 30_000
    # Steps before the first gradient step.
    warmup: int = 100
    # Epsilon falls linearly from 1 over so many steps.
    exploration_steps: int = 500
    final_epsilon: float = 0.01
    # The learner is paid reward_scale * max(reward, reward_floor).
    reward_scale: float = 0.1
    reward_floor: float = -20.0
    # Neurons of each of the two hidden layers.
    width: int = 64


# What `spikedrive.baselines.tune` draws from: choices, or (low, high) for a number drawn log-uniformly.
SPACE: dict[str, Any] = {
    "batch": [64, 128],
    "gradient_steps": [1, 2],
    "learning_rate": (3e-4, 2e-3),
    "final_learning_rate": [1e-5, 5e-5],
    "discount": [0.8, 0.9, 0.95],
    "n_step": [3, 5],
    "tau": [0.005, 0.01, 0.02],
    "warmup": [100, 300],
    "exploration_steps": [500, 1_000, 2_000, 4_000],
    "final_epsilon": [0.01, 0.02],
    "reward_scale": [0.1, 0.2],
    "reward_floor": [-100.0, -20.0],
}

# For each kind of inputs, the best trial of
# `python -m spikedrive.baselines.tune --agents sb3-dqn,sb3-dqn-action,sb3-dqn-code --trials 8 --seeds 1`.
_TRIAL_5 = Params(batch=128, learning_rate=0.00139, final_learning_rate=1e-5, warmup=300)
PARAMS: dict[str, Params] = {
    "sensors": _TRIAL_5,
    "sensors+action": _TRIAL_5,
    "code": _TRIAL_5,
}


def build(env: VecEnv, params: Params, seed: int, total_steps: int) -> DQN:
    """A learner that has learned nothing yet."""
    return DQN(
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
        policy_kwargs={"net_arch": [params.width, params.width], "activation_fn": nn.ReLU},
        seed=seed,
        device="cpu",
    )
