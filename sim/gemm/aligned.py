"""Matrix products of units that align their terms, in integers of 64 bits, on arrays.

What `fp8mac.sim.exact.steps` does with one sum, all sums of a matrix do here at once, lane by lane:
windows that truncate, floor or jam, groups, late accumulators, scaled blocks::

    product = significand * 2**(exponent - bits)        integers, and the exponent that a unit sees
    window  = product, cut at the largest exponent      integers in units of 2**(E - window + 1)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import (
    FloatFormat,
    Overflow,
    Rounding,
    Specials,
    TermCut,
    ZeroSign,
)
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding_rule import code_dtype
from fp8mac.sim.codes.terms import (
    NO_EXPONENT,
    Integers,
    Terms,
    cut,
    read,
    rounded,
)

__all__ = ["fits", "multiply"]

_WIDEST = 52  # bits of a sum
_BELOW = 26  # bits below those of a number that is added to another one
_E4M3 = FloatFormat(4, 3, specials=Specials.FN)


def fits(config: MacConfig) -> bool:
    """Whether a unit's steps are among those that this module computes."""
    how, acc = config.summation, config.accumulator
    if not isinstance(acc, FloatAccConfig) or not acc.format.has_inf or acc.flushes:
        return False
    if not (isinstance(config.a, FloatFormat) and isinstance(config.b, FloatFormat)):
        return False
    late = how.late
    return (
        how.chunk is None
        and how.exponents.operands is None
        and not (how.tree or how.products.rounded or how.exponents.normalised)
        and (how.window_bits is not None or how.join is not None)
        and (how.groups is None or how.join is not None)
        and (late is None or (late.sum_bits or 0) >= (late.acc_bits or 0))
        and acc.rounding is not Rounding.STOCHASTIC
        and acc.overflow is not Overflow.SATURATE
        and acc.zero is not ZeroSign.IEEE
        and acc.subnormals
        and _width(config.a, config.b, config) <= _WIDEST
    )


