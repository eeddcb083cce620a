"""Who does jobs: this process, others beside it, or a Dask cluster. What is lost is done again.

::

    with scheduler:
        for job, result in scheduler.each(work, jobs):      in the order in which they are done
            ...

`work` takes a job and raises nothing: what it returns is the result. Where a process that works on
a job ends, another one does the job; the third time the result is `Lost`.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Protocol, Self

from fp8mac.gen.yosys import stop_all
from fp8mac.hw.config.errors import Error
from fp8mac.sim import cache
from fp8mac.synth_reports.store.parallel import one_thread_each

__all__ = ["Cluster", "Here", "Lost", "Processes", "ScheduleError", "Scheduler"]

Work = Callable[[Any], Any]

_TRIES = 3
_LOOK_SECONDS = 0.2


class ScheduleError(Error, RuntimeError):
    """Nobody to do the jobs; one sentence for the user."""


@dataclass(frozen=True)
class Lost:
    """Result of a job during which processes ended, again and again."""

    sentence: str = f"The processes that worked on it ended, {_TRIES} times."


class Scheduler(Protocol):
    """Who does jobs."""

    width: int
    """Jobs at a time."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def each(self, work: Work, jobs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """Jobs and their results, in the order in which they are done."""
        ...


class Here:
    """The process itself, one job after the other."""

    width = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def each(self, work: Work, jobs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """See `Scheduler.each`."""
        for job in jobs:
            yield job, work(job)


class Processes:
    """Processes of this machine, which end with this one, however it ends.

    Parameters
    ----------
    width : int
        How many.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is None:
            return
        if error[0] is not None:
            for child in self._children():
                child.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def each(self, work: Work, jobs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """See `Scheduler.each`."""
        waiting, suspects = list(jobs)[::-1], []
        tries: Counter[Any] = Counter()
        running: dict[Future[Any], Any] = {}
        while waiting or suspects or running:
            if suspects and not running:  # alone, so that it is known whose fault it was
                job = suspects.pop()
                running[self._submit(work, job)] = job
            while waiting and not suspects and len(running) < self.width:
                job = waiting.pop()
                running[self._submit(work, job)] = job
            done, _ = wait(running, _LOOK_SECONDS, FIRST_COMPLETED)
            for future in done:
                if not isinstance(future.exception(), BrokenProcessPool):
                    yield running.pop(future), future.result()
            if any(future in running for future in done):
                self._pool, broken, running = None, list(running.values()), {}
                tries.update(broken)
                suspects += [job for job in broken if tries[job] < _TRIES]
                yield from ((job, Lost()) for job in broken if tries[job] >= _TRIES)

    def _submit(self, work: Work, job: Any) -> Future[Any]:
        for _ in range(_TRIES):
            if self._pool is None:
                self._pool = ProcessPoolExecutor(self.width, get_context("spawn"), _begin)
            try:
                with one_thread_each():
                    return self._pool.submit(work, job)
            except BrokenProcessPool:
                self._pool = None
        raise ScheduleError("Processes end as soon as they start.")

    def _children(self) -> list[Any]:
        return list((getattr(self._pool, "_processes", None) or {}).values())


def _begin() -> None:
    """What a process does first: Ctrl-C is its parent's, whose end is its own."""
    cache.say_nothing()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end())
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        _end()


def _end() -> None:
    stop_all()
    os._exit(1)


class Cluster:
    """Workers of a Dask scheduler.

    Parameters
    ----------
    address : str
        Such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    ScheduleError
        If Dask is not installed, or there is no scheduler.
    """

    def __init__(self, address: str, patience_seconds: float = 30) -> None:
        try:
            import distributed
        except ImportError:
            raise ScheduleError("A cluster needs Dask; install fp8mac[dask].") from None
        try:
            self._client: Any = distributed.Client(
                address, timeout=patience_seconds, set_as_default=False
            )
        except (OSError, TimeoutError, ValueError):
            raise ScheduleError(f"There is no Dask scheduler at '{address}'.") from None
        self._completed = distributed.as_completed
        self.width = max(1, sum(self._client.nthreads().values()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def each(self, work: Work, jobs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
        """See `Scheduler.each`."""
        submit = self._client.submit
        running = {submit(work, job, pure=False, retries=0): job for job in jobs}
        for future in self._completed(list(running), loop=self._client.loop):
            job, error = running.pop(future), future.exception()
            yield job, future.result() if error is None else self._lost(error)
            future.release()

    def _lost(self, error: BaseException) -> Lost:
        killed = type(error).__name__ == "KilledWorker"
        return Lost() if killed else Lost(f"{type(error).__name__}: {error}")
