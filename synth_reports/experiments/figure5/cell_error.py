"""Mean square error of rounding to a format, integrated over its cells: no sampling, no network.

All numbers between two midpoints of neighbouring levels become the level between them. Of numbers
with the density f, the square error of one sign's levels 0 = q[0] < q[1] < ... is ::

    f(x)   _____                            integral of (x - level(x))**2 f(x) from 0 to infinity
                `--._
           .    .    `--.____.________  =   integral of x**2 f(x)
    q[0]=0    q[1]      q[2]                  - 2 * sum of (q[k + 1] - q[k]) * excess(t[k])
           t[0]    t[1]                           k

with the midpoints t[k], and the excess(t), the integral of (x - t) f(x) from t to infinity, which
is a closed expression for the distributions here. The last level saturates.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import Format, FormatError
from fp8mac.sim.codes.encoding import decode

__all__ = [
    "DISTRIBUTIONS",
    "Best",
    "Distribution",
    "best_scale",
    "levels_of",
    "lloyd_max",
    "mean_square_error",
]

Array = NDArray[np.float64]

_WIDEST = 12
_OCTAVES = (-2, 32)  # of the largest number, in standard deviations
_STEPS_PER_OCTAVE = 64
_REFINEMENTS = 3
_LLOYD_STEPS = 3000


@dataclass(frozen=True)
class Distribution:
    """A distribution that is symmetric around 0.

    Parameters
    ----------
    name, title : str
        In tables, and for people.
    sigma : float
        Standard deviation.
    tail, excess : callable
        Integrals of f(x) and of (x - t) f(x) from t to infinity, for an array of t >= 0.
    """

    name: str
    title: str
    sigma: float
    tail: Callable[[Array], Array]
    excess: Callable[[Array], Array]


_erfc = np.vectorize(math.erfc, otypes=[np.float64])  # numpy has none
_ROOT3 = math.sqrt(3)
_FAR = 64.0
_NORMAL_END = 39.0  # nothing beyond that float64 holds


def _normal_tail(t: Array) -> Array:
    tail = np.zeros(t.shape)
    near = t < _NORMAL_END
    tail[near] = _erfc(t[near] / math.sqrt(2)) / 2
    return tail


def _normal_excess(t: Array) -> Array:
    return np.exp(-t * t / 2) / math.sqrt(2 * math.pi) - t * _normal_tail(t)


def _student_tail(t: Array) -> Array:
    return (np.arctan2(_ROOT3, t) - _ROOT3 * t / (3 + t * t)) / math.pi


def _student_excess(t: Array) -> Array:
    u = _ROOT3 / np.maximum(t, _FAR)  # far out, the difference below cancels; its series does not
    series = _ROOT3 * u * u * (1 / 3 - u * u * (1 / 5 - u * u / 7))
    return np.where(t > _FAR, series, _ROOT3 - t * np.arctan2(_ROOT3, t)) / math.pi


DISTRIBUTIONS: dict[str, Distribution] = {
    each.name: each
    for each in (
        Distribution(
            "uniform",
            "uniform",
            1 / _ROOT3,
            lambda t: (1 - np.minimum(t, 1)) / 2,
            lambda t: np.square(1 - np.minimum(t, 1)) / 4,
        ),
        Distribution("normal", "normal", 1.0, _normal_tail, _normal_excess),
        Distribution("student_t_nu3", "Student t, nu = 3", _ROOT3, _student_tail, _student_excess),
    )
}
"""By name: uniform from -1 to 1, standard normal, and Student's t with three degrees of freedom."""


@dataclass(frozen=True)
class Best:
    """A format at its best scale.

    Parameters
    ----------
    bits : float
        log2(sigma / root mean square error).
    largest_sigmas : float
        Largest number of the scaled format, in standard deviations.
    """

    bits: float
    largest_sigmas: float


def levels_of(format_: Format) -> Array:
    """All finite numbers of a format, ascending.

    Raises
    ------
    FormatError
        If it has more than 12 bits.
    """
    if format_.bits > _WIDEST:
        raise FormatError(
            f"{format_.name} has {format_.bits} bits; cells are integrated up to {_WIDEST} bits."
        )
    numbers = decode(np.arange(2**format_.bits), format_)
    return np.unique(numbers[np.isfinite(numbers)])


@lru_cache
def best_scale(format_: Format, distribution: Distribution) -> Best:
    """The scale with the least mean square error.

    Searched on 64 scales an octave, from a largest number of a quarter of a standard deviation to
    one of 2**32; then three times more finely around the best.

    Raises
    ------
    FormatError
        If the format has more than 12 bits.
    """
    levels = levels_of(format_)
    levels = levels / np.abs(levels).max()
    first, last = _OCTAVES
    exponents = np.linspace(first, last, (last - first) * _STEPS_PER_OCTAVE + 1)
    step, best, least = 1 / _STEPS_PER_OCTAVE, 0.0, np.inf
    for _ in range(_REFINEMENTS + 1):
        for exponent in exponents:
            error = mean_square_error(levels * distribution.sigma * 2.0**exponent, distribution)
            if error < least:
                best, least = float(exponent), error
        exponents = best + np.linspace(-step, step, 17)
        step /= 8
    return Best(math.log2(distribution.sigma / math.sqrt(least)), 2.0**best)


def mean_square_error(levels: Array, distribution: Distribution) -> float:
    """Of rounding to the nearest of some ascending levels, 0 or a pair around it among them."""
    positive, negative = levels[levels >= 0], -levels[levels <= 0][::-1]
    one = _side(positive, distribution)
    return one + (one if np.array_equal(positive, negative) else _side(negative, distribution))


def _side(levels: Array, distribution: Distribution) -> float:
    """Integral over one sign."""
    origin, first = np.zeros(1), levels[0]
    mean = distribution.excess(origin)[0]
    middles = (levels[1:] + levels[:-1]) / 2
    gained = np.diff(levels) @ distribution.excess(middles)
    return float(distribution.sigma**2 / 2 + first * (first / 2 - 2 * mean) - 2 * gained)


@lru_cache
def lloyd_max(name: str, bits: int = 8) -> float:
    """Bits of accuracy of the best levels that so many bits can number, for a distribution.

    # Ref: S. P. Lloyd, Least squares quantization in PCM, 1982; J. Max, 1960
    """
    distribution = DISTRIBUTIONS[name]
    levels = _companded(distribution, 2 ** (bits - 1))
    for _ in range(_LLOYD_STEPS):
        edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2])
        tail = distribution.tail(edges)
        moment = distribution.excess(edges) + edges * tail
        levels = np.diff(moment, append=0) / np.diff(tail, append=0)
    error = mean_square_error(np.concatenate([-levels[::-1], levels]), distribution)
    return math.log2(distribution.sigma / math.sqrt(error))


def _companded(distribution: Distribution, count: int) -> Array:
    """Levels as dense as the cube root of the density: nearly the best ones."""
    x = np.concatenate([np.linspace(0, 8, 4000, endpoint=False), np.geomspace(8, 1e6, 4000)])
    density = np.maximum(-np.diff(distribution.tail(x)) / np.diff(x), 0)
    share = np.concatenate([[0.0], np.cumsum(np.cbrt(density) * np.diff(x))])
    share /= share[-1]
    some: Any = np.interp((np.arange(count) + 0.5) / count, share, x)
    return some
