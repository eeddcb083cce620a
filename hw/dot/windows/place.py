"""Bringing one term into the window."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.formats import TermCut
from fp8mac.hw.parts.prefix import wire

__all__ = ["Place", "shift_right"]


class Place(wiring.Component):
    """Shifts a significand right into a field, cuts off, and complements. Combinational.

    ::

        field      x x x x x x x x . . . . . . .     at a distance of 0, at the top
                         x x x x x x x x . . . .     at 3
        negative   ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~     and one to be added

    Parameters
    ----------
    significand_bits : int
        Of the term.
    field_bits : int
        Places from its top bit down to the end of the window.
    distance_bits : int
        Of the distance.
    cut : TermCut
        What becomes of bits below the window.
    complemented : bool
        Whether the term is in two's complement: then its bits without the sign come in complemented
        where it is negative, nothing is to be added, and to cut is to floor.

    Members
    -------
    sign : :py:`In(1)`
        Of the term.
    significand : :py:`In(significand_bits)`
        Its magnitude.
    distance : :py:`In(distance_bits)`
        How far it is below the largest exponent.
    addend : :py:`Out(field_bits)`
        Its places in the window, complemented if it is negative.
    one : :py:`Out(1)`
        To be added to the last place.
    """

    sign: Signal
    significand: Signal
    distance: Signal
    addend: Signal
    one: Signal

    def __init__(
        self,
        significand_bits: int,
        field_bits: int,
        distance_bits: int,
        cut: TermCut,
        *,
        complemented: bool = False,
    ) -> None:
        self._cut = cut
        self._complemented = complemented
        super().__init__(
            {
                "sign": In(1),
                "significand": In(significand_bits),
                "distance": In(distance_bits),
                "addend": Out(field_bits),
                "one": Out(1),
            }
        )

    @property
    def cut(self) -> TermCut:
        """What becomes of bits below the window."""
        return self._cut

    @property
    def complemented(self) -> bool:
        """Whether the term is in two's complement."""
        return self._complemented

    def elaborate(self, platform: object) -> Module:
        m = Module()
        field, lost = shift_right(m, self.significand, self.distance, len(self.addend))
        one: Value = self.sign
        if self._complemented:
            one = Const(0, 1)
        elif self._cut is TermCut.FLOOR:
            one = self.sign & ~lost
        elif self._cut is TermCut.ODD:
            field = Cat(field[0] | lost, field[1:])
        m.d.comb += [self.addend.eq(field ^ self.sign.replicate(len(field))), self.one.eq(one)]
        return m


def shift_right(m: Module, value: Value, amount: Value, width: int) -> tuple[Value, Value]:
    """Shift right from the top of a field, small stages first, the two largest in one.

    The mirror image of `fp8mac.hw.parts.shifter.shift_left`; amounts that leave nothing in the
    field take part in the choice among the last four vectors.

    Returns
    -------
    Value
        The field, ``width`` bits.
    Value
        Whether a one left the field.
    """
    lost: Value = Const(0, 1)
    if (below := len(value) - width) > 0:
        lost, value = value[:below].any(), value[below:]
    stages = min((width - 1).bit_length(), len(amount))
    fine = max(stages - 2, 0)
    for stage, bit in enumerate(amount[:fine]):
        step = 1 << stage
        grown = min(width, len(value) + step)
        padded = Cat(Const(0, grown - len(value)), value)
        if len(value) + step > grown:
            lost = lost | (bit & padded[:step].any())
        shifted = Signal(grown, name=f"right_{step}")
        m.d.comb += shifted.eq(Mux(bit, padded[step:], padded))
        value = shifted
    far = amount[stages:].any() if len(amount) > stages else Const(0, 1)
    field: Value = Const(0, width)
    for digit in range(1 << stages - fine):
        chosen = (amount[fine:stages] == digit) & ~far if stages > fine else ~far
        chosen = wire(m, chosen, f"right_is_{digit}")
        step = digit << fine
        if step < width:
            kept = value[max(0, step + len(value) - width) :]
            row = Cat(Const(0, max(0, width - step - len(value))), kept)
            field = field | (row & chosen.replicate(len(row)))
        if out := min(len(value), max(0, step + len(value) - width)):
            lost = lost | (chosen & value[:out].any())
    lost = lost | (far & value.any())
    return wire(m, field[:width], "placed"), wire(m, lost, "lost")
