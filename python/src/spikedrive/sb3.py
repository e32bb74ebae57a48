"""Stable-Baselines3: the vector of lanes as its `VecEnv`, and a callback that tells a `Run` of episodes.

Importing this module imports Stable-Baselines3, and with it torch: `pip install "spikedrive[sb3]"`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn
from typing_extensions import Unpack

from spikedrive._config import WorldArguments
from spikedrive._errors import InvalidArgumentError
from spikedrive._security import Security
from spikedrive.telemetry import Run
from spikedrive.vector import SpikeDriveVectorEnv


class SpikeDriveVecEnv(VecEnv):
    """`num_envs` cars over one stream, as Stable-Baselines3 wants them.

    Where an episode ends, the observation is the first of the next one, and the lane's info holds `terminal_observation`,
    `TimeLimit.truncated` and `end_reason`. `seed(s)` makes the next reset start the episodes of seed s: lane k those of lane k.

    Args:
        num_envs: Number of lanes.
        server: As of `SpikeDriveEnv`.
        render_mode: None or `rgb_array`.
        info: As of `SpikeDriveEnv`.
        security: As of `SpikeDriveEnv`.
        lease: As of `SpikeDriveEnv`.
        **world: The world: see `SessionConfig`.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        server: str | None = None,
        render_mode: str | None = None,
        info: bool = False,
        security: Security | None = None,
        lease: int | None = None,
        **world: Unpack[WorldArguments],
    ) -> None:
        self.vector = SpikeDriveVectorEnv(
            num_envs,
            autoreset_mode=AutoresetMode.SAME_STEP,
            server=server,
            render_mode=render_mode,
            info=info,
            security=security,
            lease=lease,
            **world,
        )
        self.render_mode = render_mode
        self.metadata = self.vector.metadata
        self._actions: npt.NDArray[Any] = np.zeros(num_envs, dtype=np.int64)
        self._seed: int | None = None
        super().__init__(num_envs, self.vector.single_observation_space, self.vector.single_action_space)

    def reset(self) -> VecEnvObs:
        """Starts the next episode of each lane, or the first ones of the seed that was set since."""
        seed, self._seed = self._seed, None
        observations, infos = self.vector.reset(seed=seed)
        self.reset_infos = self._lane_infos(infos)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        """Keeps the actions of the step."""
        self._actions = np.asarray(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Steps every lane."""
        observations, rewards, terminated, truncated, infos = self.vector.step(self._actions)
        ends = terminated | truncated
        lane_infos = self._lane_infos(infos)
        for lane in np.flatnonzero(ends):
            lane_infos[lane] |= {
                "terminal_observation": infos["final_obs"][lane],
                "TimeLimit.truncated": bool(truncated[lane] and not terminated[lane]),
                "end_reason": infos["final_info"]["end_reason"][lane],
            }
        return observations, rewards.astype(np.float32), ends, lane_infos

    def close(self) -> None:
        """Frees the session."""
        self.vector.close()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Lets the next reset start the episodes of a seed; None goes on as it is. All lanes share it: lane k is number k of it."""
        self._seed = seed
        return [seed] * self.num_envs

    def get_images(self) -> Sequence[npt.NDArray[np.uint8] | None]:
        """A picture of each lane."""
        return self.vector.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute for each lane; lanes differ in nothing but their episodes."""
        return [getattr(self.vector, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:  # noqa: ANN401
        """Sets an attribute of all lanes."""
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise InvalidArgumentError(f"{attr_name}: the lanes share their attributes: set it for all of them")
        setattr(self.vector, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:  # noqa: ANN401
        """Calls a method of the vector, once: lanes have none of their own. The result is repeated for each of `indices`."""
        lanes = len(list(self._get_indices(indices)))
        return [getattr(self.vector, method_name)(*args, **kwargs)] * lanes

    def env_is_wrapped(self, wrapper_class: type, indices: VecEnvIndices = None) -> list[bool]:  # noqa: ARG002
        """Lanes are wrapped in nothing; wrap the whole, as with `VecMonitor`."""
        return [False] * len(list(self._get_indices(indices)))

    def _lane_infos(self, infos: dict[str, Any]) -> list[dict[str, Any]]:
        """What Gymnasium has as one dictionary of arrays, as one dictionary for each lane."""
        lanes: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for key in ("pose", "road"):
            if key in infos:
                for lane in np.flatnonzero(infos[f"_{key}"]):
                    lanes[lane][key] = infos[key][lane]
        return lanes


class TelemetryCallback(BaseCallback):
    """Tells a `Run` of every finished episode. Wants the environment in a `VecMonitor` (or `Monitor`), as `model.learn` makes it.

    Args:
        run: The run, which the caller has opened.
        phase: Phase that is trained on, for the charts.
    """

    def __init__(self, run: Run, *, phase: int | None = None) -> None:
        super().__init__()
        self.run = run
        self.phase = phase

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            episode = info.get("episode")
            if episode is None:
                continue
            self.run.episode(
                float(episode["r"]),
                length=int(episode["l"]),
                crashed=info.get("end_reason") == "crash",
                phase=self.phase,
                env_steps=self.num_timesteps,
            )
        return True
