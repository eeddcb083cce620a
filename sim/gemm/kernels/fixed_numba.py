"""Kernels of `fp8mac.sim.gemm.fixed`, compiled."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.jit import as_float, jit, whole_registers

__all__ = ["add_shifted", "saturate", "to_integers"]


@jit
def _to_integers(sums: Any) -> None:
    whole_registers()
    for index in range(sums.shape[0]):
        sums[index] = as_float(np.int64(sums[index]))


def to_integers(sums: NDArray[np.float64]) -> None:
    """Integers instead of floats, in place."""
    _to_integers(sums.reshape(-1))


@jit
def _add_shifted(low: Any, high: Any, part: Any, shift: Any) -> None:
    whole_registers()
    for index in range(part.shape[0]):
        number = part[index]
        if shift < 64:
            lower, upper = np.uint64(number << shift), (number >> 1) >> (63 - shift)
        else:
            lower, upper = np.uint64(0), number << (shift - 64)
        total = low[index] + lower
        carry = np.uint64(1) if total < lower else np.uint64(0)
        low[index] = total
        high[index] += np.uint64(upper) + carry


def add_shifted(planes: NDArray[np.uint64], part: NDArray[np.int64], shift: int) -> None:
    """Add ``part * 2**shift`` to one or two words, shape (words, m, n), in place."""
    low, high = planes[0].reshape(-1), planes[-1].reshape(-1)
    if len(planes) == 1:
        high = np.zeros_like(low)
    _add_shifted(low, high, part.reshape(-1), shift)


@jit
def saturate(acc: Any, a: Any, b: Any, span: Any, largest: Any) -> None:
    """`fp8mac.sim.gemm.fixed.saturate`."""
    whole_registers()
    first, last, lanes = span
    count, n = b.shape
    x = np.empty(n, np.int64)
    for i in range(first, last):
        for k in range(0, count, lanes):
            x[:] = 0
            for lane in range(k, min(k + lanes, count)):
                for j in range(n):
                    x[j] += a[i, lane] * b[lane, j]
            for j in range(n):
                total = acc[i, j] + x[j]
                total = largest if total > largest else total
                acc[i, j] = ~largest if total < ~largest else total
