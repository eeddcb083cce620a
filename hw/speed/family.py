"""Cores with a short path."""

from functools import partial

from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig, KulischConfig, Resolve
from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.family import Family, Parts, Registers
from fp8mac.hw.parts.stages import integer_registers, kulisch_registers
from fp8mac.hw.speed.dual_path import DualPathAccumulator
from fp8mac.hw.speed.integer import FastIntAccumulator
from fp8mac.hw.speed.kulisch import FastKulischAccumulator
from fp8mac.hw.speed.product import FastMultiplier
from fp8mac.hw.speed.single_path import FastSinglePathAccumulator

__all__ = ["LEAN", "SPEED"]


def _integer(config: MacConfig, adder: Adder) -> Parts:
    a, b = config.a, config.b
    assert isinstance(a, IntFormat)
    assert isinstance(b, IntFormat)
    segments = {
        "segment_bits": config.segment_bits,
        "settles": config.resolve is Resolve.IDLE,
    }
    registers = integer_registers(config.stages)
    unit = FastIntAccumulator(
        a,
        b,
        config.acc_bits,
        config.saturates,
        adder=adder,
        is_held=bool(registers.inside),
        **segments,
    )
    return Parts(None, unit, registers)


def _kulisch(config: MacConfig, adder: Adder, tables: bool = True) -> Parts:
    if config.has_integer_products:
        return _integer(config, adder)
    multiplier = FastMultiplier(
        config.a,
        config.b,
        normalised=False,
        tables=tables and config.segment_bits is None,
        adder=adder,
    )
    widths = (config.product_bits - 1, config.acc_bits, config.segment_bits)
    registers = kulisch_registers(config.stages)
    accumulator = FastKulischAccumulator(
        multiplier.factors, *widths, adder=adder, is_held=bool(registers.inside)
    )
    return Parts(multiplier, accumulator, registers)


def _float(config: MacConfig, adder: Adder, tables: bool = True) -> Parts:
    acc = config.accumulator
    assert isinstance(acc, FloatAccConfig)
    multiplier = FastMultiplier(config.a, config.b, normalised=True, tables=tables, adder=adder)
    fits = DualPathAccumulator.fits(multiplier.factors, acc)
    kind = DualPathAccumulator if fits else FastSinglePathAccumulator
    # A product of parts that are not added yet has more bits than its operands.
    registers = Registers(operands=config.stages > 1)
    return Parts(multiplier, kind(multiplier.factors, acc, adder), registers)


SPEED: Family = {KulischConfig: _kulisch, FloatAccConfig: _float, IntAccConfig: _integer}
"""Circuits that are built for a short path."""

LEAN: Family = {
    KulischConfig: partial(_kulisch, tables=False),
    FloatAccConfig: partial(_float, tables=False),
    IntAccConfig: _integer,
}
"""The same without tables: products are added in an array."""
