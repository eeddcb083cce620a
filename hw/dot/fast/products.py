"""Products whose exponents are there early."""

from amaranth.hdl import Const, Module, Value

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.dot.windows.terms import Term, flushed
from fp8mac.hw.parts.prefix import add, extended, wire
from fp8mac.hw.speed.product import FastMultiplier

__all__ = ["EARLY", "read_fast_products"]

EARLY = -400
"""When signs are there, compared with aligned significands."""


def read_fast_products(m: Module, frame: Frame, a: Value, b: Value, adder: Adder) -> list[Term]:
    """As `fp8mac.hw.dot.windows.terms.read_products`, for a short path."""
    config, bits = frame.config, frame.product_exponent_bits
    products = []
    for lane in range(config.summation.lanes):
        unit = FastMultiplier(
            config.a, config.b, normalised=frame.normalised, tables=False, adder=adder
        )
        m.submodules[f"product_{lane}"] = unit
        codes = (a.word_select(lane, config.a.bits), b.word_select(lane, config.b.bits))
        if frame.acc.flushes:
            codes = (flushed(config.a, codes[0]), flushed(config.b, codes[1]))
        m.d.comb += [unit.a.eq(codes[0]), unit.b.eq(codes[1])]
        product, early = unit.product, unit.product.early
        first, second = (extended(each, bits) for each in (early.exponent_a, early.exponent_b))
        if frame.origin:
            first = (first - Const(frame.origin))[:bits]
        exponent = add(m, first, second, name=f"exponent_{lane}", adder=adder)[:bits]
        products.append(
            Term(
                product.sign,
                early.significand,
                wire(m, exponent, f"field_{lane}"),
                ~product.zero,
                product.nan,
                product.inf,
            )
        )
    return products
