"""Keeps a run of any agent as the project keeps its own, and tells a dashboard of it while it goes on."""

from __future__ import annotations

import math
import os
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, SupportsFloat, SupportsInt

import numpy as np
import numpy.typing as npt

from spikedrive._address import parse_address
from spikedrive._errors import InvalidArgumentError
from spikedrive._proto import telemetry_pb2 as pb
from spikedrive._publisher import Publisher
from spikedrive._run_files import LOG_FILE, SCHEMA_VERSION, LogReader, RunFiles
from spikedrive._world import Road

__all__ = ["Run"]


class Run:
    """A run of an agent: a directory that the dashboard reads, and a stream to one.

    >>> with Run("dqn", seed=1, episodes=300, dashboard="127.0.0.1:50052") as run:
    ...     for _ in range(300):
    ...         run.episode(drive_an_episode(), length=100, crashed=False)

    A dashboard that is absent, frozen or lost neither slows nor breaks the run: it is told of all episodes when it is there
    again. Pause and speed that its viewers ask for are not obeyed.

    Args:
        preset: Name of the agent, such as `dqn`.
        seed: Seed of the run.
        episodes: Training episodes that are planned.
        directory: Directory of this run, which must hold none; by default `<utc>-<preset>-s<seed>` below `runs`.
        runs: Directory that holds the runs; by default that of SPIKEDRIVE_RUNS, else `runs`.
        dashboard: Address that agents publish to; by default that of SPIKEDRIVE_DASHBOARD, else none.
        token_file: File with the dashboard's token; by default that of SPIKEDRIVE_DASHBOARD_TOKEN_FILE.
        config: Hyper-parameters, for the dashboard's table.
        phase: Phase that is trained on, 1 to 4.
        world: Options of the world, by the names of `SessionConfig`.
    """

    def __init__(
        self,
        preset: str,
        *,
        seed: int,
        episodes: int,
        directory: str | os.PathLike[str] | None = None,
        runs: str | os.PathLike[str] | None = None,
        dashboard: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        config: dict[str, Any] | None = None,
        phase: int | None = None,
        world: dict[str, Any] | None = None,
    ) -> None:
        now = datetime.now(timezone.utc)
        parent = Path(runs or os.environ.get("SPIKEDRIVE_RUNS") or "runs")
        self._info = {
            "schema_version": SCHEMA_VERSION,
            "started_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "environment_id": "SpikeDrive-v1",
            "preset": preset,
            "seed": seed,
            "episodes": episodes,
            "lesson": None if phase is None else {"phase": phase},
            "world": world,
            "config": config or {},
        }
        self._phase = phase
        address = dashboard or os.environ.get("SPIKEDRIVE_DASHBOARD")
        parsed = parse_address(address) if address else None
        token = _token(token_file or os.environ.get("SPIKEDRIVE_DASHBOARD_TOKEN_FILE")) if parsed else None
        name = f"{now.strftime('%Y%m%dT%H%M%SZ')}-{preset}-s{seed}"
        self._files = RunFiles(Path(directory) if directory is not None else _unused(parent, name), self._info)
        self.episodes = 0
        """Episodes so far."""
        self._env_steps = 0
        self._crashes = 0
        self._step = 0
        self._return = 0.0
        self._publisher: Publisher | None = None
        self._closed = False
        if parsed is not None:
            start = pb.RunStart(run_id=self.directory.name, run_json=self._files.run_json)
            self._publisher = Publisher(parsed, token, start, LogReader(self._files.log))

    @property
    def directory(self) -> Path:
        """Where the run is kept."""
        return self._files.directory

    @property
    def frames_wanted(self) -> bool:
        """Whether anybody looks at pictures just now: what nobody wants need not be built."""
        return self._publisher is not None and self._publisher.frames_wanted

    def episode(
        self,
        episode_return: SupportsFloat,
        *,
        length: SupportsInt | None = None,
        crashed: bool | None = None,
        phase: int | None = None,
        env_steps: SupportsInt | None = None,
        evaluation: dict[str, float] | None = None,
        **more: Any,  # noqa: ANN401 -- whatever JSON holds
    ) -> None:
        """Keeps a finished training episode, and tells of it.

        Args:
            episode_return: Sum of the true rewards.
            length: Steps.
            crashed: Whether it ended in a crash.
            phase: Phase, if it is not that of the run.
            env_steps: Training steps so far; by default the sum of the lengths.
            evaluation: Greedy evaluation that followed: `mean`, `percent_of_ceiling`, `crash_rate`.
            **more: What else shall be kept of it.
        """
        value = float(episode_return)
        if not math.isfinite(value):
            raise InvalidArgumentError(f"episode_return: {value} is not finite")
        steps = int(length) if length is not None else None
        self._env_steps = int(env_steps) if env_steps is not None else self._env_steps + (steps or 0)
        record = {
            **more,
            "episode": self.episodes + 1,
            "phase": self._phase if phase is None else phase,
            "return": value,
            "length": steps,
            "crashed": crashed,
            "env_steps": self._env_steps,
            "evaluation": evaluation,
        }
        self._files.append(record)
        self.episodes += 1
        self._crashes += bool(crashed)
        self._step, self._return = 0, 0.0

    def road(self, road: Road, name: str = "") -> None:
        """Shows the road of the episode that begins: `info["road"]` of a reset with `info=True`."""
        if self._publisher is not None:
            self._publisher.put_road(
                pb.Road(
                    episode=self.episodes + 1,
                    name=name,
                    closed=road.closed,
                    centre=np.ascontiguousarray(road.centre, dtype="<f4").tobytes(),
                    half_widths=np.ascontiguousarray(road.half_widths, dtype="<f4").tobytes(),
                )
            )

    def frame(
        self,
        pose: npt.ArrayLike,
        observation: npt.ArrayLike,
        action: SupportsInt,
        reward: SupportsFloat,
        *,
        action_shares: npt.ArrayLike | None = None,
        value: SupportsFloat | None = None,
        dopamine: SupportsFloat | None = None,
    ) -> None:
        """Shows a step, if anybody looks. Called after each step, with what was before it.

        Args:
            pose: `info["pose"]` before the action.
            observation: What the action answered.
            action: 0 left, 1 straight, 2 right.
            reward: What it brought.
            action_shares: Probability of each action.
            value: What the agent expected.
            dopamine: TD error of the step before.
        """
        self._return += float(reward)
        step, self._step = self._step, self._step + 1
        if not self.frames_wanted or self._publisher is None:
            return
        x, y, heading = np.asarray(pose, dtype=np.float64)[:3]
        shares = b"" if action_shares is None else np.asarray(action_shares, dtype="<f4").tobytes()
        self._publisher.put_frame(
            pb.Frame(
                episode=self.episodes + 1,
                step=step,
                phase=self._phase or 0,
                x=x,
                y=y,
                heading_rad=heading,
                observation=np.asarray(observation, dtype="<f4").tobytes(),
                action=int(action),
                action_shares=shares,
                reward=float(reward),
                episode_return=self._return,
                value=None if value is None else float(value),
                dopamine=None if dopamine is None else float(dopamine),
                mode=pb.DRIVE_MODE_TRAINING,
            )
        )

    def finish(self, **summary: Any) -> None:  # noqa: ANN401 -- whatever JSON holds
        """Ends the run with a result: `summary.json`. What is given goes beside what the run knows of itself."""
        if self._closed:
            raise InvalidArgumentError("the run is over already")
        known = {key: self._info[key] for key in ("schema_version", "preset", "lesson", "world", "seed")}
        known |= {"run": self.directory.name, "episodes": self.episodes}
        known |= {"env_steps": self._env_steps, "training_crashes": self._crashes}
        self._end(self._files.finish(known | summary))

    def close(self) -> None:
        """Ends a run without a result, as one that was broken off. After `finish` it does nothing."""
        if not self._closed:
            self._end("")

    def _end(self, summary: str) -> None:
        self._closed = True
        if self._publisher is not None:
            self._publisher.close(summary)
        self._files.close()

    def __enter__(self) -> Run:
        """The run."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Finishes the run, or closes it where an exception breaks it off."""
        if self._closed:
            return
        if kind is None:
            self.finish()
        else:
            self.close()


def _unused(parent: Path, name: str) -> Path:
    """A name that no run has yet."""
    names = (name if k == 1 else f"{name}-{k}" for k in range(1, 10_000))
    return next(parent / each for each in names if not (parent / each / LOG_FILE).exists())


def _token(file: str | os.PathLike[str] | None) -> str | None:
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidArgumentError(f"token_file: {os.fspath(file)!r} cannot be read: {error}") from error
