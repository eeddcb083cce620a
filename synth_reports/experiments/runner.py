"""Doing the jobs of an experiment: those in the store are read, the others done, and kept."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from fp8mac.synth_reports.experiments.experiment import Experiment
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.parallel import in_parallel, in_processes, processors

__all__ = ["records_of"]

AnyExperiment = Experiment[Any, Any, Any]


def records_of(
    experiment: AnyExperiment,
    jobs: Iterable[Any],
    worker: Worker,
    progress: Callable[[Any], None] = lambda job: None,
    *,
    at_once: int | None = None,
) -> list[Any]:
    """Do jobs; what the store has is not done again.

    An interruption, or a job that fails, loses what is being done, and nothing that was finished.

    Parameters
    ----------
    experiment : Experiment
        What the jobs belong to.
    jobs : iterable
        Each is done once, however often it comes.
    worker : Worker
        What they are done with.
    progress : callable
        Called with each job when it is done, in any order.
    at_once : int, optional
        How many are done at a time; default one a processor.

    Returns
    -------
    list
        A record for each job, in their order, each once.
    """
    found: dict[Any, Any] = {}
    wanted = list(dict.fromkeys(jobs))
    for job in wanted:
        if (record := _kept(experiment, job, worker)) is not None:
            found[job] = record
            progress(job)
    missing = [job for job in wanted if job not in found]
    at_once = at_once or processors()
    if experiment.in_processes and at_once > 1 and len(missing) > 1:
        worker.store.can_keep()  # the processes do not say it
        found |= in_processes(
            _do, missing, (experiment, worker), lambda job, _: progress(job), jobs=at_once
        )
    elif experiment.in_processes:
        for job in missing:
            found[job] = _do(job, experiment, worker)
            progress(job)
    else:
        found |= in_parallel(
            lambda job: _do(job, experiment, worker),
            missing,
            lambda job, _: progress(job),
            jobs=at_once,
        )
    return [found[job] for job in wanted]


def _do(job: Any, experiment: AnyExperiment, worker: Worker) -> Any:
    record = experiment.run(job, worker)
    if experiment.kept_by:
        worker.store.save("records", _key(experiment, job, worker), asdict(record))
    return record


def _kept(experiment: AnyExperiment, job: Any, worker: Worker) -> Any:
    if worker.force or not experiment.kept_by:
        return None
    known = worker.store.load("records", _key(experiment, job, worker))
    return None if known is None else experiment.load(known)


def _key(experiment: AnyExperiment, job: Any, worker: Worker) -> str:
    return worker.store.key([experiment.name, repr(job)], *experiment.kept_by)
