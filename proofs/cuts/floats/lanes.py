"""Lanes of a sum of float products: what each gives, for all of its operands."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.cuts.gates import Bit, CutError, Gates
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.steps import exponent

__all__ = ["MOST_BITS", "FloatLanes", "ProductWords", "lane_values"]

MOST_BITS = 20
"""Bits of both operands of a lane of which all values are tried."""

_Table = NDArray[Any]


def lane_values(
    gates: Gates, config: MacConfig, lane: int, roots: Sequence[Bit]
) -> dict[Bit, NDArray[np.uint64]]:
    """Values of bits of a lane for all of its operands: those of ``b`` for each of ``a``.

    Raises
    ------
    CutError
        If they hang on anything else, or there are too many operands.
    """
    places = [
        gates.bus(name)[lane * width : (lane + 1) * width]
        for name, width in (("a", config.a.bits), ("b", config.b.bits))
    ]
    own = {bit for place in places for bit in place}
    order, ends = gates.cone(roots, own)
    if strange := {*ends} - own:
        raise CutError(f"Lane {lane} hangs on {len(strange)} bits that are none of its own.")
    digits = [*places[1], *places[0]]
    if len(digits) > MOST_BITS:
        raise CutError(
            f"A lane of {len(digits)} bits has too many operands: those of {MOST_BITS} bits "
            "are tried."
        )
    count = np.arange(1 << len(digits), dtype=np.uint64)
    given = {
        bit: np.packbits((count >> np.uint64(at) & np.uint64(1)).astype(np.uint8))
        for at, bit in enumerate(digits)
    }
    values = gates.evaluate(order, given, np.uint8(255))
    whole = {"0": np.zeros_like(count), "1": np.ones_like(count)}
    return {
        bit: whole[bit]
        if isinstance(bit, str)
        else np.unpackbits(values[bit], count=len(count)).astype(np.uint64)
        for bit in roots
    }


@dataclass(frozen=True)
class ProductWords:
    """Words of a product.

    Parameters
    ----------
    sign, zero : Bit
        Its sign; whether it is zero.
    significand, exponent : sequence of Bit
        Its magnitude, zero where it is; and its exponent, unsigned, with an offset.
    nan, inf : Bit
        Whether it is no number.
    """

    sign: Bit
    zero: Bit
    significand: Sequence[Bit]
    exponent: Sequence[Bit]
    nan: Bit
    inf: Bit


@dataclass(frozen=True)
class FloatLanes:
    """What products of a unit's operands are, by the golden model.

    Parameters
    ----------
    config : MacConfig
        The unit.
    """

    config: MacConfig

    @property
    def formats(self) -> tuple[FloatFormat, FloatFormat]:
        """Of both operands."""
        return _float(self.config.a), _float(self.config.b)

    @property
    def fraction_bits(self) -> int:
        """Places of a product's significand below its exponent."""
        return sum(each.mantissa_bits for each in self.formats)

    @cached_property
    def largest(self) -> int:
        """Largest significand."""
        (a, _), (b, _) = (_numbers(self.config, each) for each in (self.config.a, self.config.b))
        return max(a) * max(b)

    def check(self, gates: Gates, lane: int, words: ProductWords) -> int:
        """Prove that a lane gives its product, for all pairs of operands.

        Returns
        -------
        int
            What is added to its exponents.

        Raises
        ------
        CutError
            If it does not.
        """
        flags = [words.sign, words.zero, words.nan, words.inf]
        roots = [*flags, *words.significand, *words.exponent]
        values = lane_values(gates, self.config, lane, roots)
        got = [values[bit].astype(bool) for bit in flags]
        significands, exponents = (
            sum((values[bit].astype(np.int64) << at for at, bit in enumerate(word)), np.int64(0))
            for word in (words.significand, words.exponent)
        )
        sign, nan, inf, significand, exponent_ = self._wanted
        finite = ~nan & ~inf
        some = finite & (significand != 0)
        offset = int((exponents - exponent_)[np.flatnonzero(some)[0]])
        wrong = (got[2] != nan) | ((got[3] != inf) & ~nan)
        wrong |= (got[0] != sign) & ~nan
        wrong |= finite & ((significands != significand) | (got[1] == some))
        wrong |= some & (exponents - exponent_ != offset)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            a, b = divmod(place, 1 << self.config.b.bits)
            raise CutError(f"Lane {lane} does not give the product of a={a:#x} and b={b:#x}.")
        return offset

    @cached_property
    def lowest(self) -> int:
        """Smallest exponent of a product that is not zero."""
        return sum(min(_numbers(self.config, each)[1]) for each in (self.config.a, self.config.b))

    @cached_property
    def highest(self) -> int:
        """Largest exponent of a product."""
        return sum(max(_numbers(self.config, each)[1]) for each in (self.config.a, self.config.b))

    @cached_property
    def _wanted(self) -> tuple[_Table, _Table, _Table, _Table, _Table]:
        """Sign, whether NaN, whether infinite, significand and exponent of each pair."""
        formats = (self.config.a, self.config.b)
        codes = [[golden.decode(each, code) for code in range(1 << each.bits)] for each in formats]
        products = [golden.multiply(x, y) for x in codes[0] for y in codes[1]]
        sides = [_numbers(self.config, each) for each in formats]
        significand, exponent_ = (
            outer(*(np.array(side[at], np.int64) for side in sides)).ravel()
            for at, outer in enumerate((np.multiply.outer, np.add.outer))
        )
        kinds = [each.kind for each in products]
        return (
            np.array([bool(each.sign) for each in products]),
            np.array([kind is golden.Kind.NAN for kind in kinds]),
            np.array([kind is golden.Kind.INF for kind in kinds]),
            significand,
            exponent_,
        )


def _numbers(config: MacConfig, format_: Format) -> tuple[list[int], list[int]]:
    """Significand and exponent of every code, zeros where a code is no number."""
    rules, mantissa_bits = config.summation.exponents, _float(format_).mantissa_bits
    significands, exponents = [], []
    for code in range(1 << format_.bits):
        value = golden.decode(format_, code)
        place, significand = exponent(rules.operands or format_, value), Fraction(0)
        if value.kind is not golden.Kind.FINITE or not value.magnitude:
            place = _float(format_).emin
        else:
            significand = abs(value.fraction) / Fraction(2) ** (place - mantissa_bits)
        assert significand.denominator == 1
        significands.append(int(significand))
        exponents.append(place)
    return significands, exponents


def _float(format_: Format) -> FloatFormat:
    assert isinstance(format_, FloatFormat)
    return format_
