"""Difference of two close numbers: exact, so that it is normalised and never rounded.

::

    c         . c c c c c c c c c c .        places 1, 0, -1, ...
    placed    p p p p p p p p . . . .
                    |
        +-----------+-------------+
        v                         v
    c - p, p - c             where will the leading one be? (one place too high, if wrong)
        |                         |
    the positive one         first one alone:  0 0 0 1 0 0 ...
        +-----------+-------------+
                    v
       shift by the first one; by one more, if the leading one has not come out on top
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.prefix import add_compound, choose, first_one, wire

__all__ = ["NearPath", "expect_leading_one"]


class NearPath(wiring.Component):
    """``abs(c - placed)``, normalised. Combinational.

    Parameters
    ----------
    bits : int
        Places 0 to ``1 - bits``.
    precision : int
        Significand bits of the result; the difference has no more.
    exponent_bits : int
        Width of the exponents.
    subnormal : bool
        Whether a difference of normal numbers may be subnormal.

    Members
    -------
    c : :py:`In(bits)`
        Significand.
    placed : :py:`In(bits + 1)`
        The other number, from place 1 down; the difference is below ``2``.
    exponent : :py:`In(exponent_bits)`
        Exponent of place 0, at least 1.
    code : :py:`Out(exponent_bits + precision - 1)`
        Exponent and mantissa of the difference, zero if there is none.
    negative : :py:`Out(1)`
        ``placed`` is larger.
    zero : :py:`Out(1)`
        Both are the same.
    """

    c: Signal
    placed: Signal
    exponent: Signal
    code: Signal
    negative: Signal
    zero: Signal

    def __init__(self, bits: int, precision: int, exponent_bits: int, *, subnormal: bool) -> None:
        self._bits = bits
        self._precision = precision
        self._subnormal = subnormal
        super().__init__(
            {
                "c": In(bits),
                "placed": In(bits + 1),
                "exponent": In(exponent_bits),
                "code": Out(exponent_bits + precision - 1),
                "negative": Out(1),
                "zero": Out(1),
            }
        )

    @property
    def bits(self) -> int:
        """Places."""
        return self._bits

    @property
    def precision(self) -> int:
        """Significand bits of the result."""
        return self._precision

    @property
    def subnormal(self) -> bool:
        """Whether differences may be subnormal."""
        return self._subnormal

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, placed = self._bits, self.placed[:-1]
        difference = add_compound(m, self.c, ~placed, name="difference")
        no_borrow = difference.plus_one[-1] & ~self.placed[-1]
        magnitude = wire(
            m,
            choose(no_borrow, difference.plus_one[:-1], ~difference.total[:-1]),
            "magnitude",
        )
        m.d.comb += [self.negative.eq(~no_borrow), self.zero.eq((self.c == placed) & no_borrow)]

        expected = expect_leading_one(m, self.c, self.placed)
        # The shift ends where the exponent would fall below one.
        reach = bits if self._subnormal else 1
        limits = Cat(self.exponent == place + 1 for place in range(reach))[::-1]
        limits = wire(m, Cat(Const(0, bits - reach), limits), "limits")
        expected |= limits
        first = first_one(m, expected)
        stopped = (first & limits).any()

        normal: Value = Const(0, bits)
        for shift, found in enumerate(reversed(first)):
            normal |= (magnitude << shift)[:bits] & found.replicate(bits)
        normal = wire(m, normal, "normal")
        hidden = normal[-1]
        shift_bits = max(1, (bits - 1).bit_length())
        shift = Cat(
            Cat(one for at, one in enumerate(reversed(first)) if at >> bit & 1).any()
            for bit in range(shift_bits)
        )
        width = len(self.exponent)
        lowered = add_compound(
            m, self.exponent, ~Cat(shift, Const(0, width))[:width], name="exponent"
        )
        exponent = choose(hidden, lowered.plus_one[:width], lowered.total[:width])
        exponent &= (~self.zero).replicate(width)
        mantissa = choose(hidden | stopped, normal, Cat(0, normal[:-1]))[:-1]
        m.d.comb += self.code.eq(
            Cat(Cat(Const(0, self._precision), mantissa)[-(self._precision - 1) :], exponent)
        )
        return m


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
