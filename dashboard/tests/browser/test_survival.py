"""A dashboard that is killed in the middle of a run misses no episode afterwards, and the run does not notice."""

from support.runs import episodes, weights
from support.waiting import eventually

ARGS = ["--phase", "4", "--episodes", "600", "--seed", "5", "--recordings", "off"]


def log(run):
    return (run / "episodes.jsonl").read_bytes()


def test_a_dashboard_that_was_killed_has_every_episode_in_the_end(programs, look):
    server = programs.server()
    alone, run = programs.directory / "alone", programs.directory / "far" / "run"
    programs.train(server, *ARGS, "--out", alone).succeeds()
    dashboard = programs.dashboard(programs.directory / "copies", server)
    copy = dashboard.runs / "run"
    view = look(dashboard).open("live")
    view.guard.may_be_unreachable = True
    program = programs.train(server, *ARGS, "--out", run, dashboard=dashboard)

    eventually(lambda: len(episodes(copy)) > 50, "the dashboard keeps episodes")
    dashboard.kill()
    kept, at = len(episodes(copy)), len(episodes(run))
    assert program.runs, "the run was over before the dashboard was killed"
    eventually(lambda: len(episodes(run)) > max(kept, at) + 30, "the run goes on without the dashboard")
    dashboard.start()
    eventually(lambda: len(episodes(copy)) > kept, "the dashboard keeps episodes again")
    assert program.runs, "the run was over before the dashboard was back"
    program.succeeds()

    eventually(lambda: log(copy) == log(run), "the copy has every episode once, to the letter")
    assert len(episodes(copy)) == 600
    assert (copy / "ingested").exists() and not (run / "ingested").exists()
    assert (copy / "summary.json").exists()
    assert weights(run) == weights(alone), "the dashboard changed what was learned"
    state = view.until(lambda state: (state["lastEpisode"] or {}).get("episode") == 600, "the page has caught up")
    assert state["run"] == "run"
    assert len({row["episode"] for row in view.numbers("returns")}) == 600
