"""A closed form for the gates of a multiply-accumulate unit, without any synthesis.

Parts are priced in two-input gates and added up. The price list and the fixed-point branch are
those of arXiv:2303.17951, appendix B and Figure 2a. Of the floating-point branch the paper gives
widths for some signals and the names of the parts; how they are joined is our reading::

    significand S bits with sign and hidden bit, exponent E bits; accumulator: S', E'

    multiply    S x S multiplier, exponent adder
    register    product, 2S - 1 bits, and its exponent
    align, add  both differences of exponents; the larger exponent; swap; shift the smaller right
                to S' + 2 bits, sticky; invert; add S' + 3 bits
    normalise   count leading zeros of the sum, shift it left, correct the exponent; round S' bits
    register    accumulator

Many other readings come as close to the published bars: theirs is no prediction of ours.

# Ref: arXiv:2303.17951, section 3.3, Figure 2, appendix B
"""

from dataclasses import dataclass

from fp8mac.hw.config.accumulators import (
    AccumulatorConfig,
    ConfigError,
    FloatAccConfig,
    IntAccConfig,
    KulischConfig,
)
from fp8mac.hw.config.formats import FloatFormat, Format

__all__ = ["Cost", "model_cost", "product_flip_flops"]

# Price list. An inverter is free.
_AND = _OR = 1
_XOR = _MUX = _HALF_ADDER = 3
_FULL_ADDER = 7
_FLIP_FLOP = 6

_INT_EXPONENT_BITS = 2
"""What an integer's exponent is taken for where it meets a float accumulator; fits the bars."""


@dataclass(frozen=True)
class Cost:
    """Gates of a unit, part by part.

    Parameters
    ----------
    multiplier : float
        Significand multiplier and exponent adder, in gates.
    align_add : float
        Product register, alignment and adder, in gates.
    normalise_accumulate : float
        Accumulator register with what carries into its headroom, or normalisation, rounding and
        register of a float, in gates.
    """

    multiplier: float
    align_add: float
    normalise_accumulate: float

    @property
    def total(self) -> float:
        """All parts, in gates."""
        return self.multiplier + self.align_add + self.normalise_accumulate


def model_cost(operand: Format, accumulator: AccumulatorConfig) -> Cost:
    """Gates of a unit that multiplies two operands of one format, by the closed form.

    Parameters
    ----------
    operand : FloatFormat or IntFormat
        Format of both operands. Special values are not priced.
    accumulator : KulischConfig or IntAccConfig or FloatAccConfig
        Where products are added. A float rounds to nearest even and has no other options.

    Returns
    -------
    Cost
        In gates: AND, OR and their inverses 1, XOR and multiplexer 3, half adder 3, full adder 7,
        flip-flop 6.

    Raises
    ------
    ConfigError
        If the accumulator is narrower than the product, or has options that are not priced.

    Examples
    --------
    >>> from fp8mac.hw.config.formats import parse_format
    >>> model_cost(parse_format("e4m3fnuz"), KulischConfig(12))
    Cost(multiplier=173, align_add=556, normalise_accumulate=330)
    """
    if isinstance(accumulator, FloatAccConfig):
        if accumulator != FloatAccConfig(accumulator.format):
            raise ConfigError(
                f"The closed form has no price for the options of {accumulator.name}."
            )
        return _float_cost(operand, accumulator.format, product_flip_flops(operand, accumulator))
    return _fixed_cost(operand, accumulator)


def product_flip_flops(operand: Format, accumulator: AccumulatorConfig) -> int:
    """Bits between multiplier and adder: an integer that meets a fixed point needs none."""
    if isinstance(accumulator, FloatAccConfig):
        return 2 * _significand_bits(operand) - 1 + _exponent_bits(operand) + 1
    if isinstance(operand, FloatFormat):
        return 2 * _significand_bits(operand) - 1 + operand.exponent_bits + 1
    return 0


def _significand_bits(format_: Format) -> int:
    """With sign and hidden bit."""
    return format_.precision + 1 if isinstance(format_, FloatFormat) else format_.bits


def _exponent_bits(format_: Format) -> int:
    return format_.exponent_bits if isinstance(format_, FloatFormat) else _INT_EXPONENT_BITS


def _fixed_cost(operand: Format, accumulator: KulischConfig | IntAccConfig) -> Cost:
    significand = _significand_bits(operand)
    product = 2 * significand - 1
    multiplier, align, reach = _multiplier(significand), 0, 0
    if isinstance(operand, FloatFormat):
        multiplier += _adder(operand.exponent_bits)
        reach = 2 * (operand.max_exponent_field - 1)
        align = _widening_shift(product, reach)
    aligned = product + reach
    if isinstance(accumulator, KulischConfig):
        headroom = accumulator.guard_bits
    else:
        headroom = accumulator.bits - aligned
    if headroom < 0:
        raise ConfigError(f"{accumulator.name} is narrower than a product of {operand.name}.")
    return Cost(
        multiplier,
        _FLIP_FLOP * product_flip_flops(operand, accumulator) + align + _adder(aligned),
        _FLIP_FLOP * (aligned + headroom) + _incrementer(headroom),
    )


def _float_cost(operand: Format, acc: FloatFormat, product_register: int) -> Cost:
    significand, exponent = acc.precision + 1, acc.exponent_bits + 1
    sort = 2 * _adder(exponent) + _MUX * exponent + _MUX * 2 * significand
    align = _right_shift(significand + 2, significand + 1) + _OR * significand
    add = _XOR * significand + _adder(significand + 3)
    total = significand + 3
    normalise = _leading_zero_counter(total) + _left_shift(total, total - 1) + _adder(exponent)
    return Cost(
        _multiplier(_significand_bits(operand)) + _adder(_exponent_bits(operand) + 1),
        _FLIP_FLOP * product_register + sort + align + add,
        normalise + _incrementer(significand) + _FLIP_FLOP * acc.bits,
    )


def _multiplier(bits: int) -> int:
    return _AND * bits**2 + _FULL_ADDER * (bits - 1) ** 2 + _HALF_ADDER * (bits - 1)


def _adder(bits: int) -> int:
    return _FULL_ADDER * (bits - 1) + _HALF_ADDER


def _incrementer(bits: int) -> int:
    return _HALF_ADDER * bits


def _steps(reach: int) -> int:
    """Multiplexers in a row that shift by 0 to ``reach``."""
    return reach.bit_length()


def _left_shift(bits: int, reach: int) -> int:
    """Keep the width: where zeros come in, an AND does."""
    return bits * _steps(reach) * _MUX - reach * (_MUX - _AND)


def _right_shift(bits: int, reach: int) -> int:
    """Keep the width and the sign."""
    return (bits - 1) * _steps(reach) * _MUX


def _widening_shift(bits: int, reach: int) -> int:
    """Lose nothing."""
    return (bits - 2) * _steps(reach) * _MUX + reach * (_MUX + _AND)


def _leading_zero_counter(bits: int) -> int:
    """A tree; each node is an OR, and a multiplexer for each bit of its count but the first."""
    if bits < 2:
        return 0
    upper = 1 << (bits - 1).bit_length() - 1
    node = _OR + _MUX * (upper.bit_length() - 1)
    return _leading_zero_counter(upper) + _leading_zero_counter(bits - upper) + node
