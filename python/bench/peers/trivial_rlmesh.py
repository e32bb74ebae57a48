"""A world that costs nothing, served by RLMesh: what its wire alone takes. `trivial_rlmesh.py LANES PORT` serves it."""

import sys

import gymnasium
import numpy as np
import rlmesh

_SPACE = gymnasium.spaces.Box(0, 20, (3,), np.float32)
_ACTIONS = gymnasium.spaces.Discrete(3)


class Lane(gymnasium.Env):
    """One lane; an episode never ends."""

    observation_space, action_space = _SPACE, _ACTIONS

    def __init__(self):
        self.seen = np.ones(3, np.float32)

    def reset(self, *, seed=None, options=None):
        return self.seen, {}

    def step(self, action):
        return self.seen, 2.5, False, False, {}


class Lanes(gymnasium.vector.VectorEnv):
    """Many lanes in one array."""

    metadata = {"autoreset_mode": gymnasium.vector.AutoresetMode.NEXT_STEP}  # noqa: RUF012 -- as Gymnasium has it

    def __init__(self, lanes):
        self.num_envs = lanes
        self.single_observation_space, self.single_action_space = _SPACE, _ACTIONS
        self.observation_space = gymnasium.vector.utils.batch_space(_SPACE, lanes)
        self.action_space = gymnasium.vector.utils.batch_space(_ACTIONS, lanes)
        self.seen, self.rewards = np.ones((lanes, 3), np.float32), np.full(lanes, 2.5)
        self.ends = np.zeros(lanes, bool)

    def reset(self, *, seed=None, options=None):
        return self.seen, {}

    def step(self, actions):
        return self.seen, self.rewards, self.ends, self.ends, {}


if __name__ == "__main__":
    lanes, port = int(sys.argv[1]), int(sys.argv[2])
    rlmesh.EnvServer(Lane() if lanes == 1 else Lanes(lanes), f"tcp://127.0.0.1:{port}").serve()
