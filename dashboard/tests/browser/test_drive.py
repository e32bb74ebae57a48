"""A person at the wheel, with real keys: scored like the agent, against the agent's ghost."""

from support.driver import Driver
from support.heard import Heard
from support.waiting import eventually

COURSE = {"phase": 4, "track": 3, "horizon": 40, "rate": 20}


def own_scores(view):
    """The scores of the person in the list."""
    texts = view.page.locator(".score-list li.you .points").all_inner_texts()
    return [float(text.replace("−", "-")) for text in texts]


def drive_once(view, heard):
    """One drive: its return, which is the sum of the rewards that were received."""
    view.page.get_by_role("button", name="Start").last.click()
    state = Driver(view).drive()["drive"]
    assert state["steps"] == len([frame for frame in heard.on_this_road if frame.step > 0]) > 0
    total = sum(frame.reward for frame in heard.on_this_road)
    assert abs(state["return"] - total) < 1e-6
    shown = float(view.text(".hud .big-number").replace("−", "-"))
    assert abs(shown - total) < 0.0501, f"the page shows {shown}, the rewards are {total}"
    assert max(own_scores(view)) >= shown
    return shown


def test_a_drive_is_scored_kept_and_raced_by_a_ghost(programs, look, wire):
    runs = programs.directory / "runs"
    server = programs.server()
    view = look(programs.dashboard(runs, server))
    heard = Heard(view.page, wire.telemetry)
    view.open("drive", **COURSE)
    view.page.get_by_text("Nobody has driven this course yet.").wait_for()
    first = drive_once(view, heard)
    assert {frame.action for frame in heard.on_this_road} - {1}, "no key reached the car"
    assert view.state()["drive"]["ghosts"] == 0
    assert view.choice("Race against").locator("option").all_inner_texts() == ["nobody"]

    programs.train("--phase", "4", "--episodes", "15", "--horizon", "40", "--out", runs / "rival").succeeds()
    assert (runs / "rival" / "recordings" / "ghost-p4-t03.pb").exists()
    second = drive_once(view, heard)
    assert view.state()["drive"]["ghosts"] == 1
    assert view.choice("Race against").input_value() == "rival/ghost-p4-t03"
    assert "the ghost" in view.text(".hud .grow")
    assert sorted(own_scores(view)) == sorted([first, second])

    view.page.reload()
    view.until(lambda state: state["view"] == "drive", "the page is back")
    eventually(lambda: len(own_scores(view)) == 2, "the scores are back", view.pass_time)
    assert sorted(own_scores(view)) == sorted([first, second])


def test_without_an_environment_server_it_says_how_to_start_one(programs, look):
    view = look(programs.dashboard(programs.directory / "runs")).open("drive", **COURSE)
    view.page.get_by_role("button", name="Start").last.click()
    banner = view.page.get_by_role("alert").filter(has_text="cargo run --release -- serve")
    banner.wait_for()
    assert "127.0.0.1:1" in banner.inner_text()
