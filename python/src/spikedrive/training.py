"""Trains the project's own agent, the spiking network, from Python."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from spikedrive._errors import InvalidArgumentError, ProgramFailedError
from spikedrive._programs import find_program
from spikedrive._run_files import LOG_FILE, RUN_FILE, SUMMARY_FILE

_WORLD = (
    "rays",
    "sensor_noise",
    "sensor_latency",
    "actuator_lag",
    "gust",
    "varying_width",
    "predictive_reward",
    "steering_gain",
    "left_ray_gain",
)


@dataclass(frozen=True)
class TrainedRun:
    """A finished run on disk."""

    path: Path
    """Its directory: what `spikedrive evaluate --weights` takes."""

    @cached_property
    def config(self) -> dict[str, Any]:
        """`run.json`."""
        return _document(self.path / RUN_FILE)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """`summary.json`: milestones, crashes, the final test."""
        return _document(self.path / SUMMARY_FILE)

    @cached_property
    def episodes(self) -> list[dict[str, Any]]:
        """The records of `episodes.jsonl`."""
        lines = (self.path / LOG_FILE).read_text(encoding="utf-8").split("\n")[:-1]
        return [cast("dict[str, Any]", json.loads(line)) for line in lines]

    @property
    def returns(self) -> npt.NDArray[np.float64]:
        """Return of each training episode."""
        return np.array([record["return"] for record in self.episodes], dtype=np.float64)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Steps of each training episode."""
        return np.array([record["length"] for record in self.episodes], dtype=np.int64)

    @property
    def crashed(self) -> npt.NDArray[np.bool_]:
        """Whether each training episode ended in a crash."""
        return np.array([record["crashed"] for record in self.episodes], dtype=np.bool_)

    def weights(self, which: str = "best") -> npt.NDArray[np.floating[Any]]:
        """W[post, pre], of the best evaluation (`best`) or as they were at the end (`last`)."""
        if which not in ("best", "last"):
            raise InvalidArgumentError(f"which: {which!r} is neither best nor last")
        directory = self.path / "weights"
        if which == "last":
            return _matrix(directory / "last.npy")
        found = [(_document(sidecar), sidecar) for sidecar in directory.glob("weights_reward*.json")]
        if not found:
            raise InvalidArgumentError(f"{directory} holds no best weights, for there was no evaluation: use which='last'")
        best = max(found, key=lambda pair: (pair[0]["evaluation_return"], pair[0]["episode"]))[1]
        return _matrix(best.with_suffix(".npy"))


def train(
    *,
    preset: str = "stdp",
    curriculum: str | None = None,
    phase: int | None = None,
    episodes: int = 300,
    seed: int = 1,
    lanes: int = 1,
    horizon: int = 100,
    directory: str | os.PathLike[str] | None = None,
    runs: str | os.PathLike[str] | None = None,
    server: str | None = None,
    dashboard: str | None = None,
    world: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    arguments: Sequence[str] = (),
) -> TrainedRun:
    """Trains the spiking network with the program `spikedrive`, and waits until it is done.

    The program is that of SPIKEDRIVE_BIN, of PATH, or of a checkout's target directory; cargo builds it. The same arguments give
    the same weights, bit for bit.

    Args:
        preset: Network and rule: stdp, pathway, spikeless, memory, strict, e-prop, own-spike, strict-own-spike, predictive, frugal,
            dqn, ppo or seed.
        curriculum: Teach phases 1 to 4: `ceiling` (the default) or `seed`.
        phase: Teach this phase alone.
        episodes: Training episodes.
        seed: Seed of every random number.
        lanes: Cars that teach the same network.
        horizon: Steps of an episode.
        directory: Directory of the run, empty or absent; by default a new one below `runs`.
        runs: Directory that holds the runs.
        server: Environment server; by default one inside the program.
        dashboard: Dashboard to tell.
        world: Options of the world, by the names of `SessionConfig`.
        parameters: Changes to the preset, such as {"lif.noise_sd": 0.1}; `spikedrive config` lists them.
        arguments: More flags, as on the command line.

    Raises:
        ProgramNotFoundError: The program is nowhere to be found.
        ProgramFailedError: It ended with an error, which is the text.
    """
    if curriculum is not None and phase is not None:
        raise InvalidArgumentError(f"phase: {phase} was given beside curriculum {curriculum!r}: leave one of them out")
    command = [str(find_program("spikedrive", "SPIKEDRIVE_BIN")), "--quiet", "train", "--json"]
    flags: dict[str, Any] = {"preset": preset, "episodes": episodes, "seed": seed, "lanes": lanes, "horizon": horizon}
    flags |= {"phase": phase} if phase is not None else {"curriculum": curriculum or "ceiling"}
    flags |= {"runs": runs, "server": server, "dashboard": dashboard}
    command += _flags(flags) + _world(world or {})
    for path, value in (parameters or {}).items():
        command += ["--set", f"{path}={value if isinstance(value, str) else json.dumps(value)}"]
    if directory is not None:
        command += ["--out", os.fspath(directory)]
    return TrainedRun(Path(_run([*command, *arguments])["run"]))


def _flags(values: Mapping[str, Any]) -> list[str]:
    """Flags of the command line; what is None is left out."""
    pairs = [(name.replace("_", "-"), value) for name, value in values.items() if value is not None]
    return [f"--{name}={_text(value)}" for name, value in pairs]


def _world(world: Mapping[str, Any]) -> list[str]:
    unknown = [name for name in world if name not in _WORLD]
    if unknown:
        raise InvalidArgumentError(f"world: {unknown[0]!r} is no option: use {', '.join(_WORLD)}")
    return _flags(world)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _run(command: list[str]) -> dict[str, Any]:
    """Runs the program to its end; returns the JSON that it prints."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(  # noqa: S603 -- a program of the project
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints
        )
        try:
            output, _ = process.communicate()
        except BaseException:
            # It keeps its network and state on SIGTERM, as on the Ctrl-C that it may have got itself.
            process.terminate()
            process.wait()
            raise
        if process.returncode != 0:
            complaints.seek(0)
            text = complaints.read().decode(errors="replace").strip()
            raise ProgramFailedError(f"{command[0]} ended with status {process.returncode}: {text}")
    return cast("dict[str, Any]", json.loads(output))


def _document(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


def _matrix(path: Path) -> npt.NDArray[np.floating[Any]]:
    return cast("npt.NDArray[np.floating[Any]]", np.load(path))
