"""Rows, milestones, and a runner that goes on where it was broken off."""

import csv
import dataclasses
import json
from itertools import pairwise
from pathlib import Path

import pytest

from spikedrive.baselines import tune
from spikedrive.baselines.agents import AGENTS
from spikedrive.benchmark import __main__ as benchmark
from spikedrive.benchmark import rows
from spikedrive.benchmark.jobs import Progress
from spikedrive.benchmark.protocol import Evaluation, Milestones
from spikedrive.benchmark.run import NAMES, Job
from spikedrive.benchmark.train import train


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


RESULTS = Path(__file__).parents[3] / "results"
TUNING, TUNING_HARD = RESULTS / "tuning-sb3.csv", RESULTS / "tuning-hard-sb3.csv"
# Of `spikedrive oracle --phase 4`, with `--sensor-noise 1` in the second world: the same drivers, without the wire.
ORACLES = {
    ("gym-bang-bang", "base"): (234.0713, 327.2783, 0.0),
    ("gym-bang-bang", "noise-1"): (232.4353, 325.1554, 0.0),
    ("gym-straight", "base"): (-66.2438, -66.2438, 1.0),
    ("gym-straight", "noise-1"): (-66.2438, -66.2438, 1.0),
}


def test_scripts_score_what_the_oracles_in_rust_score(tmp_path):
    assert benchmark.main(["--agents", "gym-bang-bang,gym-straight", "--seeds", "1", "--out", str(tmp_path)]) == 0
    found = {(row["agent"], row["world"]): row for row in read(tmp_path / "benchmark-sb3.csv")}
    assert sorted(found) == sorted(ORACLES)
    for run, (h100, h140, crash_rate) in ORACLES.items():
        assert float(found[run]["return_h100"]) == pytest.approx(h100, abs=1e-4)
        assert float(found[run]["return_h140"]) == pytest.approx(h140, abs=1e-4)
        assert float(found[run]["crash_rate_h140"]) == crash_rate


def test_runs_that_are_there_are_kept_and_others_are_made(tmp_path, capsys):
    arguments = f"--agents sb3-ppo,gym-straight --worlds base --episodes 11 --out {tmp_path} --first-seed 7".split()
    benchmark.main([*arguments, "--seeds", "1"])
    path = tmp_path / "benchmark-sb3.csv"
    first = read(path)
    assert "0 of 2 runs are there already" in capsys.readouterr().err
    benchmark.main([*arguments, "--seeds", "2"])
    assert "2 of 4 runs are there already" in capsys.readouterr().err
    found = read(path)
    assert [(row["agent"], row["seed"]) for row in found] == [(a, s) for a in ("sb3-ppo", "gym-straight") for s in "78"]
    assert [row for row in found if row["seed"] == "7"] == first
    ppo = found[0]
    assert list(ppo) == rows.COLUMNS
    assert 11 <= int(ppo["episodes"]) <= 18, "eight lanes may end with the eleventh episode"
    assert int(ppo["env_steps"]) % 8 == 0
    assert float(ppo["macs_per_decision"]) == 4480
    # A greedy evaluation whenever at least five more episodes are finished.
    points = [point for point in read(tmp_path / "benchmark-sb3_curves.csv") if point["seed"] == "7"]
    episodes = [0, *(int(point["episode"]) for point in points)]
    assert all(after - before >= 5 for before, after in pairwise(episodes))
    assert len(points) >= 2


def test_the_same_seed_gives_the_same_row_but_for_the_time(tmp_path):
    arguments = ["--agents", "sb3-dqn", "--worlds", "noise-1", "--episodes", "6", "--seeds", "1", "--out"]
    found = []
    for name in ("one", "two"):
        benchmark.main([*arguments, str(tmp_path / name)])
        found.append(read(tmp_path / name / "benchmark-sb3.csv")[0] | {"cpu_seconds": ""})
    assert found[0] == found[1]


