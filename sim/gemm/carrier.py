"""In which numbers of the processor a float accumulator can be computed, and why that is exact.

A step computes ``acc + x`` in a *carrier* of P bits, which rounds, and rounds the result again to
the p bits of the accumulator. Two roundings are one only if the first never hides on which side of
a tie the sum is. With ``x`` of at most q bits, and all numbers multiples of ``2**g``, one of these
must hold:

===========  ==========================================================================
exact        no sum reaches ``2**(g + P)``: the first rounding does nothing
dominated    to nearest, ``q <= P - p`` and ``max(p, q) + 2 <= P``, so that an ``x`` with
             bits below the carrier is less than half an ulp of the accumulator, off the
             tie; and no ``x`` can dominate an accumulator with bits below the carrier:
             either it is less than ``2**(g + P - 2)``, or ``q <= p`` and
             ``2 * p + 1 <= P``
native       the accumulator *is* the carrier: fp32 in float32; so are products that are rounded
fused        so it is, and a product beyond the carrier is multiplied and added in one operation
             of the processor, which rounds once: the unit's own step
adders       a node of a tree adds two numbers of at most p bits, ``q <= p``; to nearest,
             ``2 * p + 2 <= P``, and what is inexact is a normal number of the accumulator
odd          the first rounding is to odd: what is inexact never looks like a tie
pairs        one step's products exceed the carrier. Each is cut in two, the halves are
             added exactly, and the sum of the accumulator and both is rounded to odd
===========  ==========================================================================

A sum that starts from zero has ``g`` of the products. A given accumulator may have smaller bits:
4.619140625 + 2**-24, an e2m5 product and an fp16 number, is rounded wrongly by way of float32.

# Ref: S. Figueroa, When is double rounding innocuous?, ACM SIGNUM Newsletter 30(3), 1995
# Ref: S. Boldo and G. Melquiond, Emulation of FMA and correctly rounded sums: proved algorithms
#      using rounding to odd, IEEE Transactions on Computers 57(4), 2008
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from fp8mac.hw.config.accumulators import MOST_RANDOM_BITS, FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format, Overflow, Rounding, ZeroSign, parse_format
from fp8mac.hw.config.unit import MacConfig

__all__ = ["NATIVE", "Carrier", "Plan", "choose"]

NATIVE = ("native", "fused")
"""Reasons why float32's own sums are those of the accumulator."""

_RANGE = 960  # exponent that leaves room above for magic numbers


