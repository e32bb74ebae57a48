"""The encoder rates of the preset `stdp`: exactly what the spiking agent is told, as numbers instead of spikes.

The Rust original is `agent/learners/src/snn/encoder.rs` with `tuning.rs`; a golden file that both sides test keeps them
the same. Everything is computed in 32 bits, as there.
"""

from __future__ import annotations

import numpy as np

CELLS_PER_SENSOR = 18
DIFFERENCE_CELLS = 12
ACTIONS = 3
CELLS = 3 * CELLS_PER_SENSOR + DIFFERENCE_CELLS + ACTIONS
# Highest rate, in spikes a tick.
PEAK_RATE = np.float32(0.5)

# Range of the sensors, and the distance at which the sigmoid of the side sensors is 1/2, in units.
RANGE = np.float32(20.0)
SIDE_CENTRE = np.float32(6.0)
# Slopes of the sigmoids, in units.
SIDE_SLOPE = np.float32(1.2)
DIFFERENCE_SLOPE = np.float32(0.7)
# Width of a tuning curve, in distances between neighbouring cells.
TUNING_WIDTH = np.float32(0.8)


def rates(observations: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """Rates in spikes a tick, lanes x 69 f32: cells of the three sensors, of left - right, of the last action.

    `observations`: distances in units, lanes x 3. `actions`: the last action of each lane, straight (1) before
    the first.
    """
    left, centre, right = np.asarray(observations, np.float32).T
    populations = [
        _tuned(_sigmoid((left - SIDE_CENTRE) / SIDE_SLOPE), CELLS_PER_SENSOR),
        _tuned(centre / RANGE, CELLS_PER_SENSOR),
        _tuned(_sigmoid((right - SIDE_CENTRE) / SIDE_SLOPE), CELLS_PER_SENSOR),
        _tuned(_sigmoid((left - right) / DIFFERENCE_SLOPE), DIFFERENCE_CELLS),
        PEAK_RATE * np.eye(ACTIONS, dtype=np.float32)[actions],
    ]
    return np.concatenate(populations, axis=1)


def _tuned(u: np.ndarray, cells: int) -> np.ndarray:
    """Bells that overlap: r_i = r_max exp(-((u (k-1) - i)/w)^2 / 2), and 0 beyond six widths."""
    q = (u[:, None] * np.float32(cells - 1) - np.arange(cells, dtype=np.float32)) / TUNING_WIDTH
    bells: np.ndarray = np.where(np.abs(q) > 6, np.float32(0), PEAK_RATE * np.exp(np.float32(-0.5) * q * q))
    return bells


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # With a difference of 20 units and a slope of 0.7, exp reaches 2.5e12: far from the end of f32.
    share: np.ndarray = np.float32(1) / (np.float32(1) + np.exp(-x))
    return share
