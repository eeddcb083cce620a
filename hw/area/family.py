"""Cores of few gates."""

from fp8mac.hw.area.align import Field
from fp8mac.hw.area.float import FloatAccumulator
from fp8mac.hw.area.integer import IntAccumulator
from fp8mac.hw.area.kulisch import KulischAccumulator
from fp8mac.hw.area.product import FloatMultiplier
from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig, KulischConfig, Resolve
from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.family import Family, Parts, Registers
from fp8mac.hw.parts.layout import operand_range, product_range
from fp8mac.hw.parts.stages import integer_registers, kulisch_registers

__all__ = ["AREA", "is_odd"]


def _integer(config: MacConfig, adder: Adder) -> Parts:
    a, b = config.a, config.b
    assert isinstance(a, IntFormat)
    assert isinstance(b, IntFormat)
    segments = {
        "segment_bits": config.segment_bits,
        "settles": config.resolve is Resolve.IDLE,
    }
    registers = integer_registers(config.stages)
    unit = IntAccumulator(
        a,
        b,
        config.acc_bits,
        config.saturates,
        adder=adder,
        is_held=bool(registers.inside),
        **segments,
    )
    return Parts(None, unit, registers)


def _kulisch(config: MacConfig, adder: Adder) -> Parts:
    if config.has_integer_products:
        return _integer(config, adder)
    multiplier = FloatMultiplier(config.a, config.b, normalised=False, adder=adder)
    widths = (config.product_bits - 1, config.acc_bits, config.segment_bits)
    registers = kulisch_registers(config.stages)
    accumulator = KulischAccumulator(
        multiplier.range, *widths, adder=adder, is_held=bool(registers.inside)
    )
    return Parts(multiplier, accumulator, registers)


def _float(config: MacConfig, adder: Adder) -> Parts:
    acc = config.accumulator
    assert isinstance(acc, FloatAccConfig)
    carry = is_odd(config, acc)
    multiplier = FloatMultiplier(config.a, config.b, normalised=True, carry=carry, adder=adder)
    registers = Registers(product=config.stages > 1)
    return Parts(multiplier, FloatAccumulator(multiplier.range, acc, adder), registers)


def is_odd(config: MacConfig, acc: FloatAccConfig) -> bool:
    """Whether a number that is added to the products' exponents has its lowest bit set."""
    a, b = (operand_range(format_, normalised=True) for format_ in (config.a, config.b))
    return Field(product_range(a, b), acc).exponent_offset % 2 == 1


AREA: Family = {KulischConfig: _kulisch, FloatAccConfig: _float, IntAccConfig: _integer}
"""Circuits that are built for few gates."""
