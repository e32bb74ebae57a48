"""Many cars over one stream: `SpikeDrive-v1` as a `gymnasium.vector.VectorEnv`."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from typing_extensions import Self, Unpack

from spikedrive import _config
from spikedrive._config import SessionConfig, WorldArguments
from spikedrive._errors import InvalidArgumentError, ProtocolError, ResetNeededError
from spikedrive._proto import environment_pb2 as pb
from spikedrive._render import FPS, Picture
from spikedrive._security import Security
from spikedrive._session import Session
from spikedrive._source import SessionSource, check_state
from spikedrive._world import ACTIONS, end_reasons, observation_space, poses, roads
from spikedrive.env import check_render_mode, draw, draw_seed

Observations = npt.NDArray[np.float32]
Rewards = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]


class SpikeDriveVectorEnv(VectorEnv[Observations, npt.NDArray[np.integer[Any]], npt.NDArray[Any]]):
    """`num_envs` cars (lanes) that are stepped together, one message a step.

    Spaces, rewards and ends are those of `SpikeDriveEnv`, in batches; infos are those of `gymnasium.vector.SyncVectorEnv`.

    Seeds: `reset(seed=s)` gives lanes 0 to n - 1 of seed s. Lane k lives the same episodes in a vector of any size, and lane 0
    those of a `SpikeDriveEnv` of seed s. (Gymnasium's own vectors give environment k the seed s + k: those are other episodes.)
    A reset without a seed starts the next episode of each lane.

    Autoreset: `NextStep` (Gymnasium's default), `SameStep`, or `Disabled` with `reset(options={"reset_mask": mask})`. In
    `SameStep` infos hold `final_obs` and `final_info` (`end_reason`; never a pose) of the lanes that ended.

    Args:
        num_envs: Number of lanes.
        autoreset_mode: A `gymnasium.vector.AutoresetMode`, its name or value.
        server: As of `SpikeDriveEnv`.
        render_mode: `rgb_array`; a picture for each lane.
        info: As of `SpikeDriveEnv`.
        security: As of `SpikeDriveEnv`.
        lease: As of `SpikeDriveEnv`.
        **world: The world: see `SessionConfig`.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": FPS}  # noqa: RUF012 -- as Gymnasium has it
    # Also of one that was never finished, for Gymnasium closes that as well.
    _session: Session | None = None

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        server: str | None = None,
        render_mode: str | None = None,
        info: bool = False,
        security: Security | None = None,
        lease: int | None = None,
        **world: Unpack[WorldArguments],
    ) -> None:
        self.config = SessionConfig(**world)
        self.autoreset_mode = _config.autoreset_mode(autoreset_mode)
        self.metadata = self.metadata | {"autoreset_mode": self.autoreset_mode}
        self.render_mode = check_render_mode(render_mode, self.metadata["render_modes"])
        self.info = info
        if not isinstance(num_envs, int) or num_envs < 1:
            raise InvalidArgumentError(f"num_envs: {num_envs!r} is no number of lanes: use 1 to 4096")
        self.num_envs = num_envs
        self.single_observation_space = observation_space(self.config.rays)
        self.single_action_space = spaces.Discrete(ACTIONS)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._pictures: list[Picture | None] = [None] * num_envs
        told = info or render_mode is not None
        self._source = SessionSource(self.config, num_envs, self.autoreset_mode, told, server, security, lease)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, dict[str, Any]]:
        """Starts episodes: the first ones of `seed`, or the next ones, of all lanes or those of `options["reset_mask"]`."""
        mask = None if options is None else options.get("reset_mask")
        seed = whole_seed(seed)
        super().reset(seed=seed)
        session = self._session
        if mask is not None:
            marks = self._check_mask(mask, seed)
            if session is None or not session.usable:
                raise ResetNeededError("there are no episodes yet: call reset without a reset_mask first")
            result = session.reset(marks.astype(np.uint8).tobytes())
            packed, told = result.observations, result.info
        elif seed is None and session is not None and session.usable:
            result = session.reset(b"\x01" * self.num_envs)
            packed, told = result.observations, result.info
        else:
            self._forget()
            session = self._source.open(draw_seed(self.np_random) if seed is None else seed)
            packed, told = session.made.observations, session.made.info
        return self._begin(session, packed, told)

    def step(self, actions: npt.NDArray[np.integer[Any]]) -> tuple[Observations, Rewards, Marks, Marks, dict[str, Any]]:
        """Steps every lane."""
        session = self._driven()
        result = session.step(action_bytes(actions, self.num_envs))
        observations = session.observations(result.observations)
        rewards, terminated, truncated = outcomes(result, self.num_envs)
        infos = self._told(result.info, observations)
        if result.end_reasons.strip(b"\0"):
            self._ends(infos, result, session)
        return observations, rewards, terminated, truncated, infos

    def rollout(self, actions: npt.NDArray[np.integer[Any]]) -> tuple[Observations, Rewards, Marks, Marks, dict[str, Any]]:
        """Drives many steps whose actions are known beforehand (steps x lanes), in as few messages as hold them.

        Answers what as many calls of `step` would, stacked: each array has the steps as its first dimension, those in the infos
        (`end_reason`; in `SameStep` `final_obs` and `final_info`) as well. In mode `Disabled` the step that ends an episode is the
        last, so that there may be fewer steps than actions. Not with `info` or `render_mode`.
        """
        session = self._driven()
        if self._source.told:
            raise InvalidArgumentError(
                "rollout: this environment tells where its cars are (info, render_mode): take one step at a time"
            )
        result = session.rows(row_bytes(actions, self.num_envs))
        shape = (result.steps, self.num_envs)
        observations = session.observations(result.observations, result.steps * self.num_envs)
        rewards, terminated, truncated = outcomes(result, result.steps * self.num_envs)
        infos: dict[str, Any] = {}
        if result.end_reasons.strip(b"\0"):
            self._ends(infos, result, session)
        return (
            observations.reshape(*shape, session.rays),
            rewards.reshape(shape),
            terminated.reshape(shape),
            truncated.reshape(shape),
            stacked(infos, shape),
        )

    def snapshot(self) -> bytes:
        """The present moment of all lanes, as `SpikeDriveEnv.snapshot`."""
        return self._driven().snapshot()

    def restore(self, state: bytes) -> tuple[Observations, dict[str, Any]]:
        """Goes back, or on, to the moment of a snapshot, as `SpikeDriveEnv.restore`."""
        state, session = check_state(state), self._session
        if session is not None and session.usable:
            result = session.restore(state)
            return self._begin(session, result.observations, result.info)
        self._forget()
        session = self._source.resume(state)
        return self._begin(session, session.made.observations, session.made.info)

    def fork(self) -> Self:
        """A second vector, with a session of its own, that goes on from the present moment. Its owner closes it."""
        session = self._driven()
        twin = copy.deepcopy(self)
        twin._session, twin._pictures = session.fork(), list(self._pictures)
        return twin

    def render(self) -> tuple[npt.NDArray[np.uint8], ...] | None:
        """A picture of each lane: arrays (height, width, 3)."""
        if self.render_mode is None:
            return None
        if any(picture is None for picture in self._pictures):
            raise ResetNeededError("there is nothing to draw yet: call reset first")
        return tuple(picture.array() for picture in self._pictures if picture is not None)

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ARG002, ANN401 -- Gymnasium's signature
        """Frees the session."""
        self._forget()

    def _driven(self) -> Session:
        if self._session is None:
            raise ResetNeededError("there are no episodes yet: call reset first")
        return self._session

    def _begin(self, session: Session, packed: bytes, told: pb.LaneInfo) -> tuple[Observations, dict[str, Any]]:
        """Answers a reset: drives on with a session."""
        self._session, self.closed = session, False
        observations = session.observations(packed)
        return observations, self._told(told, observations)

    def _ends(self, infos: dict[str, Any], result: pb.StepResult, session: Session) -> None:
        """Adds the infos of the lanes that ended, as Gymnasium's own vectors give them."""
        reasons, ended = end_reasons(result.end_reasons)
        told = {"end_reason": reasons, "_end_reason": ended}
        if self.autoreset_mode is not AutoresetMode.SAME_STEP:
            infos.update(told)
            return
        lanes = np.flatnonzero(ended)
        finals = np.full(ended.size, None, dtype=object)
        for lane, final in zip(lanes, session.observations(result.final_observations, len(lanes)), strict=True):
            finals[lane] = final
        infos.update(final_obs=finals, _final_obs=ended.copy(), final_info=told, _final_info=ended.copy())

    def _told(self, told: pb.LaneInfo, observations: Observations) -> dict[str, Any]:
        """The infos of a step or reset, and the pictures of it."""
        infos: dict[str, Any] = {}
        if not (self.info or self.render_mode is not None):
            return infos
        where, begun = poses(told, self.num_envs), roads(told)
        if self.render_mode is not None:
            self._pictures = [
                draw(picture, begun.get(lane), where[lane], observations[lane]) for lane, picture in enumerate(self._pictures)
            ]
        if self.info:
            infos = {"pose": where, "_pose": np.ones(self.num_envs, dtype=np.bool_)}
            for lane, road in begun.items():
                infos = self._add_info(infos, {"road": road}, lane)
        return infos

    def _check_mask(self, mask: object, seed: int | None) -> Marks:
        if seed is not None:
            raise InvalidArgumentError(f"seed: {seed} beside a reset_mask: a masked reset goes on in the present sequence")
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise InvalidArgumentError(f"reset_mask: {mask!r} is no array of {self.num_envs} bools")
        if not mask.any():
            raise InvalidArgumentError("reset_mask: marks no lane: mark one at least")
        return mask

    def _forget(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __getstate__(self) -> dict[str, Any]:
        """Without its session: a copy, or one in another process, needs a reset."""
        return self.__dict__ | {"_session": None, "_pictures": [None] * self.num_envs}


def whole_seed(seed: object) -> int | None:
    """One seed for all lanes."""
    if seed is None:
        return None
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return int(seed)
    raise InvalidArgumentError(
        f"seed: {seed!r} is no single seed. One session has one: lane k lives the episodes of lane k of reset(seed=s). "
        'For a seed of its own for each lane use vectorization_mode="sync"'
    )


def action_bytes(actions: npt.NDArray[np.integer[Any]], lanes: int) -> bytes:
    """One action for each lane, as the wire has them."""
    given = np.asarray(actions)
    if given.shape != (lanes,) or given.dtype.kind not in "iu":
        raise InvalidArgumentError(
            f"actions: an array of shape {given.shape} and type {given.dtype}: send one integer for each of {lanes} lanes"
        )
    return _checked(given)


def row_bytes(actions: npt.NDArray[np.integer[Any]], lanes: int) -> bytes:
    """One action for each lane, step after step, as the wire has them."""
    given = np.asarray(actions)
    if given.ndim != 2 or given.shape[1] != lanes or not len(given) or given.dtype.kind not in "iu":
        raise InvalidArgumentError(
            f"actions: an array of shape {given.shape} and type {given.dtype}: send integers, steps x {lanes} lanes"
        )
    return _checked(given)


def _checked(given: npt.NDArray[np.integer[Any]]) -> bytes:
    if given.min() < 0 or given.max() >= ACTIONS:
        place = tuple(np.argwhere((given < 0) | (given >= ACTIONS))[0])
        of = f"lane {place[-1]}" if len(place) == 1 else f"step {place[0]}, lane {place[1]},"
        raise InvalidArgumentError(
            f"actions: {given[place]} of {of} is outside Discrete(3): use 0 (left), 1 (straight) or 2 (right)"
        )
    return given.astype(np.uint8).tobytes()


def outcomes(result: pb.StepResult, count: int) -> tuple[Rewards, Marks, Marks]:
    """Rewards, and which episodes are terminated and truncated."""
    rewards = np.frombuffer(result.rewards, dtype="<f8").astype(np.float64)
    terminated = np.frombuffer(result.terminated, dtype=np.bool_).copy()
    truncated = np.frombuffer(result.truncated, dtype=np.bool_).copy()
    if not rewards.size == terminated.size == truncated.size == len(result.end_reasons) == count:
        raise ProtocolError(f"{count} steps of lanes were answered for another number of them")
    return rewards, terminated, truncated


def stacked(infos: dict[str, Any], shape: tuple[int, int]) -> dict[str, Any]:
    """Infos of many steps, each array steps x lanes."""
    return {key: stacked(value, shape) if isinstance(value, dict) else value.reshape(shape) for key, value in infos.items()}
