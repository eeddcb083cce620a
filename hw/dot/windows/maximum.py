"""Largest of many exponents, by elimination."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.parts.prefix import wire

__all__ = ["Maximum"]


class Maximum(wiring.Component):
    """Largest of those exponents that are present, bit by bit from the top. Combinational.

    ::

        exponents   0101   0110   0011        largest
        bit 3       0      0      0           0          nobody is out
        bit 2       1      1      0           1          the third is out
        bit 1       0      1      -           1          the first is out
        bit 0       -      0      -           0

    Parameters
    ----------
    terms : int
        How many exponents.
    bits : int
        Of each.

    Members
    -------
    exponents : :py:`In(ArrayLayout(bits, terms))`
        Exponents, unsigned.
    present : :py:`In(terms)`
        Which of them count.
    largest : :py:`Out(bits)`
        The largest; zero if none is present.
    """

    exponents: data.View
    present: Signal
    largest: Signal

    def __init__(self, terms: int, bits: int) -> None:
        self._terms = terms
        self._bits = bits
        super().__init__(
            {
                "exponents": In(data.ArrayLayout(bits, terms)),
                "present": In(terms),
                "largest": Out(bits),
            }
        )

    @property
    def terms(self) -> int:
        """How many exponents."""
        return self._terms

    @property
    def bits(self) -> int:
        """Of each."""
        return self._bits

    def elaborate(self, platform: object) -> Module:
        m = Module()
        remains = [self.present[term] for term in range(self._terms)]
        digits = []
        for place in reversed(range(self._bits)):
            ones = [self.exponents[term][place] & remains[term] for term in range(self._terms)]
            some = wire(m, reduce(or_, ones), f"largest_{place}")
            remains = [
                wire(m, stays & (self.exponents[term][place] | ~some), f"remains_{place}_{term}")
                for term, stays in enumerate(remains)
            ]
            digits.append(some)
        m.d.comb += self.largest.eq(Cat(*reversed(digits)))
        return m
