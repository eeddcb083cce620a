"""A step of a unit that adds several products in a floating-point accumulator."""

from collections.abc import Callable
from functools import partial

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.structure import Adder, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.beside import beside, is_beside
from fp8mac.hw.dot.blocks import adds_blocks, grouped
from fp8mac.hw.dot.exact import exact, exact_bits
from fp8mac.hw.dot.fast.beside import fast_beside, has_fast_beside
from fp8mac.hw.dot.fast.exact import fast_exact, has_fast_exact
from fp8mac.hw.dot.fast.window import fast_windowed, has_fast_window
from fp8mac.hw.dot.integers import adds_integer_blocks, integer_blocks
from fp8mac.hw.dot.lanes import FAST
from fp8mac.hw.dot.late import late, windowed
from fp8mac.hw.dot.tree import tree
from fp8mac.hw.dot.windows.scales import read_scales

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
        beside    products --> fixed point --> add c, shifted --> finish --> y
        integers  Booth rows --> tree --> add c, shifted --> finish --> y

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
    sa, sb : :py:`In(scales * 8)`, where operands are blocks
        Scales of the blocks, that of lane 0 in the lowest bits.
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number of this step.
    c : :py:`In(config.acc_bits)`
        Accumulator.
    y : :py:`Out(config.acc_bits)`
        Next accumulator.
    """

    a: Signal
    b: Signal
    sa: Signal
    sb: Signal
    random: Signal
    c: Signal
    y: Signal

    def __init__(self, config: MacConfig, structure: Structure) -> None:
        self._config = config
        self._structure = structure
        lanes, scales = config.products_per_cycle, config.scales_per_cycle
        scale = {} if config.block is None else dict.fromkeys(("sa", "sb"), In(scales * 8))
        random = {"random": In(config.random_bits)} if config.random_bits else {}
        super().__init__(
            {
                "a": In(lanes * config.a.bits),
                "b": In(lanes * config.b.bits),
                **scale,
                **random,
                "c": In(config.acc_bits),
                "y": Out(config.acc_bits),
            }
        )

    @staticmethod
    def fits(config: MacConfig) -> bool:
        """Whether it adds the products of a step as a unit does."""
        acc, how = config.accumulator, config.summation
        if adds_integer_blocks(config):
            return isinstance(acc, FloatAccConfig)
        floats = isinstance(config.a, FloatFormat) and isinstance(config.b, FloatFormat)
        if not (floats and isinstance(acc, FloatAccConfig)) or not adds_blocks(config):
            return False
        if config.flags or how.chunk is not None or not _has_rules(config):
            return False
        if config.block is not None and how.groups is not None:
            return _has_exponents(config)
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
        if self._structure.circuits in FAST and (fast := _fast(self._config)) is not None:
            if self._config.block is not None:
                fast = partial(fast, scales=read_scales(m, self._config, self.sa, self.sb))
            code = fast(m, self._config, self.a, self.b, self.c, adder=self._structure.adder)
            m.d.comb += self.y.eq(code)
            return self._drawn(m)
        fast = self._structure.circuits in FAST
        adder = self._structure.adder if fast else Adder.RIPPLE
        if self._config.block is not None:
            scales = read_scales(m, self._config, self.sa, self.sb)
            by_window = beside if how.window_bits is None else windowed
            if adds_integer_blocks(self._config):
                by_window = integer_blocks
            add = partial(
                grouped if how.groups is not None else by_window, scales=scales, adder=adder
            )
        elif how.tree:
            add = tree
        elif how.late is not None or how.groups is not None:
            add = late
        elif how.window_bits is not None:
            add = partial(windowed, adder=adder)
        else:
            add = partial(beside if is_beside(self._config) else exact, adder=adder)
        m.d.comb += self.y.eq(add(m, self._config, self.a, self.b, self.c))
        return self._drawn(m)

    def _drawn(self, m: Module) -> Module:
        """Give a random number to the only rounding of a step, which ``finish`` is."""
        if self._config.random_bits:
            m.d.comb += m.submodules["finish"].random.eq(self.random)
        return m


def _fast(config: MacConfig) -> Callable[..., Value] | None:
    """What adds as a unit does and has a short path, if anything."""
    how = config.summation
    if how.tree or how.late is not None or how.groups is not None or adds_integer_blocks(config):
        return None
    if has_fast_beside(config):
        return fast_beside
    if config.block is not None:
        return None
    if how.window_bits is None:
        return fast_exact if has_fast_exact(config) else None
    return fast_windowed if has_fast_window(config) else None


def _has_rules(config: MacConfig) -> bool:
    """Whether circuits know what becomes of products and groups before they are added."""
    how = config.summation
    rounds_first = how.late is not None and how.late.sum_bits is None
    joined = how.late is not None or how.groups is not None
    bounded = joined and not rounds_first and config.block is None
    return (
        (how.groups is None or how.join is not None)
        and (how.tree or not how.products.rounded)
        and (bounded or not how.products.bounded)
    )


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
