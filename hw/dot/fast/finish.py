"""From two rows to a code of the accumulator: one addition, during which the leading one is found.

::

    rows  ----> S - 1 and S in one network ----> magnitude ----> shift ----> shift by one more
      +-------> where the leading one is, or one place above it ---^              ^
                or the place of the smallest normal number, if that is higher ----+

The magnitude of a negative sum is the complement of ``S - 1``, that of another ``S``: nothing is
negated.

# Ref: M. S. Schmookler, K. J. Nowka, Leading zero anticipation and detection, ARITH-15, 2001
"""

from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import ZeroSign
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.dot.windows.terms import SpecialTerms
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import add_compound, choose, wire
from fp8mac.hw.parts.special import with_zeros
from fp8mac.hw.speed.round import FastRound

__all__ = ["FastFinish", "LastRows", "fast_finish", "rows_of"]


class LastRows(NamedTuple):
    """Two rows whose sum is one less than a number, in two's complement with a sign to spare.

    Parameters
    ----------
    words : tuple of Value
        The rows.
    arrivals : list of int
        When the bits of each place are there.
    """

    words: tuple[Value, Value]
    arrivals: list[int]


class FastFinish(wiring.Component):
    """Rounds the sum of two rows and one, once. Combinational.

    Parameters
    ----------
    config : FloatAccConfig
        Accumulator.
    arrivals : list of int
        When the bits of each place of the rows are there.
    exponent_bits : int
        Width of the exponent, more than the format has.
    adder : Adder
        How carries run.

    Members
    -------
    early, late : :py:`In(len(arrivals))`
        LastRows; the top two bits of the sum are equal.
    exponent : :py:`In(exponent_bits)`
        Biased exponent of the place below the sign.
    lowest : :py:`In(len(arrivals) - 1)`
        A one at the place of the smallest normal number, if there is such a place.
    negative : :py:`In(1)`
        All terms are negative, zeros included.
    nan, pos_inf, neg_inf : :py:`In(1)`
        Terms that are not numbers.
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number.
    code : :py:`Out(config.format.bits)`
        Result.
    """

    early: Signal
    late: Signal
    exponent: Signal
    lowest: Signal
    negative: Signal
    nan: Signal
    pos_inf: Signal
    neg_inf: Signal
    random: Signal
    code: Signal

    def __init__(
        self, config: FloatAccConfig, arrivals: list[int], exponent_bits: int, adder: Adder
    ) -> None:
        self._config = config
        self._arrivals = arrivals
        self._adder = adder
        width = len(arrivals)
        super().__init__(
            {
                "early": In(width),
                "late": In(width),
                "exponent": In(exponent_bits),
                "lowest": In(width - 1),
                "negative": In(1),
                "nan": In(1),
                "pos_inf": In(1),
                "neg_inf": In(1),
                "code": Out(config.format.bits),
            }
            | ({"random": In(config.random_bits)} if config.random_bits else {})
        )

    @property
    def config(self) -> FloatAccConfig:
        """Accumulator."""
        return self._config

    @property
    def arrivals(self) -> list[int]:
        """When the bits of each place of the rows are there."""
        return self._arrivals

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, format_ = self._config, self._config.format
        bits = len(self.early) - 1
        magnitude, sign = self._magnitude(m)
        zeros, at_lowest = self._leading(m)
        least = format_.precision + 1 + (config.random_bits or 1)
        normal = Cat(Const(0, max(0, least - bits)), magnitude)
        for stage in reversed(range(len(zeros))):
            step = 1 << stage
            moved = Cat(Const(0, step), normal)[: len(normal)]
            normal = wire(m, choose(zeros[stage], moved, normal), f"normal_{step}")
        again = wire(m, ~normal[-1] & ~at_lowest, "again")
        significand = wire(m, choose(again, Cat(0, normal[:-1]), normal), "significand")
        less = Cat(~zeros, Const(-1, len(self.exponent)))[: len(self.exponent)]
        both = add_compound(m, self.exponent, less, name="exponent", adder=self._adder)
        hidden = normal[-1] | (again & normal[-2])
        exponent = both.plus(~again)[: len(self.exponent)]
        exponent = exponent & hidden.replicate(len(exponent))
        if config.zero is ZeroSign.IEEE:
            sign = sign | self.negative
        inf = self.pos_inf | self.neg_inf
        m.submodules.round = rounder = FastRound(
            config, len(significand), len(exponent), adder=self._adder
        )
        m.d.comb += [
            rounder.significand.eq(significand),
            rounder.exponent.eq(exponent),
            rounder.sign.eq(choose(inf, self.neg_inf, sign)),
            rounder.nan.eq(self.nan | (self.pos_inf & self.neg_inf)),
            rounder.inf.eq(inf),
        ]
        if config.random_bits:
            m.d.comb += rounder.random.eq(self.random)
        code = rounder.code
        m.d.comb += self.code.eq(with_zeros(config, code))
        return m

    def _magnitude(self, m: Module) -> tuple[Value, Value]:
        """Magnitude of the sum without a sign, and the sign."""
        sums = add_compound(m, self.early, self.late, self._arrivals, adder=self._adder)
        below = wire(m, Cat(Const(0, 1), sums.carry[:-1]), "below")
        more = wire(m, Cat(Const(1, 1), (sums.carry | sums.live)[:-1]), "more")
        sign = wire(m, sums.half[-1] ^ more[-1], "sign")
        chosen = wire(m, choose(sign, ~below, more), "chosen")
        return wire(m, (sums.half ^ chosen)[:-1], "magnitude"), sign

    def _leading(self, m: Module) -> tuple[Value, Value]:
        """Places above the leading one, or one less; whether that is the lowest one can be."""
        x, y = self.early, self.late
        bits = len(x) - 1
        differ, both, none = (wire(m, x ^ y, "differ"), wire(m, x & y, "both"), ~(x | y))
        both_below, none_below = Cat(Const(0, 1), both)[:bits], Cat(Const(0, 1), none)[:bits]
        both, none, above = both[:bits], none[:bits], differ[1:]
        found = (above & ((both & ~none_below) | (none & ~both_below))) | (
            ~above & ((none & ~none_below) | (both & ~both_below))
        )
        found = wire(m, Cat(Const(1, 1), found[1:]), "found")
        over = wire(m, Cat(*(self.lowest[:k].any() for k in range(bits))), "over")
        at_lowest = wire(m, self.lowest.any() & ~(found & over).any(), "at_lowest")
        return _zeros(m, wire(m, found | self.lowest, "stops")), at_lowest


