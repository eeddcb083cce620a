"""The same work on many things, on all processors."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from threading import Thread
from typing import Any, TypeVar

from fp8mac.gen.yosys import stop_all
from fp8mac.sim import cache

__all__ = ["in_parallel", "in_processes", "one_thread_each", "processors"]

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


def in_processes(
    work: Callable[..., Result],
    things: Iterable[Thing],
    arguments: tuple[Any, ...] = (),
    progress: Callable[[Thing, Result], None] = lambda thing, result: None,
    *,
    jobs: int | None = None,
) -> dict[Thing, Result]:
    """As `in_parallel`, for work that Python does itself: in processes that are started anew.

    Parameters
    ----------
    work : callable
        Called with a thing and the arguments; it and they pickle.
    things, progress, jobs
        See `in_parallel`.
    arguments : tuple
        The same for all things.
    """
    count = jobs or processors()
    with (
        one_thread_each(),
        ProcessPoolExecutor(count, get_context("spawn"), cache.say_nothing) as pool,
    ):
        return in_parallel(
            lambda thing: pool.submit(work, thing, *arguments).result(),
            things,
            progress,
            jobs=count,
            stop=_end_children,
        )


def _end_children() -> None:
    for child in active_children():
        child.terminate()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Child processes whose matrix library does not compete with the others'."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
