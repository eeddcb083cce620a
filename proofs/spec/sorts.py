"""In which sorts a step is stated, so that it rounds once, where the accumulator does."""

from dataclasses import dataclass
from fractions import Fraction

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format, IntFormat, Overflow, Specials
from fp8mac.hw.config.outputs.output import ScaledFloat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.spec.theory import BINARY64, BINARY128, Sort

__all__ = [
    "OutputSorts",
    "Sorts",
    "adds_integers",
    "all_sorts",
    "is_plain",
    "output_sorts",
    "product_sort",
    "sorts_of",
]


@dataclass(frozen=True)
class Sorts:
    """Sorts and powers of two in which a step is stated.

    Parameters
    ----------
    exact : Sort
        Where operands, accumulator and, before it is rounded, their sum are.
    rounded : Sort
        Where the sum is rounded: with the accumulator's precision and its smallest numbers. Of
        stochastic rounding it has as many bits more as a random number, and the sum is truncated.
    scale_a, scale_b, scale : int
        Operands and accumulator are multiplied by two to these; ``scale_a + scale_b == scale``.
    """

    exact: Sort
    rounded: Sort
    scale_a: int = 0
    scale_b: int = 0
    scale: int = 0


def adds_integers(config: MacConfig) -> bool:
    """Whether operands and accumulator are integers, or fixed point."""
    operands_are = isinstance(config.a, IntFormat) and isinstance(config.b, IntFormat)
    return operands_are and not isinstance(config.accumulator, FloatAccConfig)


def _precision(format_: Format) -> int:
    return format_.precision if isinstance(format_, FloatFormat) else format_.bits - 1


def _emin(format_: Format) -> int:
    return format_.emin if isinstance(format_, FloatFormat) else 0


def _largest(format_: Format) -> Fraction:
    return format_.max_magnitude * Fraction(2) ** format_.lsb_exponent


def is_plain(config: MacConfig, acc: FloatAccConfig) -> bool:
    """Whether the accumulator is an IEEE format without options that contains the operands."""
    format_ = acc.format
    return (
        format_.specials is Specials.IEEE
        and format_.bias == format_.default_bias
        and acc.overflow is Overflow.TO_SPECIAL
        and acc.subnormals
        and acc.random_bits is None
        and all(
            _precision(operand) <= format_.precision
            and operand.lsb_exponent >= format_.lsb_exponent
            and _largest(operand) <= format_.max
            for operand in (config.a, config.b)
        )
    )


def sorts_of(config: MacConfig) -> Sorts:
    """Sorts of a unit with a float accumulator, or with products that are floats.

    An IEEE accumulator that contains the operands is its own sort: the step is one ``fp.fma``. For
    any other, exponent bits are added until no finite sum overflows. The scale puts the
    accumulator's smallest normal number on that of the sort: subnormal numbers are then rounded
    where they have to be. Where the operands have more bits than the sort, the sum is made
    in a sort with so much precision that it is exact, and is then rounded once. Nothing is rounded
    in a fixed-point accumulator.
    """
    acc = config.accumulator
    if not isinstance(acc, FloatAccConfig):
        sort = product_sort(config)
        return Sorts(sort, sort)
    format_ = acc.format
    precision = format_.precision + (acc.random_bits or 0)
    if is_plain(config, acc):
        own = Sort(format_.exponent_bits, format_.precision)
        return Sorts(own, own)
    largest_sum = _largest(config.a) * _largest(config.b) + format_.max
    formats = [each for each in (format_, config.a, config.b) if isinstance(each, FloatFormat)]
    exponent_bits = max(each.exponent_bits for each in formats)
    while True:
        rounded = Sort(exponent_bits, precision)
        scale = rounded.emin - format_.emin
        scale_a = rounded.emin - _emin(config.a)
        scale_b = scale - scale_a
        numbers = (
            largest_sum * Fraction(2) ** scale,
            *(_largest(config.a) * Fraction(2) ** power for power in (0, scale_a)),
            *(_largest(config.b) * Fraction(2) ** power for power in (0, scale_b)),
        )
        if max(numbers) < 2**rounded.bias and _emin(config.b) + scale_b >= rounded.emin:
            break
        exponent_bits += 1
    exact = rounded
    if max(_precision(config.a), _precision(config.b)) > precision:
        lowest = min(config.product_lsb_exponent, format_.lsb_exponent)
        exact = Sort(exponent_bits, int(largest_sum / Fraction(2) ** lowest).bit_length())
    return Sorts(exact, rounded, scale_a, scale_b, scale)


def product_sort(config: MacConfig) -> Sort:
    """Sort in which products are exact."""
    fits = (
        _precision(config.a) + _precision(config.b) <= BINARY64.precision
        and _largest(config.a) * _largest(config.b) < 2**BINARY64.bias
        and config.product_lsb_exponent >= BINARY64.emin
    )
    return BINARY64 if fits else BINARY128


@dataclass(frozen=True)
class OutputSorts:
    """Sorts in which a rounded output is stated.

    Parameters
    ----------
    exact : Sort
        Holds every sum.
    rounded : Sort
        With the format's precision and its smallest numbers.
    scale : int
        Sums are multiplied by two to this.
    plain : bool
        Whether ``rounded`` is the format itself.
    """

    exact: Sort
    rounded: Sort
    scale: int
    plain: bool


def output_sorts(config: MacConfig) -> OutputSorts:
    """Sorts of a unit with an output format; as `sorts_of` those of a float accumulator."""
    output = config.output
    assert isinstance(output, FloatAccConfig)
    format_ = output.format
    exact = Sort(BINARY128.exponent_bits, max(BINARY128.precision, config.acc_bits + 1))
    plain = (
        format_.specials is Specials.IEEE
        and format_.bias == format_.default_bias
        and output.overflow is Overflow.TO_SPECIAL
        and output.subnormals
    )
    if plain:
        return OutputSorts(exact, Sort(format_.exponent_bits, format_.precision), 0, plain)
    top = config.acc_bits - 1 + config.product_lsb_exponent
    if isinstance(output, ScaledFloat):
        top += 1 << output.shift_width - 1
    largest = max(format_.max, Fraction(2) ** top)
    exponent_bits = format_.exponent_bits
    while True:
        rounded = Sort(exponent_bits, format_.precision)
        scale = rounded.emin - format_.emin
        if largest * Fraction(2) ** scale < 2**rounded.bias:
            return OutputSorts(exact, rounded, scale, plain)
        exponent_bits += 1


def all_sorts(config: MacConfig) -> set[Sort]:
    """Every floating-point sort in the statement of a unit."""
    found = set[Sort]()
    if isinstance(config.output, FloatAccConfig):
        output = output_sorts(config)
        found = {output.exact, output.rounded}
    if adds_integers(config):
        return found
    sorts = sorts_of(config)
    return found | {sorts.exact, sorts.rounded, *([product_sort(config)] if config.flags else [])}
