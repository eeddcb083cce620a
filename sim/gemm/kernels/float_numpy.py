"""Float accumulators in numpy: one step of all elements of a block after the other.

These are the kernels' semantics in plain text; `fp8mac.sim.gemm.kernels.float_numba` compiles the
same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.summation import PLAIN, Summation
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm.kernels.rounding_numpy import Floats, Rounder, odd_sum, odd_sum_of_three

__all__ = ["Accumulate", "AddOnce", "Job", "Window", "bind", "bind_adder", "pack", "room"]


@dataclass(frozen=True)
class Window:
    """Alignment of products before they are added.

    Parameters
    ----------
    bits : int
        See `fp8mac.sim.gemm.definition.dot`.
    a_powers, b_powers : ndarray of float64, shapes (m, k) and (k, n)
        Powers of two that the operands' exponents mean; 0 for zeros and special values. As for the
        operands themselves, ``b_powers`` has been packed.
    acc_emin : int
        Smallest exponent of an accumulator.
    """

    bits: int
    a_powers: NDArray[np.float64]
    b_powers: NDArray[np.float64]
    acc_emin: int


@dataclass(frozen=True)
class Job:
    """What is computed of a block of rows.

    Parameters
    ----------
    rounder : Rounder
        What a step does to a sum.
    summation : Summation
        How the products of a step are added.
    cut : int, optional
        With pairs, see `fp8mac.sim.gemm.carrier`: exponent of the smallest bit of the upper halves.
    window : Window, optional
        Alignment.
    draws : Draws, optional
        Random numbers of stochastic rounding.
    transposed : bool
        Whether rows are the columns of the matrix; it matters to random numbers.
    skips : bool
        Whether products of a left operand that is zero may be left out, and are worth it.
    """

    rounder: Rounder
    summation: Summation = PLAIN
    cut: int | None = None
    window: Window | None = None
    draws: Draws | None = None
    transposed: bool = False
    skips: bool = False


AddOnce = Callable[[Floats, Floats, int], None]
"""Adds numbers to accumulators, in place; with the number of the step."""


class Accumulate(Protocol):
    """Adds products to some rows of the accumulators, in place."""

    def __call__(
        self, acc: Floats, a: Floats, b: Floats, /, *, rows: slice, first_step: int = 0
    ) -> None:
        """Add them.

        Parameters
        ----------
        acc, a, b : ndarray of the carrier's type, shapes (m, n), (m, k), (k, n)
            Values; ``acc`` from `room`, ``b`` from `pack`.
        rows : slice
            Which of ``m``.
        first_step : int
            Number of the first step.
        """
        ...


def pack(b: Floats) -> Floats:
    """Right operands as `Accumulate` reads them."""
    return b


def room(shape: tuple[int, int], dtype: np.dtype[Any]) -> Floats:
    """Accumulators as `Accumulate` writes them, +0, of at least the given shape."""
    return np.zeros(shape, dtype)


def bind(job: Job) -> Accumulate:
    """What computes a job, for any number of matrices."""
    return partial(_accumulate, job)


def _accumulate(
    job: Job, acc: Floats, a: Floats, b: Floats, *, rows: slice, first_step: int = 0
) -> None:
    held, mine = acc[rows], a[rows]
    x, work = np.empty_like(held), np.empty_like(held)
    lanes = job.summation.lanes
    for step, first in enumerate(range(0, len(b), lanes), first_step):
        group = slice(first, min(first + lanes, len(b)))
        low = None
        with np.errstate(invalid="ignore", over="ignore"):
            if job.window is not None:
                _align(job.window, held, mine, b, rows=rows, group=group, x=x)
            elif lanes == 1:
                np.multiply(mine[:, first, None], b[first], out=x)
            elif job.summation.tree:
                x = _root(job, mine[:, group], b[group], work)
            elif job.cut is not None:
                x, low = _halves(mine[:, group], b[group], job.cut)
            else:
                np.matmul(mine[:, group], b[group], out=x)
                _restore_negative_zeros(held, mine[:, group], b[group], x)
        total = _rounded(job, held, x, low, step, rows=rows, work=work)
        if total is not held:
            held[:] = total


def bind_adder(job: Job) -> AddOnce:
    """What adds numbers to accumulators, in place, with the rounding of one step."""
    return partial(_add_once, job)


def _add_once(job: Job, acc: Floats, x: Floats, step: int) -> None:
    acc[:] = _rounded(job, acc, x, None, step, rows=slice(0, len(acc)), work=np.empty_like(acc))


def _rounded(
    job: Job, acc: Floats, x: Floats, low: Floats | None, step: int, *, rows: slice, work: Floats
) -> Floats:
    """``acc + x + low``, rounded; in the place of ``acc`` or not."""
    noise = None
    if job.draws is not None:
        noise = job.draws.of(step, rows.start, rows.start + len(acc), job.rounder.random_bits)
    with np.errstate(over="ignore", invalid="ignore"):
        if low is not None:
            total = odd_sum_of_three(acc, x, low)
        else:
            total = odd_sum(acc, x) if job.rounder.odd else np.add(acc, x, out=acc)
        job.rounder(total, noise, work)
    return total


def _root(job: Job, a: Floats, b: Floats, work: Floats) -> Floats:
    """Sums by a tree of adders that round, in float64 to odd where need be."""
    nodes = [a[:, lane, None] * b[lane] for lane in range(len(b))]
    for node in nodes if job.rounder.native else ():
        job.rounder(node, None, work)
    nodes += [np.zeros_like(nodes[0])] * (job.summation.lanes - len(nodes))
    while len(nodes) > 1:
        add = odd_sum if job.rounder.odd else np.add
        nodes = [add(x, y) for x, y in zip(nodes[::2], nodes[1::2], strict=True)]
        for node in nodes:
            job.rounder(node, None, work)
    return nodes[0]


def _halves(a: Floats, b: Floats, cut: int) -> tuple[Floats, Floats]:
    """Exact sums of the products' upper and lower halves."""
    magic = 1.5 * 2.0 ** (cut + 52)
    high = np.zeros((a.shape[0], b.shape[1]))
    low = np.full_like(high, -0.0)
    for lane in range(len(b)):
        product = a[:, lane, None] * b[lane]
        upper = product + magic - magic
        high += upper
        low += product - upper
    return high, low


