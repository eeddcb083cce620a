"""What all circuits are that add to a register in fixed point: its ports, and how it is cut."""

from amaranth.hdl import Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.parts.segments import carry_ports

__all__ = ["FixedAccumulator"]


class FixedAccumulator(wiring.Component):
    """Next value of a two's complement register, in one word or in segments. Combinational.

    Parameters
    ----------
    members : dict of str to Member
        What is added.
    width : int
        Bits of the register.
    segment_bits : int, optional
        Bits of its segments, see `fp8mac.hw.parts.segments`; by default it is one word.

    Members
    -------
    c : :py:`In(width)`
        Register, two's complement.
    y : :py:`Out(width)`
        Its next value.
    c_carry, y_carry : :py:`In`, :py:`Out`, where there are segments
        Carries between the segments of ``c`` and of ``y``.
    """

    c: Signal
    y: Signal
    c_carry: Signal
    y_carry: Signal

    def __init__(
        self, members: dict[str, wiring.Member], width: int, segment_bits: int | None
    ) -> None:
        self._width = width
        self._segment_bits = segment_bits
        word = {"c": In(width), "y": Out(width)}
        super().__init__(members | word | carry_ports(width, segment_bits))

    @property
    def width(self) -> int:
        """Bits of the register."""
        return self._width

    @property
    def segment_bits(self) -> int | None:
        """Bits of its segments; None where it is one word."""
        return self._segment_bits
