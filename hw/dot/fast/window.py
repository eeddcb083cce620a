"""Sum of products and accumulator in one window, for a short path.

The window begins at the high digit of the largest exponent, see `fp8mac.hw.dot.fast.digits`: terms
are placed before the largest low digit is known, which then cuts their last places off::

    largest exponent 4 * 3 + 1        1
    field of a term             . . . x x x x . . . . . . .|. . .
                                                           |  +-- cut where the low digit is above 0
                                                           F bits below 2**12

# Ref: arXiv:2511.10909 (how matrix units add)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Value

from fp8mac.hw.config.formats import TermCut
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.fast.digits import FINE, Digits, Reached, Shifted, shifted
from fp8mac.hw.dot.fast.finish import fast_finish, rows_of
from fp8mac.hw.dot.fast.products import EARLY, read_fast_products
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.dot.windows.terms import SpecialTerms, Term, read_acc, wire_signed
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.prefix import add, choose, extended, wire

__all__ = ["fast_windowed", "has_fast_window"]

_STEP = 1 << FINE
_MOST_DIGITS = 32


@dataclass(frozen=True)
class _Split:
    """Digits and widths of a window."""

    frame: Frame

    @property
    def highest(self) -> int:
        """Largest digit of a product."""
        return self.frame.highest // _STEP

    @property
    def field_bits(self) -> int:
        """Places of a product's field."""
        return self.frame.fraction_bits + 2 + _STEP - 1

    @property
    def distances(self) -> int:
        """Distances of digits at which something of a product is in the window."""
        return -(-self.field_bits // _STEP)

    @property
    def acc_highest(self) -> int:
        """Largest digit of an accumulator."""
        return self.frame.acc_highest // _STEP

    @property
    def top(self) -> int:
        """Largest digit that is searched; an accumulator beyond leaves nothing of products."""
        return max(self.highest, min(self.highest + self.distances, self.acc_highest))

    @property
    def width(self) -> int:
        """Of the sum, with a sign to spare."""
        return self.frame.value_bits + _STEP

    @property
    def exponent_bits(self) -> int:
        """Of biased exponents of the place below the sign."""
        return self.exponent(max(self.top, self.acc_highest)).bit_length() + 1

    def exponent(self, digit: int) -> int:
        """Biased exponent of the place below the sign."""
        frame = self.frame
        return digit * _STEP + frame.exponent_offset - frame.fraction_bits + self.width - 2

    def lowest(self, digit: int) -> int:
        """Place of the smallest normal number; negative if it is below the window."""
        return self.width - 1 - self.exponent(digit)


def has_fast_window(config: MacConfig) -> bool:
    """Whether there is a circuit for a short path: few digits, terms that are truncated."""
    split = _Split(Frame(config, config.products_per_cycle, with_acc=True))
    few = split.top < _MOST_DIGITS
    return few and split.frame.cut is TermCut.TRUNCATE and split.exponent(0) > 0


@dataclass(frozen=True)
class _Aligned:
    """A term whose distance from the largest digit is known.

    Parameters
    ----------
    sign : Value
        Its sign.
    term : Shifted
        Its significand.
    counts : Value
        Whether its low digit can be that of the largest exponent.
    at : sequence of Value
        Whether its high digit is so much below the largest.
    fraction_bits, field_bits : int
        Places of its significand below its exponent; places of its field.
    """

    sign: Value
    term: Shifted
    counts: Value
    at: Sequence[Value]
    fraction_bits: int
    field_bits: int

    @property
    def low(self) -> Value:
        """Which low digits it reaches, if its high digit is the largest."""
        return self.term.low & (self.counts & self.at[0]).replicate(_STEP - 1)

    def placed(self, window_fraction_bits: int) -> Value:
        """Its field, cut off at the high digit's end of the window."""
        total: Value = Const(0, self.field_bits)
        for distance, here in enumerate(self.at):
            place = window_fraction_bits - self.fraction_bits - distance * _STEP
            kept = self.term.significand[max(0, -place) :]
            row = Cat(Const(0, max(0, place)), kept)[: self.field_bits]
            total = total | (row & here.replicate(len(row)))
        return total[: self.field_bits]


def fast_windowed(
    m: Module, config: MacConfig, a: Value, b: Value, c: Value, *, adder: Adder
) -> Value:
    """Code of the sum of all terms in one window."""
    frame = Frame(config, config.products_per_cycle, with_acc=True)
    split = _Split(frame)
    products = read_fast_products(m, frame, a, b, adder)
    acc = read_acc(m, frame.acc, c)
    alone = wire(m, ~Cat(*(p.present for p in products)).any(), "alone")
    c_exponent, c_present = _acc_exponent(m, frame, acc, adder)
    own = shifted(m, acc.significand, c_exponent, "c")
    c_digit = own.digit.as_signed()
    terms = [shifted(m, p.significand, p.exponent, f"p{k}") for k, p in enumerate(products)]
    reached = [
        Reached.of(m, term.digit, split.highest, product.present, f"reached_{k}")
        for k, (term, product) in enumerate(zip(terms, products, strict=True))
    ]
    reached.append(Reached.of(m, c_digit, split.top, c_present, "c_reached"))
    exactly = Reached.of_largest(m, reached, "largest").exactly(m, "exactly")
    beyond = wire(m, c_digit > split.top, "beyond")
    below = [Digits.below(m, exactly, d, split.highest) for d in range(split.distances)]
    aligned = []
    for k, (term, product) in enumerate(zip(terms, products, strict=True)):
        at = [wire(m, each.equals(term.digit), f"at_{d}_{k}") for d, each in enumerate(below)]
        fraction, field = frame.product_fraction_bits, split.field_bits
        aligned.append(_Aligned(product.sign, term, product.present, at, fraction, field))
    c_at = []
    for d in range(split.distances):
        same = Cat(*(exactly[k] & (c_digit == k - d) for k in range(len(exactly)))).any()
        c_at.append(wire(m, same & ~alone if d else same | beyond | alone, f"c_at_{d}"))
    c_counts, fraction = c_present | alone, frame.acc.format.mantissa_bits
    aligned.append(_Aligned(acc.sign, own, c_counts, c_at, fraction, split.field_bits - 1))
    tree = _tree(m, split, aligned, adder)
    inside = wire(m, ~alone & ~beyond, "inside")
    exponent = _exponent(m, split, exactly, inside, c_digit)
    lowest = _lowest(m, split, exactly, alone, c=own, subnormal=~acc.significand[-1])
    specials = SpecialTerms.of([*products, acc])
    return fast_finish(
        m, frame.acc, rows_of(m, tree), exponent, lowest, specials=specials, adder=adder
    )


def _acc_exponent(m: Module, frame: Frame, acc: Term, adder: Adder) -> tuple[Value, Value]:
    """Exponent of the accumulator as those of products, and whether it can be the largest."""
    offset = frame.exponent_offset
    width = max(len(acc.exponent), abs(offset).bit_length()) + 2
    terms = extended(acc.exponent, width), Const(-offset, width)
    exponent = wire(m, add(m, *terms, name="c_sum", adder=adder)[:width], "c_exponent_here")
    present = ~exponent[-1]
    if offset < 1 - frame.lowest:  # even a zero could be
        present &= acc.significand.any()
    return exponent, wire(m, present, "c_present")


def _tree(m: Module, split: _Split, terms: list[_Aligned], adder: Adder) -> CarrySaveTree:
    """Terms in two's complement, what is below the largest exponent's window cut off."""
    cut = wire(m, Cat(*(Cat(*(t.low[j] for t in terms)).any() for j in range(_STEP - 1))), "cut")
    tree = CarrySaveTree(split.width, adder)
    for k, term in enumerate(terms):
        placed = wire(m, term.placed(split.frame.fraction_bits), f"placed_{k}")
        placed = Cat(placed[: _STEP - 1] & ~cut, placed[_STEP - 1 :])
        addend = placed ^ term.sign.replicate(term.field_bits)
        tree.add_bits(0, wire(m, addend, f"addend_{k}"))
        tree.add_bits(0, term.sign, EARLY)
        tree.add_bits(term.field_bits, ~term.sign, EARLY)
        tree.add_constant(-1 << term.field_bits)
    return tree


def _exponent(m: Module, split: _Split, exactly: Value, inside: Value, c_digit: Value) -> Value:
    """Biased exponent of the place below the sign."""
    bits = split.exponent_bits
    found = [(exactly[k], split.exponent(k)) for k in range(len(exactly))]
    largest = Cat(
        *(Cat(*(is_it for is_it, value in found if value >> bit & 1)).any() for bit in range(bits))
    )
    own = wire_signed(m, Cat(Const(0, FINE), c_digit), "c_digit") + split.exponent(0)
    return wire(m, choose(inside, largest, own[:bits]), "exponent")


def _lowest(
    m: Module, split: _Split, exactly: Value, alone: Value, *, c: Shifted, subnormal: Value
) -> Value:
    """A one at the place of the smallest normal number.

    An accumulator alone has that place where its hidden bit is.
    """
    places: dict[int, list[Value]] = {}
    for digit in range(len(exactly)):
        if (place := split.lowest(digit)) >= 0:
            places.setdefault(place, []).append(exactly[digit] & ~alone)
    reached = Cat(Const(1, 1), c.low, Const(0, 1))
    for low in range(_STEP):
        place = split.frame.fraction_bits + low
        here = alone & subnormal & reached[low] & ~reached[low + 1]
        places.setdefault(place, []).append(here)
    bits = (Cat(*places.get(place, [Const(0, 1)])).any() for place in range(split.width - 1))
    return wire(m, Cat(*bits), "lowest")
