"""Exact sum of products beside an accumulator of many exponents.

The products keep their places, whatever their scales are, and the accumulator is shifted to them,
from where nothing of it overlaps their sum down to where it is one sticky bit::

    accumulator   x x x x                               all products are below its last place
                          x x x x                       or it is shifted to the right,
                                          x x x x s     s: what is lost of it
    products                  x x x x x x
    places        T+p     T             L           0   p bits, the hidden one among them

# Ref: E. Hokenek, R. K. Montoye, P. W. Cook, IEEE J. Solid-State Circuits 25(5), 1990
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Value

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.exact import fixed_frame, fixed_sum
from fp8mac.hw.dot.windows.finish import finish
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.dot.windows.place import shift_right
from fp8mac.hw.dot.windows.scales import Scale, with_scales
from fp8mac.hw.dot.windows.terms import (
    SpecialTerms,
    Sum,
    Term,
    read_acc,
    read_products,
    wire_signed,
)
from fp8mac.hw.dot.windows.total import minus
from fp8mac.hw.parts.prefix import extended, plus, wire

__all__ = ["Places", "add_beside", "beside", "is_beside"]


@dataclass(frozen=True)
class Places:
    """Where products and accumulator are; places count from 0, the lowest.

    Parameters
    ----------
    acc : FloatAccConfig
        Accumulator.
    last : int
        Biased exponent of the last place of the products, if the scales are one.
    product_bits : int
        Of the sum of products, two's complement.
    """

    acc: FloatAccConfig
    last: int
    product_bits: int

    @classmethod
    def of(cls, frame: Frame) -> "Places":
        """Of products."""
        last, width, _ = fixed_frame(frame)
        return cls(frame.acc, last, width)

    @property
    def below(self) -> int:
        """Place of the products' last bit: a sum that loses of an accumulator is rounded above."""
        return self.acc.format.precision + 1 + (self.acc.random_bits or 1)

    @property
    def top(self) -> int:
        """Highest place of an accumulator's last bit: products below change no rounding."""
        return self.below + self.product_bits + (self.acc.random_bits or 1)

    @property
    def acc_bits(self) -> int:
        """Places that an accumulator can be in."""
        return self.top + self.acc.format.precision

    @property
    def exponent(self) -> int:
        """Biased exponent of the highest of these places, if the scales are one."""
        return self.last - self.below + self.acc_bits - 1


def is_beside(config: MacConfig) -> bool:
    """Whether a sum is exact, and its accumulator has too many exponents for a fixed frame."""
    how = config.summation
    if how.tree or not how.window_bits is how.late is how.groups is None:
        return False
    return not fixed_frame(Frame(config, config.products_per_cycle, with_acc=False))[2]


def beside(
    m: Module,
    config: MacConfig,
    a: Value,
    b: Value,
    c: Value,
    *,
    scales: Sequence[Scale] = (),
    adder: Adder = Adder.RIPPLE,
) -> Value:
    """Code of the exact sum of products and accumulator."""
    frame = Frame(config, config.products_per_cycle, with_acc=False)
    at = Places.of(frame)
    products = read_products(m, frame, a, b)
    acc = read_acc(m, frame.acc, c)
    specials = with_scales(m, SpecialTerms.of([*products, acc]), scales)
    against = [each._replace(sign=wire(m, each.sign ^ acc.sign, "against")) for each in products]
    total = fixed_sum(m, frame, against, with_acc=None, adder=adder)
    value, one = total.value, Const(0, 1)
    scale = scales[0] if scales else None
    if scale is not None and scale.significand is not None:
        part = scale.times(m, total, "products")
        one = part.sign
        value = wire(
            m, Cat(part.significand, 0) ^ one.replicate(len(part.significand) + 1), "scaled"
        )
        at = Places(at.acc, at.last - scale.fraction_bits, len(value))
    exponent = Const(0, 1) if scale is None else scale.exponent
    whole = add_beside(m, at, acc, value, one=one, scale=exponent, adder=adder)
    return finish(m, frame.acc, whole, specials, against=acc.sign)


def add_beside(
    m: Module, at: Places, acc: Term, products: Value, *, one: Value, scale: Value, adder: Adder
) -> Sum:
    """Sum of an accumulator's magnitude, and of products with their sign against its sign.

    Parameters
    ----------
    at : Places
        Where they are.
    acc : Term
        Accumulator.
    products : Value
        Their sum, two's complement, less ``one``.
    one : Value
        A bit.
    scale : Value
        Exponent of the scales.
    adder : Adder
        How carries run.
    """
    near = wire_signed(m, scale + Const(at.exponent, at.exponent.bit_length() + 1), "near")
    distance = minus(m, near, acc.exponent, len(near) + 1, "distance", adder=adder)
    # Products that come to zero leave the accumulator as it is.
    some = wire(m, (products ^ one.replicate(len(products))).any(), "some")
    alone = wire(m, distance[-1] | ~some, "alone")
    shift = wire(m, distance[:-1] & ~alone.replicate(len(distance) - 1), "shift")
    placed, lost = shift_right(m, acc.significand, shift, at.acc_bits)
    bits = at.acc_bits + 1 - at.below
    upper = Cat(one, placed[at.below :], Const(0, 1))
    added = extended(Cat(one, products).as_signed(), bits + 1)
    summed = plus(m, upper, added, bits + 1, "whole", adder=adder)[1 : bits + 1]
    value = wire(m, Cat(placed[0] | lost, placed[1 : at.below], summed), "value")
    exponent = wire_signed(m, Mux(alone, Cat(acc.exponent, Const(0, 1)).as_signed(), near), "top")
    highest = at.exponent + (1 << len(scale) - 1)
    return Sum(value, exponent, some, at.acc_bits - 1, 1, highest)
