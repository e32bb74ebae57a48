"""Finds the project's programs. They are built by cargo, never by pip."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from spikedrive._errors import ProgramNotFoundError


def find_program(name: str, variable: str) -> Path:
    """A program: what the environment variable names, else that of PATH, else that of a checkout, release before debug.

    A checkout is looked for above this package and above the working directory.
    """
    named = os.environ.get(variable)
    if named:
        if not _is_program(Path(named)):
            raise ProgramNotFoundError(f"{variable}: {named!r} is no program: let it name {name}, or unset it")
        return Path(named)
    found = shutil.which(name)
    if found:
        return Path(found)
    for root in _checkouts():
        for profile in ("release", "debug"):
            program = root / "target" / profile / name
            if _is_program(program):
                return program
    raise ProgramNotFoundError(
        f"{name} is not found: neither {variable} nor PATH has it, and there is no checkout with target/release/{name} "
        f"above {Path.cwd()}. Build it with `cargo build --release` in a checkout of SpikeDrive, then start Python there, "
        f"or let {variable} name it; or give the address of a running server: server=, or SPIKEDRIVE_SERVER"
    )


def _checkouts() -> Iterator[Path]:
    for start in (Path(__file__).resolve(), Path.cwd()):
        for directory in (start, *start.parents):
            if (directory / "proto" / "spikedrive" / "v1" / "environment.proto").is_file():
                yield directory


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
