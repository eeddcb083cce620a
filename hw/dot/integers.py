"""Sums of blocks of integers: one tree for all products, one scale, one rounding.

::

    Booth rows of all lanes --> tree --> sum, two's complement --+
    accumulator --> shifted, by the scales and its exponent -----+--> finish

# Ref: OCP Microscaling Formats (MX) Specification, version 1.0, section 5.3.4 (MXINT8)
"""

from collections.abc import Sequence
from functools import reduce
from operator import and_

from amaranth.hdl import Module, Value

from fp8mac.hw.area.integer import add_booth_rows
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat, element_exponent
from fp8mac.hw.config.formats import IntFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.beside import Places, add_beside
from fp8mac.hw.dot.fast.beside import fast_add_beside, products_tree
from fp8mac.hw.dot.windows.finish import finish
from fp8mac.hw.dot.windows.frame import acc_of
from fp8mac.hw.dot.windows.scales import Scale, with_scales
from fp8mac.hw.dot.windows.terms import SpecialTerms, read_acc
from fp8mac.hw.parts.carry_save import CarrySaveTree, columns
from fp8mac.hw.parts.prefix import wire
from fp8mac.hw.parts.summands import Summands

__all__ = ["adds_integer_blocks", "integer_blocks"]


def adds_integer_blocks(config: MacConfig) -> bool:
    """Whether a unit adds integers, whose step shares a scale that is a power of two, exactly."""
    block, acc = config.block, config.accumulator
    integers = isinstance(config.a, IntFormat) and isinstance(config.b, IntFormat)
    if block is None or not (integers and isinstance(acc, FloatAccConfig)):
        return False
    exact = config.summation == Summation(config.products_per_cycle)
    return exact and block.scale is ScaleFormat.E8M0 and config.scales_per_cycle == 1


def integer_blocks(
    m: Module,
    config: MacConfig,
    a: Value,
    b: Value,
    c: Value,
    *,
    scales: Sequence[Scale],
    adder: Adder = Adder.RIPPLE,
) -> Value:
    """Code of the exact sum of products, times their scale, and of the accumulator."""
    acc, lanes = acc_of(config), config.products_per_cycle
    before = read_acc(m, acc, c)
    width = config.product_bits + (lanes - 1).bit_length()
    moved = element_exponent(config.a) + element_exponent(config.b)
    at = Places(acc, acc.format.exponent_bias + config.product_lsb_exponent + moved, width)
    tree = columns(width, adder) if adder is Adder.RIPPLE else products_tree(at, adder)
    signs = []
    for lane in range(lanes):
        m.submodules[f"lane_{lane}"] = inside = Module()
        x, y = a.word_select(lane, config.a.bits), b.word_select(lane, config.b.bits)
        rows = Summands()
        add_booth_rows(inside, rows, x, y)
        rows.wired(inside, "terms").add_to(tree)
        signs.append(x[-1] ^ y[-1])
    negative = wire(m, reduce(and_, signs) & before.sign, "all_negative")
    specials = with_scales(m, SpecialTerms.of([before])._replace(negative=negative), scales)
    scale, sign = scales[0].exponent, before.sign
    if isinstance(tree, CarrySaveTree):
        return fast_add_beside(
            m, at, before, tree, c=c, scale=scale, specials=specials, adder=adder
        )
    value = wire(m, tree.elaborate_into(m) ^ sign.replicate(width), "total")
    total = add_beside(m, at, before, value, one=sign, scale=scale, adder=adder)
    return finish(m, acc, total, specials, against=sign)
