"""Pause, single steps and speed reach the agent, and change nothing of what it learns."""

import time

from support.runs import episodes, weights

# So many that the run is not over before a loaded machine has paused it.
EPISODES = 300
ARGS = ["--phase", "4", "--episodes", str(EPISODES), "--seed", "7"]


def place(state):
    """Where the agent is."""
    frame = state["frame"]
    return frame and (frame["episode"], frame["step"])


def test_a_run_that_was_paused_and_stepped_ends_as_one_that_nobody_watched(programs, look):
    runs = programs.directory / "runs"
    server = programs.server()
    alone = programs.train(*ARGS, "--recordings", "off", "--out", programs.directory / "alone")
    alone.succeeds()
    dashboard = programs.dashboard(runs, server)
    view = look(dashboard).open("live")
    run = runs / "watched"
    program = programs.train(*ARGS, "--out", run, server=server, dashboard=dashboard)

    view.button("Pause").click()
    view.button("Resume").wait_for()
    view.until(place, "a first frame arrives")
    # At full speed not every step is shown: the first single one tells where the agent is.
    shown = view.until_quiet(place, "the agent stands still")
    view.button("Step").click()
    view.until(lambda state: place(state) != shown, "the agent takes a step")
    episode, step = view.until_quiet(place, "the agent stands still")
    assert program.runs, "the run was over before it could be paused"
    done = len(episodes(run))
    assert done <= episode
    for _ in range(5):
        view.button("Step").click()
        now = view.until(lambda state: place(state) != (episode, step), "the agent takes a step")
        assert place(now) in {(episode, step + 1), (episode + 1, 0)}
        episode, step = view.until_quiet(place, "the agent stands still", quiet_s=0.3)
        assert place(now) == (episode, step), "one click is one step"
        assert view.fact("Step") == str(step)
    assert len(episodes(run)) <= done + 1
    seen = view.state()["framesReceived"]
    assert view.state()["frame"]["mode"] == "training"

    view.choice("Speed").select_option(label="30 steps/s")
    view.button("Resume").click()
    view.until(lambda state: state["framesReceived"] > seen + 3, "the agent goes on")
    first, since = view.state()["framesReceived"], time.monotonic()
    last = view.until(lambda state: state["framesReceived"] >= first + 45, "45 steps are taken")["framesReceived"]
    pace = (last - first) / (time.monotonic() - since)
    assert 15 < pace < 40, f"{pace:.1f} steps a second instead of 30"

    view.choice("Speed").select_option(label="as fast as possible")
    program.succeeds()
    view.page.get_by_text("This run is over.").wait_for()
    assert len(episodes(run)) == EPISODES
    assert weights(run) == weights(programs.directory / "alone"), "watching changed what was learned"
