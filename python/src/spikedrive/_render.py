"""Pictures of a lane: road, car and rays, with pygame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from gymnasium.error import DependencyNotInstalled

from spikedrive._world import Road

if TYPE_CHECKING:
    from pygame import Surface

FPS = 20
SIZE = 480
"""Width and height in pixels."""
SCALE = 9.0
"""Pixels a unit."""
_GROUND, _ROAD, _EDGE, _CENTRE = (233, 236, 228), (120, 124, 130), (250, 250, 250), (200, 204, 120)
_CAR, _GLASS, _RAY = (196, 58, 49), (40, 44, 52), (36, 113, 163)
# The car is drawn larger than the point that it is, in units: half its length and width.
_LENGTH, _WIDTH = 1.6, 0.8
_RAY_SPREAD_RAD = math.pi / 4


def _pygame() -> ModuleType:
    try:
        import pygame  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise DependencyNotInstalled('pygame draws the pictures: pip install "spikedrive[render]"') from error
    return pygame


@dataclass(frozen=True, eq=False)
class Picture:
    """What is to be drawn: the camera follows the car, with the world's y axis upwards."""

    road: Road
    pose: npt.NDArray[np.float64]
    """x, y, heading in radians, lateral deviation."""
    rays: npt.NDArray[np.float32]
    """What the car sees, from the left ray to the right one."""

    def surface(self) -> Surface:
        """The picture as pygame has it."""
        pygame = _pygame()
        surface: Surface = pygame.Surface((SIZE, SIZE))
        surface.fill(_GROUND)
        self._draw_road(pygame, surface)
        self._draw_car(pygame, surface)
        return surface

    def array(self) -> npt.NDArray[np.uint8]:
        """The picture as an array (height, width, 3)."""
        pixels = _pygame().surfarray.array3d(self.surface())
        return np.ascontiguousarray(pixels.transpose(1, 0, 2), dtype=np.uint8)

    def _draw_road(self, pygame: ModuleType, surface: Surface) -> None:
        centre = self.road.centre.astype(np.float64)
        if self.road.closed:
            centre = np.vstack([centre, centre[:1]])
        widths = np.resize(self.road.half_widths, (len(centre), 2)) if self.road.closed else self.road.half_widths
        along = np.gradient(centre, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
        left = self._pixels(centre + normal * widths[:, :1])
        right = self._pixels(centre - normal * widths[:, 1:])
        middle = self._pixels(centre)
        near = np.flatnonzero((np.abs(middle - SIZE / 2) < SIZE).all(axis=1))
        # Piece by piece: the outline of a road that turns back on itself would leave holes.
        for k in near[near + 1 < len(centre)]:
            pygame.draw.polygon(surface, _ROAD, [left[k], left[k + 1], right[k + 1], right[k]])
        for k in near[near + 1 < len(centre)]:
            pygame.draw.line(surface, _EDGE, left[k], left[k + 1], 2)
            pygame.draw.line(surface, _EDGE, right[k], right[k + 1], 2)
            if k % 4 < 2:
                pygame.draw.line(surface, _CENTRE, middle[k], middle[k + 1], 1)

    def _draw_car(self, pygame: ModuleType, surface: Surface) -> None:
        position, heading = self.pose[:2], self.pose[2]
        angles = heading + np.linspace(_RAY_SPREAD_RAD, -_RAY_SPREAD_RAD, len(self.rays))
        ends = position + self.rays[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        start = self._pixels(position[None])[0]
        for end in self._pixels(ends):
            pygame.draw.line(surface, _RAY, start, end, 1)
            pygame.draw.circle(surface, _RAY, end, 3)
        pygame.draw.polygon(surface, _CAR, self._box(-_LENGTH, _LENGTH, _WIDTH))
        pygame.draw.polygon(surface, _GLASS, self._box(0.1, 0.8, 0.6 * _WIDTH))

    def _box(self, back: float, front: float, half_width: float) -> npt.NDArray[np.float64]:
        """Corners of a rectangle that turns with the car."""
        cos, sin = math.cos(self.pose[2]), math.sin(self.pose[2])
        corners = np.array([[back, half_width], [front, half_width], [front, -half_width], [back, -half_width]])
        return self._pixels(corners @ np.array([[cos, sin], [-sin, cos]]) + self.pose[:2])

    def _pixels(self, points: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Points of the world on the picture."""
        offset = (np.asarray(points, dtype=np.float64) - self.pose[:2]) * SCALE
        return np.stack([SIZE / 2 + offset[:, 0], SIZE / 2 - offset[:, 1]], axis=1)


class Window:
    """A window that shows pictures at `FPS` a second."""

    def __init__(self) -> None:
        pygame = _pygame()
        pygame.display.init()
        self._pygame = pygame
        self._screen = pygame.display.set_mode((SIZE, SIZE))
        pygame.display.set_caption("SpikeDrive-v1")
        self._clock = pygame.time.Clock()

    def show(self, picture: Picture) -> None:
        """Shows a picture, in time."""
        self._screen.blit(picture.surface(), (0, 0))
        self._pygame.event.pump()
        self._pygame.display.flip()
        self._clock.tick(FPS)

    def close(self) -> None:
        """Closes the window."""
        self._pygame.display.quit()
