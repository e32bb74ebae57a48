"""Lessons are told in words, and runs of one lesson belong together."""

from support.runs import write

CEILING = {"curriculum": {"window": 5, "thresholds": ["80%", "80%", "80%"]}}
LESSONS = {
    "a": ({"phase": 4}, "phase 4"),
    "b": (CEILING, "curriculum ceiling"),
    "c": (CEILING, "curriculum ceiling"),
    "d": ({"curriculum": {"window": 20, "thresholds": ["50", "30", "40"]}}, "curriculum seed"),
    "e": ({"curriculum": {"window": 1, "thresholds": ["80%", "80%", "80%"]}}, "curriculum of 1 episode above 80 % of the ceiling"),
    "f": (
        {"curriculum": {"window": 9, "thresholds": ["50%", "60%", "70.5%"]}},
        "curriculum of 9 episodes above 50, 60 and 70.5 % of the ceiling",
    ),
    "g": (
        {"curriculum": {"window": 7, "thresholds": ["20", "60%", "40"]}},
        "curriculum of 7 episodes above 20, 60 % of the ceiling and 40",
    ),
    "h": ("by hand", "by hand"),
    "i": (CEILING, "curriculum ceiling"),
}


def test_lessons_are_told_in_words_and_like_runs_are_chosen_together(programs, look):
    runs = programs.directory / "runs"
    for age, (name, (lesson, _)) in enumerate(LESSONS.items()):
        about = {"preset": "stdp", "seed": age, "episodes": 2, "config_hash": "0123456789abcdef"}
        info = {**about, "lesson": lesson, "started_at": f"20260101T00000{age}Z"}
        write(runs / name, info, [{"episode": 1, "return": 5.0}])
    view = look(programs.dashboard(runs)).open("learning")
    state = view.until(lambda state: state["learning"], "the runs are fetched")
    assert [run["id"] for run in state["learning"]["runs"]] == ["i", "c", "b"], "the newest run and those like it"
    told = view.page.locator(".run-group .lesson").all_inner_texts()
    assert sorted(told) == sorted({text for _, text in LESSONS.values()})
    assert view.page.get_by_role("group", name="stdp, curriculum ceiling").locator("label.run").count() == 3
