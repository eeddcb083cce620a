"""One lane of a dot product in fixed point: terms whose sum is its exact product.

::

    floats     aligned magnitude, complemented where the product is negative      columns 0 .. M-1
               + sign, which makes the complement the negative one                column  0
               + ~sign, and -1 for all signs as a constant: the sign extension    column  M
    integers   rows of a Booth multiplier, or products of bits

A lane of floats has a submodule for its multiplier; what is aligned stays in the lane, so that its
bits meet those of the other lanes in one tree.
"""

from amaranth.hdl import Const, Module, Value

from fp8mac.hw.area import kulisch
from fp8mac.hw.area.integer import add_booth_rows
from fp8mac.hw.area.product import FloatMultiplier
from fp8mac.hw.config.structure import Adder, Circuits, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.prefix import XOR, wire
from fp8mac.hw.parts.special import flags_of
from fp8mac.hw.parts.summands import Summands
from fp8mac.hw.speed import kulisch as fast_kulisch
from fp8mac.hw.speed.integer import add_bit_products
from fp8mac.hw.speed.product import FastMultiplier

__all__ = ["FAST", "add_lane"]

FAST = (Circuits.LEAN, Circuits.SPEED)


def add_lane(
    m: Module, terms: Summands, config: MacConfig, structure: Structure, codes: tuple[Value, Value]
) -> Value:
    """Add a product to the terms of a sum.

    Parameters
    ----------
    m : Module
        The lane's own.
    terms : Summands
        What it is added to, in units of the unit's accumulator.
    config : MacConfig
        The unit.
    structure : Structure
        How it is built.
    codes : tuple of Value
        Codes of the lane's operands.

    Returns
    -------
    Value
        Flags that the product raises, in the order of ``config.flags``.
    """
    (a, b), fast = codes, structure.circuits in FAST
    if config.has_integer_products:
        if fast:
            add_bit_products(terms, a, b)
        else:
            add_booth_rows(m, terms, a, b)
        return Const(0, 0)
    bits = config.product_bits - 1
    operands = (config.a, config.b)
    if fast:
        # Tables would pay in a lane alone, whose product is all that its adder waits for.
        multiplier = FastMultiplier(
            *operands, normalised=False, tables=False, adder=structure.adder
        )
        product = multiplier.product
        aligned = fast_kulisch.align(m, product, multiplier.factors, bits, structure.adder)
    else:
        adder = Adder.RIPPLE if structure.is_fpga else structure.adder
        multiplier = FloatMultiplier(*operands, normalised=False, adder=adder)
        product = multiplier.product
        aligned = kulisch.align(m, product, multiplier.range, bits)
    m.submodules.multiplier = multiplier
    m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
    sign = product.sign
    terms.add_bits(0, wire(m, aligned ^ sign.replicate(bits), "addend"), arrival=XOR)
    terms.add_bits(0, sign)
    terms.add_bits(bits, ~sign)
    terms.add_constant(-(1 << bits))
    return wire(m, flags_of(product, config.flags), "raised")
