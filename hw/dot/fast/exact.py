"""Exact sum of products and accumulator in fixed point, for a short path."""

from amaranth.hdl import Cat, Const, Module, Value

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.exact import fixed_frame
from fp8mac.hw.dot.fast.digits import FINE, shifted
from fp8mac.hw.dot.fast.finish import fast_finish, rows_of
from fp8mac.hw.dot.fast.products import EARLY, read_fast_products
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.dot.windows.terms import SpecialTerms, Term, read_acc
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import wire

__all__ = ["add_term", "fast_exact", "has_fast_exact"]


def has_fast_exact(config: MacConfig) -> bool:
    """Whether there is a circuit for a short path: few places, for the accumulator as well."""
    last, width, whole = fixed_frame(Frame(config, config.products_per_cycle, with_acc=False))
    return whole and last <= 1 < last + width


def fast_exact(
    m: Module, config: MacConfig, a: Value, b: Value, c: Value, *, adder: Adder
) -> Value:
    """Code of the exact sum of products and accumulator."""
    frame = Frame(config, config.products_per_cycle, with_acc=False)
    format_ = frame.acc.format
    products = read_fast_products(m, frame, a, b, adder)
    acc = read_acc(m, frame.acc, c)
    last, width, _ = fixed_frame(frame)
    width += 1  # a sign to spare
    tree = CarrySaveTree(width, adder)
    origin = frame.exponent_offset - frame.product_fraction_bits - last
    for k, product in enumerate(products):
        add_term(m, tree, product, (frame.lowest, frame.highest), origin, name=f"p{k}")
    span = (1, (1 << format_.exponent_bits) - 1)
    add_term(m, tree, acc, span, -format_.mantissa_bits - last, name="c")
    top = last + width - 2
    exponent = Const(top, max(top.bit_length(), format_.exponent_bits) + 1)
    lowest = Const(1 << 1 - last, width - 1)
    specials = SpecialTerms.of([*products, acc])
    return fast_finish(
        m, frame.acc, rows_of(m, tree), exponent, lowest, specials=specials, adder=adder
    )


def add_term(
    m: Module, tree: CarrySaveTree, term: Term, span: tuple[int, int], origin: int, *, name: str
) -> None:
    """Add a term whose exponents are in a span to the place of its own, in two's complement."""
    moved = shifted(m, term.significand, term.exponent, name)
    lowest, highest = span
    first = lowest + origin
    width = len(term.significand) + highest - lowest
    placed: Value = Const(0, width)
    for digit in range(lowest >> FINE, (highest >> FINE) + 1):
        place = (digit << FINE) - lowest
        chosen = wire(m, moved.digit == digit, f"{name}_is_{digit}")
        row = Cat(Const(0, max(0, place)), moved.significand[max(0, -place) :])[:width]
        placed = placed | (row & chosen.replicate(len(row)))
    addend = placed[:width] ^ term.sign.replicate(width)
    tree.add_bits(first, wire(m, addend, f"{name}_addend"))
    tree.add_bits(first, term.sign, EARLY)
    tree.add_bits(first + width, ~term.sign, EARLY)
    tree.add_constant(-1 << first + width)
