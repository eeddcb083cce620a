"""Exact sum of products beside an accumulator of many exponents, for a short path.

The products have places of their own, whatever their scales are. The accumulator is shifted to
them, from where nothing of it overlaps their sum down to where it is one sticky bit::

    accumulator   x x x x                               all products are below its last place
                          x x x x                       or it is shifted to the right,
                                          x x x x s     s: what is lost of it
    products                  x x x x x x
    places        T+p     T             L           0   p bits, the hidden one among them

Its exponent, and the scales of blocks, say early how far. If bits of it are lost, and the products
come to zero, the next accumulator is the old one; that is known when their two rows are.

# Ref: E. Hokenek, R. K. Montoye, P. W. Cook, IEEE J. Solid-State Circuits 25(5), 1990
# Ref: OCP Microscaling Formats (MX) Specification, version 1.0, section 5
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Value

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.exact import fixed_frame
from fp8mac.hw.dot.fast.digits import FINE
from fp8mac.hw.dot.fast.exact import add_term
from fp8mac.hw.dot.fast.finish import fast_finish, rows_of
from fp8mac.hw.dot.fast.products import EARLY, read_fast_products
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.dot.windows.scales import Scale, with_scales
from fp8mac.hw.dot.windows.terms import SpecialTerms, Term, read_acc
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import choose, wire

__all__ = ["fast_beside", "has_fast_beside"]

_STEP = 1 << FINE


@dataclass(frozen=True)
class _Places:
    """Where products and accumulator are; places count from 0, the lowest."""

    frame: Frame

    @property
    def below(self) -> int:
        """Place of the products' last bit: a sum that loses of an accumulator is rounded above."""
        acc = self.frame.acc
        return acc.format.precision + 1 + (acc.random_bits or 1)

    @property
    def product_bits(self) -> int:
        """Of the sum of products, two's complement."""
        return fixed_frame(self.frame)[1]

    @property
    def top(self) -> int:
        """Highest place of an accumulator's last bit: products below change no rounding."""
        return self.below + self.product_bits + (self.frame.acc.random_bits or 1)

    @property
    def acc_bits(self) -> int:
        """Places that an accumulator can be in."""
        return self.top + self.frame.acc.format.precision

    @property
    def width(self) -> int:
        """Of the sum, with a sign to spare."""
        return self.acc_bits + 2

    @property
    def exponent(self) -> int:
        """Biased exponent of place 0, if the scales are one."""
        return fixed_frame(self.frame)[0] - self.below

    @property
    def acc_exponent(self) -> int:
        """That of place 0, less the accumulator's, if that is at the top."""
        return -self.frame.acc.format.mantissa_bits - self.top


def has_fast_beside(config: MacConfig) -> bool:
    """Whether there is such a circuit: exact sums, scales that are powers of two, one of a step."""
    block = config.block
    if config.summation.window_bits is not None:
        return False
    if fixed_frame(Frame(config, config.products_per_cycle, with_acc=False))[2]:
        return False
    return block is None or (block.scale is ScaleFormat.E8M0 and config.scales_per_cycle == 1)


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
    at = _Places(frame)
    products = read_fast_products(m, frame, a, b, adder)
    acc = read_acc(m, frame.acc, c)
    specials = with_scales(m, SpecialTerms.of([*products, acc]), scales)
    scale = scales[0].exponent if scales else Const(0, 1)
    words, arrivals = _products(m, at, products, adder)
    far, shift = _distance(m, at, acc, scale, adder)
    placed, lost = _placed(m, at, acc.significand, far, shift)
    tree = CarrySaveTree(at.width, adder)
    for word in words:
        for place, (bit, arrival) in enumerate(zip(word, arrivals, strict=True), at.below):
            tree.add_bits(place, bit, arrival)
    addend = Cat(placed[0] | lost, placed[1:]) ^ acc.sign.replicate(at.acc_bits)
    tree.add_bits(0, wire(m, addend, "c_addend"))
    tree.add_bits(0, acc.sign, EARLY)
    tree.add_bits(at.acc_bits, ~acc.sign, EARLY)
    tree.add_constant(-1 << at.acc_bits)
    exponent, lowest = _exponents(m, at, acc, scale, far, adder=adder)
    code = fast_finish(
        m, frame.acc, rows_of(m, tree), exponent, lowest, specials=specials, adder=adder
    )
    numbers = ~(specials.nan | specials.pos_inf | specials.neg_inf)
    stays = wire(m, lost & _is_zero(words, at.product_bits) & numbers, "stays")
    return choose(stays, c, code)


def _products(
    m: Module, at: _Places, products: Sequence[Term], adder: Adder
) -> tuple[tuple[Value, Value], list[int]]:
    """Two rows that come to the sum of products, in two's complement; when their bits are there."""
    frame = at.frame
    tree = CarrySaveTree(at.width - at.below, adder)
    origin = frame.exponent_offset - frame.product_fraction_bits - fixed_frame(frame)[0]
    for k, product in enumerate(products):
        add_term(m, tree, product, (frame.lowest, frame.highest), origin, name=f"p{k}")
    return tree.rows(m)


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


def _distance(m: Module, at: _Places, acc: Term, scale: Value, adder: Adder) -> tuple[Value, Value]:
    """Whether the accumulator is beyond the top, and else how far it is below."""
    constant = at.exponent - at.acc_exponent
    minus = (~acc.exponent).as_unsigned()
    constant += 1 - (1 << len(minus))
    most = abs(constant) + (1 << len(minus)) + (1 << len(scale))
    width = most.bit_length() + 1
    shift = _sum(m, "shift", adder, width, constant, minus, scale)
    return wire(m, shift[-1], "far"), shift[:-1]


def _placed(
    m: Module, at: _Places, significand: Value, far: Value, shift: Value
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


def _exponents(
    m: Module, at: _Places, acc: Term, scale: Value, far: Value, *, adder: Adder
) -> tuple[Value, Value]:
    """Biased exponent of the place below the sign; a one at that of the smallest normal number."""
    top = at.width - 2
    own = acc.exponent
    most = max(abs(at.exponent) + top + (1 << len(scale)), abs(at.acc_exponent) + (1 << len(own)))
    width = most.bit_length() + 2
    near = _sum(m, "near_exponent", adder, width, at.exponent + top, scale)
    high = _sum(m, "far_exponent", adder, width, at.acc_exponent + top, own)
    exponent = wire(m, choose(far, high, near), "top_exponent")
    # The smallest normal number has the exponent 1.
    place = _sum(m, "lowest_place", adder, width, top + 2, ~exponent)
    found = _decoded(m, place, top + 1, "lowest")
    return exponent, wire(m, Cat(*found), "lowest")


def _decoded(m: Module, value: Value, count: int, name: str) -> list[Value]:
    """Whether a number is 0, 1, ..., ``count - 1``: ANDs of the digits of two halves."""
    half = (count - 1).bit_length() // 2
    low = [wire(m, value[:half] == k, f"{name}_low_{k}") for k in range(1 << half)]
    highs = range(-(-count // (1 << half)))
    high = [wire(m, value[half:] == k, f"{name}_high_{k}") for k in highs]
    return [high[k >> half] & low[k & (1 << half) - 1] for k in range(count)]