def test_other_settings_are_another_run():
    job = Job("sb3-ppo", "base", 1, 300)
    assert job.config_hash() == Job("sb3-ppo", "base", 2, 300).config_hash()
    others = [Job("sb3-ppo", "base", 1, 200), Job("sb3-ppo", "noise-1", 1, 300), Job("sb3-dqn", "base", 1, 300)]
    assert len({job.config_hash(), *(other.config_hash() for other in others)}) == 4


def test_a_milestone_needs_its_share_and_no_crash():
    milestones = Milestones()
    # 90 % of 243.6 are 219.24.
    milestones.note(Evaluation(5, 400, 240.0, 0.05))
    assert milestones.reached == {}
    milestones.note(Evaluation(10, 900, 219.2, 0.0))
    assert milestones.reached == {}
    milestones.note(Evaluation(15, 1400, 232.0, 0.0))
    milestones.note(Evaluation(20, 1900, 243.0, 0.0))
    assert {percent: one.episode for percent, one in milestones.reached.items()} == {90: 15, 95: 15, 98: 20}


def test_a_file_of_other_columns_is_refused(tmp_path):
    path = tmp_path / "benchmark-sb3.csv"
    path.write_text("agent,seed\nsb3-ppo,1\n")
    with pytest.raises(ValueError, match="has columns \\['agent', 'seed'\\]"):
        rows.Results(tmp_path, "benchmark-sb3", NAMES)


@pytest.mark.parametrize("wrong", ["--agents sb3-pop", "--worlds moon", "--seeds 0", "--jobs x"])
def test_a_wrong_command_line_is_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        benchmark.main(wrong.split())
    assert wrong.split()[1] in capsys.readouterr().err


def test_the_time_that_is_left_is_that_of_the_same_kind():
    progress = Progress(["a1", "a2", "b1", "b2"], lambda job: job[0], 1)
    # Nothing is known of b yet: as a.
    assert progress.finished("a1", 60.0) == "[1/4] 60 s, about 3 min left"
    assert progress.finished("b1", 600.0) == "[2/4] 600 s, about 11 min left"
    assert progress.finished("a2", 120.0) == "[3/4] 120 s, about 10 min left"


def test_trials_are_the_same_whenever_they_are_drawn():
    agent = AGENTS["sb3-ppo"]
    drawn = [tune.settings(agent, trial) for trial in range(8)]
    assert drawn == [tune.settings(agent, trial) for trial in range(8)]
    assert drawn[0] == agent.algorithm.Params()
    assert len(set(drawn)) == 8
    low, high = agent.algorithm.SPACE["learning_rate"]
    assert all(low <= one.learning_rate <= high for one in drawn)
    assert tune.settings(AGENTS["sb3-ppo-action-w16"], 3).width == 16


@pytest.mark.parametrize("name", sorted({row["agent"] for row in read(TUNING)}))
def test_the_settings_of_an_agent_are_those_of_its_best_trial(name):
    trials = {row["trial"]: row for row in read(TUNING) if row["agent"] == name}
    if len(trials) < tune.TRIALS:
        pytest.skip("its search is not finished")
    best = max(trials.values(), key=lambda row: float(row["objective"]))
    assert dataclasses.asdict(AGENTS[name].params) == json.loads(best["params"])


@pytest.mark.parametrize(("name", "world"), sorted({(row["agent"], row["world"]) for row in read(TUNING_HARD)}))
def test_in_a_harder_world_an_agent_has_the_settings_of_its_best_trial_there(name, world):
    trials = [row for row in read(TUNING_HARD) if (row["agent"], row["world"]) == (name, world)]
    assert len({row["trial"] for row in trials}) >= tune.TRIALS
    best = next(row for row in trials if int(row["trial"]) == tune.ranked(trials, 300)[0])
    tuned = AGENTS[name].tuned_for(world)
    assert dataclasses.asdict(tuned.params) == json.loads(best["params"])
    assert Job(name, world, 1, 300).config_hash() != Job(name, "base", 1, 300).config_hash()
    assert AGENTS[name].tuned_for("base") is AGENTS[name]


