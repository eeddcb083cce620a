"""Sums rounded to odd, in numpy and compiled, against fractions."""

from fractions import Fraction

import numpy as np
import pytest

from fp8mac.sim.gemm.kernels import rounding_numba
from fp8mac.sim.gemm.kernels.rounding_numpy import odd_sum, odd_sum_of_three

COUNT = 4000


def to_odd(exact: Fraction) -> float:
    """The number itself if it is one of float64, else the neighbour whose last bit is one."""
    nearest = float(exact)
    if Fraction(nearest) == exact:
        return nearest
    other = np.nextafter(nearest, np.inf if exact > Fraction(nearest) else -np.inf)
    return nearest if np.float64(nearest).view(np.int64) & 1 else float(other)


def numbers(rng: np.random.Generator, bits: int, scale: int) -> np.ndarray:
    """Numbers of at most so many bits, zeros among them, of any size within a range."""
    magnitude = rng.integers(0, 1 << bits, COUNT) >> rng.integers(0, bits + 1, COUNT)
    return np.ldexp(rng.choice([-1.0, 1.0], COUNT) * magnitude, rng.integers(-scale, scale, COUNT))


def triples(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An accumulator, and halves of products that often cancel it or each other."""
    rng = np.random.default_rng(seed)
    acc, high, low = numbers(rng, 24, 90), numbers(rng, 50, 60), numbers(rng, 50, 60)
    kind = rng.integers(0, 5, COUNT)
    high = np.where(kind == 0, -acc, high)
    low = np.where(kind == 1, -high, low)
    low = np.where(kind == 2, np.ldexp(low, -60), low)
    acc = np.where(kind == 3, -(high + low).astype(np.float32).astype(np.float64), acc)
    return acc, high, low


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_rounded_to_odd_once(seed):
    acc, high, low = triples(seed)
    pairs = [to_odd(Fraction(x) + Fraction(y)) for x, y in zip(acc, high, strict=True)]
    np.testing.assert_array_equal(odd_sum(acc, high), pairs)
    compiled = [rounding_numba.odd_sum(x, y) for x, y in zip(acc, high, strict=True)]
    np.testing.assert_array_equal(compiled, pairs)
    three = list(zip(acc.tolist(), high.tolist(), low.tolist(), strict=True))
    want = [to_odd(sum(map(Fraction, each))) for each in three]
    inexact = [Fraction(x) != sum(map(Fraction, each)) for x, each in zip(want, three, strict=True)]
    assert sum(inexact) > 900
    np.testing.assert_array_equal(odd_sum_of_three(acc, high, low), want)
    compiled = [rounding_numba.odd_sum_of_three(*each) for each in three]
    np.testing.assert_array_equal(compiled, want)


def test_zeros_and_special_values():
    inf, nan = np.inf, np.nan
    cases = [  # accumulator, upper and lower half, sum
        ((-0.0, 0.0, -0.0), -0.0),  # all products are -0; upper halves of zeros are +0
        ((-0.0, 0.0, 0.0), 0.0),
        ((0.0, 0.0, -0.0), 0.0),
        ((-0.0, 4.0, -4.0), 0.0),
        ((1.0, inf, nan), inf),
        ((-inf, inf, nan), nan),
        ((-inf, 1.0, 2.0), -inf),
        ((1.0, nan, nan), nan),
        ((nan, 1.0, 2.0), nan),
    ]
    arrays = [np.array(column) for column in zip(*(case for case, _ in cases), strict=True)]
    with np.errstate(invalid="ignore"):
        in_numpy = odd_sum_of_three(*arrays)
    for (case, want), got in zip(cases, in_numpy, strict=True):
        for number in (got, rounding_numba.odd_sum_of_three(*case)):
            assert np.array_equal(number, want, equal_nan=True), case
            assert np.isnan(want) or np.signbit(number) == np.signbit(want), case
