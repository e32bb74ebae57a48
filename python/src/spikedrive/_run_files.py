"""A run's directory, as docs/formats.md describes it: run.json, episodes.jsonl, summary.json."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import IO, Any

from spikedrive._errors import InvalidArgumentError

RUN_FILE, LOG_FILE, SUMMARY_FILE = "run.json", "episodes.jsonl", "summary.json"
SCHEMA_VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
# A dashboard refuses longer records.
_MAX_RECORD = 1 << 16


class RunFiles:
    """The directory of a run that is written; made new."""

    def __init__(self, directory: Path, info: dict[str, Any]) -> None:
        if not _NAME.fullmatch(directory.name):
            raise InvalidArgumentError(
                f"directory: {directory.name!r} is no name of a run: use 1 to 128 letters, digits, `.`, `_` and `-`, "
                "not beginning with a dot"
            )
        if (directory / RUN_FILE).exists():
            raise InvalidArgumentError(f"directory: {str(directory)!r} holds a run already: choose another")
        self.directory = directory
        self.run_json = dump(info)
        directory.mkdir(parents=True, exist_ok=True)
        self._log: IO[bytes] = (directory / LOG_FILE).open("ab")
        _lock(self._log)
        write_whole(directory / RUN_FILE, self.run_json)

    @property
    def log(self) -> Path:
        """The file of the episodes."""
        return self.directory / LOG_FILE

    def append(self, record: dict[str, Any]) -> None:
        """Appends the record of an episode."""
        line = dump(record).encode()
        if len(line) > _MAX_RECORD:
            raise InvalidArgumentError(f"the record of an episode takes {len(line)} bytes, more than {_MAX_RECORD}")
        self._log.write(line + b"\n")
        self._log.flush()

    def finish(self, summary: dict[str, Any]) -> str:
        """Writes the result; returns it as it was written."""
        text = dump(summary)
        write_whole(self.directory / SUMMARY_FILE, text)
        return text

    def close(self) -> None:
        """Lets go of the log."""
        self._log.close()


class LogReader:
    """Reads whole lines of a growing log: the queue of what is to be sent, which holds everything and takes no memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def rewind(self, lines: int) -> None:
        """Goes back to what follows the first `lines`."""
        self._offset = 0
        while lines > 0 and (passed := self.read(lines)):
            lines -= len(passed)

    def read(self, most: int = 200) -> list[str]:
        """The next lines."""
        lines: list[str] = []
        with self._path.open("rb") as log:
            log.seek(self._offset)
            while len(lines) < most and (line := log.readline()).endswith(b"\n"):
                self._offset += len(line)
                lines.append(line.decode().rstrip("\n"))
        return lines


def dump(value: dict[str, Any]) -> str:
    """JSON in one line; NaN and infinity, which JSON has not, are refused."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"a record is no JSON: {error}") from error


def write_whole(path: Path, text: str) -> None:
    """Writes a file under a temporary name, syncs it, and renames it."""
    descriptor, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are private to their owner; finished ones are not.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _lock(log: IO[bytes]) -> None:
    """Tells others that this process writes the log, where there are locks."""
    try:
        import fcntl  # noqa: PLC0415 -- not on every platform
    except ImportError:
        return
    fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
