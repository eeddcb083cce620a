"""Where an exact sum leaves a unit as a floating-point number, rounded once."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.round import Round
from fp8mac.hw.config.accumulators import FloatAccConfig

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
    code : :py:`Out(config.format.bits)`
        Rounded number.
    """

    value: Signal
    nan: Signal
    inf: Signal
    negative: Signal
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
        above = max(0, 1 - top)
        x = Cat(sign, self.value[:-1] ^ sign.replicate(self.width - 1), Const(0, above))
        x = Cat(sign.replicate(max(0, kept + 1 - len(x))), x)
        top += above
        most = min(top - 1, self.width - 1)  # 1 is the exponent of the smallest normal number
        x, base = self._normalise(m, x, most, top - 1 - most)
        m.submodules.round = rounder = Round(self._config, len(x), len(base) + 1, endless=True)
        m.d.comb += [
            rounder.significand.eq(x),
            rounder.base.eq(Cat(base, 0).as_signed()),
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


def merged(m: Module, x: Value, kept: int, sign: Value) -> Value:
    """Places that are kept, and one bit for all below, which goes on as ``sign`` does."""
    if (below := len(x) - kept) < 2:
        return x
    rest = Signal(name=f"below_{kept}")
    m.d.comb += rest.eq(Mux(sign, x[:below].all(), x[:below].any()))
    return Cat(rest, x[below:])
