"""Lanes whose every number is known beforehand, for tests by hand."""

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv


class FakeLanes(VecEnv):
    """Lane k, at step n of its episode e, sees (k, n, e); each step pays n + 1. They last `lengths[k]` steps."""

    def __init__(self, lengths, crashes=True):
        self.lengths = np.array(lengths)
        self.crashes = crashes
        super().__init__(len(lengths), spaces.Box(0.0, 20.0, (3,), np.float32), spaces.Discrete(3))
        self._episode = np.full(len(lengths), -1)
        self.seeds = []

    def reset(self):
        self._step, self._episode = np.zeros(self.num_envs, int), self._episode + 1
        return self._seen()

    def step_async(self, actions):
        self.actions = actions

    def step_wait(self):
        self._step += 1
        rewards = self._step.astype(float)
        ended = self._step == self.lengths
        infos = [{} for _ in range(self.num_envs)]
        for lane in np.flatnonzero(ended):
            infos[lane] = {"terminal_observation": self._seen()[lane], "TimeLimit.truncated": not self.crashes}
        self._step[ended], self._episode = 0, self._episode + ended
        return self._seen(), rewards, ended, infos

    def _seen(self):
        return np.stack([np.arange(self.num_envs), self._step, self._episode], axis=1).astype(np.float32)

    def close(self):
        pass

    def get_attr(self, _attr_name, _indices=None):
        return [None] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        raise NotImplementedError

    def env_method(self, method_name, *args, indices=None, **kwargs):
        raise NotImplementedError

    def env_is_wrapped(self, _wrapper_class, _indices=None):
        return [False] * self.num_envs
