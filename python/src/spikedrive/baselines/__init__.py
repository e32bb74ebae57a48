"""Deep reinforcement learning with Stable-Baselines3: one file an algorithm. Needs the extra `baselines`."""
