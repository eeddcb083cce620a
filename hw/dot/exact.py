"""Exact sums in a floating-point accumulator of few exponents: fixed point, and one rounding.

Products always fit into a fixed frame, and such an accumulator does as well; one of many exponents
is added beside them, see `fp8mac.hw.dot.beside`.
"""

from collections.abc import Sequence

from amaranth.hdl import Const, Module, Value

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.windows.finish import finish
from fp8mac.hw.dot.windows.frame import Frame, acc_of
from fp8mac.hw.dot.windows.terms import (
    SpecialTerms,
    Sum,
    Term,
    read_acc,
    read_products,
    wire_signed,
)
from fp8mac.hw.parts.carry_save import CarrySaveTree, columns
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import wire
from fp8mac.hw.parts.shifter import shift_left

__all__ = ["exact", "exact_bits", "fixed_frame", "fixed_sum"]

_FEW = 64


def exact(
    m: Module,
    config: MacConfig,
    a: Value,
    b: Value,
    c: Value,
    *,
    adder: Adder = Adder.RIPPLE,
) -> Value:
    """Code of the exact sum of products and accumulator."""
    acc = acc_of(config)
    frame = Frame(config, config.products_per_cycle, with_acc=False)
    products = read_products(m, frame, a, b)
    before = read_acc(m, acc, c)
    total = fixed_sum(m, frame, products, with_acc=before, adder=adder)
    return finish(m, acc, total, SpecialTerms.of([*products, before]))


def fixed_sum(
    m: Module,
    frame: Frame,
    products: Sequence[Term],
    *,
    with_acc: Term | None,
    adder: Adder = Adder.RIPPLE,
) -> Sum:
    """Exact sum of products, and of an accumulator, whose exponent is that of its top place."""
    format_ = frame.acc.format
    offset, below = frame.exponent_offset, frame.product_fraction_bits
    last, width, _ = fixed_frame(frame)
    tree = columns(width, adder)
    for product in products:
        _add(m, tree, product, frame.lowest, frame.lowest + offset - below - last)
    if with_acc is not None:
        _add(m, tree, with_acc, 1, 1 - format_.mantissa_bits - last)
    value = wire(m, tree.elaborate_into(m), "total")
    fraction = width - 1
    exponent = wire_signed(m, Const(last + fraction, (last + fraction).bit_length() + 1), "top")
    return Sum(value, exponent, value.any(), fraction, last + fraction, last + fraction)


def exact_bits(config: MacConfig) -> int:
    """Places that hold the sum of all products of a step exactly."""
    return fixed_frame(Frame(config, config.products_per_cycle, with_acc=False))[1]


def fixed_frame(frame: Frame) -> tuple[int, int, bool]:
    """Biased exponent of the last place, how many places, whether they hold the accumulator."""
    format_ = frame.acc.format
    whole = 1 << format_.exponent_bits <= _FEW and frame.config.block is None
    last = frame.lowest + frame.exponent_offset - frame.product_fraction_bits
    if whole:
        last = min(last, 1 - format_.mantissa_bits)
    most = frame.lanes << frame.highest + frame.exponent_offset + 2 - last
    if whole:
        most += 1 << (format_.emax + format_.exponent_bias + 1) - last
    return last, most.bit_length() + 1, whole


def _add(m: Module, tree: Compressor | CarrySaveTree, term: Term, lowest: int, place: int) -> None:
    """Add a term whose exponents begin with ``lowest`` at its place, in two's complement."""
    most = len(term.significand) + (1 << len(term.exponent)) - 1
    aligned = shift_left(m, term.significand, term.exponent, most)[lowest:]
    width = len(aligned) + place
    tree.add_bits(place, wire(m, aligned ^ term.sign.replicate(len(aligned)), "addend"))
    tree.add_bits(place, term.sign)
    tree.add_bits(width, ~term.sign)
    tree.add_constant(-1 << width)
