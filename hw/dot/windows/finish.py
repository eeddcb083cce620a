"""From an exact sum in a window to a code of the accumulator: one normalisation, one rounding."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.output import merged
from fp8mac.hw.area.round import Round
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Rounding, ZeroSign
from fp8mac.hw.dot.windows.terms import SpecialTerms, Sum
from fp8mac.hw.parts.prefix import wire
from fp8mac.hw.parts.shifter import shift_right_sticky
from fp8mac.hw.parts.special import with_specials, with_zeros

__all__ = ["Finish", "finish"]

_MOST_ABOVE = 8


class Finish(wiring.Component):
    """Rounds ``value * 2**(exponent - fraction_bits)``, once. Combinational.

    ::

        value      s v v v v v . v v v v v       two's complement
        magnitude    0 0 1 x x . x x x x x
                         1 x x   x x|r s s       normalised, as far as the exponent allows

    Parameters
    ----------
    config : FloatAccConfig
        Accumulator.
    value_bits : int
        Width of the sum.
    fraction_bits : int
        Places of it below ``2**exponent``.
    exponent_bits : int
        Width of the exponent.
    lowest : int
        Smallest exponent of a sum that has a product in it.
    alone : bool
        Whether there can be nothing but the accumulator.
    against : bool
        Whether signs are those against another one.

    Members
    -------
    value : :py:`In(value_bits)`
        Sum.
    exponent : :py:`In(signed(exponent_bits))`
        Biased as in the accumulator.
    still : :py:`In(1)`, if ``alone``
        There is nothing but the accumulator, whose exponent is the sum's.
    against : :py:`In(1)`, if signs are ``against`` it
        The other sign.
    negative : :py:`In(1)`
        All terms are negative, zeros included.
    nan, pos_inf, neg_inf : :py:`In(1)`
        Terms that are not numbers.
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number.
    code : :py:`Out(config.format.bits)`
        Result.
    """

    value: Signal
    exponent: Signal
    still: Signal
    against: Signal
    negative: Signal
    nan: Signal
    pos_inf: Signal
    neg_inf: Signal
    random: Signal
    code: Signal

    def __init__(
        self,
        config: FloatAccConfig,
        value_bits: int,
        fraction_bits: int,
        exponent_bits: int,
        lowest: int,
        *,
        alone: bool = False,
        against: bool = False,
    ) -> None:
        self._config = config
        self._against = against
        self._fraction_bits = fraction_bits
        self._lowest = lowest
        self._alone = alone
        super().__init__(
            ({"still": In(1)} if alone else {})
            | ({"against": In(1)} if against else {})
            | ({"random": In(config.random_bits)} if config.random_bits else {})
            | {
                "value": In(value_bits),
                "exponent": In(signed(exponent_bits)),
                "negative": In(1),
                "nan": In(1),
                "pos_inf": In(1),
                "neg_inf": In(1),
                "code": Out(config.format.bits),
            }
        )

    @property
    def config(self) -> FloatAccConfig:
        """Accumulator."""
        return self._config

    @property
    def tiny(self) -> bool:
        """Whether a sum with a product in it can be subnormal."""
        return self._lowest - self._fraction_bits < 1

    @property
    def least_room(self) -> int:
        """How far the top place of a sum is above that of the smallest normal number, at least."""
        above = len(self.value) - 2 - self._fraction_bits
        return min(self._lowest if self.tiny else 1, 1) + above - 1

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, format_ = self._config, self._config.format
        width = max(len(self.exponent), len(self.value).bit_length() + 1) + 1
        above = len(self.value) - 2 - self._fraction_bits
        limited = self.least_room < 0
        far = limited and -self.least_room > _MOST_ABOVE
        endless = config.rounding is Rounding.RNE and not far
        magnitude, fill = self._magnitude(m, endless)
        most = len(magnitude) - (not endless)
        below = config.random_bits or 1
        pad = max(0, format_.precision + max(2, below) - len(magnitude))
        magnitude = Cat(fill.replicate(pad), magnitude)
        if limited and not far:
            magnitude, above = Cat(magnitude, Const(0, -self.least_room)), above - self.least_room
            most -= self.least_room
        # Biased exponent of the top place, less one: how far it can be shifted to the left.
        room = Signal(signed(width))
        m.d.comb += room.eq(self.exponent + (above - 1))
        if far:
            magnitude, room = self._lower(m, magnitude, room)
            most = len(magnitude) - 1
        limit = None
        if self.tiny or (self._alone and endless):
            limit = room[:-1]
        elif self._alone:
            limit = Cat(Const(above, most.bit_length()), ~self.still)
        kept = format_.precision + below
        normal, shift = _normalise(m, magnitude, most, limit, fill=fill, kept=kept)
        base = Signal(signed(width))
        m.d.comb += base.eq(room - shift)
        sign: Value = self.value[-1]
        if self._against:
            sign = (sign ^ self.against) & (normal.any() | fill)
        if config.zero is ZeroSign.IEEE:
            sign = sign | self.negative
        inf = self.pos_inf | self.neg_inf
        negative = wire(m, Mux(inf, self.neg_inf, sign), "sign")
        nan = self.nan | (self.pos_inf & self.neg_inf)
        code: Value
        if config.rounding in (Rounding.RNE, Rounding.STOCHASTIC):
            m.submodules.round = rounder = Round(config, len(normal), width, endless=endless)
            m.d.comb += [
                rounder.significand.eq(normal),
                rounder.base.eq(base),
                rounder.sign.eq(negative),
                rounder.nan.eq(nan),
                rounder.inf.eq(inf),
                *([rounder.below.eq(fill)] if endless else []),
                *([rounder.random.eq(self.random)] if config.random_bits else []),
            ]
            code = rounder.code
        else:
            code = self._cut(normal, base, negative, nan, inf)
        m.d.comb += self.code.eq(with_zeros(config, code))
        return m

    def _magnitude(self, m: Module, endless: bool) -> tuple[Value, Value]:
        """Magnitude, and what goes on below it.

        That of a negative number is its complement and one; ones without end below the last place
        say the same, and the rounding adds them where it counts.
        """
        sign, bits = self.value[-1], len(self.value) - 1
        flipped = self.value[:-1] ^ sign.replicate(bits)
        if endless:
            return wire(m, flipped, "magnitude"), sign
        return wire(m, (flipped + sign)[:bits], "magnitude"), Const(0, 1)

    def _lower(self, m: Module, magnitude: Value, room: Value) -> tuple[Value, Signal]:
        """Shift what is far below the smallest normal number right, to its exponent."""
        beneath = room[-1]
        distance = wire(m, Mux(beneath, -room, 0)[: len(room) - 1], "beneath")
        stages = len(magnitude).bit_length()
        amount = distance[:stages] | distance[stages:].any().replicate(stages)
        lowered, lost = shift_right_sticky(m, magnitude, amount, len(magnitude))
        rest = Signal(signed(len(room)))
        m.d.comb += rest.eq(Mux(beneath, 0, room))
        return Cat(lost, lowered), rest

    def _cut(self, normal: Value, base: Value, negative: Value, nan: Value, inf: Value) -> Value:
        """Code of a sum that is rounded toward zero, or to odd: nothing carries."""
        config, format_ = self._config, self._config.format
        hidden, mantissa = normal[-1], normal[-format_.precision : -1]
        if config.rounding is Rounding.ODD:
            mantissa = Cat(mantissa[0] | normal[: -format_.precision].any(), mantissa[1:])
        if not config.subnormals:
            mantissa = mantissa & hidden.replicate(len(mantissa))
        exponent = (base + 1) & hidden.replicate(len(base))
        body = Cat(mantissa, exponent[: format_.exponent_bits])
        beyond = exponent[format_.exponent_bits : -1].any()
        if format_.top_bits is not None:
            beyond = beyond | body[format_.top_bits :].all()
        return with_specials(config, body, negative, overflow=beyond, nan=nan, inf=inf, select=Mux)


def finish(
    m: Module,
    config: FloatAccConfig,
    total: Sum,
    specials: SpecialTerms,
    *,
    name: str = "finish",
    still: Value | None = None,
    against: Value | None = None,
) -> Value:
    """Add a `Finish` to ``m``; the rounded code of a sum.

    Parameters
    ----------
    still, against : Value, optional
        See `Finish`.
    """
    unit = Finish(
        config,
        len(total.value),
        total.fraction_bits,
        len(total.exponent),
        total.lowest,
        alone=still is not None,
        against=against is not None,
    )
    m.submodules[name] = unit
    m.d.comb += [
        unit.value.eq(total.value),
        unit.exponent.eq(total.exponent),
        unit.nan.eq(specials.nan),
        unit.pos_inf.eq(specials.pos_inf),
        unit.neg_inf.eq(specials.neg_inf),
        unit.negative.eq(specials.negative),
    ]
    for port, bit in (("still", still), ("against", against)):
        if bit is not None:
            m.d.comb += getattr(unit, port).eq(bit)
    return unit.code


def _normalise(
    m: Module, value: Value, most: int, limit: Value | None, *, fill: Value, kept: int
) -> tuple[Value, Value]:
    """As `fp8mac.hw.parts.shifter.normalise`; places above a shift, being zeros, are not chosen.

    ::

        take            0 0 0 0 x x x x x x
                        |_____|             zeros, if it is taken: what comes in is an OR
                        x x x x x x f f f f
                                      |___|    places that cannot come up to those ``kept`` any
                                               more are one bit from then on
    """
    takes: list[Value] = []
    stages = most.bit_length()
    value = merged(m, value, kept + most, fill)
    free: Value = Const(1, 1) if limit is None else limit[stages:].any()
    for stage in reversed(range(stages)):
        step = 1 << stage
        take = Signal(name=f"take_{step}")
        zero = ~value[-step:].any()
        if limit is None:
            m.d.comb += take.eq(zero)
        else:
            digit = limit[stage] if stage < len(limit) else Const(0, 1)
            m.d.comb += take.eq(zero & (free | digit))
            free = free | (digit & ~zero)
        moved = Cat(fill.replicate(step), value)[: len(value)]
        upper = value[-step:] | (moved[-step:] & take.replicate(step))
        shifted = Signal(len(value), name=f"normal_{step}")
        m.d.comb += shifted.eq(Cat(Mux(take, moved[:-step], value[:-step]), upper))
        takes.append(take)
        value = merged(m, shifted, kept + step - 1, fill)
    return value, Cat(*reversed(takes))
