"""A network on a unit, block by block, against itself in float32."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.engine import Plain, Recipe, UnitEngine
from fp8mac.sim.networks.metrics import Difference, rank_correlation, sqnr_db
from fp8mac.sim.networks.tasks import Task

__all__ = ["Block", "Result", "ask", "blocks", "combine", "evaluate"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Block:
    """What came of some questions.

    Parameters
    ----------
    answers, reference : list
        Of the unit and of float32; None is no number.
    signal, noise : float
        Energy of the float32 outputs, and of the difference to them; over outputs that are finite.
    broken : int
        Questions with an output that is not.
    """

    answers: list[float | None]
    reference: list[float]
    signal: float
    noise: float
    broken: int

    def facts(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class Result:
    """A network on a unit.

    Parameters
    ----------
    samples : int
        Questions.
    metric : Difference
        Against float32, with a paired 95 % interval.
    agreement : float
        Share of answers that are float32's; of a rank correlation, the one with float32's answers.
    sqnr_db : float or None
        Of the outputs; None where there is no noise, or nothing but.
    broken : int
        Questions with an output that is infinite or NaN.
    """

    samples: int
    metric: Difference
    agreement: float
    sqnr_db: float | None
    broken: int


def blocks(task: Task, samples: int) -> list[range]:
    """Questions that are asked at once."""
    return [
        range(start, min(start + task.block, samples)) for start in range(0, samples, task.block)
    ]


def ask(task: Task, questions: range, engine: UnitEngine) -> Block:
    """Ask a unit some questions."""
    reference = _reference(task, questions)
    outputs = task.outputs(engine, np.array(questions))
    broken = ~np.isfinite(outputs).all(1)
    noise = np.square(outputs[~broken].astype(np.float64) - reference[~broken])
    answers = task.answers(outputs)
    return Block(
        [None if np.isnan(each) else each for each in answers.tolist()],
        task.answers(reference).tolist(),
        float(np.square(reference[~broken], dtype=np.float64).sum()),
        float(noise.sum()),
        int(broken.sum()),
    )


def combine(task: Task, parts: Iterable[Block]) -> Result:
    """All blocks together."""
    found = list(parts)
    answers = np.array([each for part in found for each in part.answers], np.float64)
    reference = np.array([each for part in found for each in part.reference], np.float64)
    if task.metric == "top1":
        agreement = float((answers == reference).mean())
    else:
        agreement = rank_correlation(answers, reference)
    broken = sum(part.broken for part in found)
    signal, noise = sum(part.signal for part in found), sum(part.noise for part in found)
    return Result(
        len(answers),
        task.difference(answers, reference),
        agreement,
        sqnr_db(signal, noise),
        broken,
    )


def evaluate(task: Task, recipe: Recipe, samples: int, threads: int = 1) -> Result:
    """A network on a unit, in one go."""
    engine = UnitEngine(recipe, task.calibrated(), threads)
    return combine(task, (ask(task, part, engine) for part in blocks(task, samples)))


@lru_cache(maxsize=64)
def _reference(task: Task, questions: range) -> Array:
    chosen = np.array(questions)
    return task.reference(chosen) if task.reference else task.outputs(Plain(), chosen)
