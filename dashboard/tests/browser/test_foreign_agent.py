"""Any agent can publish, in any language: here one in Python without neurons."""

from support.foreign_agent import ForeignAgent
from support.view import TALL

WITHOUT = {
    "raster": "no neurons",
    "rates": "no neurons",
    "weights": "no synapses",
    "eligibility": "eligibility",
    "dopamine": "neither dopamine nor",
}


def test_an_agent_without_neurons_is_shown_as_far_as_it_goes(programs, look, wire):
    dashboard = programs.dashboard(programs.directory / "runs")
    view = look(dashboard, viewport=TALL).open("live")
    agent = ForeignAgent(wire, dashboard.ingest, "dqn-s3")
    for number in (1, 2, 3):
        agent.episode(number)
    state = view.until(lambda state: (state["lastEpisode"] or {}).get("episode") == 3, "its episodes arrive")
    assert state["run"] == "dqn-s3" and state["lastEpisode"] == {"episode": 3, "return": 25.0}
    state = view.until(lambda state: state["frame"] and state["frame"]["step"] == 9, "its steps arrive")
    assert (state["frame"]["episodeReturn"], state["frame"]["dopamine"]) == (25.0, None)
    assert view.fact("Preset") == "dqn"
    for panel, words in WITHOUT.items():
        view.page.locator(f".panel-{panel} .panel-note", has_text=words).wait_for()
    for panel in ("chase", "track", "reward", "actions", "returns"):
        assert view.note(panel) is None, f"{panel} has something to show"

    view.open("learning")
    group = view.page.get_by_role("group", name="dqn")
    group.get_by_text("live", exact=True).wait_for()
    assert "3 of 4 episodes" in group.inner_text().replace("\u202f", " ")
    view.until(lambda state: state["learning"]["runs"] == [{"id": "dqn-s3", "episodes": 3, "lastReturn": 25.0}], "its curve is drawn")

    agent.episode(4)
    agent.close()
    view.until(lambda state: state["learning"]["runs"][0]["episodes"] == 4, "the last episode arrives")
    group.get_by_text("live", exact=True).wait_for(state="detached")
