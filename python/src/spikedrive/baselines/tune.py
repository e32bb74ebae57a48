"""`python -m spikedrive.baselines.tune`: random search, as many trials for every baseline, on validation tracks alone.

Trial 0 has the defaults of the algorithm's `Params`. Every other one is drawn from its `SPACE`, by a generator of the
trial's number: trial k of an algorithm has the same settings whatever the agent is told. The objective is the mean
validation return over the last five evaluations, averaged over the seeds. The test tracks are not touched. The settings
that were chosen stand in the algorithm's `PARAMS`.
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

from spikedrive.baselines.agents import AGENTS, Agent
from spikedrive.benchmark import jobs, rows
from spikedrive.benchmark.protocol import EPISODES, HARD_WORLDS, WORLDS
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
    trained = train(replace(agent, params=params), trial.world, trial.seed, trial.episodes, server)
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
    parser.add_argument("--agents", default=",".join(AGENTS), help="separated by commas; default: all")
    parser.add_argument("--world", choices=[*WORLDS, *HARD_WORLDS], default="base", help="default: base")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--seeds", default="1", help="separated by commas, of 1 to 16 (default: 1)")
    parser.add_argument("--episodes", type=int, default=EPISODES)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("results/tuning-sb3.csv"))
    parser.add_argument("--server", help="address of an environment server; default: each run starts its own")
    args = parser.parse_args(arguments)
    agents, seeds = args.agents.split(","), [int(seed) for seed in args.seeds.split(",")]
    if unknown := [name for name in agents if name not in AGENTS]:
        parser.error(f"{unknown[0]!r} is none of {', '.join(AGENTS)}")
    found = rows.read(args.out, COLUMNS)
    there = {(one["agent"], one["world"], int(one["trial"]), int(one["seed"]), int(one["episodes"])) for one in found}
    # Trial by trial, so that a search that is broken off was fair to all.
    trials = [(trial, agent, seed) for trial in range(args.trials) for agent in agents for seed in seeds]
    wanted = [Trial(agent, args.world, trial, seed, args.episodes) for trial, agent, seed in trials]
    missing = [one for one in wanted if (one.agent, one.world, one.trial, one.seed, one.episodes) not in there]
    progress = jobs.Progress(missing, lambda one: one.agent, args.jobs)

    def finished(one: Trial, row: rows.Row, seconds: float) -> None:
        found.append(row)
        found.sort(key=lambda row: (list(AGENTS).index(row["agent"]), row["world"], int(row["trial"]), int(row["seed"])))
        rows.write(args.out, COLUMNS, found)
        told = f"{one.agent} trial {one.trial} seed {one.seed}: {float(row['objective']):.2f} {row['params']}"
        _say(f"{progress.finished(one, seconds)}: {told}")

    jobs.preload("spikedrive.benchmark.run")
    jobs.for_each(missing, args.jobs, partial(run, server=args.server), finished)
    for agent in agents:
        _say(_best([row for row in found if row["agent"] == agent and row["world"] == args.world]))
    return 0


def _best(found: list[rows.Row]) -> str:
    """The trial with the best mean over its seeds."""
    means = {
        trial: mean(float(row["objective"]) for row in found if row["trial"] == trial) for trial in {row["trial"] for row in found}
    }
    best = max(means, key=lambda trial: means[trial])
    row = next(row for row in found if row["trial"] == best)
    return f"{row['agent']}: trial {best} is best with {means[best]:.2f}: {row['params']}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 -- a command line


if __name__ == "__main__":
    sys.exit(main())
