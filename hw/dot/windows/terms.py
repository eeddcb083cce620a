"""Terms of a sum: exact products, the accumulator, sums of some of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from fp8mac.hw.area.product import FloatMultiplier
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format, ZeroSign
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.parts.prefix import wire
from fp8mac.hw.parts.special import classify

__all__ = [
    "Addend",
    "SpecialTerms",
    "Sum",
    "Term",
    "flushed",
    "is_negative",
    "read_acc",
    "read_products",
    "wire_signed",
]


class Term(NamedTuple):
    """A product or an accumulator.

    Parameters
    ----------
    sign, significand, exponent : Value
        The number; the exponent is that of a `Frame`, or the accumulator's, biased.
    present : Value
        Whether it is not zero.
    nan, inf : Value
        Whether it is no number.
    """

    sign: Value
    significand: Value
    exponent: Value
    present: Value
    nan: Value
    inf: Value


class SpecialTerms(NamedTuple):
    """Which terms there are that are no numbers; whether the signs of all are negative."""

    nan: Value
    pos_inf: Value
    neg_inf: Value
    negative: Value

    @classmethod
    def of(cls, terms: Sequence[Term]) -> "SpecialTerms":
        """Of terms."""
        return cls(
            reduce(or_, (each.nan for each in terms)),
            reduce(or_, (each.inf & ~each.sign for each in terms)),
            reduce(or_, (each.inf & each.sign for each in terms)),
            reduce(and_, (each.sign for each in terms)),
        )

    def with_zero(self, acc: FloatAccConfig, negative: Value) -> "SpecialTerms":
        """With another sign of zeros, where the accumulator keeps that."""
        return self._replace(negative=negative) if acc.zero is ZeroSign.IEEE else self


class Sum(NamedTuple):
    """A sum, in two's complement.

    Parameters
    ----------
    value : Value
        In units of ``2**(exponent - fraction_bits)``.
    exponent : Value
        Signed, biased as the accumulator's.
    present : Value
        Whether one of its terms is not zero.
    fraction_bits : int
        Places of the value below the exponent.
    lowest, highest : int
        Range of the exponent.
    """

    value: Value
    exponent: Value
    present: Value
    fraction_bits: int
    lowest: int
    highest: int


def is_negative(total: Sum, zero: Value) -> Value:
    """Whether a sum is below zero, or a ``zero`` that is negative: cut to nothing, it is -0."""
    return total.value[-1] | zero


@dataclass(frozen=True)
class Addend:
    """A term whose exponent is biased as the accumulator's, or a sum of terms.

    Parameters
    ----------
    significand : Value
        Magnitude; two's complement without the sign, if ``complemented``: then it comes
        complemented where it is negative.
    sign, present : Value
        Sign; whether it sets an exponent.
    exponent : Value
        Signed.
    fraction_bits : int
        Places of the significand below the exponent.
    lowest, highest : int
        Range of the exponent.
    """

    significand: Value
    sign: Value
    present: Value
    exponent: Value
    fraction_bits: int
    lowest: int
    highest: int
    complemented: bool = False

    @classmethod
    def of_acc(cls, term: Term, format_: FloatFormat) -> "Addend":
        """An accumulator."""
        most = (1 << format_.exponent_bits) - 1
        exponent = Cat(term.exponent, 0).as_signed()
        fields = (term.significand, term.sign, term.present, exponent)
        return cls(*fields, format_.mantissa_bits, 1, most)

    @classmethod
    def of_product(cls, m: Module, term: Term, frame: Frame, name: str) -> "Addend":
        """A product."""
        offset = frame.exponent_offset
        exponent = wire_signed(m, Cat(term.exponent, 0).as_signed() + offset, f"{name}_exponent")
        fields = (term.significand, term.sign, term.present, exponent)
        return cls(
            *fields, frame.product_fraction_bits, frame.lowest + offset, frame.highest + offset
        )

    @classmethod
    def of_sum(cls, m: Module, total: "Sum", name: str, *, complemented: bool = False) -> "Addend":
        """A sum; as sign and magnitude, unless it stays ``complemented``."""
        value = total.value
        sign, width = value[-1], len(value) - 1
        significand = value[:-1] ^ sign.replicate(width)
        if not complemented:
            significand = (significand + sign)[:width]
        return cls(
            wire(m, significand, f"{name}_significand"),
            sign,
            total.present,
            total.exponent,
            total.fraction_bits,
            total.lowest,
            total.highest,
            complemented,
        )


def read_acc(m: Module, acc: FloatAccConfig, code: Value, name: str = "c") -> Term:
    """Decode a number of the accumulator's format."""
    format_ = acc.format
    stored, mantissa = code[format_.mantissa_bits : -1], code[: format_.mantissa_bits]
    normal = wire(m, stored.any(), f"{name}_normal")
    sign: Value = code[-1]
    if acc.flushes:
        sign = sign & (normal | ~mantissa.any())
    if acc.flushes or not acc.subnormals:
        mantissa = mantissa & normal.replicate(len(mantissa))
    exponent = wire(m, Cat(stored[0] | ~normal, stored[1:]), f"{name}_exponent")
    significand = wire(m, Cat(mantissa, normal), f"{name}_significand")
    nan, inf, _ = classify(code, format_)
    return Term(sign, significand, exponent, significand.any(), nan, inf)


def read_products(m: Module, frame: Frame, a: Value, b: Value) -> list[Term]:
    """Exact products of packed operands; a submodule for each multiplier."""
    config = frame.config
    products = []
    for lane in range(config.summation.lanes):
        unit = FloatMultiplier(config.a, config.b, normalised=frame.normalised)
        m.submodules[f"product_{lane}"] = unit
        codes = (a.word_select(lane, config.a.bits), b.word_select(lane, config.b.bits))
        if frame.acc.flushes:
            codes = (flushed(config.a, codes[0]), flushed(config.b, codes[1]))
        m.d.comb += [unit.a.eq(codes[0]), unit.b.eq(codes[1])]
        product = unit.product
        significand: Value = product.significand
        if frame.normalised:
            significand = significand & (~product.zero).replicate(len(significand))
        exponent = product.exponent - frame.origin if frame.origin else product.exponent
        products.append(
            Term(
                product.sign,
                significand,
                wire(m, exponent[: frame.product_exponent_bits], f"exponent_{lane}"),
                ~product.zero,
                product.nan,
                product.inf,
            )
        )
    return products


def flushed(format_: Format, code: Value) -> Value:
    """A code; +0 in place of a subnormal one, but not of zero."""
    assert isinstance(format_, FloatFormat)
    mantissa, rest = code[: format_.mantissa_bits], code[format_.mantissa_bits :]
    tiny = ~rest[:-1].any() & mantissa.any()
    return Mux(tiny, Const(0, len(code)), code)


def wire_signed(m: Module, value: Value, name: str) -> Signal:
    """A named signal with the bits of ``value``, signed."""
    signal = Signal(signed(len(value)), name=name)
    m.d.comb += signal.eq(value)
    return signal
