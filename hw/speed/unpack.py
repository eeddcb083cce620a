"""Decoding operands for a short path: what is known early, and what is normalised."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value

from fp8mac.hw.area.unpack import Unpack
from fp8mac.hw.config.formats import FloatFormat, Format, IntFormat
from fp8mac.hw.parts.layout import operand_range
from fp8mac.hw.parts.prefix import choose, first_one, wire
from fp8mac.hw.parts.special import classify

__all__ = ["Factor", "Operand", "unpack"]


@dataclass(frozen=True)
class Factor:
    """``hidden.fraction * 2**exponent``, the exponent as in `fp8mac.hw.parts.layout`."""

    fraction: Value
    hidden: Value
    exponent: Value


@dataclass(frozen=True)
class Operand:
    """A decoded operand.

    Parameters
    ----------
    early : Factor
        As it is stored: subnormal numbers have no hidden bit.
    normal : Factor
        With the hidden bit set; means nothing where the operand is zero.
    lift : Value
        By how many places the fraction of ``normal`` stands higher, one bit for each number; no
        bit is set where the operand is zero.
    zero, inf, nan : Value
        Class bits.
    """

    early: Factor
    normal: Factor
    lift: Value
    zero: Value
    inf: Value
    nan: Value


def unpack(m: Module, format_: Format, code: Signal, name: str, *, normalised: bool) -> Operand:
    """Decode an operand.

    Parameters
    ----------
    normalised : bool
        Whether ``normal`` is wanted; if not, it is the same as ``early``. An integer has one form
        only, which takes its time.
    """
    if isinstance(format_, IntFormat):
        m.submodules[f"unpack_{name}"] = integer = Unpack(format_, normalised=normalised)
        m.d.comb += integer.code.eq(code)
        number, never = integer.number, Const(0, 1)
        fraction, hidden = number.significand[:-1], number.significand[-1]
        normal = Factor(fraction, hidden, number.exponent)
        early = Factor(fraction, hidden & ~number.zero, number.exponent)
        return Operand(early, normal, Const(1, 1), number.zero, never, never)
    mantissa = code[: format_.mantissa_bits]
    stored = code[format_.mantissa_bits : -1]
    hidden = wire(m, stored.any(), f"hidden_{name}")
    early = Factor(mantissa, hidden, Cat(stored | ~hidden, 0))
    normal, lift = early, Const(1, 1)
    if normalised:
        leading = first_one(m, mantissa, f"leading_{name}")
        normal = _normalise(m, format_, early, stored, leading)
        subnormal = (~hidden).replicate(len(mantissa))
        lift = wire(m, Cat(hidden, leading[::-1] & subnormal), f"lift_{name}")
    special = classify(code, format_)
    return Operand(early, normal, lift, ~code[:-1].any(), special.inf, special.nan)


def _normalise(
    m: Module, format_: FloatFormat, early: Factor, stored: Value, leading: Value
) -> Factor:
    """Shift the fraction of a subnormal number by its leading zeros, which lower the exponent."""
    mantissa, hidden = early.fraction, early.hidden
    width = operand_range(format_, normalised=True).exponent_shape.width
    shifted: Value = Const(0, len(mantissa))
    lowered: Value = Const(0, width)
    for zeros, found in enumerate(reversed(leading)):
        shifted |= found.replicate(len(mantissa)) & (mantissa << zeros + 1)[: len(mantissa)]
        lowered |= found.replicate(width) & Const(-zeros, width)
    fraction = wire(m, choose(hidden, mantissa, shifted), "fraction")
    exponent = stored | (lowered & (~hidden).replicate(width))
    return Factor(fraction, Const(1, 1), wire(m, exponent, "exponent")[:width])
