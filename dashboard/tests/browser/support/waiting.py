"""Waiting for something to be so. Nothing here waits longer than it must."""

import time

PATIENCE_S = 30.0
PAUSE_S = 0.03


def eventually(holds, what, pause=time.sleep, patience_s=PATIENCE_S):
    """Calls `holds` until what it returns is true, and returns that. `pause` lets time pass, in seconds."""
    end = time.monotonic() + patience_s
    while not (result := holds()):
        assert time.monotonic() < end, f"after {patience_s:.0f} s still not so: {what() if callable(what) else what}"
        pause(PAUSE_S)
    return result
