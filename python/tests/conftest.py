"""Real servers of this checkout for all tests, and a place of its own for each."""

import os
from pathlib import Path

import pytest

# No window: pygame draws into memory.
os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
for variable in list(os.environ):
    if variable.startswith("SPIKEDRIVE_"):
        del os.environ[variable]

import spikedrive  # noqa: E402, F401 -- it registers
from spikedrive._server import LocalServer  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def server():
    """The address of a server."""
    local = LocalServer()
    yield local.address.text
    local.stop()


@pytest.fixture(scope="session")
def other_server():
    """That of another one."""
    local = LocalServer()
    yield local.address.text
    local.stop()


@pytest.fixture(scope="session")
def circuit():
    """The file of a circuit."""
    return str(ROOT / "circuits" / "example.csv")
