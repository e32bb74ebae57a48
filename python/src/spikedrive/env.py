"""One car: `SpikeDrive-v1` as a `gymnasium.Env`."""

from __future__ import annotations

import copy
import operator
from typing import Any, SupportsIndex

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from typing_extensions import Self, Unpack

from spikedrive._config import SessionConfig, WorldArguments
from spikedrive._errors import InvalidArgumentError, ResetNeededError
from spikedrive._proto import environment_pb2 as pb
from spikedrive._render import FPS, Picture, Window
from spikedrive._security import Security
from spikedrive._session import Session
from spikedrive._source import SessionSource, check_state
from spikedrive._world import ACTIONS, Road, end_reasons, observation_space, poses, roads

Observation = npt.NDArray[np.float32]


class SpikeDriveEnv(gymnasium.Env[Observation, np.int64]):
    """Drive a car along a road that is hosted by a SpikeDrive server.

    Observation: `Box(0, 20, (rays,), float32)`, distances to the edge of the road, from the left ray to the right one.
    Action: `Discrete(3)`, 0 left, 1 straight, 2 right; a turn is 0.1 rad, and a step is 1 unit long.
    Reward: -100 for leaving the road, else 2 max(0, 1 - |deviation| / 4) + 0.5, less 0.1 for a change of action.
    End: `terminated` in a crash; `truncated` at the horizon, or when a lap of a circuit is done. The last step's info holds
    `end_reason`: `crash`, `horizon` or `lap`. The server truncates: there is no TimeLimit.

    Seeds: `reset(seed=s)` starts the sequence of episodes of seed s, those of lane 0 of a vector of seed s; `reset()` goes on
    to the next episode of the sequence. The first `reset()` without a seed draws one.

    Args:
        server: Address, `host:port`, `http://host:port`, `https://host:port` or `unix:/path`; by default that of the environment
            variable SPIKEDRIVE_SERVER, else a server is started for this process.
        render_mode: `rgb_array` or `human`; both want `pip install "spikedrive[render]"`.
        info: Tell `pose` (x, y, heading in radians, lateral deviation) in each info and `road` (a `Road`) in that of a reset:
            what no driver may see.
        security: Files with certificates and a token (a `Security`); by default those that the environment variables
            SPIKEDRIVE_TLS_CA, SPIKEDRIVE_TLS_CERT, SPIKEDRIVE_TLS_KEY and SPIKEDRIVE_TOKEN_FILE name.
        lease: Seconds after which the server frees a session whose first step does not come; by default the server's, 10 minutes.
        **world: The world: `phase` or `circuit`, `split`, `horizon`, `rays`, `sensor_noise`, ...: see `SessionConfig`.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": FPS}  # noqa: RUF012 -- as Gymnasium has it

    def __init__(
        self,
        *,
        server: str | None = None,
        render_mode: str | None = None,
        info: bool = False,
        security: Security | None = None,
        lease: int | None = None,
        **world: Unpack[WorldArguments],
    ) -> None:
        self.config = SessionConfig(**world)
        self.render_mode = check_render_mode(render_mode, self.metadata["render_modes"])
        self.info = info
        self.observation_space = observation_space(self.config.rays)
        self.action_space = spaces.Discrete(ACTIONS)
        told = info or render_mode is not None
        self._source = SessionSource(self.config, 1, AutoresetMode.DISABLED, told, server, security, lease)
        self._session: Session | None = None
        self._picture: Picture | None = None
        self._window: Window | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode: the first one of `seed`, or the next one."""
        super().reset(seed=seed)
        del options  # There are none.
        if seed is None and self._session is not None and self._session.usable:
            session = self._session
            result = session.reset(b"\x01")
            packed, told = result.observations, result.info
        else:
            self._forget()
            session = self._source.open(draw_seed(self.np_random) if seed is None else int(seed))
            packed, told = session.made.observations, session.made.info
        return self._begin(session, packed, told)

    def step(self, action: SupportsIndex) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Drives one unit."""
        session = self._session
        if session is None:
            raise ResetNeededError("there is no episode yet: call reset first")
        result = session.step(action_byte(action))
        observation: Observation = session.observations(result.observations)[0]
        reward = float(np.frombuffer(result.rewards, dtype="<f8")[0])
        terminated, truncated = result.terminated != b"\0", result.truncated != b"\0"
        info = self._told(result.info, observation)
        if terminated or truncated:
            info["end_reason"] = end_reasons(result.end_reasons)[0][0]
        if self.render_mode == "human":
            self.render()
        return observation, reward, terminated, truncated, info

    def snapshot(self) -> bytes:
        """The present moment, with its world and all that is to come, as opaque bytes for `restore`."""
        return self._driven("to snapshot").snapshot()

    def restore(self, state: bytes) -> tuple[Observation, dict[str, Any]]:
        """Goes back, or on, to the moment of a snapshot; answers as the reset or step before it.

        With the same actions the future is the same bit for bit, also in another environment with the same arguments, in another
        process, and on another server. `reset()` goes on to the next episode of the snapshot's sequence.
        """
        state, session = check_state(state), self._session
        if session is not None and session.usable:
            result = session.restore(state)
            return self._begin(session, result.observations, result.info)
        self._forget()
        session = self._source.resume(state)
        return self._begin(session, session.made.observations, session.made.info)

    def fork(self) -> Self:
        """A second environment, with a session of its own, that goes on from the present moment. Its owner closes it."""
        session = self._driven("to fork")
        twin = copy.deepcopy(self)
        twin._session, twin._picture = session.fork(), self._picture
        return twin

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Draws road, car and rays as they are now: an array (height, width, 3), or the window."""
        if self.render_mode is None:
            gymnasium.logger.warn(
                'render() without a render mode draws nothing: gymnasium.make("SpikeDrive-v1", render_mode="rgb_array")'
            )
            return None
        if self._picture is None:
            raise ResetNeededError("there is nothing to draw yet: call reset first")
        if self.render_mode == "rgb_array":
            return self._picture.array()
        if self._window is None:
            self._window = Window()
        self._window.show(self._picture)
        return None

    def close(self) -> None:
        """Frees the session and closes the window. A reset opens them again."""
        self._forget()
        window, self._window = self._window, None
        if window is not None:
            window.close()

    def _driven(self, wanted: str) -> Session:
        if self._session is None:
            raise ResetNeededError(f"there is no episode {wanted} yet: call reset first")
        return self._session

    def _begin(self, session: Session, packed: bytes, told: pb.LaneInfo) -> tuple[Observation, dict[str, Any]]:
        """Answers a reset: drives on with a session."""
        self._session = session
        observation: Observation = session.observations(packed)[0]
        info = self._told(told, observation)
        if self.render_mode == "human":
            self.render()
        return observation, info

    def _told(self, told: pb.LaneInfo, observation: Observation) -> dict[str, Any]:
        """The info of a step or reset, and the picture of it."""
        if not (self.info or self.render_mode is not None):
            return {}
        pose = poses(told, 1)[0]
        road = roads(told).get(0)
        if self.render_mode is not None:
            self._picture = draw(self._picture, road, pose, observation)
        if not self.info:
            return {}
        return {"pose": pose} if road is None else {"pose": pose, "road": road}

    def _forget(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def __getstate__(self) -> dict[str, Any]:
        """Without session and window: a copy, or one in another process, needs a reset."""
        return self.__dict__ | {"_session": None, "_window": None, "_picture": None}


def draw(picture: Picture | None, road: Road | None, pose: npt.NDArray[np.float64], rays: Observation) -> Picture | None:
    """The next picture: the road stays, until another comes."""
    road = road or (picture.road if picture else None)
    return None if road is None else Picture(road, pose, rays)


def check_render_mode(mode: str | None, known: list[str]) -> str | None:
    """A render mode that there is."""
    if mode is not None and mode not in known:
        raise InvalidArgumentError(f"render_mode: {mode!r} is none of None, {', '.join(known)}")
    return mode


def draw_seed(random: np.random.Generator) -> int:
    """A seed for a sequence of episodes."""
    return int(random.integers(1 << 63))


def action_byte(action: SupportsIndex) -> bytes:
    """An action as the wire has it."""
    try:
        index = operator.index(action)
    except TypeError:
        index = -1
    if not 0 <= index < ACTIONS:
        raise InvalidArgumentError(f"action: {action!r} is outside Discrete(3): use 0 (left), 1 (straight) or 2 (right)")
    return bytes((index,))
