"""Difference of two numbers that may cancel: sign and magnitude, normalised.

::

    x         . x x x x x x x x x x .        places 1, 0, -1, ...
    y         y y y y y y y y . . . .
                    |
        +-----------+-------------+
        v                         v
    x - y, y - x             where will the leading one be? (one place too high, if wrong)
        |                         |
    the positive one         first one alone:  0 0 0 1 0 0 ...
        +-----------+-------------+
                    v
       shift by the first one; by one more, if the leading one has not come out on top
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.prefix import add, add_compound, choose, first_one, wire

__all__ = ["NearPath", "expect_leading_one"]

_LATE = 400
"""When ``y`` is there, ``x`` being there at the start."""


class NearPath(wiring.Component):
    """``abs(x - y)``, normalised. Combinational.

    Parameters
    ----------
    bits : int
        Places 0 to ``1 - bits``.
    active_bits : int
        Places below 0, with it, where ``y`` may have ones.
    exponent_bits : int
        Width of the exponents.
    subnormal : bool
        Whether a difference of normal numbers may be subnormal.
    adder : Adder
        How carries run.

    Members
    -------
    x : :py:`In(bits)`
        Significand.
    y : :py:`In(active_bits + 1)`
        The other number, from place 1 down; the difference is below ``2``.
    exponent : :py:`In(exponent_bits)`
        Exponent of place 0, at least 1.
    enable : :py:`In(1)`
        Where low, ``significand`` and ``result_exponent`` are zero.
    significand : :py:`Out(bits)`
        Magnitude with its leading one at the top; less far up, if the exponent would fall below 1.
    result_exponent : :py:`Out(exponent_bits)`
        Exponent of the top place if that is one, else zero.
    negative : :py:`Out(1)`
        ``y`` is larger.
    zero : :py:`Out(1)`
        Both are the same.
    """

    x: Signal
    y: Signal
    exponent: Signal
    enable: Signal
    significand: Signal
    result_exponent: Signal
    negative: Signal
    zero: Signal

    def __init__(
        self,
        bits: int,
        active_bits: int,
        exponent_bits: int,
        *,
        subnormal: bool,
        adder: Adder = Adder.FITTED,
    ) -> None:
        self._adder = adder
        self._bits = bits
        self._active_bits = active_bits
        self._subnormal = subnormal
        super().__init__(
            {
                "x": In(bits),
                "y": In(active_bits + 1),
                "exponent": In(exponent_bits),
                "enable": In(1),
                "significand": Out(bits),
                "result_exponent": Out(exponent_bits),
                "negative": Out(1),
                "zero": Out(1),
            }
        )

    @property
    def bits(self) -> int:
        """Places."""
        return self._bits

    @property
    def active_bits(self) -> int:
        """Places below 0, with it, where ``y`` may have ones."""
        return self._active_bits

    @property
    def subnormal(self) -> bool:
        """Whether differences may be subnormal."""
        return self._subnormal

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, low = self._bits, self._bits - self._active_bits
        y = Cat(Const(0, low), self.y[:-1])
        arrivals = [0] * low + [_LATE] * self._active_bits
        difference = add_compound(m, self.x, ~y, arrivals, name="difference", adder=self._adder)
        less, more = difference.plus(0), difference.plus(1)
        no_borrow = more[-1] & ~self.y[-1]
        magnitude = wire(m, choose(no_borrow, more[:-1], ~less[:-1]), "magnitude")
        m.d.comb += [self.negative.eq(~no_borrow), self.zero.eq((self.x == y) & ~self.y[-1])]

        # The shift ends where the exponent would fall below one.
        reach = self._active_bits if self._subnormal else 1
        limits = Cat(self.exponent == place + 1 for place in range(reach))[::-1]
        limits = wire(m, Cat(Const(0, self._active_bits - reach), limits), "limits")
        expected = expect_leading_one(m, self.x, Cat(y, self.y[-1]))[low:] | limits
        first = first_one(m, expected)
        stopped = (first & limits).any()

        exponents = [self._lowered(m, amount) for amount in range(bits + 1)]
        normal: Value = Const(0, bits)
        same: Value = Const(0, len(self.exponent))
        lowered: Value = Const(0, len(self.exponent))
        for shift, found in enumerate(reversed(first)):
            normal |= (magnitude << shift)[:bits] & found.replicate(bits)
            same |= exponents[shift] & found.replicate(len(same))
            lowered |= exponents[shift + 1] & found.replicate(len(same))
        if low:
            # Then the places of y cancel, or leave a borrow, which makes x negative below.
            none = wire(m, ~expected.any(), "none")
            equal = wire(m, self.x[low:] == self.y[:-1], "equal") & ~self.y[-1]
            negated = add_compound(
                m, ~self.x[:low], Const(0, low), name="negated", adder=self._adder
            ).plus(1)[:-1]
            for chosen, value, name in (
                (none & equal, self.x[:low], "low"),
                (none & ~equal, negated, "negated"),
            ):
                early, early_exponent = self._normalise_low(m, value, exponents, name)
                normal |= early & chosen.replicate(bits)
                same |= early_exponent & chosen.replicate(len(same))
        normal = wire(m, normal, "normal")
        same, lowered = wire(m, same, "same"), wire(m, lowered, "lowered")
        hidden = normal[-1]
        take = wire(m, (hidden | stopped) & self.enable, "take")
        take_next = wire(m, ~(hidden | stopped) & self.enable, "take_next")
        m.d.comb += [
            self.significand.eq(
                (normal & take.replicate(bits)) | (Cat(0, normal[:-1]) & take_next.replicate(bits))
            ),
            self.result_exponent.eq(
                (same & (hidden & self.enable).replicate(len(same)))
                | (lowered & (~hidden & self.enable).replicate(len(same)))
            ),
        ]
        return m

    def _normalise_low(
        self, m: Module, low: Value, exponents: list[Value], name: str
    ) -> tuple[Value, Value]:
        """A magnitude whose ones are all in the last places, and its exponent."""
        bits = self._bits
        significand: Value = Const(0, bits)
        exponent: Value = Const(0, len(self.exponent))
        first = first_one(m, low, f"first_{name}")
        for shift, found in enumerate(reversed(first), bits - len(low)):
            significand |= (low << shift)[:bits] & found.replicate(bits)
            exponent |= exponents[shift] & found.replicate(len(exponent))
        return wire(m, significand, f"normal_{name}"), wire(m, exponent, f"exponent_{name}")

    def _lowered(self, m: Module, amount: int) -> Value:
        """The exponent less an amount."""
        width = len(self.exponent)
        name = f"exponent_less_{amount}"
        less = add(m, self.exponent, Const(-amount, width), name=name, adder=self._adder)
        return less[:width] if amount else self.exponent


def expect_leading_one(m: Module, x: Value, y: Value) -> Value:
    """Where the leading one of ``abs(x - y)`` may be: at the first one of the result, or one below.

    The digits of the difference are 0 (equal), 1 (more) and -1 (less). Leading zeros of it come
    from equal digits, and from a 1 or -1 that digits of the other sign follow.

    Parameters
    ----------
    x : Value
        Unsigned.
    y : Value
        Unsigned, as wide as ``x`` or one bit wider.

    Returns
    -------
    Value
        As wide as ``x``.

    References
    ----------
    .. [1] M. S. Schmookler, K. J. Nowka, Leading zero anticipation and detection, ARITH-15, 2001.
    """
    width = len(x)
    x = Cat(x, Const(0, 1))
    y = Cat(y, Const(0, 1))[: width + 1]
    more, less = wire(m, x & ~y, "digit_more"), wire(m, ~x & y, "digit_less")
    equal = ~(more | less)
    above = equal[1:]
    # A borrow comes from below where the next digit has the other sign.
    more_below, less_below = Cat(0, more)[:width], Cat(0, less)[:width]
    more, less = more[:width], less[:width]
    after_equal = (more & ~less_below) | (less & ~more_below)
    after_other = (less & ~less_below) | (more & ~more_below)
    return wire(m, (above & after_equal) | (~above & after_other), "expected")
