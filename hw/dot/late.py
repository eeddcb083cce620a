"""Sums in windows: of all terms, or of products alone, to which the accumulator is added."""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import TermCut
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.windows.finish import finish
from fp8mac.hw.dot.windows.frame import Frame, acc_of
from fp8mac.hw.dot.windows.join import Kept, join
from fp8mac.hw.dot.windows.scales import Scale, scale_span, with_scales
from fp8mac.hw.dot.windows.terms import (
    Addend,
    SpecialTerms,
    Sum,
    Term,
    is_negative,
    read_acc,
    read_products,
    wire_signed,
)
from fp8mac.hw.dot.windows.window import WindowSum
from fp8mac.hw.parts.prefix import wire

__all__ = ["added", "late", "windowed"]


def windowed(
    m: Module,
    config: MacConfig,
    a: Value,
    b: Value,
    c: Value,
    *,
    scales: Sequence[Scale] = (),
    adder: Adder = Adder.RIPPLE,
) -> Value:
    """Code of the sum of all terms in one window."""
    frame = Frame(config, config.products_per_cycle, with_acc=True)
    products = read_products(m, frame, a, b)
    acc = read_acc(m, frame.acc, c)
    offset = frame.exponent_offset
    span = scale_span(config)
    width = max(len(acc.exponent), abs(offset).bit_length(), span[1].bit_length()) + 2
    m.submodules.window = window = WindowSum(frame, width, adder)
    own, found = acc.exponent - offset, window.largest + offset
    if scales:
        own, found = own - scales[0].exponent, found + scales[0].exponent
    _connect(m, window, products)
    m.d.comb += [
        window.c_significand.eq(acc.significand),
        window.c_exponent.eq(own),
        window.c_sign.eq(acc.sign),
    ]
    inside = wire(m, window.some & ~window.beyond, "inside")
    largest = Mux(inside, found, acc.exponent)
    exponent = Signal(signed(width))
    m.d.comb += exponent.eq(largest)
    lowest = frame.lowest + offset + span[0]
    total = Sum(window.value, exponent, window.some, frame.fraction_bits, lowest, 0)
    specials = with_scales(m, SpecialTerms.of([*products, acc]), scales)
    return finish(m, frame.acc, total, specials, still=~window.some)


def late(m: Module, config: MacConfig, a: Value, b: Value, c: Value) -> Value:
    """Code of a sum whose products are aligned without the accumulator, in groups or together."""
    how, acc = config.summation, acc_of(config)
    ways = how.groups.ways if how.groups else 1
    frame = Frame(config, config.products_per_cycle // ways, with_acc=False)
    products = read_products(m, frame, a, b)
    before = read_acc(m, acc, c)
    specials = SpecialTerms.of([*products, before])
    if how.products.bounded:
        specials = _bounded(m, frame, products, before, specials)
    number = Addend.of_acc(before, acc.format)
    sums, zeros = [], []
    for way in range(ways):
        mine = products
        if how.groups is not None:
            mine = [p for k, p in enumerate(products) if k // how.groups.run % ways == way]
        m.submodules[f"window_{way}"] = window = WindowSum(frame, 0)
        _connect(m, window, mine)
        sums.append(_sum(m, window, frame, f"sum_{way}"))
        zeros.append(SpecialTerms.of(mine).negative)
    total, zero = sums[0], zeros[0]
    if how.groups is not None and how.join is not None:
        cut = how.join.cut
        floors = cut is TermCut.FLOOR
        kept = how.join.bits - 1
        parts = [
            Kept(Addend.of_sum(m, each, f"group_{way}", complemented=floors), kept)
            for way, each in enumerate(sums)
        ]
        zero = reduce(and_, map(is_negative, sums, zeros))
        if how.late is None:
            parts.append(Kept(number, kept))
            zero = zero & before.sign
        total = join(m, "join", parts, cut)
    if how.late is None:
        return finish(m, acc, total, specials.with_zero(acc, zero))
    if how.late.sum_bits is None or how.late.acc_bits is None:
        code = finish(m, acc, total, SpecialTerms.of(products).with_zero(acc, zero))
        return added(m, "add", acc, [read_acc(m, acc, code, "sum"), before])
    cut = how.late.cut
    part = Addend.of_sum(m, total, "products", complemented=cut is TermCut.FLOOR)
    last = join(
        m,
        "late",
        [Kept(part, how.late.sum_bits - 1), Kept(number, how.late.acc_bits - 1, how.late.drop)],
        cut,
    )
    sign = before.sign
    if how.late.drop is not None:
        far = last.exponent - number.exponent > how.late.drop
        sign = sign & ~(far & before.present)  # what is dropped counts as +0
    zero = is_negative(total, zero) & sign
    return finish(m, acc, last, specials.with_zero(acc, zero))


def added(m: Module, name: str, acc: FloatAccConfig, terms: Sequence[Term]) -> Value:
    """Code of the sum of two numbers of the accumulator's format, rounded once.

    A window of two bits more than a significand has rounds as the exact sum does, if what is below
    is jammed into its last bit: only where the exponents differ by less than two can a sum lose
    more than one leading bit, and then nothing is below.
    """
    kept = acc.format.precision + 2
    parts = [Kept(Addend.of_acc(term, acc.format), kept) for term in terms]
    total = join(m, f"{name}_join", parts, TermCut.ODD)
    return finish(m, acc, total, SpecialTerms.of(terms), name=f"{name}_finish")


def _connect(m: Module, window: WindowSum, products: Sequence[Term]) -> None:
    for lane, product in enumerate(products):
        m.d.comb += [
            window.significands[lane].eq(product.significand),
            window.exponents[lane].eq(product.exponent),
            window.signs[lane].eq(product.sign),
            window.present[lane].eq(product.present),
        ]


def _sum(m: Module, window: WindowSum, frame: Frame, name: str) -> Sum:
    """Sum of products in a window."""
    offset = frame.exponent_offset
    exponent = wire_signed(m, Cat(window.largest, 0).as_signed() + offset, f"{name}_exponent")
    span = (frame.lowest + offset, frame.highest + offset)
    return Sum(window.value, exponent, window.some, frame.fraction_bits, *span)


def _bounded(
    m: Module, frame: Frame, products: Sequence[Term], acc: Term, specials: SpecialTerms
) -> SpecialTerms:
    """Products beyond the accumulator's range are infinite, where nothing else is."""
    top = frame.acc.format.emax + frame.acc.format.exponent_bias
    first = top - frame.exponent_offset  # of exponents that are still in range
    if frame.highest < first:
        return specials
    beyond = []
    for lane, product in enumerate(products):
        above = product.exponent > first
        edge = (product.exponent == first) & product.significand[-1]
        beyond.append(wire(m, product.present & (above | edge), f"beyond_{lane}"))
    others = specials.nan | specials.pos_inf | specials.neg_inf
    pairs = list(zip(beyond, products, strict=True))
    positive = reduce(or_, (out & ~product.sign for out, product in pairs)) & ~others
    negative = reduce(or_, (out & product.sign for out, product in pairs)) & ~others
    return specials._replace(
        pos_inf=wire(m, specials.pos_inf | positive, "pos_inf"),
        neg_inf=wire(m, specials.neg_inf | negative, "neg_inf"),
    )
