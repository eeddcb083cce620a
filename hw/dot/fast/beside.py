"""Exact sum of products beside an accumulator of many exponents, for a short path.

As `fp8mac.hw.dot.beside`, but the accumulator is shifted while products are added: exponents, and
scales of blocks, say early how far. If bits of it are lost, and the products come to zero, the next
accumulator is the old one; that is known when their two rows are.

# Ref: E. Hokenek, R. K. Montoye, P. W. Cook, IEEE J. Solid-State Circuits 25(5), 1990
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Value

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.beside import Places, is_beside
from fp8mac.hw.dot.fast.digits import FINE
from fp8mac.hw.dot.fast.exact import add_term
from fp8mac.hw.dot.fast.finish import fast_finish, rows_of
from fp8mac.hw.dot.fast.products import EARLY, read_fast_products
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.dot.windows.scales import Scale, with_scales
from fp8mac.hw.dot.windows.terms import SpecialTerms, Term, read_acc
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import choose, wire

__all__ = ["fast_add_beside", "fast_beside", "has_fast_beside", "products_tree"]

_STEP = 1 << FINE


def has_fast_beside(config: MacConfig) -> bool:
    """Whether there is such a circuit: sums of their own, scales that are powers of two."""
    power = config.block is None or config.block.scale is ScaleFormat.E8M0
    return power and is_beside(config)


def fast_beside(
    m: Module,
    config: MacConfig,
    a: Value,
    b: Value,
    c: Value,
    *,
    scales: Sequence[Scale] = (),
    adder: Adder,
) -> Value:
    """Code of the exact sum of products and accumulator."""
    frame = Frame(config, config.products_per_cycle, with_acc=False)
    at = Places.of(frame)
    products = read_fast_products(m, frame, a, b, adder)
    tree = products_tree(at, adder)
    origin = frame.exponent_offset - frame.product_fraction_bits - at.last
    for k, product in enumerate(products):
        add_term(m, tree, product, (frame.lowest, frame.highest), origin, name=f"p{k}")
    acc = read_acc(m, frame.acc, c)
    specials = with_scales(m, SpecialTerms.of([*products, acc]), scales)
    scale = scales[0].exponent if scales else Const(0, 1)
    return fast_add_beside(m, at, acc, tree, c=c, scale=scale, specials=specials, adder=adder)


def products_tree(at: Places, adder: Adder) -> CarrySaveTree:
    """What products are added in, in two's complement."""
    return CarrySaveTree(_width(at) - at.below, adder)


def fast_add_beside(
    m: Module,
    at: Places,
    acc: Term,
    products: CarrySaveTree,
    *,
    c: Value,
    scale: Value,
    specials: SpecialTerms,
    adder: Adder,
) -> Value:
    """Rounded code of the sum of accumulator and products.

    Parameters
    ----------
    at : Places
        Where they are.
    acc : Term
        Accumulator.
    products : CarrySaveTree
        A `products_tree`.
    c : Value
        Code of the accumulator, which stays where products come to zero.
    scale : Value
        Exponent of the scales.
    specials : SpecialTerms
        Of all terms.
    adder : Adder
        How carries run.
    """
    (first, second), arrivals = products.rows(m)
    words = wire(m, first, "products_early"), wire(m, second, "products_late")
    bits = (abs(at.exponent) + (1 << len(scale)) + (1 << len(acc.exponent))).bit_length() + 2
    minus = ~acc.exponent
    shift = _sum(m, "shift", adder, bits, at.exponent + 1 - (1 << len(minus)), minus, scale)
    far = wire(m, shift[-1], "far")
    placed, lost = _placed(m, at, acc.significand, far, shift[:-1])
    tree = CarrySaveTree(_width(at), adder)
    for word in words:
        for place, (bit, arrival) in enumerate(zip(word, arrivals, strict=True), at.below):
            tree.add_bits(place, bit, arrival)
    addend = Cat(placed[0] | lost, placed[1:]) ^ acc.sign.replicate(at.acc_bits)
    tree.add_bits(0, wire(m, addend, "c_addend"))
    tree.add_bits(0, acc.sign, EARLY)
    tree.add_bits(at.acc_bits, ~acc.sign, EARLY)
    tree.add_constant(-1 << at.acc_bits)
    # The place below the sign is one above the accumulator's highest.
    near = _sum(m, "near", adder, bits, at.exponent + 1, scale)
    own = _sum(m, "own", adder, bits, 1, acc.exponent)
    exponent = wire(m, choose(far, own, near), "top")
    # The smallest normal number has the exponent 1.
    place = _sum(m, "place", adder, bits, at.acc_bits + 2, ~exponent)
    lowest = wire(m, Cat(*_decoded(m, place, at.acc_bits + 1, "lowest")), "lowest")
    rows = rows_of(m, tree)
    code = fast_finish(m, at.acc, rows, exponent, lowest, specials=specials, adder=adder)
    numbers = ~(specials.nan | specials.pos_inf | specials.neg_inf)
    stays = wire(m, lost & _is_zero(words, at.product_bits) & numbers, "stays")
    return choose(stays, c, code)


