"""What all circuits are that add to a register in fixed point: its ports, and how it is cut."""

from typing import NamedTuple

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.segments import carry_ports

__all__ = ["FixedAccumulator", "Gap", "add_signed"]


class Gap(NamedTuple):
    """Where a register of the unit stands that a part is in.

    Parameters
    ----------
    early : Signal
        What it takes.
    late : Signal
        The register itself.
    """

    early: Signal
    late: Signal

    @classmethod
    def of(cls, bits: int, register: str) -> "Gap":
        """A gap for so many bits, and the name of its register."""
        return cls(Signal(bits, name="early"), Signal(bits, name=register, reset_less=True))

    def cross(self, m: Module, value: Value) -> Value:
        """The value on the other side."""
        m.d.comb += self.early.eq(value)
        return self.late


class FixedAccumulator(wiring.Component):
    """Next value of a two's complement register, in one word or in segments.

    Combinational; ``gaps`` are where registers stand before the sum, which are not inside.

    Parameters
    ----------
    members : dict of str to Member
        What is added.
    width : int
        Bits of the register.
    segment_bits : int, optional
        Bits of its segments, see `fp8mac.hw.parts.segments`; by default it is one word.
    held_bits : tuple of int
        Bits of each register that holds what is added, on its way to the sum.

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
        self,
        members: dict[str, wiring.Member],
        width: int,
        segment_bits: int | None,
        held_bits: tuple[int, ...] = (),
    ) -> None:
        self.gaps = tuple(Gap.of(bits, f"held_{at}") for at, bits in enumerate(held_bits, 1))
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

    @property
    def held_bits(self) -> tuple[int, ...]:
        """Bits of each register that holds what is added."""
        return tuple(len(gap.late) for gap in self.gaps)


def add_signed(tree: Compressor | CarrySaveTree, number: Value) -> None:
    """Add a two's complement number to a tree: its sign counts less, ``-s = (1 - s) - 1``."""
    top = len(number) - 1
    tree.add_bits(0, number[:top])
    tree.add_bits(top, ~number[top])
    tree.add_constant(-(1 << top))
