"""What a driver is told of its lanes: the sensors alone, or with a memory. One class for training and evaluation alike.

| name | features of a lane | number |
|---|---|---|
| `sensors` | the three distances | 3 |
| `sensors+action` | and the last action, one-hot | 6 |
| `sensors-x4` | the distances of the last four steps, the latest first | 12 |
| `code` | what the spiking agent is told: the encoder rates of the preset `stdp` | 69 |
| `distances` | the distances in units, as the environment gives them: for scripts | 3 |

A distance d becomes (d - 10)/10 ahead and (d - 6)/6 at the sides, a rate of the code its share of the highest: all are
about as large as 1. The dense networks in Rust are told the same numbers (`agent/learners/src/dense/inputs.rs`). Before
its first action a car went straight, and before its first step it saw what it sees at its start.
"""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from spikedrive.baselines import code

STACK = 4
ACTIONS = 3
STRAIGHT = 1
RAYS = 3
RANGE = np.float32(20.0)
# Of the distances to the left, ahead and to the right: what becomes 0, and how far from it 1 is, in units.
CENTRES = SCALES = np.array([6.0, 10.0, 6.0], np.float32)


class Inputs:
    """The memory of a number of lanes, and the features made of it."""

    def __init__(self, name: str, lanes: int) -> None:
        if name not in KINDS:
            raise ValueError(f"{name!r} names no inputs: use one of {', '.join(KINDS)}")
        self.name = name
        # Distances in units, lanes x steps x rays, the latest first.
        self._history = np.zeros((lanes, STACK, RAYS), np.float32)
        self._actions = np.full(lanes, STRAIGHT)
        self._features, low, high, size = KINDS[name]
        self.space = spaces.Box(low, high, (size,), np.float32)

    def reset(self, observations: np.ndarray) -> np.ndarray:
        """All lanes begin an episode. Features: lanes x size f32."""
        return self.restart(np.ones(len(self._actions), bool), observations)

    def restart(self, begins: np.ndarray, observations: np.ndarray) -> np.ndarray:
        """The marked lanes begin an episode, the others stay as they are. Features of all lanes."""
        self._history[begins] = observations[begins, None]
        self._actions[begins] = STRAIGHT
        return self._features(self._history, self._actions)

    def step(self, actions: np.ndarray, observations: np.ndarray) -> np.ndarray:
        """All lanes did something and see something new. Features of all lanes."""
        self._history = np.roll(self._history, 1, axis=1)
        self._history[:, 0] = observations
        self._actions = np.array(actions).reshape(-1)
        return self._features(self._history, self._actions)


class InputsEnv(VecEnvWrapper):
    """Shows a learner of Stable-Baselines3 the features, at an episode's end too."""

    def __init__(self, venv: VecEnv, name: str) -> None:
        self._inputs = Inputs(name, venv.num_envs)
        self._last_actions = np.full(venv.num_envs, STRAIGHT)
        super().__init__(venv, observation_space=self._inputs.space)

    def reset(self) -> np.ndarray:
        """Starts an episode on every lane."""
        return self._inputs.reset(np.asarray(self.venv.reset()))

    def step_async(self, actions: np.ndarray) -> None:
        """Sends the actions."""
        self._last_actions = actions
        self.venv.step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Steps every lane once."""
        told, rewards, ended, infos = self.venv.step_wait()
        observations = np.asarray(told)
        seen = observations.copy()
        for lane in np.flatnonzero(ended):
            seen[lane] = infos[lane]["terminal_observation"]
        features = self._inputs.step(self._last_actions, seen)
        if ended.any():
            for lane in np.flatnonzero(ended):
                infos[lane]["terminal_observation"] = features[lane].copy()
            features = self._inputs.restart(ended, observations)
        return features, rewards, ended, infos


def _scaled(distances: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = (distances - CENTRES) / SCALES
    return scaled


def _sensors(history: np.ndarray, _actions: np.ndarray) -> np.ndarray:
    return _scaled(history[:, 0])


def _sensors_and_action(history: np.ndarray, actions: np.ndarray) -> np.ndarray:
    return np.concatenate([_scaled(history[:, 0]), np.eye(ACTIONS, dtype=np.float32)[actions]], axis=1)


def _stack(history: np.ndarray, _actions: np.ndarray) -> np.ndarray:
    return _scaled(history).reshape(len(history), -1)


def _code(history: np.ndarray, actions: np.ndarray) -> np.ndarray:
    shares: np.ndarray = code.rates(history[:, 0], actions) / code.PEAK_RATE
    return shares


def _distances(history: np.ndarray, _actions: np.ndarray) -> np.ndarray:
    latest: np.ndarray = history[:, 0].copy()
    return latest


HIGHEST = float(((RANGE - CENTRES) / SCALES).max())
# Name -> features of a history and the last actions, lowest and highest value, number.
KINDS = {
    "sensors": (_sensors, -1.0, HIGHEST, RAYS),
    "sensors+action": (_sensors_and_action, -1.0, HIGHEST, RAYS + ACTIONS),
    "sensors-x4": (_stack, -1.0, HIGHEST, STACK * RAYS),
    "code": (_code, 0.0, 1.0, code.CELLS),
    "distances": (_distances, 0.0, float(RANGE), RAYS),
}
