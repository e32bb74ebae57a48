"""What the wire tells beside observations, as Python values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from spikedrive._errors import ProtocolError
from spikedrive._proto import environment_pb2 as pb

RANGE = 20.0
"""Farthest that a ray sees, in units."""
ACTIONS = 3
"""0 left, 1 straight, 2 right."""

# Where the wire's number of it says.
_END_REASONS = np.array([None, "crash", "horizon", "lap"], dtype=object)


@dataclass(frozen=True, eq=False)
class Road:
    """The road of an episode."""

    track: int
    """Seed of a generated track; 0 on a circuit."""
    closed: bool
    """Whether the last point joins the first."""
    centre: npt.NDArray[np.float32]
    """x, y of the centre line in units: points x 2."""
    half_widths: npt.NDArray[np.float32]
    """Half-widths to the left and to the right: points x 2."""


def observation_space(rays: int) -> spaces.Space[npt.NDArray[np.float32]]:
    """Distances from the left ray to the right one."""
    return cast("spaces.Space[npt.NDArray[np.float32]]", spaces.Box(0.0, RANGE, (rays,), np.float32))


def end_reasons(packed: bytes) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """Why the episode of each lane ended, None where it goes on; and which did."""
    values = np.frombuffer(packed, dtype=np.uint8)
    if values.max() >= len(_END_REASONS):
        raise ProtocolError(f"end_reasons: {values.max()} is unknown: upgrade the package")
    return _END_REASONS[values], values != 0


def poses(info: pb.LaneInfo, lanes: int) -> npt.NDArray[np.float64]:
    """x, y in units, heading in radians, lateral deviation in units, of every lane: lanes x 4."""
    packed = np.frombuffer(info.poses, dtype="<f8")
    if packed.size != 4 * lanes:
        raise ProtocolError(f"poses: {packed.size} values for {lanes} lanes")
    return packed.reshape(lanes, 4).astype(np.float64)


def roads(info: pb.LaneInfo) -> dict[int, Road]:
    """The roads of the lanes whose episode begins here."""
    return {road.lane: _road(road) for road in info.roads}


def _road(road: pb.LaneRoad) -> Road:
    centre = np.frombuffer(road.centre, dtype="<f4").reshape(-1, 2).astype(np.float32)
    half_widths = np.frombuffer(road.half_widths, dtype="<f4").reshape(-1, 2).astype(np.float32)
    return Road(int(road.track), bool(road.closed), centre, half_widths)
