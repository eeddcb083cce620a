"""Sums of blocks: groups that share scales are added exactly, scaled, and aligned by their scales.

::

    16 products --> fixed point --> times scales' significands --+
    16 products --> ...                                          +--> one window --> finish
    accumulator -------------------------------------------------+

# Ref: arXiv:2511.10909 (NVIDIA's mxf4 and nvf4)
"""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Value

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.exact import fixed_sum
from fp8mac.hw.dot.windows.finish import finish
from fp8mac.hw.dot.windows.frame import Frame, acc_of
from fp8mac.hw.dot.windows.join import Kept, join
from fp8mac.hw.dot.windows.scales import Scale, with_scales
from fp8mac.hw.dot.windows.terms import Addend, SpecialTerms, read_acc, read_products, wire_signed

__all__ = ["adds_blocks", "grouped"]


def adds_blocks(config: MacConfig) -> bool:
    """Whether a circuit takes a unit's scales as the unit does."""
    how, block = config.summation, config.block
    if block is None:
        return True
    if how.tree or how.late is not None:
        return False
    groups = how.groups
    if groups is not None:
        return how.window_bits is None and groups.ways * groups.run == how.lanes
    power = block.scale is ScaleFormat.E8M0
    return config.scales_per_cycle == 1 and (power or how.window_bits is None)


def grouped(
    m: Module,
    config: MacConfig,
    a: Value,
    b: Value,
    c: Value,
    *,
    scales: Sequence[Scale],
    adder: Adder = Adder.RIPPLE,
) -> Value:
    """Code of the sum of groups, each with the exponent of its scales, and of the accumulator."""
    how, acc, block = config.summation, acc_of(config), config.block
    assert how.groups is not None
    assert how.join is not None
    assert block is not None
    run = how.groups.run
    frame = Frame(config, run, with_acc=False)
    products = read_products(m, frame, a, b)
    before = read_acc(m, acc, c)
    bias, kept = acc.format.exponent_bias, how.join.bits - 1
    unit = wire_signed(m, Const(bias, bias.bit_length() + 1), "unit")
    parts, zero = [], before.sign
    for way in range(how.groups.ways):
        scale = scales[way * run // block.size]
        name = f"group_{way}"
        mine = products[way * run : (way + 1) * run]
        m.submodules[name] = inside = Module()
        total = fixed_sum(inside, frame, mine, with_acc=None, adder=adder)
        fraction = bias - (total.highest - total.fraction_bits)
        total = total._replace(
            exponent=unit,
            present=Const(1, 1),  # a sum of zero sets an exponent as well
            fraction_bits=fraction,
            lowest=bias,
            highest=bias,
        )
        parts.append(Kept(scale.times(m, total, name), kept))
        negative = SpecialTerms.of(mine).negative
        zero = zero & (negative | (total.value[-1] & scale.present))
    parts.append(Kept(Addend.of_acc(before, acc.format), kept))
    total = join(m, "join", parts, how.join.cut, adder)
    specials = SpecialTerms.of([*products, before]).with_zero(acc, zero)
    specials = with_scales(m, specials, scales)
    return finish(m, acc, total, specials)
