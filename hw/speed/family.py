"""Cores with a short path."""

from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig, KulischConfig, Resolve
from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.family import Family, Parts
from fp8mac.hw.speed.dual_path import DualPathAccumulator
from fp8mac.hw.speed.integer import FastIntAccumulator
from fp8mac.hw.speed.kulisch import FastKulischAccumulator
from fp8mac.hw.speed.product import FastMultiplier
from fp8mac.hw.speed.single_path import FastSinglePathAccumulator

__all__ = ["SPEED"]


def _integer(config: MacConfig) -> Parts:
    a, b = config.a, config.b
    assert isinstance(a, IntFormat)
    assert isinstance(b, IntFormat)
    segments = {
        "segment_bits": config.segment_bits,
        "settles": config.resolve is Resolve.IDLE,
    }
    return Parts(None, FastIntAccumulator(a, b, config.acc_bits, config.saturates, **segments))


def _kulisch(config: MacConfig) -> Parts:
    if config.has_integer_products:
        return _integer(config)
    multiplier = FastMultiplier(
        config.a, config.b, normalised=False, tables=config.segment_bits is None
    )
    widths = (config.product_bits - 1, config.acc_bits, config.segment_bits)
    return Parts(multiplier, FastKulischAccumulator(multiplier.factors, *widths))


def _float(config: MacConfig) -> Parts:
    acc = config.accumulator
    assert isinstance(acc, FloatAccConfig)
    multiplier = FastMultiplier(config.a, config.b, normalised=True)
    fits = DualPathAccumulator.fits(multiplier.factors, acc)
    kind = DualPathAccumulator if fits else FastSinglePathAccumulator
    return Parts(multiplier, kind(multiplier.factors, acc), is_compact=False)


SPEED: Family = {KulischConfig: _kulisch, FloatAccConfig: _float, IntAccConfig: _integer}
"""Circuits that are built for a short path."""
