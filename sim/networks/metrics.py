"""How good answers are, and how sure one can be: accuracy, rank correlation, paired intervals.

Two ways of computing the same network answer the same questions, so their difference is far more
certain than either figure: what both get right or wrong says nothing about it. Only questions on
which they disagree do.

# Ref: D. G. Bonett and R. M. Price, Adjusted Wald confidence interval for a difference of binomial
#      proportions based on paired data, J. Educational and Behavioral Statistics 37(4), 2012
# Ref: B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7(1), 1979
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Difference",
    "accuracy_difference",
    "edits",
    "rank_correlation",
    "rank_difference",
    "sqnr_db",
    "text_difference",
]

Array = NDArray[Any]

_Z = 1.959963984540054  # 97.5 % of a normal distribution are below


class Difference(NamedTuple):
    """A metric, that of the reference, and their difference with its 95 % interval."""

    value: float
    reference: float
    difference: float
    low: float
    high: float


def accuracy_difference(answers: Array, reference: Array, truth: Array) -> Difference:
    """Share of right answers against that of the reference; the interval is Bonett and Price's."""
    right, right_reference = answers == truth, reference == truth
    count = len(truth)
    gained = (int((right & ~right_reference).sum()) + 1) / (count + 2)
    lost = (int((~right & right_reference).sum()) + 1) / (count + 2)
    centre = gained - lost
    half = _Z * float(np.sqrt((gained + lost - centre**2) / (count + 2)))
    value, base = float(right.mean()), float(right_reference.mean())
    return Difference(value, base, value - base, centre - half, centre + half)


def rank_difference(
    answers: Array, reference: Array, truth: Array, resamples: int = 2000, seed: int = 0
) -> Difference:
    """Rank correlation with the truth against the reference's; the interval is a paired bootstrap.

    Answers that are not numbers count as the smallest.
    """
    rng = np.random.default_rng(seed)
    differences = np.empty(resamples)
    for number in range(resamples):
        chosen = rng.integers(0, len(truth), len(truth))
        some = truth[chosen]
        differences[number] = rank_correlation(answers[chosen], some) - rank_correlation(
            reference[chosen], some
        )
    value, base = rank_correlation(answers, truth), rank_correlation(reference, truth)
    low, high = np.percentile(differences, [2.5, 97.5])
    return Difference(value, base, value - base, float(low), float(high))


def text_difference(
    answers: Array, reference: Array, truth: Array, resamples: int = 2000, seed: int = 0
) -> Difference:
    """Share of right characters, 1 less edits over true characters; with a paired bootstrap."""
    lengths = np.array([len(each) for each in truth.tolist()])
    wrong, wrong_reference = (
        np.array([edits(*each) for each in zip(some.tolist(), truth.tolist(), strict=True)])
        for some in (answers, reference)
    )
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, len(truth), (resamples, len(truth)))
    differences = (wrong_reference - wrong)[chosen].sum(1) / lengths[chosen].sum(1)
    value, base = (1 - float(each.sum() / lengths.sum()) for each in (wrong, wrong_reference))
    low, high = np.percentile(differences, [2.5, 97.5])
    return Difference(value, base, value - base, float(low), float(high))


def edits(text: str, other: str) -> int:
    """Least insertions, deletions and replacements from one text to the other.

    Examples
    --------
    >>> edits("kitten", "sitting")
    3
    """
    row = list(range(len(other) + 1))
    for number, character in enumerate(text, 1):
        left = number
        for place, wanted in enumerate(other):
            kept = row[place] + (character != wanted)
            row[place] = left
            left = min(kept, left + 1, row[place + 1] + 1)
        row[-1] = left
    return row[-1]


def rank_correlation(x: Array, y: Array) -> float:
    """Spearman's coefficient; 0 where one side is constant.

    Examples
    --------
    >>> rank_correlation(np.array([1.0, 5.0, 9.0]), np.array([2.0, 3.0, 70.0]))
    1.0
    """
    ranks = [_ranks(np.nan_to_num(np.asarray(each, np.float64), nan=-np.inf)) for each in (x, y)]
    centred = [each - each.mean() for each in ranks]
    size = float(np.sqrt(np.square(centred[0]).sum() * np.square(centred[1]).sum()))
    return float(centred[0] @ centred[1]) / size if size else 0.0


def _ranks(x: Array) -> Array:
    """Places in ascending order; equal ones share the mean of theirs."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def sqnr_db(signal: float, noise: float) -> float | None:
    """Ratio of two energies in decibels, None where one of them is 0 or not finite."""
    usable = 0 < noise < np.inf and signal > 0
    return 10 * float(np.log10(signal / noise)) if usable else None
