"""The code is what the spiking network is told."""

import csv
from pathlib import Path

import numpy as np

from spikedrive.baselines import code

# Written by agent/learners/tests/encoder_golden.rs, which fails when the Rust code no longer agrees with it.
GOLDEN = Path(__file__).parent / "code_stdp.csv"


def test_rates_are_those_of_the_spiking_network():
    with GOLDEN.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    observations = np.array([[row["left"], row["centre"], row["right"]] for row in rows], np.float32)
    actions = np.array([int(row["action"] or 1) for row in rows])
    expected = np.array([[row[f"rate{cell}"] for cell in range(code.CELLS)] for row in rows], np.float32)
    rates = code.rates(observations, actions)
    assert rates.dtype == np.float32
    np.testing.assert_allclose(rates, expected, atol=2e-6, rtol=0)


def test_golden_rates_by_hand():
    rates = code.rates(np.array([[6.0, 20.0, 6.0]], np.float32), np.array([2]))[0]
    # 6 units to the side lie halfway between cells 8 and 9 of 18, 20 units ahead on the last cell, no difference
    # between 5 and 6 of 12.
    halfway = 0.5 * np.exp(-0.5 * (0.5 / 0.8) ** 2)
    np.testing.assert_allclose(rates[[8, 9, 36 + 8, 36 + 9, 54 + 5, 54 + 6]], halfway, rtol=1e-5)
    assert rates[18 + 17] == 0.5
    assert list(rates[66:]) == [0, 0, 0.5]
