"""Exact products for a short path: tables of fractions, hidden bits late, exponents not yet added.

::

    code   s eeee mmm          fraction          one of 8 x 8 small tables
                |   |               |            (read in the time of two gates)
                |   +---------------+------+---------> significand of the product
                +--> any e? ------ hidden bits choose among the tables
                +--------------------------------------> exponents of both operands

The accumulator adds the two exponents together with a third term, so that no carry runs twice.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.carry_save import CarrySaveTree
from fp8mac.hw.formats import FloatFormat, Format, IntFormat, Specials
from fp8mac.hw.layout import NumberRange, operand_range, product_range
from fp8mac.hw.prefix import AND, choose, first_one, wire
from fp8mac.hw.unpack import Unpack

__all__ = ["FactoredLayout", "FastMultiplier"]

_TABLE_BITS = 3
"""Widest fractions whose products are read from tables."""


class FactoredLayout(data.StructLayout):
    """Signals of a product whose exponent is not added up: ``exponent_a + exponent_b``.

    The other fields are those of `fp8mac.hw.layout.NumberLayout`; ``significand`` is zero only
    where the product is, if not normalised, and means nothing there, if normalised.
    """

    def __init__(self, a: NumberRange, b: NumberRange) -> None:
        super().__init__(
            {
                "significand": a.significand_bits + b.significand_bits,
                "exponent_a": a.exponent_shape,
                "exponent_b": b.exponent_shape,
                "sign": 1,
                "zero": 1,
                "inf": 1,
                "nan": 1,
            }
        )


@dataclass(frozen=True)
class _Operand:
    """A decoded operand; ``hidden`` stands above ``fraction``."""

    fraction: Value
    hidden: Value
    exponent: Value
    zero: Value
    inf: Value
    nan: Value


class FastMultiplier(wiring.Component):
    """`fp8mac.hw.multiplier.FloatMultiplier`, for a short path. Combinational.

    Parameters
    ----------
    a_format, b_format : FloatFormat or IntFormat
        Operands; integers are converted to sign and magnitude, for which there is no short path.
    normalised : bool
        Whether both significands come with their top bit set; the product's significand then has
        one of its two top bits set, but for a zero product.

    Members
    -------
    a : :py:`In(a_format.bits)`
        Operand code.
    b : :py:`In(b_format.bits)`
        Operand code.
    product : :py:`Out(FactoredLayout(*factors))`
        Product; ``zero`` is set only where no operand is infinite or NaN.
    """

    a: Signal
    b: Signal
    product: data.View

    def __init__(self, a_format: Format, b_format: Format, *, normalised: bool) -> None:
        self._formats = (a_format, b_format)
        self._normalised = normalised
        a, b = (operand_range(format_, normalised=normalised) for format_ in self._formats)
        self._factors = (a, b)
        super().__init__(
            {
                "a": In(a_format.bits),
                "b": In(b_format.bits),
                "product": Out(FactoredLayout(a, b)),
            }
        )

    @property
    def normalised(self) -> bool:
        """Whether the significands of both operands have their top bit set."""
        return self._normalised

    @property
    def factors(self) -> tuple[NumberRange, NumberRange]:
        """Ranges of the decoded operands."""
        return self._factors

    @property
    def range(self) -> NumberRange:
        """Range of the products."""
        return product_range(*self._factors)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        a, b = (
            self._decode(m, format_, code, name)
            for name, format_, code in zip("ab", self._formats, (self.a, self.b), strict=True)
        )
        product = self.product
        m.d.comb += [
            product.sign.eq(self.a[-1] ^ self.b[-1]),
            product.exponent_a.eq(a.exponent.as_signed()),
            product.exponent_b.eq(b.exponent.as_signed()),
            product.zero.eq(a.zero | b.zero),
            product.nan.eq(a.nan | b.nan | (a.inf & b.zero) | (b.inf & a.zero)),
            product.inf.eq(a.inf | b.inf),
            product.significand.eq(_multiply(m, a, b)),
        ]
        return m

    def _decode(self, m: Module, format_: Format, code: Signal, name: str) -> _Operand:
        if isinstance(format_, IntFormat):
            m.submodules[f"unpack_{name}"] = unpack = Unpack(format_, normalised=self._normalised)
            m.d.comb += unpack.code.eq(code)
            number = unpack.number
            significand = number.significand
            never = Const(0, 1)
            return _Operand(
                significand[:-1], significand[-1], number.exponent, number.zero, never, never
            )
        mantissa = code[: format_.mantissa_bits]
        stored = code[format_.mantissa_bits : -1]
        normal = wire(m, stored.any(), f"normal_{name}")
        zero = ~code[:-1].any()
        inf, nan = _specials(code, format_)
        if not self._normalised:
            return _Operand(mantissa, normal, Cat(stored | ~normal, 0), zero, inf, nan)
        # Leading zeros of the mantissa lower the exponent of a subnormal number.
        leading = first_one(m, mantissa, f"leading_{name}")
        width = operand_range(format_, normalised=True).exponent_shape.width
        shifted: Value = Const(0, len(mantissa))
        lowered: Value = Const(0, width)
        for zeros, found in enumerate(reversed(leading)):
            shifted |= found.replicate(len(mantissa)) & (mantissa << zeros + 1)[: len(mantissa)]
            lowered |= found.replicate(width) & Const(-zeros, width)
        fraction = wire(m, choose(normal, mantissa, shifted), f"fraction_{name}")
        exponent = wire(
            m, stored | (lowered & (~normal).replicate(width)), f"normalised_exponent_{name}"
        )
        return _Operand(fraction, Const(1, 1), exponent[:width], zero, inf, nan)


def _specials(code: Value, format_: FloatFormat) -> tuple[Value, Value]:
    """Whether a code is infinite, is NaN."""
    mantissa = code[: format_.mantissa_bits]
    match format_.specials:
        case Specials.IEEE:
            special = code[format_.mantissa_bits : -1].all()
            return special & ~mantissa.any(), special & mantissa.any()
        case Specials.FN:
            return Const(0, 1), code[:-1].all()
        case Specials.FNUZ:
            return Const(0, 1), code[-1] & ~code[:-1].any()
        case Specials.NONE:
            return Const(0, 1), Const(0, 1)


def _multiply(m: Module, a: _Operand, b: _Operand) -> Value:
    """Product of significands."""
    width = len(a.fraction) + len(b.fraction) + 2
    if max(len(a.fraction), len(b.fraction)) > _TABLE_BITS:
        tree = CarrySaveTree(width)
        for weight, bit in enumerate(Cat(a.fraction, a.hidden)):
            row = Cat(b.fraction, b.hidden)
            tree.add_bits(weight, row & bit.replicate(len(row)), AND)
        return tree.elaborate_into(m)
    product: Value = Const(0, width)
    for hidden_a in (0, 1):
        for hidden_b in (0, 1):
            chosen = (a.hidden if hidden_a else ~a.hidden) & (b.hidden if hidden_b else ~b.hidden)
            table = _table(m, a.fraction, b.fraction, hidden_a, hidden_b)
            product |= table & chosen.replicate(width)
    return wire(m, product, "product")


def _table(m: Module, a: Value, b: Value, hidden_a: int, hidden_b: int) -> Value:
    """``(hidden_a.a) * (hidden_b.b)``, as a choice among the products with each ``a``."""
    width = len(a) + len(b) + 2
    ones = [wire(m, b == code, f"b_is_{code}_{hidden_a}{hidden_b}") for code in range(1 << len(b))]
    product: Value = Const(0, width)
    for code in range(1 << len(a)):
        times = (code | hidden_a << len(a)) * 1
        row = Cat(
            _any(
                one for at, one in enumerate(ones) if times * (at | hidden_b << len(b)) >> place & 1
            )
            for place in range(width)
        )
        product |= (a == code).replicate(width) & row
    return wire(m, product, f"table_{hidden_a}{hidden_b}")


def _any(bits: object) -> Value:
    bits = Cat(bits)
    return bits.any() if len(bits) else Const(0, 1)
