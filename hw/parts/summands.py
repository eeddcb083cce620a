"""Bits of many weights that are still to be added, and a constant."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Value, ValueLike

from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import wire

__all__ = ["Summands"]


class _Summand(NamedTuple):
    """An unsigned vector times ``2**weight``, and when it is there."""

    weight: int
    bits: Value
    arrival: int


class Summands:
    """Collects bits by weight, as trees do, for a tree that is chosen later."""

    def __init__(self) -> None:
        self._summands: list[_Summand] = []
        self._constant = 0

    def add_bits(self, weight: int, bits: ValueLike, arrival: int = 0) -> None:
        """Add an unsigned vector times ``2**weight`` that is there at a time."""
        self._summands.append(_Summand(weight, Value.cast(bits), arrival))

    def add_constant(self, constant: int) -> None:
        """Add a number, which may be negative."""
        self._constant += constant

    def wired(self, m: Module, name: str) -> "Summands":
        """The same, its bits those of one signal."""
        signal = wire(m, Cat(*(each.bits for each in self._summands)), name)
        found, place = Summands(), 0
        for weight, bits, arrival in self._summands:
            found.add_bits(weight, signal[place : place + len(bits)], arrival)
            place += len(bits)
        found.add_constant(self._constant)
        return found

    def add_to(self, tree: "Compressor | CarrySaveTree | Summands") -> None:
        """Add all of it to a tree, or to others that wait for one."""
        for weight, bits, arrival in self._summands:
            tree.add_bits(weight, bits, arrival)
        tree.add_constant(self._constant)
