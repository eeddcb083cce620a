"""Cores of lookup tables and carry chains, with multiplier blocks or without."""

from functools import partial

from fp8mac.hw.area.family import is_odd
from fp8mac.hw.area.float import FloatAccumulator
from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig, KulischConfig
from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.fpga.integer import LutIntAccumulator
from fp8mac.hw.fpga.kulisch import LutKulischAccumulator
from fp8mac.hw.fpga.multiply import Multiply, in_blocks, in_rows
from fp8mac.hw.fpga.product import LutFixedMultiplier, LutMultiplier
from fp8mac.hw.parts.family import Family, Parts, Registers
from fp8mac.hw.parts.stages import shifted_registers

__all__ = ["FPGA", "FPGA_DSP"]


def _integer(config: MacConfig, adder: Adder, multiply: Multiply) -> Parts:
    a, b = config.a, config.b
    assert isinstance(a, IntFormat)
    assert isinstance(b, IntFormat)
    # Rows and sum are chains of their own: the product is the register that comes first.
    registers = Registers(operands=config.stages > 2, inside=(0,) if config.stages > 1 else ())
    accumulator = LutIntAccumulator(
        a,
        b,
        config.acc_bits,
        saturate=config.saturates,
        multiply=multiply,
        segment_bits=config.segment_bits,
        is_held=bool(registers.inside),
    )
    return Parts(None, accumulator, registers, clears=True)


def _kulisch(config: MacConfig, adder: Adder, multiply: Multiply) -> Parts:
    if config.has_integer_products:
        return _integer(config, adder, multiply)
    multiplier = LutFixedMultiplier(config.a, config.b, multiply=multiply)
    widths = (config.product_bits - 1, config.acc_bits, config.segment_bits)
    registers = shifted_registers(
        config.stages,
        multiplier.range.exponent_max.bit_length(),
        segmented=config.segment_bits is not None,
    )
    accumulator = LutKulischAccumulator(multiplier.range, *widths, registers=registers.inside)
    return Parts(multiplier, accumulator, registers, clears=True)


def _float(config: MacConfig, adder: Adder, multiply: Multiply) -> Parts:
    acc = config.accumulator
    assert isinstance(acc, FloatAccConfig)
    carry = is_odd(config, acc)
    multiplier = LutMultiplier(config.a, config.b, normalised=True, carry=carry, multiply=multiply)
    registers = Registers(product=config.stages > 1)
    return Parts(multiplier, FloatAccumulator(multiplier.range, acc, adder), registers)


def _family(multiply: Multiply) -> Family:
    return {
        KulischConfig: partial(_kulisch, multiply=multiply),
        FloatAccConfig: partial(_float, multiply=multiply),
        IntAccConfig: partial(_integer, multiply=multiply),
    }


FPGA = _family(in_rows)
"""Circuits of tables and carry chains."""

FPGA_DSP = _family(in_blocks)
"""Circuits of tables, carry chains and multiplier blocks."""
