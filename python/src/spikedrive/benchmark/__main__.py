"""`python -m spikedrive.benchmark`: runs what is missing, one process a run, and keeps each run when it is finished."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from spikedrive import ServerUnreachableError
from spikedrive.benchmark import jobs, rows
from spikedrive.benchmark.arguments import at_least, names
from spikedrive.benchmark.protocol import EPISODES, HARD_WORLDS, WORLDS
from spikedrive.benchmark.run import NAMES, Job, run

# The worlds of a suite, and the name of its results.
SUITES = {"benchmark": (list(WORLDS), "benchmark-sb3"), "hard": (list(HARD_WORLDS), "hard-sb3")}


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and measures."""
    parser = _parser()
    args = parser.parse_args(arguments)
    known, name = SUITES[args.suite]
    worlds = args.worlds or known
    if unknown := [world for world in worlds if world not in known]:
        parser.error(f"{unknown[0]!r} is none of {', '.join(known)}, the worlds of the suite {args.suite}")
    try:
        results = rows.Results(args.out, name, NAMES)
    except ValueError as error:
        parser.error(str(error))
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    wanted = [Job(agent, world, seed, args.episodes) for world in worlds for agent in args.agents for seed in seeds]
    missing = [job for job in wanted if not results.has(job.agent, job.world, job.seed, job.config_hash())]
    _say(f"{len(wanted) - len(missing)} of {len(wanted)} runs are there already")
    progress = jobs.Progress(missing, lambda job: job.agent, args.jobs)

    def finished(job: Job, result: tuple[rows.Row, list[rows.Row]], seconds: float) -> None:
        results.add(*result)
        _say(f"{progress.finished(job, seconds)}: {job.agent} {job.world} seed {job.seed}: {_describe(result[0])}")

    jobs.preload("spikedrive.benchmark.run")
    try:
        jobs.for_each(missing, args.jobs, partial(run, server=args.server), finished)
    except ServerUnreachableError as error:
        parser.error(str(error))
    _say(f"raw data in {results.rows_path} and {results.curves_path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m spikedrive.benchmark", description=__doc__)
    parser.add_argument("--agents", type=names(NAMES), default=NAMES, help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--suite", choices=list(SUITES), default="benchmark", help="default: benchmark")
    parser.add_argument("--worlds", type=names([*WORLDS, *HARD_WORLDS]), help="default: all of the suite")
    parser.add_argument("--seeds", type=at_least(1), default=10, help="number of seeds (default: 10)")
    parser.add_argument("--first-seed", type=at_least(0), default=1001, help="the first of them (default: 1001)")
    parser.add_argument("--episodes", type=at_least(1), default=EPISODES, help="training episodes (default: 300)")
    parser.add_argument("--jobs", type=at_least(1), default=1, help="runs at the same time (default: 1)")
    parser.add_argument("--out", type=Path, default=Path("results"), help="directory of the results")
    parser.add_argument("--server", help="address of an environment server; default: each run starts its own")
    return parser


def _describe(row: rows.Row) -> str:
    reached = " / ".join(row[f"episodes_to_{percent}"] or "never" for percent in (90, 95, 98))
    h100, h140 = float(row["return_h100"]), float(row["return_h140"])
    return f"H100 {h100:.1f}, H140 {h140:.1f}, 90 / 95 / 98 % after {reached} episodes"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 -- a command line


if __name__ == "__main__":
    sys.exit(main())