def _zeros(m: Module, value: Value) -> Value:
    """How many zeros are above the leading one; there is one."""
    stages = (len(value) - 1).bit_length()
    ones = (1 << stages) - len(value)
    padded = Cat(Const((1 << ones) - 1, ones), value)
    spans = [(bit, Const(0, 0)) for bit in padded]
    while len(spans) > 1:
        joined = []
        for (low, low_zeros), (high, high_zeros) in zip(spans[::2], spans[1::2], strict=True):
            zeros = Cat(
                (low_zeros & (~high).replicate(len(low_zeros)))
                | (high_zeros & high.replicate(len(high_zeros))),
                ~high,
            )
            joined.append((low | high, wire(m, zeros, "zeros")))
        spans = joined
    return spans[0][1]


def rows_of(m: Module, tree: CarrySaveTree) -> LastRows:
    """What a tree's bits come to, less one."""
    tree.add_constant(-1)
    return LastRows(*tree.rows(m))


def fast_finish(
    m: Module,
    config: FloatAccConfig,
    rows: LastRows,
    exponent: Value,
    lowest: Value,
    *,
    specials: SpecialTerms,
    adder: Adder,
) -> Value:
    """Add a `FastFinish` to ``m``; the rounded code of a sum."""
    unit = FastFinish(config, rows.arrivals, len(exponent), adder)
    m.submodules.finish = unit
    m.d.comb += [
        Cat(unit.early, unit.late).eq(Cat(*rows.words)),
        unit.exponent.eq(exponent),
        unit.lowest.eq(lowest),
        unit.negative.eq(specials.negative),
        unit.nan.eq(specials.nan),
        unit.pos_inf.eq(specials.pos_inf),
        unit.neg_inf.eq(specials.neg_inf),
    ]
    return unit.code
