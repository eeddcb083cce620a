"""A step of a unit that adds several products in a floating-point accumulator."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Rounding
from fp8mac.hw.config.structure import Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.exact import exact, exact_bits
from fp8mac.hw.dot.late import late, windowed
from fp8mac.hw.dot.tree import tree

__all__ = ["FloatDot"]

_WIDEST = 256
"""Places of an exact sum."""


class FloatDot(wiring.Component):
    """Next accumulator of a unit whose accumulator is a float. Combinational.

    ::

        window    products, c ----------------> window --> finish --> y
        late      products --> window(s) --> join with c --> finish --> y
        tree      products --> add --> add --> add c --> y
        exact     products, c --> fixed point --> finish --> y

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
        Accumulator.
    y : :py:`Out(config.acc_bits)`
        Next accumulator.
    """

    a: Signal
    b: Signal
    c: Signal
    y: Signal

    def __init__(self, config: MacConfig, structure: Structure) -> None:
        self._config = config
        self._structure = structure
        lanes = config.products_per_cycle
        super().__init__(
            {
                "a": In(lanes * config.a.bits),
                "b": In(lanes * config.b.bits),
                "c": In(config.acc_bits),
                "y": Out(config.acc_bits),
            }
        )

    @staticmethod
    def fits(config: MacConfig) -> bool:
        """Whether it adds the products of a step as a unit does."""
        acc, how = config.accumulator, config.summation
        floats = isinstance(config.a, FloatFormat) and isinstance(config.b, FloatFormat)
        if not (floats and isinstance(acc, FloatAccConfig)) or config.block is not None:
            return False
        if acc.rounding is Rounding.STOCHASTIC or config.flags or how.chunk is not None:
            return False
        if how.window_bits is None and not how.tree:
            return how.late is how.groups is None and exact_bits(config) <= _WIDEST
        return _has_exponents(config)

    @property
    def config(self) -> MacConfig:
        """The unit."""
        return self._config

    @property
    def structure(self) -> Structure:
        """How it is built."""
        return self._structure

    def elaborate(self, platform: object) -> Module:
        m = Module()
        how = self._config.summation
        if how.tree:
            add = tree
        elif how.late is not None or how.groups is not None:
            add = late
        elif how.window_bits is not None:
            add = windowed
        else:
            add = exact
        m.d.comb += self.y.eq(add(m, self._config, self.a, self.b, self.c))
        return m


def _has_exponents(config: MacConfig) -> bool:
    """Whether exponents are those of operands as they are, or of operands that are all normal."""
    rules = config.summation.exponents
    if rules.normalised or rules.of_zero is not None:
        return False
    if rules.operands is None:
        return True
    emin = rules.operands.emin
    operands = [each for each in (config.a, config.b) if isinstance(each, FloatFormat)]
    same = all(each.emin == emin for each in operands)
    return same or all(each.lsb_exponent >= emin for each in operands)
