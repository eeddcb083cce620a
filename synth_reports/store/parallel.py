"""The same work on many things, on all processors."""

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from threading import Thread
from typing import TypeVar

from fp8mac.gen.yosys import stop_all

__all__ = ["in_parallel", "processors"]

Thing = TypeVar("Thing")
Result = TypeVar("Result")

_LOOK_SECONDS = 0.2


def in_parallel(
    work: Callable[[Thing], Result],
    things: Iterable[Thing],
    progress: Callable[[Thing, Result], None] = lambda thing, result: None,
    *,
    jobs: int | None = None,
    stop: Callable[[], None] = stop_all,
) -> dict[Thing, Result]:
    """Results by thing, in the order of the things.

    Parameters
    ----------
    work : callable
        Called in threads; what takes time in it is a child process.
    things : iterable
        Different from each other.
    progress : callable
        Called with each thing and its result when it is done, in any order.
    jobs : int, optional
        Threads; one a processor unless told.
    stop : callable
        Ends the child processes; called when one of the things fails or the user interrupts, until
        no thread waits for them.
    """
    # The pool forgets a thread that it was starting when a signal came. What threads add and take
    # away are marks, not things: comparing those runs Python, in the middle of which others change
    # the collection.
    active: set[object] = set()

    def watched(thing: Thing) -> Result:
        mark = object()
        active.add(mark)
        try:
            return work(thing)
        finally:
            active.remove(mark)

    with ThreadPoolExecutor(jobs or processors()) as pool:
        try:
            running = {pool.submit(watched, thing): thing for thing in things}
            waiting = set(running)
            while waiting:
                # A signal that comes to another thread, or just before the wait, does not end it.
                done, waiting = wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
                for job in done:
                    progress(running[job], job.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end = Thread(target=pool.shutdown)
            end.start()
            while end.is_alive() or active:
                stop()
                time.sleep(0.05)
            raise
    return {thing: job.result() for job, thing in running.items()}


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
