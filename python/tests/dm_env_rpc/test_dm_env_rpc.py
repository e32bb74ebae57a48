"""DeepMind's tests and our own, against a server of this checkout."""

import official
import own_episodes
import own_errors
import own_protocol
import pytest
from target import TARGET


@pytest.fixture(scope="module", autouse=True)
def _target(server):
    TARGET.point_at(server, server)


globals().update(
    {
        f"Test{module.__name__.title().replace('_', '')}{case.__name__}": case
        for module in (official, own_episodes, own_errors, own_protocol)
        for case in module.CASES
    }
)
