"""Where an exact sum leaves a unit as a floating-point number, rounded once."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.round import Round
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.outputs.output import ScaledFloat
from fp8mac.hw.parts.prefix import wire

__all__ = ["ToFloat", "merged"]


class ToFloat(wiring.Component):
    """Rounds a fixed-point number to a floating-point one. Combinational.

    ::

        value   s v v v v v v v v             two's complement
                  x x x x x x x x s s s ...   v ^ s, and s without end: the magnitude
                  0 0 1 x x x x x s s ...
                      1 x x | r | x x x s     normalised, as far as the exponent allows
                                  +---+
                                  one bit     0 if all are 0, 1 if all are 1, else ~s

    The magnitude of a negative number is ``~v + 1``. That one is not added: ones without end below
    the last place say the same, and the rounding adds it with its own, where it counts.

    Of a number that is divided by a power of two only the exponent changes: the leading one goes to
    the top wherever it is, and what is below the smallest normal number comes down again, on the
    places that are kept. It is rounded behind that, once.

    Parameters
    ----------
    width : int
        Bits of the number.
    lsb_exponent : int
        Weight of its last place, as a power of two.
    config : FloatAccConfig
        What it is rounded to, and how.

    Members
    -------
    value : :py:`In(width)`
        Number; means nothing where it is infinite or NaN.
    nan, inf : :py:`In(1)`
        Instead: not a number; an infinity (if not NaN).
    negative : :py:`In(1)`
        The infinity is negative.
    shift : :py:`In(config.shift_width)`, of a `ScaledFloat`
        The number is divided by two to this, which is signed.
    code : :py:`Out(config.format.bits)`
        Rounded number.
    """

    value: Signal
    nan: Signal
    inf: Signal
    negative: Signal
    shift: Signal
    code: Signal

    def __init__(self, width: int, lsb_exponent: int, config: FloatAccConfig) -> None:
        self._lsb_exponent = lsb_exponent
        self._config = config
        super().__init__(
            {
                "value": In(width),
                "nan": In(1),
                "inf": In(1),
                "negative": In(1),
                **({"shift": In(config.shift_width)} if isinstance(config, ScaledFloat) else {}),
                "code": Out(config.format.bits),
            }
        )

    @property
    def width(self) -> int:
        """Bits of the number."""
        return len(self.value)

    @property
    def lsb_exponent(self) -> int:
        """Weight of its last place, as a power of two."""
        return self._lsb_exponent

    @property
    def config(self) -> FloatAccConfig:
        """What it is rounded to, and how."""
        return self._config

    def elaborate(self, platform: object) -> Module:
        m = Module()
        format_ = self._config.format
        sign, kept = self.value[-1], format_.precision + 1
        # Biased exponent of the top place; if even that is subnormal, there are zeros above it.
        top = self._lsb_exponent + self.width - 2 + format_.exponent_bias
        scaled = isinstance(self._config, ScaledFloat)
        above = 0 if scaled else max(0, 1 - top)
        x = Cat(sign, self.value[:-1] ^ sign.replicate(self.width - 1), Const(0, above))
        x = Cat(sign.replicate(max(0, kept + 1 - len(x))), x)
        top += above
        # 1 is the exponent of the smallest normal number.
        most = self.width - 1 if scaled else min(top - 1, self.width - 1)
        lowest = top - 1 - most
        x, left = self._normalise(m, x, most, 0 if scaled else lowest)
        base: Value = Cat(left, 0).as_signed()
        if scaled:
            x, base = self._scaled(m, x, left, lowest)
        m.submodules.round = rounder = Round(self._config, len(x), len(base), endless=True)
        m.d.comb += [
            rounder.significand.eq(x),
            rounder.base.eq(base),
            rounder.sign.eq(Mux(self.inf, self.negative, sign)),
            rounder.below.eq(sign),
            rounder.nan.eq(self.nan),
            rounder.inf.eq(self.inf),
            self.code.eq(rounder.code),
        ]
        return m

    def _normalise(self, m: Module, x: Value, most: int, lowest: int) -> tuple[Value, Value]:
        """Shift the leading one to the top, but by ``most`` places at most.

        Every stage halves, at least, what is left; places that cannot come up to those that are
        kept any more are one bit from then on. An odd first stage makes the sum of all ``most``.

        Returns
        -------
        Value
            Kept places and one bit for those below.
        Value
            ``lowest`` and what was left of ``most``.
        """
        sign, kept = self.value[-1], self._config.format.precision + 1
        powers = (most + 1).bit_length() - 1
        steps = [1 << place for place in reversed(range(powers))]
        odd = most - sum(steps)
        base: Value = Const(lowest)
        left, stays = most, list[Value]()
        for step in [odd, *steps] if odd else steps:
            x = merged(m, x, kept + left, sign)
            left -= step
            take = Signal(name=f"take_{step}_of_{left + step}")
            m.d.comb += take.eq(~x[-step:].any())
            lower = Cat(sign.replicate(step), x[:-step])
            shifted = Signal(len(x), name=f"left_{left}")
            # The places above are zeros where a shift is taken.
            above = x[-step:] | (lower[-step:] & take.replicate(step))
            m.d.comb += shifted.eq(Cat(Mux(take, lower[:-step], x[:-step]), above))
            x = shifted
            if len(stays) == 0 and odd and left == sum(steps):
                base = base + Mux(take, 0, step)
            else:
                stays.append(~take)
        total = Signal(max((lowest + most).bit_length(), 1), name="base")
        m.d.comb += total.eq(base + Cat(*reversed(stays)))
        return merged(m, x, kept, sign), total

    def _scaled(self, m: Module, x: Value, left: Value, lowest: int) -> tuple[Value, Value]:
        """Divide what is normalised, and lower it as far as it is subnormal then.

        Returns
        -------
        Value
            Kept places and one bit for those below.
        Value
            Its exponent, less that of the smallest normal number: negative if it is subnormal.
        """
        reach = 1 << len(self.shift) - 1
        least, most = lowest - reach + 1, lowest + self.width - 1 + reach
        base = Signal(range(min(least, -1), max(most, 0) + 1), name="scaled_base")
        m.d.comb += base.eq(left + lowest - self.shift.as_signed())
        subnormal = base[-1]
        moves = wire(m, ~base[:-1] & subnormal.replicate(len(base) - 1), "moves")  # one less
        x = self._lowered(m, x, 1, subnormal)
        stages = min(len(moves), len(x).bit_length())
        for stage in range(stages):
            x = self._lowered(m, x, 1 << stage, moves[stage])
        if stages < len(moves):
            x = self._lowered(m, x, len(x), moves[stages:].any())
        return x, base

    def _lowered(self, m: Module, x: Value, places: int, take: Value) -> Value:
        """So many places lower where ``take`` is high; what falls out is one bit, see `merged`."""
        longer = Cat(x, Const(0, places))
        fallen = longer[: places + 1]
        rest = Mux(self.value[-1], fallen.all(), fallen.any())
        return wire(m, Mux(take, Cat(rest, longer[places + 1 :]), x), f"right_{places}")


def merged(m: Module, x: Value, kept: int, sign: Value) -> Value:
    """Places that are kept, and one bit for all below, which goes on as ``sign`` does."""
    if (below := len(x) - kept) < 2:
        return x
    rest = Signal(name=f"below_{kept}")
    m.d.comb += rest.eq(Mux(sign, x[:below].all(), x[:below].any()))
    return Cat(rest, x[below:])
