"""Scales of blocks: what they multiply a sum of products by.

=========  ==========================================================================
``e8m0``   a power of two, which moves the sum's exponent; code 255 is NaN
``ue4m3``  e4m3 without a sign, whose significands multiply the sum of a block
=========  ==========================================================================

# Ref: OCP Microscaling Formats (MX) Specification, version 1.0, section 5
"""

from collections.abc import Sequence
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Value

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.windows.terms import Addend, SpecialTerms, Sum, wire_signed
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import wire

__all__ = ["Scale", "read_scales", "scale_span", "with_scales"]

_E8M0_BIAS, _UE4M3_BIAS = 127, 7


class Scale(NamedTuple):
    """Product of two scales.

    Parameters
    ----------
    exponent : Value
        Signed.
    significand : Value or None
        In units of ``2**(exponent - fraction_bits)``; None is one.
    present, nan : Value
        Whether it is not zero; whether it is no number.
    fraction_bits : int
        Places of the significand below the exponent.
    lowest, highest : int
        Range of the exponent.
    """

    exponent: Value
    significand: Value | None
    present: Value
    nan: Value
    fraction_bits: int
    lowest: int
    highest: int

    def times(self, m: Module, total: Sum, name: str) -> Addend:
        """A sum times the scales, as sign and magnitude."""
        part = Addend.of_sum(m, total, name)
        significand = part.significand
        if self.significand is not None:
            product = Compressor(len(significand) + len(self.significand))
            for place, bit in enumerate(self.significand):
                product.add_bits(place, significand & bit.replicate(len(significand)))
            significand = wire(m, product.elaborate_into(m), f"{name}_scaled")
        return Addend(
            significand,
            part.sign,
            wire(m, total.present & self.present, f"{name}_present"),
            wire_signed(m, total.exponent + self.exponent, f"{name}_exponent"),
            total.fraction_bits + self.fraction_bits,
            total.lowest + self.lowest,
            total.highest + self.highest,
        )


def with_scales(m: Module, specials: SpecialTerms, scales: Sequence[Scale]) -> SpecialTerms:
    """What is no number, scales among it."""
    if not scales:
        return specials
    nan = specials.nan | Cat(*(scale.nan for scale in scales)).any()
    return specials._replace(nan=wire(m, nan, "nan"))


def scale_span(config: MacConfig) -> tuple[int, int]:
    """Smallest and largest exponent of a product of scales; zeros where there are none."""
    if config.block is None:
        return 0, 0
    if config.block.scale is ScaleFormat.E8M0:
        return -2 * _E8M0_BIAS, 2 * _E8M0_BIAS
    return 2 * (1 - _UE4M3_BIAS), 2 * (15 - _UE4M3_BIAS)


def read_scales(m: Module, config: MacConfig, sa: Value, sb: Value) -> list[Scale]:
    """Products of the scales of each pair of blocks."""
    assert config.block is not None
    read = _e8m0 if config.block.scale is ScaleFormat.E8M0 else _ue4m3
    pairs = ((sa.word_select(k, 8), sb.word_select(k, 8)) for k in range(config.scales_per_cycle))
    span = scale_span(config)
    return [read(m, pair, span, f"scale_{k}") for k, pair in enumerate(pairs)]


def _e8m0(m: Module, codes: tuple[Value, Value], span: tuple[int, int], name: str) -> Scale:
    a, b = codes
    exponent = wire_signed(m, Cat(a + b, Const(0, 1)).as_signed() - 2 * _E8M0_BIAS, name)
    nan = wire(m, a.all() | b.all(), f"{name}_nan")
    return Scale(exponent, None, Const(1, 1), nan, 0, *span)


def _ue4m3(m: Module, codes: tuple[Value, Value], span: tuple[int, int], name: str) -> Scale:
    stored = [code[3:7] for code in codes]
    normal = [each.any() for each in stored]
    fields = [Cat(each[0] | ~one, each[1:]) for each, one in zip(stored, normal, strict=True)]
    first, second = (Cat(code[:3], one) for code, one in zip(codes, normal, strict=True))
    total = Cat(fields[0] + fields[1], Const(0, 1)).as_signed()
    exponent = wire_signed(m, total - 2 * _UE4M3_BIAS, name)
    product = Compressor(8)
    for place, bit in enumerate(first):
        product.add_bits(place, second & bit.replicate(4))
    significand = wire(m, product.elaborate_into(m), f"{name}_significand")
    present = wire(m, first.any() & second.any(), f"{name}_present")
    nan = wire(m, codes[0][:7].all() | codes[1][:7].all(), f"{name}_nan")
    return Scale(exponent, significand, present, nan, 6, *span)
