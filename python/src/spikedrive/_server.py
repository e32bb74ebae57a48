"""Which server is asked; and the one that is started where none is named."""

from __future__ import annotations

import atexit
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from spikedrive._address import Address, parse_address
from spikedrive._channel import close_channels
from spikedrive._errors import InvalidArgumentError, ProgramFailedError
from spikedrive._programs import find_program
from spikedrive._security import Credentials, Security

_START_TIMEOUT = 20.0
_STOP_TIMEOUT = 2.0


def resolve(server: str | None) -> Address:
    """The address that was given, else that of SPIKEDRIVE_SERVER, else that of a server of this process's own."""
    text = server or os.environ.get("SPIKEDRIVE_SERVER")
    if text:
        return parse_address(text)
    global _local  # noqa: PLW0603 -- one for each process
    with _lock:
        if _local is None or not _local.runs():
            _local = LocalServer()
        return _local.address


def reach(server: str | None, security: Security | None) -> tuple[Address, Credentials]:
    """A server, and what is trusted and shown there: what the environment variables name, if nothing is given."""
    if not isinstance(security, Security | None):
        # It might be a secret: it is not shown.
        raise InvalidArgumentError(
            f"security: a {type(security).__name__}, and no spikedrive.Security: use Security(ca=..., token_file=...)"
        )
    address = resolve(server)
    return address, (security or Security.from_environment()).read(address)


class LocalServer:
    """A server on a free port of this machine. It ends with this process, however that ends."""

    def __init__(self) -> None:
        program = self._program = find_program("spikedrive-server", "SPIKEDRIVE_SERVER_BIN")
        self._pid = os.getpid()
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- as long as the server
        with tempfile.TemporaryDirectory(prefix="spikedrive-") as directory:
            ready = Path(directory) / "address"
            arguments = ["--listen", "127.0.0.1:0", "--stop-on-stdin-eof", "--ready-file", str(ready)]
            try:
                self._process = subprocess.Popen(  # noqa: S603 -- a program of the project
                    [program, *arguments],
                    # The pipe ends with this process, and the server with the pipe.
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=self._log,
                    # Ctrl-C is for this process: it may want to finish an episode.
                    start_new_session=True,
                    env=_environment(),
                )
            except OSError as error:
                raise ProgramFailedError(f"{program} cannot be started: {error}") from error
            try:
                self.address = parse_address(self._wait(ready))
            except BaseException:
                self.stop()
                raise

    def runs(self) -> bool:
        """Whether it is there still. A process that was forked off shares the server of its parent."""
        return self._pid != os.getpid() or self._process.poll() is None

    def stop(self) -> None:
        """Ends it. A process that was forked off leaves it alone."""
        if self._pid != os.getpid():
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._log.close()

    def _wait(self, ready: Path) -> str:
        deadline = time.monotonic() + _START_TIMEOUT
        while not ready.exists():
            if self._process.poll() is not None:
                raise ProgramFailedError(f"{self._program} ended with status {self._process.returncode}: {self._complaint()}")
            if time.monotonic() > deadline:
                raise ProgramFailedError(
                    f"the server did not start within {_START_TIMEOUT:.0f} s: {self._complaint() or 'it says nothing'}"
                )
            time.sleep(0.002)
        return ready.read_text(encoding="utf-8").strip()

    def _complaint(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:].decode(errors="replace").strip()


def _environment() -> dict[str, str]:
    """That of this process, without what is for a server that others use: certificates, tokens, and metrics unless asked for."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("SPIKEDRIVE_SERVE_")}
    return {"SPIKEDRIVE_LOG": "warn", "SPIKEDRIVE_METRICS": "off"} | mine


_lock = threading.Lock()
_local: LocalServer | None = None


@atexit.register
def stop_server() -> None:
    """Ends the server of this process, if it has one."""
    global _local
    # Its streams end first, and in order.
    close_channels()
    local, _local = _local, None
    if local is not None:
        local.stop()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 -- the parent may have held it
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