def _width(at: Places) -> int:
    """Of the sum, with a sign to spare."""
    return at.acc_bits + 2


def _is_zero(words: tuple[Value, Value], bits: int) -> Value:
    """Whether two rows come to zero, which no carry has to tell.

    # Ref: J. Cortadella, J. M. Llaberia, IEEE Trans. Computers 41(11), 1992
    """
    x, y = (word[:bits] for word in words)
    return ~((x ^ y) ^ Cat(Const(0, 1), x | y)[:bits]).any()


def _sum(m: Module, name: str, adder: Adder, width: int, constant: int, *terms: Value) -> Value:
    """Sum of signed numbers and a constant."""
    tree = CarrySaveTree(width, adder)
    tree.add_constant(constant)
    for term in terms:
        tree.add_bits(0, term[:-1])
        if term.shape().signed:  # a sign s is 2**n * (1 - s) - 2**n
            tree.add_bits(len(term) - 1, ~term[-1])
            tree.add_constant(-1 << len(term) - 1)
        else:
            tree.add_bits(len(term) - 1, term[-1])
    return wire(m, tree.elaborate_into(m), name)


def _placed(
    m: Module, at: Places, significand: Value, far: Value, shift: Value
) -> tuple[Value, Value]:
    """An accumulator's places, and whether a one of it is below them."""
    value = Cat(Const(0, _STEP - 1), significand)
    for stage in range(FINE):
        step = 1 << stage
        moved = Cat(value[step:], Const(0, step))
        value = wire(m, choose(shift[stage] & ~far, moved, value), f"c_right_{step}")
    digit, steps = shift[FINE:], -(-at.acc_bits // _STEP)
    is_digit = _decoded(m, digit, steps, "c_digit")
    is_digit = [is_digit[0] | far, *(each & ~far for each in is_digit[1:])]
    field: Value = Const(0, at.acc_bits)
    lost: Value = ~Cat(*is_digit).any() & value.any()
    for number, is_it in enumerate(is_digit):
        place = at.top - (_STEP - 1) - number * _STEP
        chosen = wire(m, is_it, f"c_is_{number}")
        if place < 0:
            lost |= chosen & value[:-place].any()
        row = Cat(Const(0, max(0, place)), value[max(0, -place) :])[: at.acc_bits]
        field = field | (row & chosen.replicate(len(row)))
    return wire(m, field[: at.acc_bits], "c_placed"), wire(m, lost, "c_lost")


def _decoded(m: Module, value: Value, count: int, name: str) -> list[Value]:
    """Whether a number is 0, 1, ..., ``count - 1``: ANDs of the digits of two halves."""
    half = (count - 1).bit_length() // 2
    low = [wire(m, value[:half] == k, f"{name}_low_{k}") for k in range(1 << half)]
    highs = range(-(-count // (1 << half)))
    high = [wire(m, value[half:] == k, f"{name}_high_{k}") for k in highs]
    return [high[k >> half] & low[k & (1 << half) - 1] for k in range(count)]
