"""Paired differences of runs from the same seeds, their intervals, and what they say of claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev

from fp8mac.synth_reports.experiments.training.claims import (
    HIGHER_IS_BETTER,
    MARGIN,
    TrainingClaim,
)
from fp8mac.synth_reports.experiments.training.runs import TrainingRun

__all__ = ["PairedDifference", "compare", "score_of", "verdict"]

# 97.5 % quantiles of Student's t for 1, 2, 3, ... degrees of freedom.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160),
    *(2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056),
    *(2.052, 2.048, 2.045, 2.042),
)


@dataclass(frozen=True)
class PairedDifference:
    """First less second, over seeds.

    Parameters
    ----------
    mean : float
        Of the differences.
    half : float
        Half of the 95 % interval of their mean; infinite for a single seed.
    reference : float
        Mean of the second.
    seeds : int
        How many.
    """

    mean: float
    half: float
    reference: float
    seeds: int

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half


def compare(
    runs: Sequence[TrainingRun], task: str, first: str, second: str, measure: str = "loss"
) -> PairedDifference | None:
    """Difference of two ways of a task; None where they share no seed.

    Examples
    --------
    >>> def run(way, seed, loss):
    ...     return TrainingRun("t", way, seed, 1, "nats", loss, {}, [], {}, {})
    >>> runs = [run("a", 0, 1.5), run("b", 0, 1.0), run("a", 1, 1.75), run("b", 1, 1.0)]
    >>> compare(runs, "t", "a", "b")
    PairedDifference(mean=0.625, half=1.58825, reference=1.0, seeds=2)
    """
    sides = [
        {
            each.seed: score_of(each, measure)
            for each in runs
            if (each.task, each.way) == (task, way)
        }
        for way in (first, second)
    ]
    both = sorted(sides[0].keys() & sides[1].keys())
    if not both:
        return None
    found = [sides[0][seed] - sides[1][seed] for seed in both]
    half = float("inf")
    if len(found) > 1 and all(map(isfinite, found)):
        half = _T[min(len(found) - 2, len(_T) - 1)] * stdev(found) / sqrt(len(found))
    return PairedDifference(fmean(found), half, fmean(sides[1][seed] for seed in both), len(both))


def score_of(run: TrainingRun, measure: str) -> float:
    """A run's loss, or one of its scores by its name."""
    return run.loss if measure == "loss" else run.scores[measure]


def verdict(claim: TrainingClaim, difference: PairedDifference) -> str:
    """``reproduced``, ``contradicted`` or ``unresolved``.

    See `fp8mac.synth_reports.experiments.training.claims`. A run that diverges, whose loss is NaN
    or infinite, is worse.
    """
    low, high = difference.low, difference.high
    if not isfinite(difference.mean):
        return "reproduced" if claim.kind == "worse" else "contradicted"
    if claim.kind == "worse":
        if claim.measure in HIGHER_IS_BETTER:
            low, high = -high, -low
        return "reproduced" if low > 0 else "contradicted" if high < 0 else "unresolved"
    margin = claim.margin or MARGIN * abs(difference.reference)
    if -margin <= low and high <= margin:
        return "reproduced"
    return "contradicted" if low > margin or high < -margin else "unresolved"
