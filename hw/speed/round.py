"""The rounder of circuits for a short path that cannot round by choosing between two sums."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.prefix import add, add_compound, at_least, choose, wire
from fp8mac.hw.parts.special import with_specials

__all__ = ["FastRound"]


class FastRound(wiring.Component):
    """Rounds once, and writes special values, like `fp8mac.hw.area.round.Round`. Combinational.

    The code is incremented by a prefix of ANDs, whose carry runs on into the exponent. Both sums
    are there before a random number says which one it is.

    Parameters
    ----------
    config : FloatAccConfig
        Format, rounding, overflow, subnormals.
    significand_bits : int
        Width of the significand, at least ``precision + 1``, and ``precision + random_bits``.
    exponent_bits : int
        Width of the exponent, more than that of the format.
    adder : Adder
        How carries run.

    Members
    -------
    sign : :py:`In(1)`
        Sign of the sum.
    significand : :py:`In(significand_bits)`
        Magnitude of the sum; its top bit is the hidden bit.
    exponent : :py:`In(exponent_bits)`
        Biased exponent of the hidden bit if that is one, else zero.
    nan, inf : :py:`In(1)`
        The sum is not a number; is infinite (if not NaN).
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number.
    code : :py:`Out(config.format.bits)`
        Result.
    """

    sign: Signal
    significand: Signal
    exponent: Signal
    nan: Signal
    inf: Signal
    random: Signal
    code: Signal

    def __init__(
        self,
        config: FloatAccConfig,
        significand_bits: int,
        exponent_bits: int,
        adder: Adder = Adder.FITTED,
    ) -> None:
        self._adder = adder
        self._config = config
        super().__init__(
            {
                "sign": In(1),
                "significand": In(significand_bits),
                "exponent": In(exponent_bits),
                "nan": In(1),
                "inf": In(1),
                "code": Out(config.format.bits),
            }
            | ({"random": In(config.random_bits)} if config.random_bits else {})
        )

    @property
    def config(self) -> FloatAccConfig:
        """Format, rounding, overflow, subnormals."""
        return self._config

    def elaborate(self, platform: object) -> Module:
        m = Module()
        format_, config = self._config.format, self._config
        rest, kept = self.significand[: -format_.precision], self.significand[-format_.precision :]
        magnitude = wire(m, Cat(kept[:-1], self.exponent), "magnitude")
        if config.rounding in (Rounding.RNE, Rounding.STOCHASTIC):
            up: Value = rest[-1] & (rest[:-1].any() | kept[0])
            if config.random_bits:
                chance = rest[-config.random_bits :]
                up = add(m, chance, self.random, name="chance", adder=self._adder)[-1]
            up = wire(m, up, "up")
            zero = Const(0, len(magnitude))
            codes = add_compound(m, magnitude, zero, name="next_code", adder=self._adder)
            magnitude = wire(m, codes.plus(up)[:-1], "rounded")
        elif config.rounding is Rounding.ODD:
            magnitude = Cat(magnitude[0] | rest.any(), magnitude[1:])
        if not config.subnormals:
            magnitude &= kept[-1].replicate(len(magnitude))
        m.d.comb += self.code.eq(
            with_specials(
                config,
                magnitude[: format_.bits - 1],
                self.sign,
                overflow=wire(m, at_least(magnitude, format_.max_code + 1), "overflow"),
                nan=self.nan,
                inf=self.inf,
                select=choose,
            )
        )
        return m
