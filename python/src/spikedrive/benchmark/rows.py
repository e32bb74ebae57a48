"""Raw results as CSV: a row for each run, and the evaluations of each run as its curve."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from spikedrive.benchmark.protocol import MILESTONES

COLUMNS = [
    "agent",
    "source",
    "inputs",
    "world",
    "seed",
    "config_hash",
    "protocol",
    "episodes",
    "env_steps",
    "training_crashes",
    *(f"{what}_to_{percent}" for percent in MILESTONES for what in ("episodes", "env_steps")),
    "return_h100",
    "min_h100",
    "crash_rate_h100",
    "return_h140",
    "min_h140",
    "crash_rate_h140",
    "acs_per_decision",
    "macs_per_decision",
    "neuron_updates_per_decision",
    "training_acs",
    "training_macs",
    "training_neuron_updates",
    "cpu_seconds",
]
CURVE_COLUMNS = ["agent", "world", "seed", "episode", "env_steps", "return", "crash_rate"]

# A row, by its columns. Numbers become text that reads back to the same number.
Row = dict[str, str]


def row(values: dict[str, object], columns: list[str]) -> Row:
    """A row of exactly these columns; nothing stands for what there is not."""
    if set(values) != set(columns):
        raise ValueError(f"a row has columns {sorted(values)}, expected {sorted(columns)}")
    return {name: "" if values[name] is None else str(values[name]) for name in columns}


def read(path: Path, columns: list[str]) -> list[Row]:
    """The rows of a file; none if there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != columns:
            raise ValueError(f"{path} has columns {reader.fieldnames}, expected {columns}: move it away")
        return list(reader)


def write(path: Path, columns: list[str], rows: Iterable[Row]) -> None:
    """Writes the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Results:
    """What has been measured, in memory as on disk: NAME.csv and NAME_curves.csv."""

    def __init__(self, directory: Path, name: str, agents: list[str]) -> None:
        self.rows_path = directory / f"{name}.csv"
        self.curves_path = directory / f"{name}_curves.csv"
        self._agents = agents
        self._rows = read(self.rows_path, COLUMNS)
        kept = {_key(one) for one in self._rows}
        self._curves = [point for point in read(self.curves_path, CURVE_COLUMNS) if _key(point) in kept]

    def has(self, agent: str, world: str, seed: int, config_hash: str) -> bool:
        """Whether this run, with these settings, is there already."""
        key = (agent, world, str(seed))
        return any(_key(one) == key and one["config_hash"] == config_hash for one in self._rows)

    def add(self, new: Row, curve: list[Row]) -> None:
        """Puts a run in the place of an older one, and writes both files, sorted whatever ended first."""
        key = _key(new)
        self._rows = sorted([*(one for one in self._rows if _key(one) != key), new], key=self._order)
        points = [*(point for point in self._curves if _key(point) != key), *curve]
        self._curves = sorted(points, key=lambda point: (*self._order(point), int(point["episode"])))
        # The curves first: a run counts as measured when its row is there.
        write(self.curves_path, CURVE_COLUMNS, self._curves)
        write(self.rows_path, COLUMNS, self._rows)

    def _order(self, one: Row) -> tuple[int, str, str, int]:
        known = one["agent"] in self._agents
        position = self._agents.index(one["agent"]) if known else len(self._agents)
        return (position, one["agent"], one["world"], int(one["seed"]))


def _key(one: Row) -> tuple[str, str, str]:
    return (one["agent"], one["world"], one["seed"])
