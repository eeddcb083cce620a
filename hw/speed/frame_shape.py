"""Widths and offsets of the frames in which a product and an accumulator are added."""

from dataclasses import dataclass
from functools import cached_property

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.layout import NumberRange, product_range

__all__ = ["FrameShape"]


@dataclass(frozen=True)
class FrameShape:
    """Widths and offsets that follow from the operands and the accumulator.

    Parameters
    ----------
    factors : tuple of NumberRange
        Decoded operands, normalised.
    config : FloatAccConfig
        Accumulator.
    depth : int
        Places below place 0 that are kept one by one.
    fine_bits : int
        Low bits of the difference, which shift by multiplexers.
    adder : Adder
        How carries run.
    """

    factors: tuple[NumberRange, NumberRange]
    config: FloatAccConfig
    depth: int
    fine_bits: int = 3
    adder: Adder = Adder.FITTED

    @property
    def product_bits(self) -> int:
        """Width of the product's significand."""
        return self.range.significand_bits

    @property
    def precision(self) -> int:
        """Significand bits of the accumulator."""
        return self.config.format.precision

    @cached_property
    def range(self) -> NumberRange:
        """Range of the products."""
        return product_range(*self.factors)

    @property
    def exponent_offset(self) -> int:
        """What turns a product's exponent into that of its top bit, biased like the accumulator."""
        return self.range.base + self.product_bits - 1 + self.config.format.exponent_bias

    @property
    def exponent_bits(self) -> int:
        """Width of the exponent of a sum before overflow, which is at least 1."""
        most = self.range.exponent_max + self.exponent_offset + 1
        return max(most.bit_length(), self.config.format.exponent_bits + 1)

    @property
    def has_flat_sums(self) -> bool:
        """Whether products have bits below the last one of the accumulator's smallest numbers."""
        finest = (
            each.exponent_min + each.significand_bits - 1 + each.base for each in self.factors
        )
        return sum(finest) < self.config.format.lsb_exponent

    @property
    def near_may_be_subnormal(self) -> bool:
        """Whether the difference of close numbers can be below the accumulator's normal ones."""
        least = self.range.exponent_min + self.range.base + self.product_bits - 2
        return least - 1 - self.precision < self.config.format.emin

    @cached_property
    def _difference(self) -> tuple[int, int]:
        """Width of the difference, and what it is at n = 0."""
        most = self.range.exponent_max + self.exponent_offset - 1
        least_c = (1 << self.config.format.exponent_bits) - 1
        least = self.range.exponent_min + self.exponent_offset - least_c
        bits = max(self.fine_bits + 1, self.config.format.exponent_bits + 1)
        while True:
            # The sum of the terms is n - offset - 1; half its range more makes it positive.
            zero = (1 << bits - 1) - self.exponent_offset - 1
            if least + zero >= 0 and most + zero < 1 << bits:
                return bits, zero
            bits += 1

    @property
    def difference_bits(self) -> int:
        """Width of the difference of exponents."""
        return self._difference[0]

    @property
    def difference_zero(self) -> int:
        """Difference as a vector where both exponents are the same, n = 0."""
        return self._difference[1]

    def groups(self, width: int, place: int, direction: int) -> list[tuple[int, int]]:
        """Groups of a vector that meet the frame.

        Parameters
        ----------
        width : int
            Bits of the vector.
        place : int
            Place of its lowest bit where the difference is zero.
        direction : int
            1 if it moves up with the difference, -1 if down.

        Returns
        -------
        list of tuple
            High part of the difference, and the place of the vector's lowest bit there.
        """
        found = []
        for group in range(1 << self.difference_bits - self.fine_bits):
            bottom = place + direction * (group << self.fine_bits)
            if bottom + width - 1 >= -self.depth and bottom <= 1:
                found.append((group, bottom))
        return found
