"""Sum of two numbers of which one is clearly larger: rounded by a choice of two sums.

The smaller number *y* ends up to three bits below the larger one, *g r t*, the last of which stands
for all that is lost::

    x      1 x x x x x x x x x x                    S0 = x + y        (x + ~y, if subtracting)
    y      0 . . y y y y y y y y | g r t            S1 = S0 + 1

Adding, the sum is ``S0 + 0.grt``. Subtracting, it is ``x - y - 0.grt``: S1 if *g r t* are zero,
else ``S0 + 0.hij``, where *h i j* is the two's complement of *g r t*. Whether to round up follows
from *g r t* and the last two bits of S0, which need no carry, for each place of the leading one:

======  ====================  ==================================  ================================
case    leading one           result                              round up, that is take S1
======  ====================  ==================================  ================================
over    carry                 bits of S without the last one      last one, and last but one or grt
normal  top                   bits of S                           h, and i or j or last one
left    below the top         bits of S without the top, h or 0   h and i
======  ====================  ==================================  ================================

(In the case left the last bit is h, rounded by *i j*: if h is 1 and i, S1 and 0; if h is 0, S0 and
whether *i j* are both 1.) So nothing is added after the sum, and only the choice of the case waits
for its top bits.

A difference that is *flat* is not normalised, and may be negative: its exponent is 1 already. Then
it is ``~S0 + 0.grt``, and if *g r t* are not zero, a few bits long: these are rounded by an adder.
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.prefix import add_compound, at_least, choose, wire

__all__ = ["FarPath"]


class FarPath(wiring.Component):
    """``larger + smaller`` or ``larger - smaller``, rounded to nearest even. Combinational.

    A difference has its leading one at the top or one below; a sum has it one above, at the top,
    or, if the exponent is 1, anywhere.

    Parameters
    ----------
    precision : int
        Significand bits.
    exponent_bits : int
        Width of the result's exponent, all ones of which are infinity.
    wide_bits : int
        Width of the larger number's exponent.
    flat_bits : int
        Width of negative differences that have to be rounded, zero if there are none.
    adder : Adder
        How carries run.

    Members
    -------
    larger : :py:`In(precision)`
        Significand of the larger number.
    smaller : :py:`In(precision + 2)`
        Significand of the smaller one, with bits *g* and *r*.
    sticky : :py:`In(1)`
        Bit *t*.
    subtract : :py:`In(1)`
        Subtract.
    flat : :py:`In(1)`
        A difference is flat.
    exponent_down, exponent, exponent_up : :py:`In(wide_bits)`
        Exponent of the larger number; less one, and plus one.
    enable : :py:`In(1)`
        Where low, ``code`` is zero.
    code : :py:`Out(exponent_bits + precision - 1)`
        Exponent and mantissa of the result.
    negative : :py:`Out(1)`
        It is flat, and the smaller number is larger.
    zero : :py:`Out(1)`
        It is flat, and nothing is left.
    """

    larger: Signal
    smaller: Signal
    sticky: Signal
    subtract: Signal
    flat: Signal
    exponent_down: Signal
    exponent: Signal
    exponent_up: Signal
    enable: Signal
    code: Signal
    negative: Signal
    zero: Signal

    def __init__(
        self,
        precision: int,
        exponent_bits: int,
        wide_bits: int,
        flat_bits: int = 0,
        adder: Adder = Adder.FITTED,
    ) -> None:
        self._adder = adder
        self._precision = precision
        self._flat_bits = flat_bits
        self._exponent_bits = exponent_bits
        super().__init__(
            {
                "larger": In(precision),
                "smaller": In(precision + 2),
                "sticky": In(1),
                "subtract": In(1),
                "flat": In(1),
                "exponent_down": In(wide_bits),
                "exponent": In(wide_bits),
                "exponent_up": In(wide_bits),
                "enable": In(1),
                "code": Out(exponent_bits + precision - 1),
                "negative": Out(1),
                "zero": Out(1),
            }
        )

    @property
    def precision(self) -> int:
        """Significand bits."""
        return self._precision

    @property
    def flat_bits(self) -> int:
        """Width of negative differences that have to be rounded."""
        return self._flat_bits

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, subtract = self._precision, self.subtract
        # x - y is the complement of ~x + y: it is the earlier number that is complemented, and the
        # sum bits are the same. Subtracting, S0 is the greater one of the two sums of ~x.
        x, y = self.larger ^ subtract.replicate(bits), self.smaller[2:]
        sums = add_compound(m, x, y, half=self.larger ^ y, adder=self._adder)
        first, second = sums.plus(0), sums.plus(1)
        up_over, up_normal, up_left, last_left, exact = self._round(m)

        def rounded(up: Value, name: str) -> Value:
            return wire(m, sums.plus(wire(m, up ^ subtract, f"{name}_up"))[:bits], name)

        (down, down_inf), (same, same_inf), (up, up_inf) = (
            self._saturate(m, exponent, name)
            for exponent, name in (
                (self.exponent_down, "down"),
                (self.exponent, "same"),
                (self.exponent_up, "up"),
            )
        )
        # What is known early of the cases, and then the top bits of the sums.
        enable, flat = self.enable, self.flat
        may_be_left = wire(m, subtract & ~flat, "may_be_left")
        leading = wire(m, choose(exact, first[bits - 1], second[bits - 1]), "leading")
        take_over = (enable & ~subtract & ~up_inf) & first[-1]
        take_left = (enable & may_be_left & ~down_inf) & ~leading
        take_normal = (enable & ~same_inf) & ~(
            (first[-1] & ~subtract) | (~leading & may_be_left) | self.negative
        )
        mantissa = (
            (rounded(up_over, "sum_over")[1:] & take_over.replicate(bits - 1))
            | (rounded(up_normal, "sum_normal")[:-1] & take_normal.replicate(bits - 1))
            | (Cat(last_left, rounded(up_left, "sum_left")[:-2]) & take_left.replicate(bits - 1))
        )
        carries = (first[-1] & ~subtract) | (second[-1] & (up_normal & ~subtract))
        hidden = first[bits - 1] & choose(may_be_left, up_left, ~(up_normal ^ subtract)) | (
            second[bits - 1] & choose(may_be_left, ~exact, up_normal ^ subtract)
        )
        if self._flat_bits:
            magnitude = self._negate(m, second)
            m.d.comb += [
                self.negative.eq(flat & choose(exact, first[-1], second[-1])),
                self.zero.eq(flat & exact & (self.larger == y)),
            ]
            mantissa |= magnitude[:-1] & (self.negative & enable).replicate(bits - 1)
            hidden = choose(self.negative, magnitude[-1], hidden)
        exponent = (
            (up & (carries & enable).replicate(len(up)))
            | (same & (~carries & hidden & enable).replicate(len(up)))
            | (down & (~carries & ~hidden & enable).replicate(len(up)))
        )
        m.d.comb += self.code.eq(Cat(mantissa, exponent))
        return m

    def _round(self, m: Module) -> tuple[Value, Value, Value, Value, Value]:
        """Whether to round up in each case, last bit of the case left, whether *grt* are zero."""
        r, g = self.smaller[:2]
        t, subtract = self.sticky, self.subtract
        exact = wire(m, subtract & ~(g | r | t), "exact")
        h = wire(m, g ^ (subtract & (r | t)), "below_h")
        i = wire(m, r ^ (subtract & t), "below_i")
        x, y = self.larger, self.smaller[2:]
        last = wire(m, x[0] ^ y[0] ^ subtract, "last")
        last_but_one = wire(m, x[1] ^ y[1] ^ (x[0] & y[0]), "last_but_one")
        up_over = wire(m, last & (last_but_one | g | r | t), "up_over")
        up_normal = wire(m, exact | (h & (i | t | last)), "up_normal")
        up_left = wire(m, exact | (h & i), "up_left")
        last_left = wire(m, choose(h, ~i, i & t), "last_left")
        return up_over, up_normal, up_left, last_left & ~exact, exact

    def _negate(self, m: Module, s0: Value) -> Value:
        """Magnitude of a negative difference."""
        r, g = self.smaller[:2]
        low = wire(m, ~s0[: self._flat_bits], "negated")
        up = wire(m, g & (r | self.sticky | low[0]), "up_negated")
        zero = Const(0, len(low))
        rounded = add_compound(m, low, zero, name="negated", adder=self._adder).plus(up)[:-1]
        high = ~s0[self._flat_bits : self._precision]
        return wire(m, Cat(rounded, high), "negated_rounded")

    def _saturate(self, m: Module, exponent: Value, name: str) -> tuple[Value, Value]:
        """Exponent of the result, and whether it is infinite."""
        width = self._exponent_bits
        infinite = wire(m, at_least(exponent, (1 << width) - 1), f"infinite_{name}")
        kept = wire(m, exponent[:width] | infinite.replicate(width), f"exponent_{name}")
        return kept, infinite
