"""`python -m spikedrive.baselines.tune`: random search, on validation tracks alone.

Trial 0 has the defaults of the algorithm's `Params`. Every other one is drawn from its `SPACE`, by a generator of the
trial's number: trial k of an algorithm has the same settings whatever the agent is told. The objective is the mean
validation return over the last five evaluations, averaged over the seeds. The test tracks are not touched. The settings
that were chosen stand in the algorithm's `PARAMS`.

A large search goes on with what is best so far (successive halving, Jamieson & Talwalkar 2016): after all trials with one
seed, the `--best` with more `--seeds`; or first all with few `--episodes`, then the best of these with more.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from spikedrive import ServerUnreachableError
from spikedrive.baselines.agents import AGENTS, Agent
from spikedrive.benchmark import jobs, rows
from spikedrive.benchmark.arguments import at_least, names, numbers
from spikedrive.benchmark.protocol import EPISODES, EVALUATE_EVERY, HARD_WORLDS, WORLDS
from spikedrive.benchmark.train import train

TRIALS = 8
LAST_EVALUATIONS = 5
COLUMNS = ["agent", "world", "trial", "seed", "episodes", "objective", "params", "seconds"]


@dataclass(frozen=True)
class Trial:
    """One training run of a trial."""

    agent: str
    world: str
    trial: int
    seed: int
    episodes: int


def settings(agent: Agent, trial: int) -> Any:  # noqa: ANN401 -- the `Params` of its algorithm
    """The hyper-parameters of a trial."""
    defaults = replace(agent.algorithm.Params(), width=agent.params.width)
    if trial == 0:
        return defaults
    rng = np.random.default_rng(trial)
    return replace(defaults, **{name: _draw(values, rng) for name, values in agent.algorithm.SPACE.items()})


def _draw(values: list[Any] | tuple[float, float], rng: np.random.Generator) -> Any:  # noqa: ANN401 -- one of the values
    if isinstance(values, tuple):
        low, high = (math.log(value) for value in values)
        # Three digits: a setting that can be written down.
        return float(f"{math.exp(rng.uniform(low, high)):.3g}")
    return values[rng.integers(len(values))]


def run(trial: Trial, server: str | None) -> rows.Row:
    """Trains once, and tells how good the policy was at the end."""
    start = time.monotonic()
    agent = AGENTS[trial.agent]
    params = settings(agent, trial.trial)
    # Between two evaluations all lanes may end an episode at once.
    evaluate_from = trial.episodes - LAST_EVALUATIONS * (EVALUATE_EVERY + params.lanes)
    trained = train(replace(agent, params=params), trial.world, trial.seed, trial.episodes, server, evaluate_from=evaluate_from)
    values = {
        "agent": trial.agent,
        "world": trial.world,
        "trial": trial.trial,
        "seed": trial.seed,
        "episodes": trial.episodes,
        "objective": mean(one.mean_return for one in trained.curve[-LAST_EVALUATIONS:]),
        "params": json.dumps(asdict(params)),
        "seconds": round(time.monotonic() - start, 1),
    }
    return rows.row(values, COLUMNS)


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and searches."""
    parser = argparse.ArgumentParser(prog="python -m spikedrive.baselines.tune", description=__doc__)
    parser.add_argument("--agents", type=names(AGENTS), default=list(AGENTS), help="separated by commas; default: all")
    parser.add_argument("--world", choices=[*WORLDS, *HARD_WORLDS], default="base", help="default: base")
    parser.add_argument("--trials", type=at_least(1), default=TRIALS)
    parser.add_argument(
        "--best", type=at_least(1), metavar="N", help="run only the N trials with the best objective so far; default: all"
    )
    parser.add_argument(
        "--by", type=at_least(1), metavar="E", help="with --best: look at their runs of E episodes (default: --episodes)"
    )
    parser.add_argument("--seeds", type=numbers, default=[1], help="separated by commas, of 1 to 16 (default: 1)")
    parser.add_argument("--episodes", type=at_least(LAST_EVALUATIONS), default=EPISODES)
    parser.add_argument("--jobs", type=at_least(1), default=1)
    parser.add_argument("--out", type=Path, default=Path("results/tuning-sb3.csv"))
    parser.add_argument("--server", help="address of an environment server; default: each run starts its own")
    args = parser.parse_args(arguments)
    agents, seeds = args.agents, args.seeds
    try:
        found = rows.read(args.out, COLUMNS)
    except ValueError as error:
        parser.error(str(error))
    there = {(one["agent"], one["world"], int(one["trial"]), int(one["seed"]), int(one["episodes"])) for one in found}
    of = {agent: [one for one in found if (one["agent"], one["world"]) == (agent, args.world)] for agent in agents}
    goes_on = {agent: list(range(args.trials)) for agent in agents}
    if args.best is not None:
        by = args.episodes if args.by is None else args.by
        try:
            goes_on = {agent: best(of[agent], args.best, args.trials, by) for agent in agents}
        except ValueError as error:
            parser.error(f"--best {args.best}: {error}")
    # Trial by trial, so that a search that is broken off was fair to all.
    trials = [(trial, agent, seed) for trial in range(args.trials) for agent in agents if trial in goes_on[agent] for seed in seeds]
    wanted = [Trial(agent, args.world, trial, seed, args.episodes) for trial, agent, seed in trials]
    missing = [one for one in wanted if (one.agent, one.world, one.trial, one.seed, one.episodes) not in there]
    progress = jobs.Progress(missing, lambda one: one.agent, args.jobs)

    def finished(one: Trial, row: rows.Row, seconds: float) -> None:
        found.append(row)
        order = "trial", "episodes", "seed"
        found.sort(key=lambda row: (list(AGENTS).index(row["agent"]), row["world"], *(int(row[name]) for name in order)))
        rows.write(args.out, COLUMNS, found)
        told = f"{one.agent} trial {one.trial} seed {one.seed}: {float(row['objective']):.2f} {row['params']}"
        _say(f"{progress.finished(one, seconds)}: {told}")

    jobs.preload("spikedrive.benchmark.run")
    try:
        jobs.for_each(missing, args.jobs, partial(run, server=args.server), finished)
    except ServerUnreachableError as error:
        parser.error(str(error))
    for agent in agents:
        _say(_chosen([row for row in found if (row["agent"], row["world"]) == (agent, args.world)], args.episodes))
    return 0


