"""Exact products of decoded operands."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.unpack import Unpack
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.carry_save import columns
from fp8mac.hw.parts.layout import NumberLayout, NumberRange, operand_range, product_range
from fp8mac.hw.parts.prefix import plus

__all__ = ["FloatMultiplier"]


class FloatMultiplier(wiring.Component):
    """Exact product of two operands, as sign, exponent and significand. Combinational.

    Parameters
    ----------
    a_format, b_format : FloatFormat or IntFormat
        Operands; integers are converted to sign and magnitude.
    normalised : bool
        Whether both significands come with their top bit set, see `Unpack`; the product's
        significand then has one of its two top bits set, but for a zero product.
    carry : bool
        See `product_range`.
    adder : Adder
        How carries run.

    Members
    -------
    a : :py:`In(a_format.bits)`
        Operand code.
    b : :py:`In(b_format.bits)`
        Operand code.
    product : :py:`Out(NumberLayout(range))`
        Product; ``zero`` is set only where no operand is infinite or NaN.
    """

    a: Signal
    b: Signal
    product: data.View

    def __init__(
        self,
        a_format: Format,
        b_format: Format,
        *,
        normalised: bool,
        carry: bool = False,
        adder: Adder = Adder.RIPPLE,
    ) -> None:
        self._adder = adder
        self._formats = (a_format, b_format)
        self._normalised = normalised
        self._carry = carry
        a, b = (operand_range(format_, normalised=normalised) for format_ in self._formats)
        self._range = self._range_of(a, b)
        super().__init__(
            {
                "a": In(a_format.bits),
                "b": In(b_format.bits),
                "product": Out(NumberLayout(self._range)),
            }
        )

    @property
    def normalised(self) -> bool:
        """Whether the significands of both operands have their top bit set."""
        return self._normalised

    @property
    def carry(self) -> bool:
        """Whether the exponent is that of the sum and one."""
        return self._carry

    @property
    def range(self) -> NumberRange:
        """Range of the products."""
        return self._range

    def elaborate(self, platform: object) -> Module:
        m = Module()
        numbers = []
        for name, format_, code in zip("ab", self._formats, (self.a, self.b), strict=True):
            m.submodules[f"unpack_{name}"] = unpack = Unpack(format_, normalised=self._normalised)
            m.d.comb += unpack.code.eq(code)
            numbers.append(unpack.number)
        a, b = numbers
        product = self.product
        m.d.comb += [
            product.sign.eq(a.sign ^ b.sign),
            product.exponent.eq(self._add(m, a.exponent, b.exponent)),
            product.zero.eq(a.zero | b.zero),
            product.nan.eq(a.nan | b.nan | (a.inf & b.zero) | (b.inf & a.zero)),
            product.inf.eq(a.inf | b.inf),
            product.significand.eq(self._multiply(m, a.significand, b.significand)),
        ]
        return m

    def _add(self, m: Module, a: Value, b: Value) -> Value:
        """Sum of the exponents, and one if there is a carry, in one adder."""
        width, adder = len(self.product.exponent), self._adder
        if not self._carry:
            return plus(m, a, b, width, "exponents", adder=adder)
        a, b = Cat(1, a).as_signed(), Cat(1, b).as_signed()
        return plus(m, a, b, width + 1, "exponents", adder=adder)[1:].as_signed()

    def _range_of(self, a: NumberRange, b: NumberRange) -> NumberRange:
        """Range of the products of two ranges of operands."""
        return product_range(a, b, self._carry)

    def _multiply(self, m: Module, a: Value, b: Value) -> Value:
        """Product of significands through a compressor tree; hidden ones cost wires, not gates."""
        tree = columns(self._range.significand_bits, self._adder)
        if not self._normalised:
            for weight, bit in enumerate(a):
                tree.add_bits(weight, Mux(bit, b, 0))
            return tree.elaborate_into(m)
        # (2**i + f) * (2**j + g) = f * g + 2**j * f + 2**i * g + 2**(i + j)
        a_top, b_top = len(a) - 1, len(b) - 1
        for weight, bit in enumerate(a[:-1]):
            tree.add_bits(weight, Mux(bit, b[:-1], 0))
        tree.add_bits(b_top, a[:-1])
        tree.add_bits(a_top, b[:-1])
        tree.add_constant(1 << a_top + b_top)
        return tree.elaborate_into(m)
