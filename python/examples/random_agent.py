"""An agent that steers at random, on a server that is started for it."""

import gymnasium

import spikedrive  # noqa: F401 -- it registers the environment

env = gymnasium.make("SpikeDrive-v1", phase=4)
env.action_space.seed(1)
observation, info = env.reset(seed=1)
for episode in range(5):
    episode_return, over = 0.0, False
    while not over:
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        episode_return += reward
        over = terminated or truncated
    print(f"episode {episode}: return {episode_return:7.1f}, {info['end_reason']}")
    observation, info = env.reset()
env.close()