def _restore_negative_zeros(acc: Floats, a: Floats, b: Floats, x: Floats) -> None:
    """A matrix product is +0 where all products are -0; it matters to an accumulator of -0."""
    rows, columns = np.nonzero((acc == 0) & np.signbit(acc) & (x == 0))
    if rows.size:
        products = a[rows] * b.T[columns]
        negative = ((products == 0) & np.signbit(products)).all(axis=1)
        x[rows[negative], columns[negative]] = -0.0


def _align(
    window: Window, acc: Floats, a: Floats, b: Floats, *, rows: slice, group: slice, x: Floats
) -> None:
    """Truncate the accumulators, in place, and sum truncated products into ``x``."""
    usual = np.isfinite(acc) & (acc != 0)
    exponents = np.maximum(np.frexp(np.where(usual, acc, 1))[1] - 1, window.acc_emin)
    top = np.where(usual, np.ldexp(1.0, exponents), 0)
    lanes = range(group.start, group.stop)
    for lane in lanes:
        np.maximum(top, window.a_powers[rows, lane, None] * window.b_powers[lane], out=top)
    unit = np.where(top > 0, top, 1) * 2.0 ** (1 - window.bits)
    x.fill(-0.0)
    for lane in lanes:
        x += np.trunc(a[:, lane, None] * b[lane] / unit) * unit
    acc[:] = np.trunc(acc / unit) * unit
