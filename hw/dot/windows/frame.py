"""Widths and offsets of windows: what follows from operands, accumulator and summation.

Exponents inside of a window count from the operands' biases, so that those of products are sums of
stored fields. ``exponent_offset`` turns them into biased exponents of the accumulator::

    true exponent      product          -12 ..  16       e4m3 x 32 -> e8m13, window 14
    inside             field + field      2 ..  30
    largest            6 bits             0 ..  63       from 46 on no product is in the window
    biased             + 113            115 .. 143

A term is placed in a *field* of places below the largest exponent::

     2   1 . -1  -2  ...  -F
     x   x . x   x   x   x x       product of two significands, each below 2
         1 . x   x   x   x x       accumulator

# Ref: arXiv:2511.10909 (NVIDIA's and AMD's matrix units), arXiv:2512.07004 (NVIDIA's)
"""

from dataclasses import dataclass

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, TermCut
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.layout import NumberRange, operand_range, product_range

__all__ = ["Frame", "acc_of"]


@dataclass(frozen=True)
class Frame:
    """Products of a step, and the window that they are added in.

    Parameters
    ----------
    config : MacConfig
        The unit; its operands are floats, and its accumulator is one.
    lanes : int
        Products that are added.
    with_acc : bool
        Whether the accumulator is among the terms.
    """

    config: MacConfig
    lanes: int
    with_acc: bool

    @property
    def acc(self) -> FloatAccConfig:
        """Accumulator."""
        return acc_of(self.config)

    @property
    def cut(self) -> TermCut:
        """What becomes of bits below the window."""
        return self.config.summation.cut

    @property
    def normalised(self) -> bool:
        """Whether subnormal operands have exponents of their own, as normal numbers have.

        Units that convert operands first give them those; a tree of adders needs them as well.
        """
        form = self.config.summation.exponents.operands
        wider = form is not None and any(each.emin > form.emin for each in self._operands)
        return wider or self.config.summation.tree

    @property
    def _operands(self) -> tuple[FloatFormat, FloatFormat]:
        a, b = self.config.a, self.config.b
        assert isinstance(a, FloatFormat)
        assert isinstance(b, FloatFormat)
        return a, b

    @property
    def products(self) -> NumberRange:
        """Range of the products."""
        a, b = (operand_range(each, normalised=self.normalised) for each in self._operands)
        return product_range(a, b)

    @property
    def product_fraction_bits(self) -> int:
        """Places of a product below its exponent."""
        return sum(each.mantissa_bits for each in self._operands)

    @property
    def fraction_bits(self) -> int:
        """Places of the window below the largest exponent."""
        assert self.config.summation.window_bits is not None
        return self.config.summation.window_bits - 1

    @property
    def origin(self) -> int:
        """What is written as an exponent of zero."""
        return min(self.products.exponent_min, 0)

    @property
    def lowest(self) -> int:
        """Smallest exponent of a product, as it is written."""
        return self.products.exponent_min - self.origin

    @property
    def highest(self) -> int:
        """Largest exponent of a product, as it is written."""
        return self.products.exponent_max - self.origin

    @property
    def product_exponent_bits(self) -> int:
        """Of a product."""
        return self.highest.bit_length()

    @property
    def exponent_offset(self) -> int:
        """What makes biased exponents of the accumulator of those of products."""
        bias = self.acc.format.exponent_bias
        return self.products.base + self.product_fraction_bits + bias + self.origin

    @property
    def most_scaled(self) -> int:
        """By how much the exponents of scales can move products, up or down."""
        return _SCALED[self.config.block.scale] if self.config.block else 0

    @property
    def acc_highest(self) -> int:
        """Largest exponent of an accumulator, counted as those of products."""
        format_ = self.acc.format
        return format_.emax + format_.exponent_bias - self.exponent_offset + self.most_scaled

    @property
    def exponent_bits(self) -> int:
        """Of the largest exponent; an accumulator beyond puts all products below the window."""
        if not self.with_acc:
            return self.product_exponent_bits
        most = min(self.highest + self.fraction_bits + 3, self.acc_highest)
        return max(most, self.highest).bit_length()

    @property
    def value_bits(self) -> int:
        """Of the sum, two's complement in units of the window's last place."""
        a, b = (each.precision for each in self._operands)
        largest = ((1 << a) - 1) * ((1 << b) - 1)
        total = self.lanes * _most(largest, self.fraction_bits - self.product_fraction_bits)
        if self.with_acc:
            format_ = self.acc.format
            significand = (1 << format_.precision) - 1
            total += _most(significand, self.fraction_bits - format_.mantissa_bits)
        return total.bit_length() + 1


_SCALED = {ScaleFormat.E8M0: 254, ScaleFormat.UE4M3: 16}


def acc_of(config: MacConfig) -> FloatAccConfig:
    """A unit's float accumulator."""
    assert isinstance(config.accumulator, FloatAccConfig)
    return config.accumulator


def _most(largest: int, places: int) -> int:
    """Largest number of last places that a term is, however it is cut."""
    return largest << places if places >= 0 else (largest >> -places) + 1