def best(found: list[rows.Row], n: int, trials: int, episodes: int) -> list[int]:
    """The n best of the first trials, by the mean objective of their runs of so many episodes over the seeds that all have."""
    objectives: dict[int, dict[str, float]] = {trial: {} for trial in range(trials)}
    for one in found:
        if int(one["episodes"]) == episodes and int(one["trial"]) < trials:
            objectives[int(one["trial"])][one["seed"]] = float(one["objective"])
    seeds = set.intersection(*(set(objective) for objective in objectives.values()))
    if not seeds:
        raise ValueError(
            f"not all of the {trials} trials have run for {episodes} episodes with one seed: run it without --best first"
        )
    return sorted(objectives, key=lambda trial: mean(objectives[trial][seed] for seed in seeds), reverse=True)[:n]


def ranked(found: list[rows.Row], episodes: int) -> list[int]:
    """Trials with runs of so many episodes, what to choose first: by the mean objective, after those with more seeds."""
    objectives: dict[int, list[float]] = {}
    for one in found:
        if int(one["episodes"]) == episodes:
            objectives.setdefault(int(one["trial"]), []).append(float(one["objective"]))
    return sorted(objectives, key=lambda trial: (len(objectives[trial]), mean(objectives[trial])), reverse=True)


def _chosen(found: list[rows.Row], episodes: int) -> str:
    """Tells which trial is the best."""
    first = ranked(found, episodes)[0]
    those = [one for one in found if (int(one["trial"]), int(one["episodes"])) == (first, episodes)]
    told = mean(float(one["objective"]) for one in those)
    return f"{those[0]['agent']}: trial {first} is best with {told:.2f} over {len(those)} seeds: {those[0]['params']}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 -- a command line


if __name__ == "__main__":
    sys.exit(main())
