"""Planted bugs where sums leave as integers, or as floats with a shift."""

from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.conditions import (
    is_requantized,
    is_scaled,
    leaves_subnormal,
    multiplies_sums,
)
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["OUTPUT_MUTATIONS"]


def _rounds(config: MacConfig, rounding: Rounding) -> bool:
    output = config.output
    return is_requantized(config) and output is not None and output.rounding is rounding


def _goes_far(config: MacConfig) -> bool:
    """Whether a shift can move sums below all places of a subnormal number, and on."""
    output = config.output
    return output is not None and leaves_subnormal(config, 4 * output.format.bits)


_SCALED = ("int4 -> int12, output e4m3:shift=7",)
_UNITS = ("int4 -> int12, output int4", "int4 -> int12, output int4:times=3")

# fmt: off
OUTPUT_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "integer output: bits below a half lost", "output", "area.requantize",
        'half & (below | quotient[0])', 'half & quotient[0]',
        _UNITS,
        lambda config: _rounds(config, Rounding.RNE),
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "integer output: ties away from zero", "output", "area.requantize",
        'half & (below | quotient[0])', 'half',
        _UNITS,
        lambda config: _rounds(config, Rounding.RNE),
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "integer output: floor for toward zero", "output", "area.requantize",
        'up = sign & (half | below)', 'up = sign & half',
        ("int4 -> int12, output int4:rtz", "int4 -> int12, output int4:times=3:rtz"),
        lambda config: _rounds(config, Rounding.RTZ),
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "integer output: rounded beyond the largest", "output", "area.requantize",
        '(outside | carry)', 'outside',
        _UNITS,
        lambda config: _rounds(config, Rounding.RNE),
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "integer output: sign not shifted in", "output", "area.requantize",
        'Cat(x[places:], sign.replicate(places))', 'Cat(x[places:], Const(0, places))',
        _UNITS,
        is_requantized,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "integer output: a negative sum times the multiplier", "output", "area.requantize",
        'add_signed(tree, row)', 'tree.add_bits(0, row)',
        _UNITS[1:],
        multiplies_sums,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "integer output: a row of the product too low", "output", "area.requantize",
        'Cat(Const(0, place), self', 'Cat(Const(0, place & ~2), self',
        _UNITS[1:],
        multiplies_sums,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "integer output: shift not connected", "output", "units.mac",
        'getattr(stage, name).eq(each) for name, each in rescales',
        'getattr(stage, name).eq(each & 1) for name, each in rescales',
        _UNITS,
        is_requantized,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "scaled output: shift to the left", "output", "area.output",
        '- self.shift.as_signed()', '+ self.shift.as_signed()',
        _SCALED,
        is_scaled,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "scaled output: shift without a sign", "output", "area.output",
        '- self.shift.as_signed()', '- self.shift',
        _SCALED,
        is_scaled,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "scaled output: an exponent of a bit less", "output", "area.output",
        'base.eq(left + lowest - self.shift.as_signed())',
        'base.eq((left + lowest - self.shift.as_signed())[: len(base) - 1].as_signed())',
        _SCALED,
        is_scaled,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "scaled output: what falls out is lost", "output", "area.output",
        'Cat(rest, longer[places + 1 :])', 'longer[places:]',
        _SCALED,
        leaves_subnormal,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "scaled output: ones that fall out count as some", "output", "area.output",
        'fallen.all(), fallen.any()', 'fallen.any(), fallen.any()',
        _SCALED,
        leaves_subnormal,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "scaled output: subnormal a place too high", "output", "area.output",
        'm, x, 1, subnormal', 'm, x, 0, subnormal',
        _SCALED,
        leaves_subnormal,
        registered=True, goals=tuple(Goal),
    ),
    Mutation(
        "scaled output: far shifts not taken", "output", "area.output",
        'moves[stages:].any()', 'Const(0, 1)',
        _SCALED,
        _goes_far,
        registered=True, goals=tuple(Goal),
    ),
)
# fmt: on
"""In the order of the data path."""
