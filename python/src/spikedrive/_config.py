"""What a session is made from: the arguments that all environments share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

from gymnasium.vector import AutoresetMode

from spikedrive._errors import InvalidArgumentError
from spikedrive._proto import environment_pb2 as pb

Split = Literal["train", "validation", "test"]
CircuitMode = Literal["fit", "real"]

_SPLITS = {"train": pb.SPLIT_TRAIN, "validation": pb.SPLIT_VALIDATION, "test": pb.SPLIT_TEST}
_CIRCUIT_MODES = {"fit": pb.CIRCUIT_MODE_FIT, "real": pb.CIRCUIT_MODE_REAL}
_AUTORESET_MODES = {
    AutoresetMode.NEXT_STEP: pb.AUTORESET_MODE_NEXT_STEP,
    AutoresetMode.SAME_STEP: pb.AUTORESET_MODE_SAME_STEP,
    AutoresetMode.DISABLED: pb.AUTORESET_MODE_DISABLED,
}
_RAYS = (3, 5, 7, 9)
MAX_SEED = (1 << 64) - 1


class WorldArguments(TypedDict, total=False):
    """Keyword arguments of every environment; see `SessionConfig`."""

    phase: int | None
    circuit: str | os.PathLike[str] | None
    circuit_mode: CircuitMode
    split: Split
    horizon: int | None
    rays: int
    sensor_noise: float
    sensor_latency: int
    actuator_lag: float
    gust: float
    varying_width: bool
    predictive_reward: float
    steering_gain: float
    left_ray_gain: float


@dataclass(frozen=True)
class SessionConfig:
    """The world that is driven in. The server checks what is not checked here."""

    phase: int | None = None
    """1 straight, 2 gentle curves, 3 sharp turns, 4 complex; 4 if there is no circuit."""
    circuit: str | os.PathLike[str] | None = None
    """Path of a circuit's CSV (`x_m,y_m,w_tr_right_m,w_tr_left_m`), instead of a phase."""
    circuit_mode: CircuitMode = "fit"
    """`fit` scales the tightest corner to a radius of 12.5 units; in `real` a unit is a metre."""
    split: Split = "train"
    """Tracks of a phase: `train` draws them at random, lane k of `validation` and `test` drives track k + episode."""
    horizon: int | None = None
    """Steps after which an episode is truncated; None means 100, on a circuit 1.2 times its lap."""
    rays: int = 3
    """Distances that the car sees: 3, 5, 7 or 9, spread evenly from +45 to -45 degrees."""
    sensor_noise: float = 0.0
    """Standard deviation of Gaussian noise on each ray, in units."""
    sensor_latency: int = 0
    """The driver sees what the sensors saw this many steps ago."""
    actuator_lag: float = 1.0
    """Share of the commanded turn that is taken over in a step, in (0, 1]; 1 is no lag."""
    gust: float = 0.0
    """Strength of side wind, in units a step."""
    varying_width: bool = False
    """Half-widths vary between 3 and 4 units along the road."""
    predictive_reward: float = 0.0
    """Weight of the mean centring over the next five steps, if the car went straight on."""
    steering_gain: float = 1.0
    """What a commanded turn is multiplied with, in [-2, 2] and not 0; -1 steers to the other side."""
    left_ray_gain: float = 1.0
    """What the leftmost ray reads is multiplied with this, in (0, 1]."""

    def __post_init__(self) -> None:
        """Checks what can be checked without a server."""
        if self.circuit is not None and self.phase is not None:
            raise InvalidArgumentError(
                f"phase: {self.phase} was given beside circuit {os.fspath(self.circuit)!r}: leave one of them out"
            )
        if self.phase is not None and self.phase not in {1, 2, 3, 4}:
            raise InvalidArgumentError(f"phase: {self.phase!r} is none of 1, 2, 3, 4")
        _one_of("split", self.split, _SPLITS)
        _one_of("circuit_mode", self.circuit_mode, _CIRCUIT_MODES)
        if self.rays not in _RAYS:
            raise InvalidArgumentError(f"rays: {self.rays!r} is none of 3, 5, 7, 9")
        if self.horizon is not None and not _is_whole(self.horizon, 1):
            raise InvalidArgumentError(f"horizon: {self.horizon!r} is no number of steps: use 1 to 10000")
        if not _is_whole(self.sensor_latency, 0):
            raise InvalidArgumentError(f"sensor_latency: {self.sensor_latency!r} is no number of steps: use 0 to 20")
        # On the wire 0 means that nothing was asked for.
        if self.actuator_lag == 0:
            raise InvalidArgumentError("actuator_lag: 0 is outside (0, 1]: 1 is no lag")
        if self.steering_gain == 0:
            raise InvalidArgumentError("steering_gain: 0 is outside [-2, 0) and (0, 2]: 1 steers as commanded")
        if self.left_ray_gain == 0:
            raise InvalidArgumentError("left_ray_gain: 0 is outside (0, 1]: 1 reads what is")

    def request(
        self, lanes: int, seed: int, autoreset_mode: AutoresetMode, info: bool, lease: int | None = None
    ) -> pb.CreateSessionRequest:
        """The message that makes a session."""
        if not 0 <= seed <= MAX_SEED:
            raise InvalidArgumentError(f"seed: {seed} is outside [0, 2**64)")
        try:
            request = pb.CreateSessionRequest(
                lanes=lanes,
                seed=seed,
                horizon=self.horizon or 0,
                autoreset_mode=_AUTORESET_MODES[autoreset_mode],
                options=self._options(),
                info=info,
                lease_seconds=lease or 0,
            )
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"an argument is of the wrong type or out of its range: {error}") from error
        if self.circuit is None:
            request.phase.CopyFrom(pb.PhaseCourse(phase=self.phase or 4, split=_SPLITS[self.split]))
        else:
            request.circuit.CopyFrom(self._circuit(self.circuit))
        return request

    def _options(self) -> pb.WorldOptions:
        return pb.WorldOptions(
            rays=self.rays,
            sensor_noise=self.sensor_noise,
            sensor_latency=self.sensor_latency,
            actuator_lag=self.actuator_lag,
            gust=self.gust,
            varying_width=self.varying_width,
            predictive_reward=self.predictive_reward,
            steering_gain=self.steering_gain,
            left_ray_gain=self.left_ray_gain,
        )

    def _circuit(self, path: str | os.PathLike[str]) -> pb.CircuitCourse:
        try:
            csv = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidArgumentError(f"circuit: {os.fspath(path)!r} cannot be read: {error}") from error
        return pb.CircuitCourse(name=Path(path).stem, csv=csv, mode=_CIRCUIT_MODES[self.circuit_mode])


def autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    """Reads an autoreset mode: Gymnasium's own, its value (`NextStep`) or its name (`NEXT_STEP`)."""
    for known in AutoresetMode:
        if mode in (known, known.value, known.name):
            return known
    raise InvalidArgumentError(f"autoreset_mode: {mode!r} is none of NextStep, SameStep, Disabled")


def check_lease(lease: int | None) -> None:
    """A number of seconds, or the server's own."""
    if lease is not None and not _is_whole(lease, 1):
        raise InvalidArgumentError(f"lease: {lease!r} is no number of seconds: use 1 to the server's own lease, 600 by default")


def _one_of(name: str, value: str, known: dict[str, pb.Split] | dict[str, pb.CircuitMode]) -> None:
    if value not in known:
        raise InvalidArgumentError(f"{name}: {value!r} is none of {', '.join(known)}")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
