"""Light and dark, desk and phone: nothing is out of reach, and nothing stands in the way of those who use aids."""

import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

from support.view import DESK, PHONE, VIEWS

# What must be within reach in each view.
CONTROLS = {
    "live": ["Pause"],
    "learning": ["Clear", "CSV: save results"],
    "drive": ["Start driving"],
    "replay": ["Play", "One step on", "To the beginning"],
}
WHERE = {"replay": {"run": "gallery-s1"}}
SEEN = {
    "live": lambda state: state["frame"] and state["weights"],
    "learning": lambda state: state["learning"] and state["learning"]["lines"],
    "drive": lambda state: state["drive"],
    "replay": lambda state: state["replay"] and state["replay"]["recording"],
}


@pytest.fixture
def view(programs, gallery, look, request):
    """A page with runs to learn from, recordings, and a run that is live and slow."""
    runs = shutil.copytree(gallery.runs, programs.directory / "runs")
    dashboard = programs.dashboard(runs, gallery.address)
    view = look(dashboard, **request.param).open("live")
    train = ["--phase", "4", "--episodes", "100000", "--recordings", "off", "--out", programs.directory / "live"]
    programs.train(gallery.address, *train, dashboard=dashboard)
    view.choice("Speed").and_(view.page.locator(":enabled")).wait_for()
    view.choice("Speed").select_option(label="10 steps/s")
    return view


def show(view, name):
    """Opens a view and waits until it has something to show."""
    view.open(name, **WHERE.get(name, {}))
    view.until(SEEN[name], f"{name} has something to show")
    for control in CONTROLS[name]:
        view.page.get_by_role("button", name=control).last.wait_for()


@pytest.mark.parametrize("view", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"], indirect=True)
def test_axe_finds_nothing_serious(view):
    scheme = view.page.evaluate("document.documentElement.dataset.theme")
    assert scheme == ("dark" if view.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light")
    for name in VIEWS:
        show(view, name)
        result = Axe().run(view.page).response
        assert len(result["passes"]) > 10, "axe looked at nothing"
        grave = [found for found in result["violations"] if found["impact"] in ("serious", "critical")]
        assert not grave, f"{name}: " + "; ".join(f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in grave)


PHONES = [{"viewport": PHONE, "is_mobile": True, "has_touch": True, "color_scheme": scheme} for scheme in ("light", "dark")]


@pytest.mark.parametrize("view", PHONES, ids=["light", "dark"], indirect=True)
def test_a_phone_shows_all_without_scrolling_sideways(view):
    for name in VIEWS:
        show(view, name)
        wide = view.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{name} is {wide} wide"
        links = [view.page.get_by_role("link", name=other.title(), exact=True) for other in VIEWS]
        for button in [view.page.get_by_role("button", name=control).last for control in CONTROLS[name]] + links:
            button.scroll_into_view_if_needed()
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"], f"{name}: {button} is at {box}"
            assert min(box["width"], box["height"]) >= 24, f"{name}: {button} is too small for a finger: {box}"
            button.click(trial=True)


@pytest.mark.parametrize("view", [{"viewport": DESK}], ids=["desk"], indirect=True)
def test_the_chosen_colours_stay(view):
    theme = lambda: view.page.evaluate("document.documentElement.dataset.theme")
    assert theme() == "light"
    button = view.page.locator("#theme")
    while theme() != "dark":
        button.click()
    background = view.page.evaluate("getComputedStyle(document.body).backgroundColor")
    view.page.reload()
    view.until(lambda state: state["view"], "the page is back")
    assert theme() == "dark"
    assert view.page.evaluate("getComputedStyle(document.body).backgroundColor") == background
