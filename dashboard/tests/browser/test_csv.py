"""What is saved as CSV is plain numbers, with the units in the header."""

import re

import pytest

from support.runs import write
from support.view import TALL

NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
RUN = "gallery-s1"
# Panel → columns of words.
PANELS = {
    "chase": set(),
    "track": {"road"},
    "actions": {"Action"},
    "dopamine": set(),
    "reward": set(),
    "raster": {"Population"},
    "rates": {"Population"},
}


def plain(rows, words):
    """Fails unless all cells but those of these columns are empty or numbers that a program reads."""
    assert rows
    for row in rows:
        for column, cell in row.items():
            assert column in words or cell == "" or NUMBER.fullmatch(cell), f"{column}: {cell!r}"


def test_cells_are_quoted_as_rfc_4180_says(programs, look):
    view = look(programs.dashboard(programs.directory / "runs")).open("learning")
    rows = """[[1.5, -0.25, 1e21, NaN, null], ['a, b', 'say "no"', 'two\\nlines', '=1+1', '-x'], [true, [1, 'a'], { b: -1 }, '', 12345.678]]"""
    text = view.module("data/export.js", f"module.toCsv(['speed, m/s', 'b', 'c', 'd', 'e'], {rows})")
    expected = [
        '"speed, m/s",b,c,d,e',
        "1.5,-0.25,1e+21,,",
        "\"a, b\",\"say \"\"no\"\"\",\"two\nlines\",'=1+1,'-x",
        'true,"[1,""a""]","{""b"":-1}",,12345.678',
        "",
    ]
    assert text == "\r\n".join(expected)


@pytest.fixture
def recording(gallery, wire):
    path = next((gallery.runs / RUN / "recordings").glob("ep00050-periodic*.pb"))
    return wire.telemetry.Recording.FromString(path.read_bytes())


def test_panels_save_the_numbers_that_they_were_sent(gallery, look, recording):
    view = look(gallery.shown, viewport=TALL)
    # A minus sign must be one that programs read.
    step = next(i for i, frame in enumerate(recording.frames) if i > 2 and min(frame.x, frame.y, frame.heading_rad) < 0)
    view.open("replay", run=RUN, recording=recording.name, step=step)
    view.until(lambda state: state["replay"] and state["replay"]["step"] == step, "the step is shown")
    saved = {panel: view.numbers(panel) for panel in PANELS}
    for panel, words in PANELS.items():
        plain(saved[panel], words)
    frame = recording.frames[step]
    (chase,) = saved["chase"]
    names = ("x (units)", "y (units)", "heading (radians)")
    assert [float(chase[name]) for name in names] == [frame.x, frame.y, frame.heading_rad]
    (track,) = saved["track"]
    assert 0 <= float(track["behind the car (% of the length)"]) <= 100
    assert [float(row["reward"]) for row in saved["reward"]] == [one.reward for one in reversed(recording.frames[: step + 1])]


FINAL = {
    "100": {"mean": -12.25, "ci95": [-20.5, -4.0], "crash_rate": 0.5},
    "200": {"mean": 1234.5, "ci95": [1200.25, 1300.0], "crash_rate": 0.0},
}
RESULT = {"final": {"4": FINAL}, "training_crashes": 3, "episodes_to": {"90": 1200, "95": None, "98": None}}


@pytest.fixture
def table(programs, look):
    runs = programs.directory / "runs"
    record = {"episode": 1, "return": 5.0, "phase": 4, "evaluation": {"mean": -8.5, "percent_of_ceiling": -3.4}}
    base = {"preset": "stdp", "episodes": 1, "config": {"offset": -0.5, "name": "a, b"}, "server": "embedded"}
    write(runs / "long", {**base, "seed": 1, "horizon": 200}, [record], RESULT)
    write(runs / "odd", {**base, "seed": 2, "horizon": 300}, [record], {"final": {"4": {"100": FINAL["100"]}, "3": 5}})
    view = look(programs.dashboard(runs)).open("learning", runs="long,odd")
    view.page.get_by_role("region", name="Results: table").wait_for()
    return view


def test_a_test_result_names_its_horizon(table):
    cells = table.page.get_by_role("region", name="Results: table").locator("tbody tr")
    long, odd = (row.locator("td").last.inner_text() for row in cells.all())
    assert long == "1234.5 [1200.3, 1300.0], horizon 200", "that of its training"
    assert odd == "−12.3 [−20.5, −4.0], 50 % crash, horizon 100", "it was not tested at that of its training"


def test_the_tables_of_runs_are_saved_as_plain_numbers(table):
    results = table.saved(table.button("CSV: save results"))
    plain(results, {"Run", "Id"})
    long, odd = results
    assert (long["Episodes to 90 % of the ceiling (empty: never)"], long["Episodes to 95 % of the ceiling (empty: never)"]) == ("1200", "")
    assert float(long["Best evaluation (% of the ceiling)"]) == pytest.approx(-3.4)
    test = "Test, phase 4, horizon {}: {}"
    assert [long[test.format(horizon, "mean return")] for horizon in (100, 200)] == ["-12.25", "1234.5"]
    assert long[test.format(100, "95 % interval from")] == "-20.5"
    assert long[test.format(100, "crash rate (share)")] == "0.5"
    assert odd[test.format(200, "mean return")] == ""

    parameters = {row["Parameter"]: row for row in table.saved(table.button("CSV: save parameters"))}
    assert parameters["config.offset"]["stdp s1"] == "-0.5"
    assert parameters["config.name"]["stdp s2"] == "a, b"
