"""Training of a task on a unit: AdamW, warming up, a cosine; goes on where it was interrupted."""

# pyright: reportMissingImports=false

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from math import cos, pi
from pathlib import Path
from typing import Any

import torch

from fp8mac.sim.cache import keep, warn_of_damage
from fp8mac.sim.torch.master import store
from fp8mac.sim.torch.mode import OnUnit
from fp8mac.sim.torch.tasks.sparsity import Pruning
from fp8mac.sim.torch.tasks.task import TrainingTask

__all__ = ["History", "train_task"]

_POINTS = 10  # of a curve
_SAVED_EVERY = 25  # steps


@dataclass
class History:
    """What became of a run.

    Parameters
    ----------
    scores : dict of str to float
        Of what is held out, at the end, by the names of the task's judge; ``loss`` is one.
    curve : list of pairs
        Steps done, and the mean training loss since the point before, in the task's unit.
    lost : list of dict
        At the same points, by layer: shares of gradients' numbers that underflew and saturated.
    rows : list of dict
        The report of all products.
    """

    scores: dict[str, float] = field(default_factory=dict)
    curve: list[tuple[int, float]] = field(default_factory=list)
    lost: list[dict[str, tuple[float, float]]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)


def train_task(
    task: TrainingTask,
    unit: OnUnit | None,
    *,
    seed: int = 0,
    steps: int | None = None,
    master: str = "fp32",
    sparsity: str = "",
    checkpoint: Path | None = None,
    progress: Callable[[int], None] = lambda step: None,
) -> History:
    """Train a task.

    Parameters
    ----------
    task : TrainingTask
        What is trained.
    unit : OnUnit, optional
        What computes all products, those of the test included; float32 by default.
    seed : int
        Of the model's first weights, of the order of the samples, and of stored weights' rounding.
        Runs of one seed see the same of all of these.
    steps : int, optional
        Default the task's.
    master : str
        What weights are stored in, see `fp8mac.sim.torch.master.store`.
    sparsity : str
        To what dense layers are pruned after half of the steps, see
        `fp8mac.sim.torch.tasks.sparsity`; the others are steps of what is left.
    checkpoint : Path, optional
        File of the state, written every 25 steps, read at the start, removed at the end.
    progress : callable
        Called with the number of steps that are done.
    """
    steps = task.steps if steps is None else steps
    torch.manual_seed(seed)
    model = task.make()
    optimizer = torch.optim.AdamW(
        model.parameters(), task.rate, weight_decay=task.decay, betas=task.betas
    )
    pruning = Pruning(model, sparsity) if sparsity else None
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _factor(step, steps))
    stored = store(optimizer, master, seed=seed)
    history, first, losses = History(), 0, []
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    if checkpoint is not None and (known := _read(checkpoint)) is not None:
        for name, part in parts.items():
            part.load_state_dict(known[name])
        history, first, losses = History(**known["history"]), known["step"], known["losses"]
        stored.drawn = known["drawn"]
        if pruning is not None:
            pruning.masks = known["masks"]
        if unit is not None:
            unit.state = known["unit"]
    points = {steps * (each + 1) // _POINTS for each in range(_POINTS)}
    context: AbstractContextManager[Any] = unit or nullcontext()
    with context:
        for step in range(first, steps):
            some = task.samples(step, seed)
            optimizer.zero_grad()
            loss = task.loss(model, task.x[some], task.y[some])
            loss.backward()
            optimizer.step()
            schedule.step()
            if pruning is not None:
                pruning.apply() if step + 1 != steps // 2 else pruning.prune()
            losses.append(loss.item() * task.unit)
            done = step + 1
            if done in points:
                history.curve.append((done, sum(losses) / len(losses)))
                history.lost.append({} if unit is None else _lost(unit))
                losses = []
            if checkpoint is not None and done % _SAVED_EVERY == 0:
                state = {name: part.state_dict() for name, part in parts.items()}
                state |= {"history": asdict(history), "step": done, "losses": losses}
                state |= {"drawn": stored.drawn, "unit": None if unit is None else unit.state}
                state |= {} if pruning is None else {"masks": pruning.masks}
                _write(checkpoint, state)
            progress(done)
        history.scores = task.scores(model)
    if pruning is not None and pruning.masks:
        history.scores["density"] = pruning.density
    if unit is not None:
        history.rows = unit.report.to_records()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return history


def _factor(step: int, steps: int) -> float:
    """Learning rate over its largest: a tenth of the steps up, then down along a cosine."""
    warm = max(1, steps // 10)
    return (
        (step + 1) / warm if step < warm else 0.5 + 0.5 * cos(pi * (step - warm) / (steps - warm))
    )


def _lost(unit: OnUnit) -> dict[str, tuple[float, float]]:
    """Shares of each layer's gradients that underflew and saturated, since the start."""
    found = {}
    for row in unit.report:
        if row.left == "gradient":
            counts = row.left_counts
        elif row.right == "gradient":
            counts = row.right_counts
        else:
            continue
        if counts.numbers:
            shares = counts.underflown / counts.numbers, counts.saturated / counts.numbers
            found.setdefault(row.layer, shares)
    return found


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    try:
        return torch.load(io.BytesIO(data), weights_only=False)
    except Exception:  # whatever a damaged file makes of it
        warn_of_damage(path)
        return None


def _write(path: Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    keep(path, buffer.getvalue())