class Carrier(StrEnum):
    """Numbers that sums are computed in."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    ODD = "float64 rounded to odd"
    PAIR = "pairs of float64 rounded to odd"
    INT64 = "int64"
    INTEGERS = "integers"
    """Of Python, one sum at a time."""


@dataclass(frozen=True)
class Plan:
    """Who computes a product, and why its bits are right.

    Parameters
    ----------
    backend : str
        One of `fp8mac.sim.gemm.plan.BACKENDS` but ``auto``.
    carrier : Carrier
        Numbers that sums are held in.
    reason : str
        Why they are exact. Of a float accumulator the line of the rule that holds: ``exact``,
        ``dominated``, ``native``, ``fused``, ``adders``, ``odd``, ``pairs``, ``window``; or what
        does not fit.
    overflows : bool
        Whether a sum of finite products can leave a float accumulator's range.
    on_grid : bool
        Whether all sums are multiples of a float accumulator's smallest number, and no zero is
        negative.
    cut : int
        Of pairs: the exponent of the smallest bit of the upper half.
    """

    backend: str
    carrier: Carrier
    reason: str
    overflows: bool = field(default=True, repr=False)
    on_grid: bool = field(default=False, repr=False)
    cut: int = field(default=0, repr=False)


@dataclass(frozen=True)
class _Sums:
    """Sizes of a sum; numbers are in units of ``2**grain``."""

    operands: tuple[Format, Format]
    acc: FloatAccConfig
    precision: int
    lanes: int
    grain: int
    x_bits: int
    x_max: int
    largest: Fraction
    on_grid: bool

    @property
    def overflows(self) -> bool:
        return self.largest > self.acc.format.max

    def is_exact(self, bits: int) -> bool:
        return self.largest < Fraction(2) ** (self.grain + bits)

    def is_dominated(self, bits: int) -> bool:
        p, q = self.precision, self.x_bits
        small = self.x_max < 2 ** (bits - 2)
        return (
            self.acc.rounding is Rounding.RNE
            and q <= bits - p - (self.lanes > 1)
            and max(p, q) + 2 <= bits
            and (small or (q <= p and 2 * p + 1 <= bits))
            and (self.acc.subnormals or self.grain + bits > self.acc.format.emin)
        )

    def is_below(self, exponent: int) -> bool:
        """Whether all that is added in one step stays below a power of two."""
        return self.x_max * Fraction(2) ** self.grain < Fraction(2) ** exponent

    def is_of_adders(self, bits: int) -> bool:
        p, product_bits = self.precision, sum(map(significand_bits, self.operands))
        return (
            self.acc.rounding is Rounding.RNE
            and product_bits <= p
            and 2 * p + 2 <= bits
            and self.grain + bits > self.acc.format.emin
        )


def significand_bits(format_: Format) -> int:
    """Bits of the odd part of any number of a format."""
    return format_.precision if isinstance(format_, FloatFormat) else format_.bits - 1


@lru_cache(maxsize=1024)
def choose(config: MacConfig, k: int, backend: str, *, started: bool = False) -> Plan:
    """Narrowest carrier in which a sum is exactly that of a unit with a float accumulator.

    Parameters
    ----------
    config : MacConfig
        The unit.
    k : int
        Number of products, of a partial sum if there are chunks.
    backend : str
        ``numpy`` or ``numba``; where no carrier fits, the plan is ``golden``.
    started : bool
        Whether the accumulator may hold any number at first, and not zero only.
    """
    window_bits, tree = config.summation.window_bits, config.summation.tree
    sums = _sums(config, k, started)
    overflows, on_grid = sums.overflows, sums.on_grid
    if window_bits is not None:
        width = window_bits + 2 + sums.lanes.bit_length()
        lowest = min(config.product_lsb_exponent, sums.acc.format.lsb_exponent) - window_bits
        if width <= 53 and lowest > -500 and sums.largest < Fraction(2) ** 500:
            return Plan(backend, Carrier.FLOAT64, "window")
        return Plan("golden", Carrier.INTEGERS, "the window exceeds a float64")
    rounded = config.summation.products.rounded
    if _is_native(sums, rounded) and (rounded or not tree):
        return Plan(backend, Carrier.FLOAT32, "native", overflows, on_grid)
    if backend == "numba" and sums.lanes == 1 and not tree and _is_fused(sums):
        return Plan(backend, Carrier.FLOAT32, "fused", overflows, on_grid)
    if not _fits(sums, 53, -1022, _RANGE):
        cut = config.product_lsb_exponent + 53 - sums.lanes.bit_length()
        if not _fits(replace(sums, x_bits=1), 53, -1022, _RANGE) or not sums.is_below(cut + 51):
            return Plan("golden", Carrier.INTEGERS, "one step's products exceed 53 bits")
        return Plan(backend, Carrier.PAIR, "pairs", overflows, on_grid, cut)
    nearest = sums.acc.rounding is Rounding.RNE
    rules = {"exact": sums.is_exact, "dominated": sums.is_dominated}
    if tree:
        rules = {"exact": sums.is_exact, "adders": sums.is_of_adders}
    for carrier, bits, fits in (
        (Carrier.FLOAT32, 24, nearest and _fits(sums, 24, -149, 126) and _has_magic(sums)),
        (Carrier.FLOAT64, 53, True),
    ):
        for reason, holds in rules.items():
            if fits and holds(bits):
                return Plan(backend, carrier, reason, overflows, on_grid)
    assert sums.precision + MOST_RANDOM_BITS + 2 <= 53
    return Plan(backend, Carrier.ODD, "odd", overflows, on_grid)


def _sums(config: MacConfig, k: int, started: bool) -> _Sums:
    acc, tree = config.accumulator, config.summation.tree
    lanes = max(1, min(config.summation.lanes, k))
    assert isinstance(acc, FloatAccConfig)
    lsb, format_ = config.product_lsb_exponent, acc.format
    # The largest number may have smaller bits than the products, and saturation brings them in.
    grain = min(lsb, format_.emax - format_.mantissa_bits)
    if started:
        grain = min(grain, format_.lsb_exponent)
    units = config.a.max_magnitude * config.b.max_magnitude
    bits = significand_bits(config.a) + significand_bits(config.b)
    together = 1 if tree else lanes  # products that are added exactly
    x_max = units * together * Fraction(2) ** lsb
    largest = 2 * max(format_.max, x_max) if tree else format_.max + x_max
    if not started and acc.rounding is not Rounding.STOCHASTIC:
        # To nearest, an accumulator moves by at most twice what is added to it.
        largest = min(largest, 2 * (lanes if tree else 1) * k * units * Fraction(2) ** lsb)
    return _Sums(
        operands=(config.a, config.b),
        acc=acc,
        precision=format_.precision,
        lanes=together,
        grain=grain,
        x_bits=bits if together == 1 else (units * together).bit_length(),
        x_max=units * together << (lsb - grain),
        largest=largest,
        on_grid=not started and acc.subnormals and grain >= format_.lsb_exponent,
    )


def _fits(sums: _Sums, bits: int, smallest: int, largest: int) -> bool:
    """Whether operands and what is added are numbers of a carrier, and sums within its range."""
    return (
        sums.x_bits <= bits
        and all(
            operand.lsb_exponent >= smallest and operand.max < Fraction(2) ** largest
            for operand in sums.operands
        )
        and sums.grain >= smallest
        and sums.largest < Fraction(2) ** largest
    )


def _is_native(sums: _Sums, rounded: bool) -> bool:
    """Whether float32 addition rounds as the accumulator does, and multiplication if need be."""
    products = replace(sums, largest=sums.x_max * Fraction(2) ** sums.grain)
    fits = _has_operands(sums) if rounded else _fits(products, 24, -149, 127)
    return fits and _rounds_as_carrier(sums)


def _is_fused(sums: _Sums) -> bool:
    """Whether a step is one operation of the processor on float32, which rounds once."""
    from fp8mac.sim.jit import fuses

    return _has_operands(sums) and _rounds_as_carrier(sums) and fuses()


def _has_operands(sums: _Sums) -> bool:
    """Whether operands are float32 numbers."""
    return all(
        significand_bits(operand) <= 24
        and operand.lsb_exponent >= -149
        and operand.max <= parse_format("fp32").max
        for operand in sums.operands
    )


def _rounds_as_carrier(sums: _Sums) -> bool:
    """Whether the accumulator rounds as float32 does."""
    acc = sums.acc
    return (
        acc.format == parse_format("fp32")
        and acc.rounding is Rounding.RNE
        and acc.subnormals
        and acc.zero is ZeroSign.IEEE
        and not (acc.overflow is Overflow.SATURATE and sums.overflows)
    )


def _has_magic(sums: _Sums) -> bool:
    """Whether adding a power of two to a float32 rounds it, see `rounding_numpy`."""
    format_ = sums.acc.format
    shift = 23 - format_.mantissa_bits
    leading = sums.largest.numerator.bit_length() - sums.largest.denominator.bit_length() + 1
    return shift > 1 and format_.emin >= -126 and leading + shift <= 127
