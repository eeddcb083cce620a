"""One run: a task, a way, a seed."""

# pyright: reportMissingImports=false

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from fp8mac.sim import cache
from fp8mac.sim.provenance import fingerprint
from fp8mac.synth_reports.experiments.training.ways import TrainingWay, ways_of

__all__ = ["TrainingJob", "TrainingRun", "run_of", "train_way"]


@dataclass(frozen=True)
class TrainingJob:
    """What is to be trained.

    Parameters
    ----------
    task, way : str
        Names.
    seed : int
        Of all that is random.
    steps : int
        0 for as many as the task has.
    """

    task: str
    way: str
    seed: int
    steps: int = 0


@dataclass(frozen=True)
class TrainingRun:
    """What became of it.

    Parameters
    ----------
    task, way, seed, steps
        What was trained, and for how many steps.
    measure : str
        What the losses are in.
    loss : float
        Of what is held out, at the end.
    scores : dict of str to float
        The same: ``accuracy``, ``miou``, ``psnr_db``, ``ssim``, ``ms_ssim``, as the task has them;
        and the ``density`` of weights that were pruned.
    curve : list of pairs
        Steps done, and the mean loss of the steps since the point before.
    underflown, saturated : dict of str to list of float
        By layer, shares of the gradients' numbers up to each point of the curve.
    overflown_share, swamped_share : float or None
        Of all sums, those that overflowed; of the products in a sample of the sums, those below
        half an ulp of the sum they met. None in float32.
    """

    task: str
    way: str
    seed: int
    steps: int
    measure: str
    loss: float
    scores: dict[str, float]
    curve: list[list[float]]
    underflown: dict[str, list[float]]
    saturated: dict[str, list[float]]
    overflown_share: float | None = None
    swamped_share: float | None = None


def run_of(job: TrainingJob) -> TrainingRun:
    """Train in a way of the study, see `train_way`."""
    return train_way(job, ways_of(job.task, (job.way,))[-1])


def train_way(job: TrainingJob, way: TrainingWay) -> TrainingRun:
    """Train. A run that was interrupted goes on from its last checkpoint in the cache.

    Parameters
    ----------
    job : TrainingJob
        Task, seed and steps; the way's name.
    way : TrainingWay
        On which unit, and how.

    Raises
    ------
    TorchError
        If there is no such task, or nothing can be trained on the unit.
    """
    import torch

    from fp8mac.sim.torch.mode import OnUnit
    from fp8mac.sim.torch.scheme import make_scheme
    from fp8mac.sim.torch.tasks.tasks import training_task
    from fp8mac.sim.torch.tasks.train import train_task

    torch.set_num_threads(1)
    task = training_task(job.task)
    steps = job.steps or task.steps
    unit, master = None, way.master or "fp32"
    if way.unit:
        scheme = make_scheme(way.unit, way.options)
        unit, master = OnUnit(scheme, seed=job.seed), way.master or scheme.master
    made_by = fingerprint(__name__)  # a checkpoint of other code is left alone
    name = hashlib.sha256(repr((job, way, steps, made_by)).encode()).hexdigest()[:16]
    place = cache.folder() / "training" / f"{name}.pt"
    found = train_task(
        *(task, unit),
        seed=job.seed,
        steps=steps,
        master=master,
        sparsity=way.sparsity,
        checkpoint=place,
    )
    loss = found.scores.pop("loss")
    layers = {layer: None for point in found.lost for layer in point}
    underflown, saturated = (
        {layer: [point.get(layer, (0.0, 0.0))[which] for point in found.lost] for layer in layers}
        for which in (0, 1)
    )
    run = TrainingRun(
        *(job.task, job.way, job.seed, steps, task.measure, loss, found.scores),
        curve=[[float(each) for each in point] for point in found.curve],
        underflown=underflown,
        saturated=saturated,
    )
    if unit is None:
        return run
    return replace(
        run,
        overflown_share=_share(found.rows, "overflown", "sums"),
        swamped_share=_share(found.rows, "swamped", "watched"),
    )


def _share(rows: list[dict[str, Any]], some: str, of: str) -> float:
    return sum(row[some] for row in rows) / max(1, sum(row[of] for row in rows))