def test_a_suite_has_worlds_and_a_file_of_its_own(tmp_path, capsys):
    arguments = f"--agents gym-straight --seeds 1 --out {tmp_path}".split()
    benchmark.main([*arguments, "--suite", "hard", "--worlds", "hard-lag"])
    assert [row["world"] for row in read(tmp_path / "hard-sb3.csv")] == ["hard-lag"]
    with pytest.raises(SystemExit):
        benchmark.main([*arguments, "--worlds", "hard-lag"])
    assert "'hard-lag' is none of base, noise-1" in capsys.readouterr().err


def test_a_search_goes_on_where_it_was_broken_off(tmp_path, capsys):
    out = tmp_path / "tuning.csv"
    arguments = f"--agents sb3-ppo --episodes 6 --out {out}".split()
    tune.main([*arguments, "--trials", "1"])
    first = out.read_text()
    tune.main([*arguments, "--trials", "2"])
    assert out.read_text().startswith(first)
    told = capsys.readouterr().err
    assert told.count("sb3-ppo trial 0 seed 1:") == 1
    assert "is best with" in told


def test_a_search_goes_on_with_the_best(tmp_path, capsys):
    out = tmp_path / "tuning.csv"
    arguments = f"--agents sb3-ppo --trials 3 --out {out}".split()
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    others = [
        ("--seeds a", "'a' is no whole number from 0 on"),
        ("--agents dqn", "'dqn' is none of sb3-"),
        (f"--out {tmp_path / 'other.csv'}", "move it away"),
        ("--trials 1 --server 127.0.0.1:1", "no server answers at 127.0.0.1:1"),
    ]
    for wrong, told in [
        *others,
        ("--best 1", "not all of the 3 trials have run for 300 episodes"),
        ("--best 0", "'0' is no whole number from 1 on"),
    ]:
        with pytest.raises(SystemExit):
            tune.main([*arguments, *wrong.split()])
        assert told in capsys.readouterr().err
    tune.main([*arguments, "--episodes", "6"])
    short = read(out)
    best = max(short, key=lambda row: float(row["objective"]))["trial"]
    tune.main([*arguments, "--episodes", "8", "--best", "1", "--by", "6"])
    tune.main([*arguments, "--episodes", "8", "--best", "1", "--by", "6", "--seeds", "2"])
    assert [row for row in read(out) if row["episodes"] == "6"] == short
    assert [(row["trial"], row["seed"]) for row in read(out) if row["episodes"] == "8"] == [(best, "1"), (best, "2")]


def test_the_trial_that_was_run_with_most_seeds_is_chosen_before_a_lucky_one():
    def run(trial, seed, objective, episodes="300"):
        return {"trial": str(trial), "seed": str(seed), "episodes": episodes, "objective": str(objective)}

    found = [run(0, 1, 240), run(1, 1, 230), run(1, 2, 220), run(2, 1, 231), run(2, 2, 235), run(3, 1, 250, "100")]
    assert tune.ranked(found, 300) == [2, 1, 0]
    assert tune.ranked(found, 100) == [3]
    # Seed 1 is what all have; an extra seed helps nobody there.
    assert tune.best(found, 2, 3, 300) == [0, 2]
    with pytest.raises(ValueError, match="not all of the 4 trials have run for 300 episodes with one seed"):
        tune.best(found, 2, 4, 300)


@pytest.mark.parametrize("name", ["sb3-ppo", "sb3-rppo"])
def test_evaluations_that_are_left_out_change_no_training(name):
    whole = train(AGENTS[name], "base", 1, 30, None).curve
    end = train(AGENTS[name], "base", 1, 30, None, evaluate_from=20).curve
    assert 0 < len(end) < len(whole)
    assert end == whole[-len(end) :]
