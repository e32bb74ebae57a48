"""A policy gradient with a baseline (REINFORCE), in one file of numpy: 32 cars teach one linear policy.

    python policy_gradient.py [--episodes 2000] [--seed 1] [--dashboard 127.0.0.1:50052]

With the defaults it stays on the road of phase 4 after some hundred episodes.
"""

import argparse

import gymnasium
import numpy as np

import spikedrive  # noqa: F401 -- it registers the environment
from spikedrive.telemetry import Run


def features(observations):
    """Distances, scaled, their differences to the middle ray, and a constant: lanes x 6."""
    left, middle, right = (observations / 20.0).T
    return np.stack([left, middle, right, left - right, np.tanh(4 * (left - right)), np.ones_like(left)], axis=1)


def probabilities(inputs, weights):
    """Softmax policy: lanes x 3."""
    logits = inputs @ weights
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def returns_to_go(rewards, alive, discount):
    """Discounted sum of what came after each step: steps x lanes."""
    total, result = np.zeros(rewards.shape[1]), np.zeros_like(rewards)
    for step in reversed(range(len(rewards))):
        total = alive[step] * (rewards[step] + discount * total)
        result[step] = total
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--lanes", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--discount", type=float, default=0.9)
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--dashboard")
    args = parser.parse_args()

    random = np.random.default_rng(args.seed)
    env = gymnasium.make_vec("SpikeDrive-v1", num_envs=args.lanes, phase=4, autoreset_mode="Disabled")
    weights = np.zeros((6, 3))
    config = {"learning_rate": args.learning_rate, "discount": args.discount, "lanes": args.lanes}
    run = Run("reinforce", seed=args.seed, episodes=args.episodes, phase=4, runs=args.runs, dashboard=args.dashboard, config=config)
    observations, _ = env.reset(seed=args.seed)
    with run:
        while run.episodes < args.episodes:
            over = np.zeros(args.lanes, dtype=bool)
            crashed = np.zeros(args.lanes, dtype=bool)
            inputs, chances, choices, rewards, alive = [], [], [], [], []
            # All lanes begin together; one that is over waits for the others.
            while not over.all():
                x = features(observations)
                p = probabilities(x, weights)
                actions = (p.cumsum(axis=1) < random.random((args.lanes, 1))).sum(axis=1).clip(max=2)
                alive.append(~over)
                inputs.append(x)
                chances.append(p)
                choices.append(actions)
                observations, reward, terminated, truncated, _ = env.step(actions)
                rewards.append(reward)
                crashed |= terminated & ~over
                over |= terminated | truncated
                if (terminated | truncated).any() and not over.all():
                    observations, _ = env.reset(options={"reset_mask": terminated | truncated})
            observations, _ = env.reset()

            alive = np.array(alive)
            rewards = np.array(rewards) * alive
            targets = returns_to_go(rewards, alive, args.discount)
            advantages = (targets - targets[alive].mean()) / (targets[alive].std() + 1e-8) * alive
            x, p, actions = np.array(inputs), np.array(chances), np.array(choices)
            gradient = np.einsum("tlf,tla,tl->fa", x, np.eye(3)[actions] - p, advantages) / alive.sum()
            weights += args.learning_rate * 100 * gradient
            for lane in range(args.lanes):
                run.episode(rewards[:, lane].sum(), length=alive[:, lane].sum(), crashed=bool(crashed[lane]))
            print(f"episode {run.episodes:5}: return {rewards.sum(axis=0).mean():7.1f}, {100 * crashed.mean():3.0f} % crashes")
    env.close()


if __name__ == "__main__":
    main()
