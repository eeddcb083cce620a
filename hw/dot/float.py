"""A step of a unit that adds several products in a floating-point accumulator."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.structure import Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.exact import exact
from fp8mac.hw.dot.late import late, windowed
from fp8mac.hw.dot.tree import tree

__all__ = ["FloatDot"]


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
