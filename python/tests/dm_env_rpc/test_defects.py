"""The tests are tested: each of many wrong servers fails at least one of them, a right one behind the same proxy none."""

import unittest

import defects_protocol  # noqa: F401 -- each registers its own
import defects_resets  # noqa: F401
import defects_steps  # noqa: F401
import defects_worlds  # noqa: F401
import official
import own_episodes
import own_errors
import own_protocol
import pytest
from defects import REGISTRY
from proxy import Proxy, Stream
from target import TARGET

CASES = [case for module in (own_protocol, own_errors, own_episodes, official) for case in module.CASES]
# Long enough for a loaded machine, and what a defect takes that lets its client wait.
DEADLINE = 4.0


def failures(kind, server, cases, deadline):
    """The tests that fail on a server behind a proxy: none, or the first one."""
    proxy = Proxy(server, kind)
    TARGET.point_at(proxy.address, server, deadline)
    try:
        loader = unittest.TestLoader()
        suite = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in cases)
        result = unittest.TestResult()
        result.failfast = True
        suite.run(result)
        assert result.testsRun > 0
        assert proxy.faults == []
        return [test.id() for test, _ in result.failures + result.errors]
    finally:
        TARGET.forget(proxy.address)
        proxy.stop()


def test_a_proxy_without_a_defect_passes_all_of_them(server):
    assert failures(Stream, server, CASES, 60.0) == []


def test_defects_have_names_and_are_tried_on_tests_that_there_are():
    assert len({kind.__name__ for kind, _ in REGISTRY}) == len(REGISTRY) >= 100
    assert {case for _, case in REGISTRY} <= {case.__name__ for case in CASES}


@pytest.mark.parametrize(("kind", "tried_first"), REGISTRY, ids=[kind.__name__ for kind, _ in REGISTRY])
def test_a_defect_is_found(kind, tried_first, server):
    cases = sorted(CASES, key=lambda case: case.__name__ != tried_first)
    assert failures(kind, server, cases, DEADLINE)
