"""Who uses the keyboard keeps their place, and reads every number of a chart."""

import pytest

from support.runs import write


@pytest.fixture
def view(programs, look):
    runs = programs.directory / "runs"
    for seed, steps in ((1, (1000, 5000, 9000)), (2, (2000, 6000))):
        records = [{"episode": i + 1, "return": float(i), "env_steps": at} for i, at in enumerate(steps)]
        write(runs / f"s{seed}", {"preset": "stdp", "seed": seed, "episodes": 3}, records)
    view = look(programs.dashboard(runs)).open("learning", runs="s1,s2", smooth=0, mean="off", x="steps")
    view.until(lambda state: state["learning"] and len(state["learning"]["runs"]) == 2, "both runs are shown")
    return view


def test_arrow_keys_read_one_point_after_another(view):
    chart = view.page.locator(".panel-curves canvas")
    tip = view.page.locator(".panel-curves .tip-title")
    chart.focus()
    read = []
    for key in ["Home", "ArrowRight", "ArrowRight", "End", "ArrowLeft"]:
        chart.press(key)
        expected = [1000, 2000, 5000, 9000, 6000][len(read)]
        tip.get_by_text(f"training steps {expected}", exact=True).wait_for()
        read.append(expected)


def test_a_part_that_was_enlarged_is_one_of_its_axis(view):
    chart = view.page.locator(".panel-curves canvas")
    everything = view.page.locator(".panel-curves").get_by_role("button", name="Show all")
    chart.press("Home")
    chart.press("+")
    everything.wait_for()
    view.choice("Over").select_option("episodes")
    everything.wait_for(state="hidden")


def test_the_choice_of_a_group_keeps_the_focus(view):
    focused = lambda: view.page.evaluate("document.activeElement.getAttribute('aria-label')")
    button = view.page.get_by_role("button", name="None of stdp")
    button.focus()
    button.press("Enter")
    view.until(lambda state: not state["learning"]["runs"], "no run is chosen")
    assert focused() == "All of stdp"
