"""Random numbers of stochastic rounding: a function of seed, step and place, in any order.

Whoever computes an element, on whichever thread, draws the same number for it.

# Ref: A. Appleby, MurmurHash3, 32-bit finaliser (public domain)
# Ref: G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators, OOPSLA 2014
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draws", "noise", "step_key"]

_MASK = (1 << 64) - 1


def step_key(seed: int, step: int) -> int:
    """Key of 32 bits for one step (SplitMix64 of the seed, ``step`` places on)."""
    state = (seed + (step + 1) * 0x9E37_79B9_7F4A_7C15) & _MASK
    state = ((state ^ state >> 30) * 0xBF58_476D_1CE4_E5B9) & _MASK
    state = ((state ^ state >> 27) * 0x94D0_49BB_1331_11EB) & _MASK
    return (state ^ state >> 31) >> 32


def noise(key: int, places: NDArray[Any], bits: int) -> NDArray[np.int64]:
    """Random numbers of ``bits`` bits, at most 32, for places numbered from 0.

    Examples
    --------
    >>> noise(step_key(seed=1, step=0), np.arange(4), bits=8)
    array([194, 138,   1,  10])
    """
    if not bits:
        return np.zeros(places.shape, np.int64)
    mixed = places.astype(np.uint32) * np.uint32(0x9E37_79B1) ^ np.uint32(key)
    mixed = (mixed ^ mixed >> np.uint32(16)) * np.uint32(0x85EB_CA6B)
    mixed = (mixed ^ mixed >> np.uint32(13)) * np.uint32(0xC2B2_AE35)
    mixed ^= mixed >> np.uint32(16)
    return (mixed >> np.uint32(32 - bits)).astype(np.int64)


@dataclass(frozen=True)
class Draws:
    """Random numbers of all steps and elements of a matrix product.

    Parameters
    ----------
    seed : int
        They follow from it.
    columns : int
        Columns of the matrix.
    given : ndarray of int, shape (steps, rows, columns), optional
        The numbers themselves, instead of a seed.
    """

    seed: int
    columns: int
    given: NDArray[Any] | None = None

    def key(self, step: int) -> int:
        """Key of a step."""
        return step_key(self.seed, step)

    def of(self, step: int, first: int, last: int, bits: int) -> NDArray[np.int64]:
        """Numbers of a step in rows ``first`` to ``last - 1``, of so many bits."""
        if self.given is not None:
            return self.given[step, first:last].astype(np.int64)
        places = np.arange(first * self.columns, last * self.columns)
        return noise(self.key(step), places, bits).reshape(last - first, self.columns)
