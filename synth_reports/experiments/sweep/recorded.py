"""Operands as a network's layers have them, in the order in which a unit adds them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import encode
from fp8mac.sim.networks.engines.blocks import engine_of
from fp8mac.sim.networks.tasks.zoo import load_task
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.experiments.accuracy.accuracy import Case

__all__ = ["QUESTIONS", "recorded"]

QUESTIONS = 8
"""That are asked while operands are recorded."""

_CYCLES = 20_000


def recorded(case: Case, config: MacConfig, path: Path) -> Stimuli:
    """Record operands of a network on a unit into a file.

    A layer has as large a share of them as it has of the network's products; its sums are drawn at
    random, the same ones every time, and each is recorded whole.

    Parameters
    ----------
    case : Case
        The network, and how it is brought to the unit.
    config : MacConfig
        The unit, with all of its lanes.
    path : Path
        An npz file, which is written.

    Returns
    -------
    Stimuli
        What a unit does that works on them.
    """
    task = load_task(case.network, None, case.inputs, case.axes)
    layers: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []

    def watch(name: str, a: NDArray[np.float64], b: NDArray[np.float64], sums: object) -> None:
        layers.append((a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:])))

    engine = engine_of(case.recipe(), task.calibrated(), watch=watch)
    with np.errstate(over="ignore", invalid="ignore"):
        task.outputs(engine, np.arange(min(QUESTIONS, len(task.truth))))
    rng = np.random.default_rng(1)
    products = np.array([a.size * b.shape[2] for a, b in layers], float)
    wanted = products / products.sum() * _CYCLES * config.products_per_cycle
    streams = [_sums(a, b, int(count), rng) for (a, b), count in zip(layers, wanted, strict=True)]
    codes = (np.concatenate([each[side] for each in streams]) for side in (0, 1))
    a, b = (
        encode(each, format_) for each, format_ in zip(codes, (config.a, config.b), strict=True)
    )
    np.savez(path, a=a, b=b)
    return Stimuli(str(path))


def _sums(
    a: NDArray[np.float64], b: NDArray[np.float64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Operands of some of the sums of a layer, at least as many products as are wanted."""
    number = -(-max(1, count) // a.shape[2])
    group = rng.integers(0, len(a), number)
    row, column = rng.integers(0, a.shape[1], number), rng.integers(0, b.shape[2], number)
    return a[group, row].ravel(), b[group, :, column].ravel()
