"""Which runs belong together, and what their mean is of."""

import pytest

from support.runs import write

BASE = {"preset": "stdp", "episodes": 2, "config_hash": "0123456789abcdef", "lesson": {"phase": 4}, "horizon": 100, "lanes": 1}


def run(view_runs, name, seed, returns, steps=(100, 200), day=1, **changes):
    """A run of a few episodes that end at these training steps."""
    info = {**BASE, "seed": seed, "started_at": f"202601{day:02}T000000Z", **changes}
    records = [{"episode": i + 1, "return": value, "env_steps": at} for i, (value, at) in enumerate(zip(returns, steps))]
    write(view_runs / name, info, records)


@pytest.fixture
def runs(programs):
    return programs.directory / "runs"


def chart(view, *names, **params):
    """The numbers of the chart of these runs, by line."""
    view.open("learning", runs=",".join(names), smooth=0, **params)
    view.until(lambda state: state["learning"] and len(state["learning"]["runs"]) == len(names), "the runs are fetched")
    lines = {}
    for row in view.numbers("curves"):
        lines.setdefault(row["Line"], []).append(row)
    return lines


UNLIKE = [
    {"horizon": 200},
    {"lanes": 4},
    {"world": {"gust": 0.1}},
    {"config_hash": "fedcba9876543210"},
    {"lesson": {"curriculum": {"window": 5, "thresholds": ["80%", "80%", "80%"]}}},
    {"episodes": 500},
    {"gamma": 0.5},
]


def test_runs_that_differ_in_more_than_their_seed_have_no_common_mean(programs, look, runs):
    run(runs, "base", 1, [1, 1])
    for i, change in enumerate(UNLIKE):
        run(runs, f"other{i}", i + 2, [5, 5], **change)
    run(runs, "like", 99, [3, 3], day=2, server="elsewhere:50051", version="0.0.0")
    view = look(programs.dashboard(runs))
    names = ["base", "like", *(f"other{i}" for i in range(len(UNLIKE)))]
    lines = chart(view, *names)
    means = {name: rows for name, rows in lines.items() if "mean of" in name}
    assert len(means) == 1 and [row["return"] for rows in means.values() for row in rows] == ["2", "2"]
    assert view.page.locator(".run-group").count() == len(UNLIKE) + 1
    told = view.page.locator(".run-group .terms").all_inner_texts()
    assert sorted(set(told)) == ["horizon 100", "horizon 100, 4 lanes", "horizon 200"]

    view.open("live")
    view.open("learning")
    state = view.until(lambda state: state["learning"] and state["learning"]["runs"], "the newest runs are fetched")
    assert [one["id"] for one in state["learning"]["runs"]] == ["like", "base"], "the newest run and those like it"


def test_each_seed_counts_once(programs, look, runs):
    run(runs, "old", 1, [90, 90], day=1)
    run(runs, "new", 1, [10, 10], day=3)
    run(runs, "other", 2, [20, 20], day=2)
    view = look(programs.dashboard(runs))
    (name, mean), *rest = [(name, rows) for name, rows in chart(view, "old", "new", "other").items() if "mean of" in name]
    assert not rest and name == "stdp, training, mean of 2"
    # 10 and 20: s = 5√2, so 15 ± 12.7062 · 5.
    assert [(row["return"], row["n"]) for row in mean] == [("15", "2")] * 2
    assert float(mean[0]["95 % interval from"]) == pytest.approx(15 - 63.531, abs=1e-3)
    view.page.get_by_text("only the newest counts in the mean: 1 left out").wait_for()

    lines = chart(view, "old", "new")
    assert sorted(lines) == ["stdp s1 (new), training", "stdp s1 (old), training"], "one seed has no mean, and names tell runs apart"


def test_the_mean_over_training_steps_is_of_interpolated_runs(programs, look, runs):
    run(runs, "a", 1, [0, 10, 20], steps=(0, 10, 20))
    run(runs, "b", 2, [0, 20], steps=(4, 24))
    run(runs, "c", 3, [6, 6], steps=(12, 30))
    view = look(programs.dashboard(runs))
    (mean,) = [rows for name, rows in chart(view, "a", "b", "c", x="steps").items() if "mean of" in name]
    assert [(row["training steps"], row["return"], row["n"]) for row in mean] == [("4", "2", "2"), ("14", "10", "3"), ("24", "13", "2")]
    view.page.get_by_text("interpolated linearly").wait_for()
    # The pointer reads the mean, not the faint lines of its runs.
    picture = view.page.locator(".panel-curves canvas")
    for key, at, value, n in (("Home", 4, "2.0", 2), ("ArrowRight", 14, "10.0", 3)):
        picture.press(key)
        text = f"training steps {at} stdp, training, mean of 3 {value} (n = {n})"
        view.until(lambda _: " ".join(view.text(".panel-curves .tip").split()) == text, f"it reads {text}")


def test_a_run_that_does_not_tell_its_training_steps_is_not_drawn_over_them(programs, look, runs):
    write(runs / "foreign", {**BASE, "seed": 1}, [{"episode": 1, "return": 5.0}, {"episode": 2, "return": 6.0}])
    view = look(programs.dashboard(runs)).open("learning", runs="foreign", x="steps")
    view.page.locator(".panel-curves .panel-note", has_text="do not tell their training steps").wait_for()
    view.choice("Over").select_option("episodes")
    view.until(lambda state: state["learning"]["lines"][0]["points"] == 2, "they are drawn over episodes")
