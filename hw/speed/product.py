"""Exact products for a short path: tables of fractions, hidden bits late, exponents not yet added.

::

    code   s eeee mmm          fraction          one of 8 x 8 small tables
                |   |               |            (read in the time of two gates)
                |   +---------------+------+---------> significand of the product
                +--> any e? ------ hidden bits choose among the tables
                +--------------------------------------> exponents of both operands

The accumulator adds the two exponents together with a third term, so that no carry runs twice.
"""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.parts.carry_save import CarrySaveTree
from fp8mac.hw.parts.layout import (
    NumberRange,
    class_bits,
    magnitude_bits,
    operand_range,
    product_range,
)
from fp8mac.hw.parts.prefix import AND, wire
from fp8mac.hw.speed.unpack import Factor, unpack

__all__ = ["FactoredLayout", "FactorsLayout", "FastMultiplier"]

_TABLE_BITS = 3
"""Widest fractions whose products are read from tables."""


class FactorsLayout(data.StructLayout):
    """Significand of a product, and its exponent, not yet added: ``exponent_a + exponent_b``."""

    def __init__(self, a: NumberRange, b: NumberRange) -> None:
        super().__init__(
            {
                "significand": a.significand_bits + b.significand_bits,
                "exponent_a": a.exponent_shape,
                "exponent_b": b.exponent_shape,
            }
        )


class FactoredLayout(data.StructLayout):
    """Signals of a product.

    ``early`` is there first, and its significand is zero where the product is. ``normal`` has one
    of the two top bits of its significand set, if the multiplier normalises, and means nothing
    where the product is zero. ``lift_a`` and ``lift_b`` are the differences of their exponents, one
    bit for each number, and mean nothing where the product is zero. The others are those of
    `fp8mac.hw.parts.layout.NumberLayout`.
    """

    def __init__(self, a: NumberRange, b: NumberRange) -> None:
        self.factors = (a, b)
        super().__init__(
            {
                "early": FactorsLayout(a, b),
                "normal": FactorsLayout(a, b),
                "lift_a": a.significand_bits,
                "lift_b": b.significand_bits,
                "sign": 1,
                "zero": 1,
                "inf": 1,
                "nan": 1,
            }
        )

    def varying(self, number: data.View) -> list[Value]:
        """Bits of a product that is not normalised and not always 0: ``early`` is all of it."""
        a, b = self.factors
        return [
            Value.cast(number.early.significand),
            magnitude_bits(number.early.exponent_a, a),
            magnitude_bits(number.early.exponent_b, b),
            *class_bits(number, product_range(a, b)),
        ]


class FastMultiplier(wiring.Component):
    """`fp8mac.hw.area.product.FloatMultiplier`, for a short path. Combinational.

    Parameters
    ----------
    a_format, b_format : FloatFormat or IntFormat
        Operands; integers are converted to sign and magnitude, for which there is no short path.
    normalised : bool
        Whether ``product.normal`` is normalised, or the same as ``product.early``.
    tables : bool
        Whether products of short fractions are read from tables, which are much larger than a
        tree, and a little shorter.
    adder : Adder
        How carries of a tree run.

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

    def __init__(
        self,
        a_format: Format,
        b_format: Format,
        *,
        normalised: bool,
        tables: bool = True,
        adder: Adder = Adder.FITTED,
    ) -> None:
        self._tables = tables
        self._adder = adder
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
        """Whether ``product.normal`` is normalised."""
        return self._normalised

    @property
    def tables(self) -> bool:
        """Whether products of short fractions are read from tables."""
        return self._tables

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
            unpack(m, format_, code, name, normalised=self._normalised)
            for name, format_, code in zip("ab", self._formats, (self.a, self.b), strict=True)
        )
        product = self.product
        m.d.comb += [
            product.sign.eq(self.a[-1] ^ self.b[-1]),
            product.zero.eq(a.zero | b.zero),
            product.nan.eq(a.nan | b.nan | (a.inf & b.zero) | (b.inf & a.zero)),
            product.inf.eq(a.inf | b.inf),
            product.normal.exponent_a.eq(a.normal.exponent.as_signed()),
            product.normal.exponent_b.eq(b.normal.exponent.as_signed()),
            product.normal.significand.eq(self._multiply(m, a.normal, b.normal)),
        ]
        if self._normalised and self._has_tables(a.early, b.early):
            m.d.comb += [
                product.early.exponent_a.eq(a.early.exponent.as_signed()),
                product.early.exponent_b.eq(b.early.exponent.as_signed()),
                product.early.significand.eq(self._multiply(m, a.early, b.early)),
                product.lift_a.eq(a.lift),
                product.lift_b.eq(b.lift),
            ]
        else:
            # Two multipliers of that size would cost more than the time they save.
            m.d.comb += [
                product.early.eq(product.normal),
                product.lift_a.eq(1),
                product.lift_b.eq(1),
            ]
            if self._normalised:
                nonzero = (~product.zero).replicate(len(product.normal.significand))
                m.d.comb += product.early.significand.eq(product.normal.significand & nonzero)
        return m

    def _has_tables(self, a: Factor, b: Factor) -> bool:
        return self._tables and max(len(a.fraction), len(b.fraction)) <= _TABLE_BITS

    def _multiply(self, m: Module, a: Factor, b: Factor) -> Value:
        """Product of significands."""
        if self._has_tables(a, b):
            return _read(m, a, b)
        tree = CarrySaveTree(len(a.fraction) + len(b.fraction) + 2, self._adder)
        for weight, bit in enumerate(Cat(a.fraction, a.hidden)):
            row = Cat(b.fraction, b.hidden)
            tree.add_bits(weight, row & bit.replicate(len(row)), AND)
        return tree.elaborate_into(m)


def _read(m: Module, a: Factor, b: Factor) -> Value:
    """Product of significands, by a table for each pair of hidden bits."""
    width = len(a.fraction) + len(b.fraction) + 2
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
    b_is = [(wire(m, b == code, f"b_is_{code}"), code) for code in range(1 << len(b))]
    product: Value = Const(0, width)
    for code in range(1 << len(a)):
        times = code | hidden_a << len(a)
        multiples = [(found, times * (other | hidden_b << len(b))) for found, other in b_is]
        row = Cat(
            Cat(found for found, multiple in multiples if multiple >> place & 1).any()
            for place in range(width)
        )
        product |= (a == code).replicate(width) & row
    return wire(m, product, f"table_{hidden_a}{hidden_b}")
