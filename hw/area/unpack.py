"""From a stored code to sign, exponent, significand and class bits."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.formats import FloatFormat, Format, IntFormat
from fp8mac.hw.parts.layout import NumberLayout, NumberRange, operand_range
from fp8mac.hw.parts.shifter import normalise
from fp8mac.hw.parts.special import classify

__all__ = ["Unpack"]


class Unpack(wiring.Component):
    """Decodes an operand. Combinational.

    Parameters
    ----------
    format : FloatFormat or IntFormat
        Operand format; an integer becomes sign and magnitude.
    normalised : bool
        Whether significands come with their top bit set, a constant that makes what follows
        smaller; subnormals (and integers) are shifted for it, and their exponent lowered.

    Members
    -------
    code : :py:`In(format.bits)`
        Stored pattern.
    number : :py:`Out(NumberLayout(range))`
        Decoded operand.
    """

    code: Signal
    number: data.View

    def __init__(self, format: Format, *, normalised: bool) -> None:
        self._format = format
        self._normalised = normalised
        self._range = operand_range(format, normalised=normalised)
        super().__init__({"code": In(format.bits), "number": Out(NumberLayout(self._range))})

    @property
    def format(self) -> Format:
        """Operand format."""
        return self._format

    @property
    def normalised(self) -> bool:
        """Whether significands come with their top bit set."""
        return self._normalised

    @property
    def range(self) -> NumberRange:
        """Range of the decoded operands."""
        return self._range

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.number.sign.eq(self.code[-1])
        if isinstance(self._format, IntFormat):
            self._elaborate_int(m, self._format)
        else:
            self._elaborate_float(m, self._format)
            special = classify(self.code, self._format, self.number.zero)
            if self._format.has_inf:
                m.d.comb += self.number.inf.eq(special.inf)
            if self._format.has_nan:
                m.d.comb += self.number.nan.eq(special.nan)
        return m

    def _elaborate_float(self, m: Module, format_: FloatFormat) -> None:
        """Exponent and significand.

        ::

            exponent   normal  0 1.xxx x 2**(1-bias)         normalised
              e > 0    e       1.mmm                         e       1.mmm
              e = 0    1       0.1mm                         0       1.mm0
                       1       0.01m                        -1       1.m00
                       1       0.001                        -2       1.000
        """
        number = self.number
        mantissa = self.code[: format_.mantissa_bits]
        exponent = self.code[format_.mantissa_bits : -1]
        subnormal = Signal()
        m.d.comb += [
            subnormal.eq(~exponent.any()),
            number.zero.eq(subnormal & ~mantissa.any()),
        ]
        if not self._normalised:
            m.d.comb += [
                number.significand.eq(Cat(mantissa, ~subnormal)),
                number.exponent.eq(exponent | subnormal),
            ]
            return
        shifted, zeros = normalise(m, mantissa, format_.mantissa_bits - 1)
        lowered = Signal(number.exponent.shape())
        m.d.comb += [
            lowered.eq(-zeros),
            number.significand.eq(Cat(Mux(subnormal, shifted << 1, mantissa)[: len(mantissa)], 1)),
            number.exponent.eq(exponent | Mux(subnormal, lowered, 0)),
        ]

    def _elaborate_int(self, m: Module, format_: IntFormat) -> None:
        number = self.number
        sign = self.code[-1]
        magnitude = Signal(len(number.significand))
        m.d.comb += [
            magnitude.eq((self.code ^ sign.replicate(len(self.code))) + sign),
            number.zero.eq(~self.code.any()),
        ]
        if self._normalised:
            shifted, zeros = normalise(m, magnitude, len(magnitude) - 1)
            m.d.comb += [
                number.significand.eq(Cat(shifted[:-1], 1)),
                number.exponent.eq(-zeros),
            ]
        else:
            m.d.comb += number.significand.eq(magnitude)
