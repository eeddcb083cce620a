"""Dot product in fixed point: exact products and the register are columns of one tree.

# Ref: U. Kulisch, Computer Arithmetic and Validity, 2nd ed., chapter 8
# Ref: L. Dadda, Some schemes for parallel multipliers, Alta Frequenza 34, 1965
"""

from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.structure import Adder, Structure
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.lanes import FAST, add_lane
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import add, wire
from fp8mac.hw.parts.register import FixedAccumulator
from fp8mac.hw.parts.segments import add_number
from fp8mac.hw.parts.summands import Summands

__all__ = ["FixedDot"]


class _Rows(NamedTuple):
    """Vectors whose sum is that of many, and when the bits of each place are there."""

    words: tuple[Value, ...]
    arrivals: list[int]


_EARLY = -200
"""When a register is there, the products of significands being there at the start."""


class FixedDot(FixedAccumulator):
    """Adds several products to a fixed-point number, exactly. Combinational.

    ::

        a[0], b[0] --> lane 0 --+
        a[1], b[1] --> lane 1 --+--> tree --> two rows --> one adder --> y
        ...                     |
        c ----------------------+

    Every lane gives a few rows of bits, see `fp8mac.hw.dot.lanes`; signs and their extension are
    bits and one constant of the same tree. A sum that saturates is as wide as it can get, and is
    then compared with the register's range: it saturates once, after all products were added.

    Parameters
    ----------
    config : MacConfig
        The unit.
    structure : Structure
        How it is built.

    Members
    -------
    a, b : :py:`In(lanes * bits)`
        Operand codes, lane 0 in the lowest bits.
    c : :py:`In(config.acc_bits)`
        Accumulator, two's complement.
    y : :py:`Out(config.acc_bits)`
        ``c`` and all products; not specified where a flag is raised.
    c_carry, y_carry : :py:`In`, :py:`Out`, where there are segments
        Carries between the segments of ``c`` and of ``y``.
    nan, pos_inf, neg_inf : :py:`Out(1)`, those in ``config.flags``
        A product is NaN; is infinite.
    """

    a: Signal
    b: Signal

    def __init__(self, config: MacConfig, structure: Structure) -> None:
        self._config = config
        self._structure = structure
        lanes = config.products_per_cycle
        members = {"a": In(lanes * config.a.bits), "b": In(lanes * config.b.bits)}
        members |= {flag: Out(1) for flag in config.flags}
        super().__init__(members, config.acc_bits, config.segment_bits)

    @staticmethod
    def fits(config: MacConfig) -> bool:
        """Whether it adds the products of a step as a unit does."""
        exact = config.summation == Summation(config.products_per_cycle)
        return config.is_fixed and exact and config.block is None

    @property
    def config(self) -> MacConfig:
        """The unit."""
        return self._config

    @property
    def structure(self) -> Structure:
        """How it is built."""
        return self._structure

    @property
    def sum_bits(self) -> int:
        """Bits that hold the sum of all products, in two's complement."""
        return self._config.product_bits + (self._config.products_per_cycle - 1).bit_length()

    @property
    def _ripples(self) -> bool:
        """Whether one ripple adds all bits of all columns."""
        structure = self._structure
        ripples = structure.adder is Adder.RIPPLE and not structure.is_fpga
        return ripples and (self._segment_bits is None or self._config.resolve is Resolve.IDLE)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, summands = self._config, Summands()
        raised: Value = Const(0, len(config.flags))
        for lane in range(config.products_per_cycle):
            m.submodules[f"lane_{lane}"] = inside = Module()
            codes = (
                self.a.word_select(lane, config.a.bits),
                self.b.word_select(lane, config.b.bits),
            )
            found = Summands()
            raised = raised | add_lane(inside, found, config, self._structure, codes)
            found.wired(inside, "terms").add_to(summands)
        m.d.comb += Cat(*(getattr(self, flag) for flag in config.flags)).eq(raised)
        width, sum_bits = config.acc_bits, self.sum_bits
        if config.resolve is Resolve.IDLE:
            # Constants that stand for signs would leave carries even where all products are zero:
            # the products are added up first.
            total = self._total(m, self._rows(m, summands, sum_bits))
            low, sign = total[:-1], total[-1]
            register = (self.c, self.c_carry)
            sums = add_number(
                m, register, config.segment_bits or width, low, sign=sign, one=Const(0, 1)
            )
            m.d.comb += Cat(self.y, self.y_carry).eq(Cat(sums))
            return m
        summands.add_bits(0, self.c, _EARLY)
        if self._segment_bits is not None:
            for carry, place in zip(self.c_carry, config.carry_places, strict=True):
                summands.add_bits(place, carry, _EARLY)
            rows = self._rows(m, summands, width)
            m.d.comb += Cat(self.y, self.y_carry).eq(self._segments(m, rows))
            return m
        if not config.saturates:
            m.d.comb += self.y.eq(self._total(m, self._rows(m, summands, width)))
            return m
        width_of_sum = max(width, sum_bits) + 1
        summands.add_bits(width, self.c[-1].replicate(width_of_sum - width), _EARLY)
        total = self._total(m, self._rows(m, summands, width_of_sum))
        above = total[width - 1 : -1]
        overflow = wire(m, (above ^ total[-1].replicate(len(above))).any(), "overflow")
        limit = Cat((~total[-1]).replicate(width - 1), total[-1])
        m.d.comb += self.y.eq(Mux(overflow, limit, total[:width]))
        return m

    def _rows(self, m: Module, summands: Summands, width: int) -> _Rows:
        """_Rows whose sum is that of all summands, modulo ``2**width``: one, or two."""
        if self._ripples:
            ripple = Compressor(width)
            summands.add_to(ripple)
            return _Rows((wire(m, ripple.elaborate_into(m), "total"),), [])
        tree = CarrySaveTree(width, small=self._structure.circuits not in FAST)
        summands.add_to(tree)
        (early, late), arrivals = tree.rows(m)
        return _Rows((wire(m, early, "early"), wire(m, late, "late")), arrivals)

    def _total(self, m: Module, rows: _Rows) -> Value:
        """Sum of the rows, as wide as they are."""
        if len(rows.words) == 1:
            return rows.words[0]
        return self._added(m, rows, "total")[:-1]

    def _added(self, m: Module, rows: _Rows, name: str) -> Value:
        """Sum of two rows, and its carry as top bit."""
        early, late = rows.words
        if self._structure.adder is Adder.RIPPLE:  # left to synthesis
            return wire(m, early + late, name)
        return add(m, early, late, rows.arrivals, name, adder=self._structure.adder)

    def _segments(self, m: Module, rows: _Rows) -> Value:
        """Sums of the rows' segments, and behind them their carries but the last."""
        early, late = rows.words
        sums: list[Value] = []
        carries: list[Value] = []
        for first in range(0, len(early), self._segment_bits or 1):
            last = min(first + (self._segment_bits or 1), len(early))
            part = _Rows((early[first:last], late[first:last]), rows.arrivals[first:last])
            total = self._added(m, part, f"total_{first}")
            sums.append(total[:-1])
            carries.append(total[-1])
        return Cat(*sums, *carries[:-1])
