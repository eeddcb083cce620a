"""Bounds on the error of sums, and proofs that they do not overflow, without running them.

Every operand ``a[k]`` lies between given limits, every ``b[k]`` is known. What a step can lose is
bounded term by term, with the largest exponent that any of its terms can have::

    cut       a term loses less than the window's unit, nothing if it has no bits below,
              and never more than itself
    rounding  half an ulp of the largest sum there can be, or an ulp; nothing if no sum has
              bits below

Magnitudes are computed in float64 and enlarged by more than all its rounding errors.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import ConfigError, FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Rounding, TermCut
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.claims.sizes import Sizes, exponents, joined, last_bits, power
from fp8mac.sim.exact.codecs import REGISTERS, FixedPointCodec
from fp8mac.sim.gemm.definition import steps

__all__ = ["Bounds", "bound", "check_bounded"]

Array = NDArray[np.float64]

_LARGER = 1 + 2.0**-30  # than all rounding errors of float64 make a sum of magnitudes


@dataclass(frozen=True)
class Bounds:
    """What is proved of each sum of a layer.

    Parameters
    ----------
    error : ndarray, shape (n,)
        The sum is at most so far from the exact one; where it cannot overflow.
    largest : ndarray, shape (n,)
        No exact partial sum has a larger magnitude.
    overflows : ndarray of bool, shape (n,)
        Whether it is not proved that no sum overflows.
    sum_bits : ndarray of int, shape (n,)
        Width of two's complement, in units of the last bit that products have, for exact sums.
    window_bits : int
        Window in which no term of any step is cut; sums are then exact but for their rounding.
    """

    error: Array
    largest: Array
    overflows: NDArray[np.bool_]
    sum_bits: NDArray[np.int64]
    window_bits: int


def bound(config: MacConfig, low: NDArray[Any], high: NDArray[Any], b: NDArray[Any]) -> Bounds:
    """Bounds for all operands ``a`` between limits.

    Parameters
    ----------
    config : MacConfig
        The unit.
    low, high : array_like, shape (k,)
        Limits of the values of ``a[k]``; finite.
    b : array_like, shape (k, n)
        Values of the codes of ``b``; finite.

    Raises
    ------
    ConfigError
        If the unit takes blocks, gives zeros an exponent, or has an accumulator of another kind.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> found = bound(parse_line("e4m3 x 4 -> fp32, window 14"), [-1] * 4, [1] * 4, np.ones((4, 1)))
    >>> found.error, found.window_bits  # each of four products has bits down to 2**-9
    (array([0.]), 10)
    """
    check_bounded(config)
    weights = np.asarray(b, np.float64)
    limits = np.stack([np.asarray(low, np.float64), np.asarray(high, np.float64)])
    corners = limits[:, :, None] * weights
    ends = np.minimum(corners.min(0), 0.0), np.maximum(corners.max(0), 0.0)
    work = _Work(config, weights, limits, ends)
    return work.result()


def check_bounded(config: MacConfig) -> None:
    """Refuse a unit whose sums are not bounded here.

    Raises
    ------
    ConfigError
        If it is one.
    """
    if config.block is not None:
        raise ConfigError(f"Operands of {config.text} are in blocks, whose scales bound nothing.")
    if config.summation.exponents.of_zero is not None:
        raise ConfigError("Nothing is known of sums in which zeros have exponents.")


class _Work:
    """Bounds while steps are gone through."""

    def __init__(
        self, config: MacConfig, weights: Array, limits: Array, ends: tuple[Array, Array]
    ) -> None:
        self.config = config
        count = weights.shape[1]
        sizes = np.abs(limits).max(0)
        seen = exponents(config, config.a, sizes)[:, None] + exponents(config, config.b, weights)
        size = np.maximum(-ends[0], ends[1])
        size = np.where(np.isfinite(seen), size, 0.0)
        last = config.a.lsb_exponent + last_bits(weights)
        some = size > 0
        if config.summation.exponents.normalised:
            seen = seen + 1
        self.terms = Sizes(size, np.where(some, seen, -np.inf), np.where(some, last, np.inf))
        self.ends = ends
        self.error = np.zeros(count)
        self.overflows = np.zeros(count, bool)
        self.window = 1
        if getattr(config.accumulator, "flushes", False):
            self._flush(weights)

    def _flush(self, weights: Array) -> None:
        """Subnormal operands count as zero."""
        assert isinstance(self.config.a, FloatFormat)
        assert isinstance(self.config.b, FloatFormat)
        smallest = float(self.config.a.min_normal) * np.abs(weights)
        subnormal = np.abs(weights) < float(self.config.b.min_normal)
        lost = np.where(subnormal, self.terms.size, np.minimum(self.terms.size, smallest))
        self.error += lost.sum(0)

    def result(self) -> Bounds:
        """Of all steps."""
        sums = np.cumsum(self.ends[0], 0), np.cumsum(self.ends[1], 0)
        exact = np.maximum(-sums[0], sums[1]).max(0, initial=0.0) * _LARGER
        grid = self.terms.last.min(0, initial=np.inf)
        bits = np.where(exact > 0, np.floor(np.log2(np.maximum(exact, 1e-300))) + 1 - grid, 0) + 1
        acc = self.config.accumulator
        if isinstance(acc, FloatAccConfig):
            self._floats()
        elif REGISTERS[type(acc)] is FixedPointCodec:
            self.overflows = bits > self._fixed_bits(grid)
        else:
            raise ConfigError(f"Nothing is known of sums in {acc.name}.")
        return Bounds(
            np.where(self.overflows, np.inf, self.error),
            exact,
            self.overflows,
            np.where(exact > 0, bits, 1).astype(np.int64),
            self.window,
        )

    def _fixed_bits(self, grid: Array) -> Array:
        """Of the register, in units of the last bit that products have."""
        units = np.where(np.isfinite(grid), grid - self.config.product_lsb_exponent, 0)
        return self.config.acc_bits - units

    def _floats(self) -> None:
        config, count = self.config, self.error.size
        how, places = config.summation, range(len(self.terms.size))
        held = Sizes(np.zeros(count), np.full(count, -np.inf), np.full(count, np.inf))
        if how.chunk is None:
            self._sum(config, held, places)
            return
        for first in range(0, len(places), how.chunk):
            partial = Sizes(np.zeros(count), np.full(count, -np.inf), np.full(count, np.inf))
            partial = self._sum(config, partial, places[first : first + how.chunk])
            held = self._rounded(config.result, joined([held, partial]))

    def _sum(self, config: MacConfig, held: Sizes, places: range) -> Sizes:
        for step in steps(config, places):
            held = self._step(config, held, step)
        return held

    def _step(self, config: MacConfig, held: Sizes, step: list[int]) -> Sizes:
        how, plain = config.summation, config.plain
        terms = [Sizes(*(each[k] for each in self.terms)) for k in step]
        if how.products.rounded:
            terms = [self._rounded(plain, each) for each in terms]
        if how.tree:
            while len(terms) > 1:
                pairs = [terms[k : k + 2] for k in range(0, len(terms), 2)]
                terms = [self._rounded(plain, joined(pair)) for pair in pairs]
            return self._rounded(plain, joined([held, *terms]))
        early = how.late is None
        if how.groups is None:
            total = self._window([held, *terms] if early else terms, how.window_bits, how.cut)
        else:
            groups = how.groups
            sums = [
                self._window(
                    [each for k, each in enumerate(terms) if k // groups.run % groups.ways == way],
                    how.window_bits,
                    how.cut,
                )
                for way in range(groups.ways)
            ]
            join = how.join
            total = self._window(
                [held, *sums] if early else sums,
                None if join is None else join.bits,
                how.cut if join is None else join.cut,
            )
        late = how.late
        if late is not None and late.sum_bits is None:
            total = joined([held, self._rounded(plain, total)])
        elif late is not None and late.sum_bits is not None and late.acc_bits is not None:
            top = np.maximum(held.exponent, total.exponent)
            sides = [
                self._cut(side, top - bits + 1, late.cut)
                for side, bits in ((total, late.sum_bits), (held, late.acc_bits))
            ]
            if late.drop is not None:  # nothing as large as this is dropped
                with np.errstate(invalid="ignore"):
                    self.error += np.minimum(held.size, power(top - late.drop))
            total = joined(sides)
        return self._rounded(plain, total)

    def _window(self, terms: list[Sizes], bits: int | None, how: TermCut) -> Sizes:
        """Sum of terms, cut below the largest exponent that any can have."""
        if not terms:
            count = self.error.size
            return Sizes(np.zeros(count), np.full(count, -np.inf), np.full(count, np.inf))
        top = np.max([each.exponent for each in terms], axis=0)
        lowest = np.min([each.last for each in terms], axis=0)
        span = np.where(np.isfinite(top) & np.isfinite(lowest), top - lowest + 1, 1)
        self.window = max(self.window, int(span.max(initial=1)))
        if bits is not None:
            terms = [self._cut(each, top - bits + 1, how) for each in terms]
        return joined(terms)._replace(exponent=top)

    def _cut(self, term: Sizes, unit: Array, how: TermCut) -> Sizes:
        """A term without what lies below a unit."""
        with np.errstate(invalid="ignore"):
            loss = np.where(term.last >= unit, 0.0, power(unit))
        if how is TermCut.TRUNCATE:
            loss = np.minimum(loss, term.size)
        loss = np.where(term.size > 0, loss, 0.0)
        self.error += loss
        size = term.size if how is TermCut.TRUNCATE else term.size + loss
        return term._replace(size=size)

    def _rounded(self, config: MacConfig, term: Sizes) -> Sizes:
        """A sum in an accumulator: its rounding error, whether it overflows, what it becomes."""
        acc = config.accumulator
        assert isinstance(acc, FloatAccConfig)
        format_, size = acc.format, term.size * _LARGER
        with np.errstate(divide="ignore"):
            leading = np.floor(np.log2(size))
        ulp = np.maximum(leading - format_.mantissa_bits, format_.lsb_exponent)
        share = 0.5 if acc.rounding is Rounding.RNE else 1.0
        loss = np.where((term.last >= ulp) | (size == 0), 0.0, share * power(ulp))
        if not acc.subnormals:  # flushed, before it is rounded or when it is read
            smallest = float(format_.min_normal)
            loss = loss + np.where(size > 0, np.minimum(size, smallest), 0.0)
        self.error += loss
        size = np.where(size > 0, size + loss, 0.0)
        self.overflows |= size > float(format_.max)
        with np.errstate(divide="ignore"):
            leading = np.floor(np.log2(size))
        exponent = np.where(size > 0, np.maximum(leading, format_.emin), -np.inf)
        return Sizes(size, exponent, np.maximum(term.last, format_.lsb_exponent))
