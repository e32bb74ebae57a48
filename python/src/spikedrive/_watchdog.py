"""Deadlines of a stream's answers: gRPC has them for whole calls alone.

A thread looks now and then whether an answer is overdue and cancels its call. That costs a step two assignments.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable

_INTERVAL = 0.5


class Deadline:
    """When the answer that is waited for is overdue, and what ends the waiting."""

    def __init__(self, cancel: Callable[[], object]) -> None:
        self._at = math.inf
        self._cancel = cancel
        self.passed = False
        _watch(self)

    def begin(self, seconds: float) -> None:
        """An answer is waited for."""
        self._at = time.monotonic() + seconds

    def end(self) -> None:
        """It is there."""
        self._at = math.inf

    def check(self, now: float) -> None:
        """Ends the waiting if it took too long."""
        if now > self._at:
            self.passed, self._at = True, math.inf
            self._cancel()


_lock = threading.Lock()
_watched: weakref.WeakSet[Deadline] = weakref.WeakSet()
_watching_pid = 0


def _watch(deadline: Deadline) -> None:
    global _watching_pid  # noqa: PLW0603 -- a thread does not survive a fork
    with _lock:
        _watched.add(deadline)
        if _watching_pid != os.getpid():
            _watching_pid = os.getpid()
            threading.Thread(target=_run, name="spikedrive-deadlines", daemon=True).start()


def _run() -> None:
    while True:
        time.sleep(_INTERVAL)
        with _lock:
            watched = list(_watched)
        now = time.monotonic()
        for deadline in watched:
            deadline.check(now)
        # Whoever is done with a session has no use for it here.
        del watched[:]


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 -- the parent may have held it
    _lock = threading.Lock()
    _watched.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
