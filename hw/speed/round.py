"""The rounder of circuits for a short path that cannot round by choosing between two sums."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.formats import Overflow, Rounding
from fp8mac.hw.config.unit import FloatAccConfig
from fp8mac.hw.parts.prefix import add_compound, at_least, choose, wire

__all__ = ["FastRound"]


class FastRound(wiring.Component):
    """Rounds once, and writes special values, like `fp8mac.hw.area.round.Round`. Combinational.

    The code is incremented by a prefix of ANDs, whose carry runs on into the exponent.

    Parameters
    ----------
    config : FloatAccConfig
        Format, rounding, overflow, subnormals.
    significand_bits : int
        Width of the significand, at least ``precision + 1``.
    exponent_bits : int
        Width of the exponent, more than that of the format.

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
    code : :py:`Out(config.format.bits)`
        Result.
    """

    sign: Signal
    significand: Signal
    exponent: Signal
    nan: Signal
    inf: Signal
    code: Signal

    def __init__(self, config: FloatAccConfig, significand_bits: int, exponent_bits: int) -> None:
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
        if config.rounding is Rounding.RNE:
            up = wire(m, rest[-1] & (rest[:-1].any() | kept[0]), "up")
            codes = add_compound(m, magnitude, Const(0, len(magnitude)), name="next_code")
            magnitude = wire(m, codes.plus(up)[:-1], "rounded")
        if not config.subnormals:
            magnitude &= kept[-1].replicate(len(magnitude))
        m.d.comb += self.code.eq(self._specials(m, magnitude))
        return m

    def _specials(self, m: Module, magnitude: Value) -> Value:
        """The code, given the rounded magnitude as a code that may be beyond the largest."""
        format_, config = self._config.format, self._config
        beyond, infinite = format_.max_code, format_.max_code
        if format_.inf_code is not None:
            infinite = format_.inf_code
        elif format_.has_nan and config.overflow is Overflow.TO_SPECIAL:
            infinite = None
        if config.rounding is Rounding.RNE and config.overflow is Overflow.TO_SPECIAL:
            beyond = infinite
        # None stands for NaN: then the case joins those that are NaN anyway.
        overflow = wire(m, at_least(magnitude, format_.max_code + 1), "overflow")
        body, nan = magnitude[: format_.bits - 1], self.nan
        for condition, code in ((overflow, beyond), (self.inf, infinite)):
            if code is None:
                nan = nan | condition
            else:
                body = choose(condition, Const(code, len(body)), body)
        sign = self.sign if format_.has_negative_zero else self.sign & body.any()
        if format_.nan_code is None:
            return Cat(body, sign)
        return choose(nan, Const(format_.nan_code, format_.bits), Cat(body, sign))