def _width(a: FloatFormat, b: FloatFormat, config: MacConfig) -> int:
    """Bits of the widest sum of a step."""
    how = config.summation
    ways = 1 if how.groups is None else how.groups.ways
    above = 2 + (how.lanes // ways).bit_length()  # bits of a sum above the largest exponent
    inner = (how.window_bits or 0) + above
    if how.window_bits is None:
        above += a.emax + b.emax + 2
        inner = above + a.precision + b.precision - a.emin - b.emin + 8
        if config.block is None:
            return _WIDEST + 1
    outer = max(how.join.bits if how.join else 0, (how.late.sum_bits or 0) if how.late else 0)
    return max(inner, outer + above + (ways + 1).bit_length(), 51 if how.late else 0)


def multiply(
    config: MacConfig,
    codes: tuple[NDArray[Any], NDArray[Any]],
    start: NDArray[Any] | None,
    scales: tuple[NDArray[Any], NDArray[Any]] | None,
) -> NDArray[Any]:
    """Codes of accumulators after all products of codes, of shapes (m, k) and (k, n).

    Parameters
    ----------
    config : MacConfig
        A unit that `fits`.
    codes : pair of ndarray of int
        Operands.
    start : ndarray of int, shape (m, n), optional
        Codes of what is held before.
    scales : pair of ndarrays of uint8, optional
        Codes of the scales of blocks, of shapes (m, blocks) and (blocks, n).
    """
    left, right = codes
    acc = config.accumulator
    assert isinstance(acc, FloatAccConfig)
    assert isinstance(config.a, FloatFormat)
    assert isinstance(config.b, FloatFormat)
    rules, lanes = config.summation.exponents, config.summation.lanes
    a = read(left, config.a, rules)
    b = read(right, config.b, rules)
    pair = None if scales is None else tuple(_scales(config, each) for each in scales)
    held = np.zeros((left.shape[0], right.shape[1]), np.int64)
    if start is not None:
        held = start.astype(np.int64)
    for first in range(0, left.shape[1], lanes):
        step = range(first, min(first + lanes, left.shape[1]))
        held = _Step(config, acc, a, b, pair, step).after(held)
    return held.astype(code_dtype(acc.format.bits))


def _scales(config: MacConfig, codes: NDArray[Any]) -> Terms:
    assert config.block is not None
    rules = config.summation.exponents
    if config.block.scale is ScaleFormat.UE4M3:
        return read(codes & 127, _E4M3, rules)
    exponent = codes.astype(np.int64) - 127
    nan = codes == 255
    special = np.where(nan, np.nan, 1.0) if nan.any() else None
    return Terms(np.where(nan, 0, 1), np.where(nan, NO_EXPONENT, exponent), special)


@dataclass(frozen=True)
class _Step:
    """A step of all sums at once."""

    config: MacConfig
    acc: FloatAccConfig
    a: Terms
    b: Terms
    scales: tuple[Terms, ...] | None
    places: range

    def after(self, held: Integers) -> Integers:
        """Codes of the accumulators after the step."""
        how, acc = self.config.summation, self.acc
        c = read(held, acc.format, how.exponents)
        exponent = c.exponent - acc.format.mantissa_bits
        groups = self._groups(c if how.late is None and how.groups is None else None)
        total, unit, top = groups[0]
        if how.join is not None:
            tops = [each[2] for each in groups] + ([c.exponent] if how.late is None else [])
            top = np.max(tops, axis=0)
            unit = top - how.join.bits + 1
            total = np.zeros_like(held)
            for each, its_unit, _ in groups:
                total += cut(each, its_unit - unit, how.join.cut)
            if how.late is None:
                total += cut(c.significand, exponent - unit, how.join.cut)
        late, dot = how.late, None
        if late is not None and late.sum_bits is not None and late.acc_bits is not None:
            top = np.maximum(top, c.exponent)
            last = top - late.sum_bits + 1
            total = cut(total, unit - last, late.cut)
            mine = cut(c.significand, exponent - (top - late.acc_bits + 1), late.cut)
            if late.drop is not None:
                mine = np.where(top - c.exponent > late.drop, 0, mine)
            total, unit = total + (mine << late.sum_bits - late.acc_bits), last
        elif late is not None:
            dot = read(rounded(acc, total, unit), acc.format, how.exponents)
            unit = np.maximum(dot.exponent, c.exponent) - acc.format.mantissa_bits - _BELOW
            shifts = dot.exponent - acc.format.mantissa_bits - unit, exponent - unit
            total = cut(dot.significand, shifts[0], TermCut.ODD)
            total = total + cut(c.significand, shifts[1], TermCut.ODD)
        return self._special(rounded(acc, total, unit), c, dot)

    def _lane(self, k: int) -> tuple[Integers, Integers, Integers]:
        """Product of a lane: significand, exponents of its last bit and as the unit sees it."""
        config = self.config
        assert isinstance(config.a, FloatFormat)
        assert isinstance(config.b, FloatFormat)
        significand = self.a.significand[:, k, None] * self.b.significand[k]
        exponent = self.a.exponent[:, k, None] + self.b.exponent[k]
        bits, seen = config.a.mantissa_bits + config.b.mantissa_bits, exponent
        if self.scales is not None and config.block is not None:
            x, y = self._scales_of(k)
            significand = significand * (x.significand * y.significand)
            scale = x.exponent + y.exponent
            exponent = exponent + scale
            bits += 2 * _E4M3.mantissa_bits * (config.block.scale is ScaleFormat.UE4M3)
            by_scales = config.summation.window_bits is None
            seen = scale + np.zeros_like(exponent) if by_scales else exponent
        return significand, exponent - bits, np.maximum(seen, NO_EXPONENT)

    def _scales_of(self, k: int) -> tuple[Terms, Terms]:
        assert self.scales is not None
        assert self.config.block is not None
        left, right = self.scales
        place = k // self.config.block.size
        return (
            Terms(left.significand[:, place, None], left.exponent[:, place, None], None),
            Terms(right.significand[place], right.exponent[place], None),
        )

    def _groups(self, acc: Terms | None) -> list[tuple[Integers, Integers, Integers]]:
        """Sum, its unit's exponent, and exponent of each group of products."""
        how, found = self.config.summation, []
        groups = how.groups
        for way in range(1 if groups is None else groups.ways):
            lanes = [
                self._lane(k)
                for place, k in enumerate(self.places)
                if groups is None or place // groups.run % groups.ways == way
            ]
            shape = self.a.exponent.shape[0], self.b.exponent.shape[1]
            top = np.full(shape, NO_EXPONENT) if acc is None else acc.exponent
            for _, _, seen in lanes:
                top = np.maximum(top, seen)
            unit = top - (how.window_bits or 0) + 1
            if how.window_bits is None:  # exact: the smallest bit that a product can have
                assert isinstance(self.config.a, FloatFormat)
                assert isinstance(self.config.b, FloatFormat)
                unit = top + self.config.a.lsb_exponent + self.config.b.lsb_exponent
                unit = unit - 2 * _E4M3.mantissa_bits
            total = np.zeros(shape, np.int64)
            if acc is not None:
                total += cut(
                    acc.significand, acc.exponent - self.acc.format.mantissa_bits - unit, how.cut
                )
            for significand, exponent, _ in lanes:
                total += cut(significand, exponent - unit, how.cut)
            found.append((total, unit, top))
        return found

    def _special(self, codes: Integers, c: Terms, dot: Terms | None) -> Integers:
        """Codes, with infinities and NaN where operands, accumulators or rounded sums have them."""
        form = self.acc.format
        assert form.inf_code is not None
        sides = [self.a, self.b, c, *(self.scales or ()), *([] if dot is None else [dot])]
        given = any(side.special is not None for side in sides)
        total = np.zeros(codes.shape)
        if given:
            a, b = (_signs(side) for side in (self.a, self.b))
            for k in self.places:
                product = a[:, k, None] * b[k]
                if self.scales is not None and self.config.block is not None:
                    place = k // self.config.block.size
                    x, y = (_signs(side) for side in self.scales)
                    product = product * (x[:, place, None] * y[place])
                total += product
            if dot is not None:
                total = np.where(np.isfinite(total), _signs(dot), total)
            total += _signs(c)
        if self.config.summation.products.bounded:
            beyond = self._beyond(codes.shape)
            total = np.where(np.isfinite(total), beyond, total)
            given = True
        if not given:
            return codes
        code = np.where(total == np.inf, form.inf_code, codes)
        code = np.where(total == -np.inf, form.inf_code + form.sign_code, code)
        return np.where(np.isnan(total), form.nan_code or 0, code)

    def _beyond(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Sums of infinities in place of products beyond the accumulator's range; else 0."""
        total = np.zeros(shape)
        for k in self.places:
            significand, last, _ = self._lane(k)
            leading = last + np.frexp(np.abs(significand).astype(np.float64))[1] - 1
            out = (significand != 0) & (leading > self.acc.format.emax)
            total += np.where(out, np.copysign(np.inf, significand), 0.0)
        return total


def _signs(side: Terms) -> NDArray[np.float64]:
    """Infinities and NaN as they are, signs of numbers."""
    return np.sign(side.significand).astype(np.float64) if side.special is None else side.special
