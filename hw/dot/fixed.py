"""Dot product in fixed point: exact products and the register are columns of one tree.

# Ref: U. Kulisch, Computer Arithmetic and Validity, 2nd ed., chapter 8
# Ref: L. Dadda, Some schemes for parallel multipliers, Alta Frequenza 34, 1965
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.structure import Structure
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.lanes import add_lane
from fp8mac.hw.parts.carry_save import CarrySaveTree, columns
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import wire
from fp8mac.hw.parts.register import FixedAccumulator
from fp8mac.hw.parts.segments import add_product
from fp8mac.hw.parts.summands import Summands

__all__ = ["FixedDot"]

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

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, terms = self._config, Summands()
        raised: Value = Const(0, len(config.flags))
        for lane in range(config.products_per_cycle):
            m.submodules[f"lane_{lane}"] = inside = Module()
            codes = (
                self.a.word_select(lane, config.a.bits),
                self.b.word_select(lane, config.b.bits),
            )
            raised = raised | add_lane(inside, terms, config, self._structure, codes)
        m.d.comb += Cat(*(getattr(self, flag) for flag in config.flags)).eq(raised)
        if config.segment_bits is not None:
            sums = add_product(
                m,
                (self.c, self.c_carry),
                config.segment_bits,
                terms.add_to,
                self.sum_bits if config.resolve is Resolve.IDLE else None,
            )
            m.d.comb += Cat(self.y, self.y_carry).eq(Cat(sums))
            return m
        width = config.acc_bits
        if not config.saturates:
            m.d.comb += self.y.eq(self._add(m, terms, width))
            return m
        total = self._add(m, terms, max(width, self.sum_bits) + 1)
        above = total[width - 1 : -1]
        overflow = wire(m, (above ^ total[-1].replicate(len(above))).any(), "overflow")
        limit = Cat((~total[-1]).replicate(width - 1), total[-1])
        m.d.comb += self.y.eq(Mux(overflow, limit, total[:width]))
        return m

    def _add(self, m: Module, terms: Summands, width: int) -> Value:
        """Sum of the register, which has a sign, and of all terms, modulo ``2**width``."""
        tree = self._tree(width)
        extended = Cat(self.c, self.c[-1].replicate(width - len(self.c)))
        tree.add_bits(0, extended, _EARLY)
        terms.add_to(tree)
        if self._structure.is_fpga and isinstance(tree, CarrySaveTree):
            (early, late), _ = tree.rows(m)
            return wire(m, early + late, "total")[:width]
        return wire(m, tree.elaborate_into(m), "total")

    def _tree(self, width: int) -> Compressor | CarrySaveTree:
        if self._structure.is_fpga:
            return CarrySaveTree(width)
        return columns(width, self._structure.adder)
