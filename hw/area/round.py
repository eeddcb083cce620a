"""The only rounder: from a normalised sum to a code of the accumulator."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Rounding
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.prefix import plus
from fp8mac.hw.parts.special import with_specials

__all__ = ["Round"]


class Round(wiring.Component):
    """Rounds once, and writes special values. Combinational.

    ::

        significand   h m m m m m m | r | s s s s s
                      hidden, mantissa  round and sticky bits

        r  any s  last m     nearest even       toward zero
        0    x       x       down               down
        1    0       0       down (half, even)  down
        1    0       1       up   (half, odd)   down
        1    1       x       up                 down

    Stochastically, a random number is added to as many bits below the mantissa, and what is below
    those is dropped: up where the sum carries, half or not, whatever the last bit of the mantissa.

    The carry of rounding runs on into the exponent: the code above the largest mantissa is the next
    binade, and above the largest number infinity.

    Parameters
    ----------
    config : FloatAccConfig
        Format, rounding, overflow, subnormals.
    significand_bits : int
        Width of the significand, at least ``precision + 2``, and ``precision + random_bits``.
    exponent_bits : int
        Width of the exponent.
    hidden_weight : int
        1 or 2.
    adder : Adder
        How the carry of rounding runs.
    endless : bool
        Whether ones can go on below the significand, without end.

    Members
    -------
    sign : :py:`In(1)`
        Sign of the sum.
    significand : :py:`In(significand_bits)`
        Magnitude of the sum; its top bit is the hidden bit, and zero only if ``base`` is zero or
        all bits are.
    base : :py:`In(signed(exponent_bits))`
        Biased exponent of the hidden bit, less ``hidden_weight``.
    nan, inf : :py:`In(1)`
        The sum is not a number; is infinite (if not NaN).
    below : :py:`In(1)`, if ``endless``
        They do: the magnitude is one more in the last place of the significand.
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number.
    code : :py:`Out(config.format.bits)`
        Result.
    """

    sign: Signal
    significand: Signal
    base: Signal
    nan: Signal
    inf: Signal
    below: Signal
    random: Signal
    code: Signal

    def __init__(
        self,
        config: FloatAccConfig,
        significand_bits: int,
        exponent_bits: int,
        hidden_weight: int = 1,
        adder: Adder = Adder.RIPPLE,
        *,
        endless: bool = False,
    ) -> None:
        self._adder = adder
        self._config = config
        self._hidden_weight = hidden_weight
        self._endless = endless
        super().__init__(
            {
                "sign": In(1),
                "significand": In(significand_bits),
                "base": In(signed(exponent_bits)),
                "nan": In(1),
                "inf": In(1),
                "code": Out(config.format.bits),
            }
            | ({"below": In(1)} if endless else {})
            | ({"random": In(config.random_bits)} if config.random_bits else {})
        )

    @property
    def config(self) -> FloatAccConfig:
        """Format, rounding, overflow, subnormals."""
        return self._config

    @property
    def hidden_weight(self) -> int:
        """What the exponent lacks."""
        return self._hidden_weight

    @property
    def endless(self) -> bool:
        """Whether ones can go on below the significand."""
        return self._endless

    def elaborate(self, platform: object) -> Module:
        m = Module()
        format_, config = self._config.format, self._config
        hidden = self.significand[-1]
        mantissa = self.significand[-format_.precision : -1]
        rest = self.significand[: -format_.precision]
        # The exponent is that of a normal number only if there is a hidden one.
        keep = hidden if config.subnormals else hidden & ~self.base[-1]
        up = Signal()
        magnitude = Signal(format_.mantissa_bits + len(self.base))
        if config.rounding is Rounding.RNE:
            nearest = rest[-1] & (rest[:-1].any() | mantissa[0])
            if self._endless:  # half, and one more in the last place
                nearest = Mux(self.below, rest[-1] | (rest[:-1].all() & mantissa[0]), nearest)
            m.d.comb += up.eq(nearest)
        elif config.random_bits:
            chance = rest[-config.random_bits :]
            total = plus(m, chance, self.random, len(chance) + 1, "chance", adder=self._adder)
            m.d.comb += up.eq(total[-1])
        elif self._endless:
            m.d.comb += up.eq(self.below & rest.all())
        if not config.subnormals:
            live = keep
            if self._endless:  # the smallest normal number, less one and more one
                live = keep | (self.below & self.significand[:-1].all())
            mantissa, up = Mux(live, mantissa, 0), up & live
        kept = Cat(mantissa, Mux(keep, self.base, 0))
        hidden_place = format_.mantissa_bits + self._hidden_weight - 1
        more = Cat(up, Const(0, hidden_place - 1), keep)
        m.d.comb += magnitude.eq(plus(m, kept, more, len(magnitude), "rounded", adder=self._adder))
        overflow = Signal()
        m.d.comb += [
            overflow.eq(_exceeds(magnitude, format_)),
            self.code.eq(
                with_specials(
                    config,
                    magnitude[: format_.bits - 1],
                    self.sign,
                    overflow=overflow,
                    nan=self.nan,
                    inf=self.inf,
                    select=Mux,
                )
            ),
        ]
        return m


def _exceeds(magnitude: Value, format_: FloatFormat) -> Value:
    """Whether a magnitude is beyond the largest code."""
    stored_bits = format_.bits - 1
    above = magnitude[stored_bits:].any()
    if format_.top_bits is None:
        return above
    return above | magnitude[format_.top_bits : stored_bits].all()
