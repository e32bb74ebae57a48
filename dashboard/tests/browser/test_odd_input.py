"""What foreign agents may send, and addresses may say, breaks nothing."""

import math

import pytest

from support.foreign_agent import ForeignAgent, floats
from support.runs import write
from support.view import TALL

RUN = "gallery-s1"


def test_a_recording_that_is_chosen_stays_while_another_was_to_be_tried_again(gallery, look):
    view = look(gallery.shown).open("replay", run=RUN)
    view.guard.may_be_unreachable = True
    opened = view.until(lambda state: state["replay"] and state["replay"]["recording"], "a recording opens")["replay"]["recording"]
    listed = view.page.locator(".recording-list button").evaluate_all("all => all.map((one) => one.dataset.name)")
    lost, chosen, *_ = [name for name in listed if name != opened]
    choose = lambda name: view.page.locator(f".recording-list button[data-name='{name}']").click()
    address = f"**/recordings/{lost}"
    view.page.route(address, lambda route: route.abort("connectionrefused"))
    choose(lost)
    view.page.get_by_role("heading", name="This cannot be shown").wait_for()
    assert view.state()["connection"] == "waiting"
    view.page.unroute(address)
    choose(chosen)
    view.until(lambda state: state["replay"]["recording"] == chosen, "the chosen one opens")
    assert view.state()["connection"] == "open"
    view.pass_time(1.6)  # The other one would have been tried again after a second.
    assert view.state()["replay"]["recording"] == chosen


@pytest.mark.parametrize("step,shown", [("abc", 0), ("2.7", 2), ("-4", 0)])
def test_an_address_may_name_a_step_that_is_none(gallery, look, step, shown):
    view = look(gallery.shown).open("replay", run=RUN)
    name = view.until(lambda state: state["replay"] and state["replay"]["recording"], "a recording opens")["replay"]["recording"]
    view.open("live")
    view.open("replay", run=RUN, recording=name, step=step)
    view.until(lambda state: state["replay"] and state["replay"]["step"] == shown, f"step {shown} is shown")


@pytest.fixture
def foreign(programs, look, wire):
    """A page, and an agent without neurons that it watches."""
    dashboard = programs.dashboard(programs.directory / "runs")
    view = look(dashboard, viewport=TALL).open("live")
    agent = ForeignAgent(wire, dashboard.ingest, "dqn-s3")
    yield view, agent
    agent.close()


ROADS = {
    "closed without length": (True, [(3, 4)] * 5),
    "open without length": (False, [(3, 4)] * 2),
    "a small loop": (True, [(math.cos(angle), math.sin(angle)) for angle in (0, 2, 4)]),
}


@pytest.mark.parametrize("name", ROADS)
def test_any_road_is_drawn(foreign, name):
    view, agent = foreign
    closed, points = ROADS[name]
    centre = floats(*(number for point in points for number in point))
    half_widths = floats(*[2] * len(points) * 2)
    agent.send(road=agent.telemetry.Road(episode=1, name=name, closed=closed, centre=centre, half_widths=half_widths))
    for step in range(3):
        agent.step(1, step, 2.5)
    # Waiting for an element ends by itself, even if the page does not.
    view.page.locator(".facts dd", has_text="2.50").wait_for(timeout=10_000)
    view.until(lambda state: state["frame"] and state["frame"]["step"] == 2, "the steps are shown")
    drawn = view.state()["framesDrawn"]
    agent.step(1, 3, 2.5)
    view.until(lambda state: state["framesDrawn"] > drawn, "the pictures go on")
    assert view.note("chase") is None


def test_a_matrix_without_synapses_is_told(foreign):
    view, agent = foreign
    empty = agent.telemetry.Matrix(rows=0, columns=0, scale=1.0, values=b"")
    flat = agent.telemetry.Matrix(rows=0, columns=5, scale=1.0, values=b"")
    agent.send(weights=agent.telemetry.Weights(episode=1, weights=empty, eligibility=flat))
    agent.episode(1)
    for panel in ("weights", "eligibility"):
        view.page.locator(f".panel-{panel} .panel-note", has_text="no rows or no columns").wait_for()
    small = agent.telemetry.Matrix(rows=1, columns=2, scale=0.5, values=b"\x02\x00")
    agent.send(weights=agent.telemetry.Weights(episode=2, weights=small, eligibility=empty))
    view.page.locator(".panel-weights .panel-note").wait_for(state="hidden")
    assert view.numbers("weights") == [{"post": "0", "pre": "0", "Weight": "1"}]


ODD = [
    {"preset": "dqn", "seed": 1, "episodes": 2, "config_hash": 1234567890},
    {"preset": "dqn", "seed": None, "episodes": None, "config_hash": {"sha": "ab"}, "lanes": "many", "horizon": None},
    {"preset": {"name": "dqn"}, "seed": [1, 2], "episodes": "lots", "started_at": 5, "lesson": {"curriculum": 7}, "world": "flat"},
    {"ceilings": [None, 0, -1, "a"], "config_hash": None},
    {"preset": "dqn", "seed": 3, "config_hash": "", "config": None},
]
RECORDS = [
    {"episode": 1, "return": 5.0, "phase": None, "env_steps": None, "evaluation": None},
    None,
    7,
    {"episode": 2, "return": None, "phase": 4, "evaluation": {"mean": None, "percent_of_ceiling": 3}},
    {"episode": 3, "evaluation": 5},
    {"episode": 4, "return": 9.0, "phase": "fast", "evaluation": {}},
]


def test_runs_that_say_odd_things_are_listed_and_drawn(programs, look):
    runs = programs.directory / "runs"
    for number, info in enumerate(ODD):
        write(runs / f"odd{number}", info, RECORDS, {"final": 5, "episodes_to": 5} if number % 2 else None)
    names = [f"odd{number}" for number in range(len(ODD))]
    view = look(programs.dashboard(runs)).open("learning", runs=",".join(names), smooth=0)
    view.until(lambda state: state["learning"] and len(state["learning"]["runs"]) == len(ODD), "all runs are fetched")
    assert view.page.locator("label.run").count() == len(ODD)
    assert set(view.page.locator(".run-group code").all_inner_texts()) == {"123456", '{"sha"'}
    returns = {}
    for row in view.numbers("curves"):
        if row["Line"].endswith("training"):
            returns.setdefault(row["Line"], []).append((row["episode"], row["return"]))
    assert len(returns) == len(ODD), returns
    # What is no number is a gap, not a zero.
    assert all(line == [("1", "5"), ("2", ""), ("3", ""), ("4", "9")] for line in returns.values()), returns
    for unit, over in (("ceiling", "steps"), ("return", "episodes")):
        view.choice("Unit").select_option(unit)
        view.choice("Over").select_option(over)
    view.page.get_by_label("Filter the runs").fill("dqn seed")
    view.until(lambda state: not state["errors"], "nothing failed")
    assert not view.page.locator(".banner.error").is_visible()
