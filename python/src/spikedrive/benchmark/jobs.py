"""Runs many jobs, each in a process of its own, and tells how far it is."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from typing import Generic, TypeVar

# A process forked from one that did nothing but import is as clean as a new one, and seconds faster to start.
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"

Job = TypeVar("Job", bound=Hashable)
Result = TypeVar("Result")


class Progress(Generic[Job]):
    """How long jobs took, and how long the rest will take: as long as finished ones of the same kind."""

    def __init__(self, jobs: Sequence[Job], kind: Callable[[Job], str], parallel: int) -> None:
        self._left = list(jobs)
        self._all = len(jobs)
        self._kind = kind
        self._parallel = parallel
        self._seconds: dict[str, list[float]] = {}

    def finished(self, job: Job, seconds: float) -> str:
        """Notes a finished job; `[3/40] 17 s, about 12 min left`."""
        self._left.remove(job)
        self._seconds.setdefault(self._kind(job), []).append(seconds)
        every = [one for some in self._seconds.values() for one in some]
        expected = sum(_mean(self._seconds.get(self._kind(left), every)) for left in self._left) / self._parallel
        return f"[{self._all - len(self._left)}/{self._all}] {seconds:.0f} s, about {expected / 60:.0f} min left"


def for_each(
    jobs: Sequence[Job],
    parallel: int,
    work: Callable[[Job], Result],
    finished: Callable[[Job, Result, float], None],
) -> None:
    """Works on all jobs, `parallel` at a time; `finished` hears of each in this process. The first failure ends it.

    `work` must be importable: it runs in a process of its own for each job, so that no run can touch another.
    """
    with ThreadPoolExecutor(parallel) as threads:
        futures = {threads.submit(_in_process, work, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                result, seconds = future.result()
                finished(futures[future], result, seconds)
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def preload(module: str) -> None:
    """Imports a module once for all processes of jobs, where the system can fork one that has it."""
    if METHOD == "forkserver":
        multiprocessing.set_forkserver_preload([module])


def _in_process(work: Callable[[Job], Result], job: Job) -> tuple[Result, float]:
    start = time.monotonic()
    context = multiprocessing.get_context(METHOD)
    with ProcessPoolExecutor(1, mp_context=context) as process:
        result = process.submit(work, job).result()
    return result, time.monotonic() - start


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
