"""When there is nothing to show, the page says why and what to do; when the dashboard is back, it goes on by itself."""

import pytest

from support.view import VIEWS

EMPTY = {
    "live": ("No run is live", "cargo run --release -- train --dashboard"),
    "learning": ("There are no runs yet", "cargo run --release -- train --dashboard"),
    "drive": (None, "Nobody has driven this course yet."),
    "replay": ("There are no runs yet", "cargo run --release -- train --dashboard"),
}


@pytest.fixture
def empty(programs):
    return programs.dashboard(programs.directory / "runs")


def test_without_runs_every_view_says_how_to_make_one(empty, look):
    view = look(empty)
    for name in VIEWS:
        heading, advice = EMPTY[name]
        view.open(name)
        if heading:
            view.page.get_by_role("heading", name=heading).wait_for()
        view.page.get_by_text(advice).first.wait_for()


@pytest.mark.parametrize("name", VIEWS)
def test_a_lost_dashboard_is_told_with_the_remedy_and_found_again(empty, look, name):
    view = look(empty).open(name)
    view.until(lambda state: state["connection"] == "open", "the dashboard answers")
    view.guard.may_be_unreachable = True
    empty.kill()
    if name == "replay":  # It asks nothing until told to.
        view.open("learning")
        view.open("replay")
    view.until(lambda state: state["connection"] == "waiting", "the loss is noticed")
    assert view.text("#connection") == "Disconnected"
    view.page.get_by_text("cargo run --release -- dashboard").first.wait_for()

    empty.start()
    view.until(lambda state: state["connection"] == "open", "the dashboard is found again")
    assert view.text("#connection") == "Connected"
    heading, advice = EMPTY[name]
    view.page.get_by_text(advice).first.wait_for()
    gone = view.page.get_by_text("cargo run --release -- dashboard")
    assert not any(one.is_visible() for one in gone.all())
