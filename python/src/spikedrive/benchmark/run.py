"""One run of a driver by the protocol: its row and its curve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass

from spikedrive import __version__
from spikedrive.baselines.agents import AGENTS
from spikedrive.baselines.inputs import Inputs
from spikedrive.benchmark import lanes, rows
from spikedrive.benchmark.evaluate import Driven, Driver, drive
from spikedrive.benchmark.protocol import (
    HORIZON,
    MILESTONES,
    PROTOCOL,
    TEST_HORIZONS,
    TEST_TRACKS,
    Evaluation,
    Milestones,
)
from spikedrive.benchmark.scripts import SCRIPTS
from spikedrive.benchmark.train import train

NAMES = [*AGENTS, *SCRIPTS]


@dataclass(frozen=True)
class Job:
    """What decides a run."""

    agent: str
    world: str
    seed: int
    episodes: int

    def config_hash(self) -> str:
        """Of all that decides the run besides its seed: first 8 bytes of SHA-256, hexadecimal."""
        config = {"agent": self.agent, "world": self.world, "protocol": PROTOCOL}
        if self.agent in AGENTS:
            agent = AGENTS[self.agent].tuned_for(self.world)
            algorithm = agent.algorithm.__name__.rsplit(".", 1)[-1]
            config |= {"algorithm": algorithm, "inputs": agent.inputs, "params": asdict(agent.params)}
            config |= {"source": agent.source, "episodes": self.episodes, "horizon": HORIZON}
        return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16]


def run(job: Job, server: str | None) -> tuple[rows.Row, list[rows.Row]]:
    """Trains, tests, and tells the row and the curve."""
    return _script(job, server) if job.agent in SCRIPTS else _baseline(job, server)


def _baseline(job: Job, server: str | None) -> tuple[rows.Row, list[rows.Row]]:
    agent = AGENTS[job.agent].tuned_for(job.world)
    trained = train(agent, job.world, job.seed, job.episodes, server)
    with trained.counter.aside() as macs:
        tests = [_test(trained.model, job.world, agent.inputs, TEST_HORIZONS[0], server)]
    # What was computed for lanes that waited for others is no decision of the test: every decision costs the same.
    per_decision = macs[0] / (TEST_TRACKS * int(tests[0].lengths.max()))
    tests += [_test(trained.model, job.world, agent.inputs, horizon, server) for horizon in TEST_HORIZONS[1:]]
    row = _row(
        job,
        source=agent.source,
        inputs=agent.inputs,
        episodes=trained.meter.episodes,
        env_steps=trained.meter.env_steps,
        training_crashes=trained.meter.crashes,
        milestones=trained.milestones,
        tests=tests,
        macs_per_decision=per_decision,
        training_macs=trained.training_macs,
        cpu_seconds=round(trained.cpu_seconds, 2),
    )
    return row, list(_curve(job, trained.curve))


def _script(job: Job, server: str | None) -> tuple[rows.Row, list[rows.Row]]:
    script = SCRIPTS[job.agent](job.seed)
    row = _row(
        job,
        source=f"spikedrive (Python) {__version__}",
        inputs="sensors",
        episodes=0,
        env_steps=0,
        training_crashes=0,
        milestones=Milestones(),
        tests=[_test(script, job.world, "distances", horizon, server) for horizon in TEST_HORIZONS],
        macs_per_decision=0,
        training_macs=0,
        cpu_seconds=0,
    )
    return row, []


def _test(driver: Driver, world: str, inputs: str, horizon: int, server: str | None) -> Driven:
    """The final policy on all test tracks."""
    with closing(lanes.held_out(world, "test", TEST_TRACKS, horizon, server)) as env:
        return drive(driver, env, Inputs(inputs, TEST_TRACKS))


def _row(
    job: Job,
    *,
    milestones: Milestones,
    tests: list[Driven],
    **values: object,
) -> rows.Row:
    values |= {"agent": job.agent, "world": job.world, "seed": job.seed, "config_hash": job.config_hash()}
    values |= {"protocol": PROTOCOL, "acs_per_decision": 0, "neuron_updates_per_decision": 0}
    values |= {"training_acs": 0, "training_neuron_updates": 0}
    for percent in MILESTONES:
        reached = milestones.reached.get(percent)
        values[f"episodes_to_{percent}"] = reached and reached.episode
        values[f"env_steps_to_{percent}"] = reached and reached.env_steps
    for horizon, driven in zip(TEST_HORIZONS, tests, strict=True):
        values[f"return_h{horizon}"] = driven.mean_return
        values[f"min_h{horizon}"] = float(driven.returns.min())
        values[f"crash_rate_h{horizon}"] = driven.crash_rate
    return rows.row(values, rows.COLUMNS)


def _curve(job: Job, evaluations: Iterable[Evaluation]) -> Iterable[rows.Row]:
    for one in evaluations:
        values = {"agent": job.agent, "world": job.world, "seed": job.seed, "episode": one.episode}
        values |= {"env_steps": one.env_steps, "return": one.mean_return, "crash_rate": one.crash_rate}
        yield rows.row(values, rows.CURVE_COLUMNS)
