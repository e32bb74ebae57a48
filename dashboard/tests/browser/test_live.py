"""A run that is watched: the pictures move, and the page shows what the run's files hold."""

import re

import pytest

from support.heard import Heard
from support.runs import episodes, summary
from support.view import TALL, View

# Long enough that on a loaded machine, too, there are newer weights after the first look at the panels.
EPISODES = 400
MOVING = ["chase", "track", "actions", "dopamine", "reward", "raster", "rates", "weights", "eligibility", "returns"]


@pytest.fixture
def watched(programs, look, wire):
    """A page that waits, and then a run as fast as it can: its directory, the page, the program."""
    run = programs.directory / "runs" / "watched"
    server = programs.server()
    dashboard = programs.dashboard(run.parent, server)
    view = look(dashboard, viewport=TALL)
    view.heard = Heard(view.page, wire.telemetry)
    view.open("live")
    view.page.get_by_role("heading", name="No run is live").wait_for()
    program = programs.train("--phase", "4", "--episodes", str(EPISODES), "--out", run, server=server, dashboard=dashboard)
    return run, view, program


def numbers_of(text):
    return [float(number.replace("−", "-")) for number in re.findall(r"[−-]?\d+(?:\.\d+)?", text)]


def close(text, *expected):
    """Whether a text shows these numbers, rounded to a tenth."""
    shown = numbers_of(text)
    return len(shown) >= len(expected) and all(abs(one - other) < 0.0501 for one, other in zip(shown, expected))


def test_the_panels_move_and_end_where_the_run_ends(watched):
    run, view, program = watched
    begun = view.until(lambda state: state["framesDrawn"] > 3 and state["weights"], "frames and weights arrive")
    before = {panel: view.picture(panel) for panel in MOVING}
    view.until(lambda state: state["framesDrawn"] > begun["framesDrawn"] + 20, "more pictures are drawn")
    view.until(lambda state: state["weights"]["episode"] > begun["weights"]["episode"], "newer weights arrive")
    for panel in MOVING:
        view.until(lambda _: view.picture(panel) != before[panel], f"the picture {panel} moves")
    assert all(view.note(panel) is None for panel in MOVING)

    program.succeeds()
    view.page.get_by_text("This run is over.").wait_for()
    records = episodes(run)
    assert len(records) == EPISODES
    state = view.until(lambda state: state["lastEpisode"]["episode"] == EPISODES, "the last episode arrives")
    assert state["run"] == run.name
    assert state["lastEpisode"] == records[-1]
    steps = [frame.step for frame in view.heard.all]
    assert sum(step >= 20 for step in steps) > len(steps) / 4, f"of a fast run only the beginnings of episodes are seen: {steps}"

    shown = view.numbers("returns")
    line = lambda name: [(int(row["episode"]), float(row["return"])) for row in shown if row["Line"] == name]
    assert line("training return") == [(record["episode"], record["return"]) for record in records]
    evaluated = [record for record in records if record["evaluation"]]
    assert line("evaluation") == [(record["episode"], record["evaluation"]["mean"]) for record in evaluated]


def test_the_learning_view_shows_the_files(watched):
    run, view, program = watched
    program.succeeds()
    records, result = episodes(run), summary(run)
    other = View(view.page, view.address).open("learning", runs=run.name, smooth=0)
    state = other.until(lambda state: state["learning"], "the run is fetched")["learning"]
    assert state["runs"] == [{"id": run.name, "episodes": len(records), "lastReturn": records[-1]["return"]}]
    points = {line["name"].split(", ")[-1]: line["points"] for line in state["lines"]}
    evaluations = [record["evaluation"] for record in records if record["evaluation"]]
    assert points == {"training": len(records), "evaluation": len(evaluations)}

    table = view.page.get_by_role("region", name="Results: table")
    cells = dict(zip(table.locator("thead th").all_inner_texts(), table.locator("tbody tr > *").all_inner_texts()))
    assert cells["Run"] == "stdp s1"
    assert cells["Episodes"] == str(len(records))
    assert close(cells["Best evaluation"], max(evaluation["mean"] for evaluation in evaluations))
    assert close(cells["of the ceiling"], max(evaluation["percent_of_ceiling"] for evaluation in evaluations))
    assert cells["Episodes to 90 / 95 / 98 %"] == " / ".join(str(result["episodes_to"][level] or "never") for level in ("90", "95", "98"))
    assert cells["Crashes in training"] == str(result["training_crashes"])
    final = result["final"]["4"]["100"]
    assert close(cells["Test, phase 4"], final["mean"], *final["ci95"])
