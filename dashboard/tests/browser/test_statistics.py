"""Means and intervals of learning curves, against numbers from tables and worked out by hand."""

import json

import pytest

# 97.5 % quantiles of Student's t, by degrees of freedom.
T_975 = {
    1: 12.7062,
    2: 4.3027,
    3: 3.1824,
    4: 2.7764,
    5: 2.5706,
    10: 2.2281,
    29: 2.0452,
    30: 2.0423,
    31: 2.0395,
    40: 2.0211,
    60: 2.0003,
    120: 1.9799,
    1000: 1.9623,
}


@pytest.fixture
def view(programs, look):
    return look(programs.dashboard(programs.directory / "runs")).open("learning")


def test_quantiles_of_student_s_t_are_those_of_the_tables(view):
    found = view.module("data/stats.js", f"{list(T_975)}.map(module.t975)")
    assert [round(value, 4) for value in found] == list(T_975.values())
    # The exact way gives way to the expansion without a step: (z³ + z)/4 · (1/199 − 1/200) = 6.0e-5.
    before, after = view.module("data/stats.js", "[199, 200].map(module.t975)")
    assert before - after == pytest.approx(6.0e-5, abs=1e-6)
    assert view.module("data/stats.js", "[0, -1, 1.5, NaN].every((freedom) => Number.isNaN(module.t975(freedom)))")


def test_an_interval_is_that_of_a_hand(view):
    # s = 1: 2 ± 4.30265 / √3.
    found = view.module("data/stats.js", "module.meanInterval([1, 2, 3])")
    assert found["mean"] == 2 and found["count"] == 3
    assert found["low"] == pytest.approx(2 - 2.484138, abs=1e-5)
    assert found["high"] == pytest.approx(2 + 2.484138, abs=1e-5)


def test_what_is_no_number_is_no_zero(view):
    assert view.module("data/stats.js", "[...module.smooth([4, null, 8], 0.5)].map(String)") == ["4", "NaN", str(20 / 3)]


A = {"xs": [0, 10, 20], "ys": [0, 10, 20]}
B = {"xs": [4, 24], "ys": [0, 20]}
C = {"xs": [12, 30], "ys": [6, 6]}
GRIDS = [
    # From where the second begins to where the last but one ends, three points as the longest has.
    ([A, B], [[4, 4, 0], [12, 12, 8], [20, 20, 16]]),
    ([A, B, C], [[4, 4, 0, None], [14, 14, 10, 6], [24, None, 20, 6]]),
    ([A, {"xs": [40, 50], "ys": [1, 1]}], []),
    ([A], []),
    # Of two episodes that end at one step the mean counts; what is no number is passed over.
    ([{"xs": [0, 0, 10], "ys": [2, 4, 5]}, {"xs": [0, 5, 10], "ys": [1, None, 1]}], [[0, 3, 1], [10, 5, 1]]),
]


@pytest.mark.parametrize("curves,expected", GRIDS)
def test_curves_are_interpolated_to_a_common_grid(view, curves, expected):
    found = view.module("data/grid.js", f"module.onGrid({json.dumps(curves)})")
    xs = sorted({x for curve in found for x in curve["xs"]})
    value = lambda curve, x: dict(zip(curve["xs"], curve["ys"])).get(x)
    assert [[x, *(value(curve, x) for curve in found)] for x in xs] == expected


def test_a_mean_tells_how_many_curves_it_is_of(view):
    band = view.page.evaluate(
        """async (curves) => {
          const { onGrid } = await import('/assets/data/grid.js');
          const { acrossRuns } = await import('/assets/data/stats.js');
          return acrossRuns(onGrid(curves));
        }""",
        [A, B, C],
    )
    assert (band["xs"], band["mean"], band["counts"]) == ([4, 14, 24], [2, 10, 13], [2, 3, 2])
    # 4 and 0: s = 2√2, so 2 ± 12.7062 · 2.
    assert band["high"][0] == pytest.approx(2 + 25.4124, abs=1e-3)
