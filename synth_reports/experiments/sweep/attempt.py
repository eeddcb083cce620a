"""Doing a job wherever that is: what goes wrong is a result as well."""

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Protocol

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store

__all__ = ["Attempt", "SweepJob", "attempt", "own_worker"]


class SweepJob(Protocol):
    """Frozen data that pickles; two equal jobs are done once."""

    part: ClassVar[str]
    """Which columns it fills: ``cost``, ``proof`` or ``accuracy``."""

    @property
    def unit(self) -> str:
        """The unit in one line."""
        ...

    def key(self, worker: Worker) -> str:
        """Hash of all that the result depends on."""
        ...

    def run(self, worker: Worker) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Columns, and files by the columns that have their hashes."""
        ...


@dataclass(frozen=True)
class Attempt:
    """What came of a job.

    Parameters
    ----------
    key : str
        Of the job, where it was done.
    columns, files : dict
        See `SweepJob.run`.
    failure : str
        Why there are none; empty where there are.
    """

    key: str = ""
    columns: dict[str, Any] | None = None
    files: dict[str, bytes] | None = None
    failure: str = ""


def attempt(job: SweepJob, force: bool = False) -> Attempt:
    """Do a job with the worker of this process."""
    try:
        worker = own_worker(force)
        columns, files = job.run(worker)
        return Attempt(job.key(worker), columns, files)
    except Error as error:
        return Attempt(failure=str(error))
    except Exception as error:  # a fault of the program must not end a sweep of hours
        return Attempt(failure=f"{type(error).__name__}: {error}")


@cache
def own_worker(force: bool = False) -> Worker:
    """Worker with the cache of this machine."""
    return Worker(Store(), force=force)
