"""The same work on many things, on all processors."""

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from fp8mac.gen.yosys import stop_all

__all__ = ["in_parallel", "processors"]

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[[Thing], Result],
    things: Iterable[Thing],
    progress: Callable[[Thing], None] = lambda thing: None,
) -> dict[Thing, Result]:
    """Results by thing, in the order of the things.

    Parameters
    ----------
    work : callable
        Called in threads; what takes time in it is Yosys, which is ended where one of them fails
        or the user interrupts.
    things : iterable
        Different from each other.
    progress : callable
        Called with each thing when it is done, in any order.
    """
    with ThreadPoolExecutor(processors()) as pool:
        jobs = {pool.submit(work, thing): thing for thing in things}
        try:
            for job in as_completed(jobs):
                job.result()
                progress(jobs[job])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while any(job.running() for job in jobs):
                stop_all()
                time.sleep(0.05)
            raise
    return {thing: job.result() for job, thing in jobs.items()}


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
