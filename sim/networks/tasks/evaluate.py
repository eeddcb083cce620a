"""A network on a unit, block by block, against itself in float32."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.engines.blocks import engine_of
from fp8mac.sim.networks.engines.engine import Recipe, UnitEngine
from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.metrics import Difference, rank_correlation, sqnr_db
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["Block", "Result", "ask", "blocks", "combine", "evaluate"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Block:
    """What came of some questions.

    Parameters
    ----------
    answers, reference : list
        Of the unit and of float32, numbers or text; None is no number.
    signal, noise : float
        Energy of the float32 outputs, and of the difference to them; over outputs that are finite.
    broken : int
        Questions with an output that is not.
    """

    answers: list[float | str | None]
    reference: list[float | str]
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
    reference, expected = _reference(task, questions)
    outputs = task.outputs(engine, np.array(questions))
    found = task.probed(engine, np.array(questions), outputs)
    broken = ~np.isfinite(found).all(1)
    noise = np.square(found[~broken].astype(np.float64) - expected[~broken])
    answers = task.beside(outputs, reference) if task.beside else task.answers(outputs)
    return Block(
        _known(answers),
        task.answers(reference).tolist(),
        float(np.square(expected[~broken], dtype=np.float64).sum()),
        float(noise.sum()),
        int(broken.sum()),
    )


def combine(task: Task, parts: Iterable[Block]) -> Result:
    """All blocks together."""
    found = list(parts)
    answers = _array([each for part in found for each in part.answers])
    reference = _array([each for part in found for each in part.reference])
    if task.metric in ("spearman", "rank"):
        agreement = rank_correlation(answers, reference)
    else:
        agreement = float((answers == reference).mean())
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
    engine = engine_of(recipe, task.calibrated(), threads)
    return combine(task, (ask(task, part, engine) for part in blocks(task, samples)))


def _known(answers: Array) -> list[float | str | None]:
    """As JSON types, None where there is NaN."""
    if answers.dtype.kind != "f":
        return answers.tolist()
    return [None if np.isnan(each) else each for each in answers.tolist()]


def _array(answers: list[Any]) -> Array:
    return np.array(answers, None if isinstance(answers[0], str) else np.float64)


@lru_cache(maxsize=64)
def _reference(task: Task, questions: range) -> tuple[Array, Array]:
    """Outputs in float32, and what the noise is measured against."""
    chosen = np.array(questions)
    outputs = task.reference(chosen) if task.reference else task.outputs(Plain(), chosen)
    return outputs, task.probed(Plain(), chosen, outputs)
