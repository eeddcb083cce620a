"""Where exact sums leave in a block: elements, each rounded once, and the scale that they share."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.output import ToFloat
from fp8mac.hw.area.requantize import Requantize
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleRounding
from fp8mac.hw.config.formats import IntFormat, Overflow
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.hw.config.outputs.output import Requantizer
from fp8mac.hw.parts.prefix import wire

__all__ = ["ToBlock"]

_BIAS, _LARGEST = 127, 254  # of E8M0; 255 is NaN


class ToBlock(wiring.Component):
    """Rounds the sums of a block to elements with one scale, a power of two. Combinational.

    ::

        sums        0 0 0 1 x x x x x x         two's complement; s behind the last place
                    1 1 1 1 0 x x x x x
        occupied    . 0 0 1 x x x x x x s       any of v ^ s: its leading one is the block's
                          |
        normalised  0 1 x x x | r               all by the same places, as far as scales go
                    1 0 x x x | r               r: whether anything is below, of both signs

    The leading one of a negative number's magnitude is that of ``~v``, but for a power of two,
    which is normalised to ``1 0 0 ... 0`` then: the block's scale is one more, and all elements
    come down by a place. The same is done where the largest magnitude is beyond the largest
    element and scales are rounded up.

    Behind that an element is what is left of its sum, few bits, as a float or an integer.

    Parameters
    ----------
    width : int
        Bits of a sum.
    lsb_exponent : int
        Weight of its last place, as a power of two.
    config : BlockOutput
        What a block becomes.

    Members
    -------
    value : :py:`In(config.size * width)`
        Sums, the first one lowest.
    nan, inf, negative : :py:`In(config.size)`
        Of each sum, see `ToFloat`. NaN is an element where elements have NaN; elsewhere it is the
        scale, and elements mean nothing. An infinity has the largest scale, and saturates.
    code : :py:`Out(config.size * config.format.element.bits)`
        Elements, the first one lowest.
    scale : :py:`Out(8)`
        Code of the scale, E8M0.
    """

    value: Signal
    nan: Signal
    inf: Signal
    negative: Signal
    code: Signal
    scale: Signal

    def __init__(self, width: int, lsb_exponent: int, config: BlockOutput) -> None:
        self._width = width
        self._lsb_exponent = lsb_exponent
        self._config = config
        super().__init__(
            {
                "value": In(config.size * width),
                **{name: In(config.size) for name in ("nan", "inf", "negative")},
                "code": Out(config.size * config.format.element.bits),
                "scale": Out(8),
            }
        )

    @property
    def width(self) -> int:
        """Bits of a sum."""
        return self._width

    @property
    def lsb_exponent(self) -> int:
        """Weight of its last place, as a power of two."""
        return self._lsb_exponent

    @property
    def config(self) -> BlockOutput:
        """What a block becomes."""
        return self._config

    @property
    def _kept(self) -> int:
        """Bits of a normalised sum but the lowest: sign, element, a half, and one to come down."""
        return self._config.places + 3

    def elaborate(self, platform: object) -> Module:
        m = Module()
        size, top = self._config.size, self._top
        sums = [
            self._in_range(m, self.value.word_select(place, self._width), f"sum_{place}")
            for place in range(size)
        ]
        top = min(max(top, 0), _LARGEST)
        far = [self._padded(_merged(_extended(x, _LARGEST - top), self._kept)) for x in sums]
        taken, leading, sums = self._normalise(m, sums, top)
        more = Signal(name="more")
        beyond = (self._is_beyond(x) & ~nan for x, nan in zip(sums, self.nan, strict=True))
        m.d.comb += more.eq(reduce(or_, beyond))
        if top == _LARGEST:  # there is no larger scale
            more = more & taken.any()
        infinite = wire(m, (self.inf & ~self.nan).any(), "infinite")
        scale = wire(m, (top - taken + more)[:8] & leading.replicate(8), "numbers_scale")
        scale = Mux(infinite, _LARGEST, scale)
        if not self._has_nan:
            scale |= self.nan.any().replicate(8)
        m.d.comb += self.scale.eq(scale)
        codes: list[Value] = []
        for place, x in enumerate(sums):
            lower = Cat(x[0] | (x[1] & more), Mux(more, Cat(x[2:], x[-1]), x[1:]))
            negative = self.negative[place]
            end = Cat((~negative).replicate(len(x) - 1), negative)
            special = Mux(self.inf[place], end, far[place])
            left = wire(m, Mux(infinite, special, lower), f"scaled_{place}")
            codes.append(self._element(m, left, place))
        m.d.comb += self.code.eq(Cat(codes))
        return m

    @property
    def _has_nan(self) -> bool:
        """Whether NaN is an element, not a scale."""
        return self._config.format.element.has_nan

    @property
    def _top(self) -> int:
        """Code of the scale, without bounds, if the leading one is in a sum's top place."""
        return self._lsb_exponent + self._width - 2 - self._config.format.emax + _BIAS

    def _in_range(self, m: Module, x: Value, name: str) -> Value:
        """A sum whose top place is within scales: with signs above it, or cut to an end."""
        sign, above = x[-1], self._top - _LARGEST
        if above <= 0:
            return _extended(x, max(0, -self._top))
        x = Cat(Const(0, above + self._kept), x)  # ends have ones there
        stays = x[: -1 - above]
        outside = (x[-1 - above : -1] ^ sign.replicate(above)).any()
        return wire(m, Cat(Mux(outside, (~sign).replicate(len(stays)), stays), sign), name)

    def _normalise(
        self, m: Module, sums: list[Value], top: int
    ) -> tuple[Value, Value, list[Value]]:
        """Shift the leading one of all to the top, but by ``top`` places at most.

        Returns
        -------
        Value
            Places that were shifted.
        Value
            Whether there is a one at the top, then.
        list of Value
            Sums, cut to the bits that count.
        """
        signs = [x[-1] for x in sums]
        magnitudes = (
            Cat(sign, x[:-1] ^ sign.replicate(len(x) - 1)) & (~nan).replicate(len(x))
            for x, sign, nan in zip(sums, signs, self.nan, strict=True)
        )
        occupied: Value = wire(m, reduce(or_, magnitudes), "occupied")
        left = min(len(occupied) - 1, top)
        powers = (left + 1).bit_length() - 1
        steps = [1 << place for place in reversed(range(powers))]
        odd = left - sum(steps)
        occupied = occupied[-1 - left :]
        sums = [_merged(x, self._kept + left) for x in sums]
        taken: Value = Const(0, 1)
        for step in [odd, *steps] if odd else steps:
            left -= step
            take = Signal(name=f"take_{step}_of_{left + step}")
            m.d.comb += take.eq(~occupied[-step:].any())
            taken = taken + Mux(take, step, 0)
            occupied = _shifted(occupied, step, take)[-1 - left :]
            occupied = wire(m, occupied, f"occupied_{left}")
            sums = [
                wire(m, _merged(_shifted(x, step, take), self._kept + left), f"left_{left}_{place}")
                for place, x in enumerate(sums)
            ]
        return wire(m, taken, "taken"), occupied[-1], list(map(self._padded, sums))

    def _padded(self, x: Value) -> Value:
        """With zeros below, up to one bit for what is below those that are kept."""
        return Cat(Const(0, max(0, self._kept + 1 - len(x))), x)

    def _is_beyond(self, x: Value) -> Value:
        """Whether the scale of a block with that sum is one more than its leading one says."""
        if self._config.scale_rounding is ScaleRounding.FLOOR:
            return x[-1] & ~x[:-1].any()
        # The largest element has ones alone: beyond it are those with anything below.
        largest = self._config.format.largest
        ones = (largest.numerator // (largest.numerator & -largest.numerator)).bit_length()
        first, rest = x[-1 - ones : -1], x[: -1 - ones]
        return Mux(x[-1], ~first.any(), first.all() & rest.any())

    def _element(self, m: Module, x: Value, place: int) -> Value:
        """Code of what is left of a sum."""
        element = self._config.format.element
        lsb_exponent = self._config.highest - (len(x) - 2)
        stage: Requantize | ToFloat
        if isinstance(element, IntFormat):
            stage = Requantize(len(x), Requantizer(element))
            m.d.comb += stage.shift.eq(-lsb_exponent)
        else:
            rounded = FloatAccConfig(element, overflow=Overflow.SATURATE)
            stage = ToFloat(len(x), lsb_exponent, rounded)
        m.submodules[f"element_{place}"] = stage
        m.d.comb += stage.value.eq(x)
        if self._has_nan and isinstance(stage, ToFloat):
            m.d.comb += stage.nan.eq(self.nan[place])
        return stage.code


def _shifted(x: Value, places: int, take: Value) -> Value:
    """So many places higher where ``take`` is high."""
    return Mux(take, Cat(Const(0, places), x[:-places]), x)


def _extended(x: Value, places: int) -> Value:
    """So many more copies of the sign."""
    return Cat(x, x[-1].replicate(places))


def _merged(x: Value, kept: int) -> Value:
    """The upper bits, and one for all below: whether there is any, in two's complement."""
    below = len(x) - kept
    return x if below < 2 else Cat(x[:below].any(), x[below:])
