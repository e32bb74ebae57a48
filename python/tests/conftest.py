"""Real servers of this checkout for all tests, and a place of its own for each."""

import os

import pytest
from support import PROGRAMS, ROOT, Dashboard

# No window: pygame draws into memory.
os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
for variable in list(os.environ):
    if variable.startswith("SPIKEDRIVE_"):
        del os.environ[variable]
# Those of this checkout, whatever PATH has.
os.environ["SPIKEDRIVE_SERVER_BIN"] = str(PROGRAMS / "spikedrive-server")
os.environ["SPIKEDRIVE_BIN"] = str(PROGRAMS / "spikedrive")

from spikedrive._server import LocalServer  # noqa: E402


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


@pytest.fixture
def dashboard(tmp_path):
    """A dashboard that keeps its runs in a directory of its own."""
    started = Dashboard(tmp_path / "dashboard-runs")
    yield started
    started.stop()
