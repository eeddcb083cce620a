"""Which units a planted bug has a part in."""

from collections.abc import Callable

from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig, KulischConfig
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, IntFormat, Overflow, Rounding, Specials
from fp8mac.hw.config.outputs.output import Requantizer, ScaledFloat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.beside import is_beside
from fp8mac.hw.parts.layout import operand_range

__all__ = [
    "Condition",
    "adds_beside",
    "adds_scaled",
    "has",
    "has_long_products",
    "has_output",
    "has_subnormal_sums",
    "is_float",
    "is_ieee",
    "is_kulisch",
    "is_piped",
    "is_requantized",
    "is_scaled",
    "is_segmented",
    "is_whole_kulisch",
    "leaves_subnormal",
    "multiplies_floats",
    "multiplies_sums",
    "output_overflows",
    "rounds_output_to_nearest",
    "rounds_to_nearest",
    "saturates_ints",
    "takes_ints",
]

Condition = Callable[[MacConfig], bool]


def is_float(config: MacConfig) -> bool:
    """Whether the accumulator is a float."""
    return isinstance(config.accumulator, FloatAccConfig)


def is_ieee(config: MacConfig) -> bool:
    """Whether the accumulator is a float with infinities."""
    acc = config.accumulator
    return isinstance(acc, FloatAccConfig) and acc.format.has_inf


def adds_beside(config: MacConfig) -> bool:
    """Whether several float products are added exactly beside an accumulator of many exponents."""
    operands = isinstance(config.a, FloatFormat) and isinstance(config.b, FloatFormat)
    return config != config.plain and operands and is_float(config) and is_beside(config)


def adds_scaled(config: MacConfig) -> bool:
    """Whether float products with powers of two for scales are added in a window, or beside."""
    how, block = config.summation, config.block
    if block is None or block.scale is not ScaleFormat.E8M0 or config.scales_per_cycle > 1:
        return False
    window = how.window_bits is not None and how.late is how.groups is None
    return adds_beside(config) or (window and is_float(config))


def rounds_stochastically(config: MacConfig) -> bool:
    """Whether a random number decides how sums are rounded."""
    return config.random_bits is not None


def rounds_to_nearest(config: MacConfig) -> bool:
    """Whether the accumulator is a float that rounds to nearest."""
    acc = config.accumulator
    return isinstance(acc, FloatAccConfig) and acc.rounding is Rounding.RNE


def has_long_products(config: MacConfig) -> bool:
    """Whether a product has more than one bit below the accumulator's last one."""
    acc = config.accumulator
    factors = (operand_range(each, normalised=True) for each in (config.a, config.b))
    bits = sum(factor.significand_bits for factor in factors)
    return isinstance(acc, FloatAccConfig) and bits > acc.format.precision + 1


def has_output(config: MacConfig) -> bool:
    """Whether sums leave as floats."""
    return isinstance(config.output, FloatAccConfig)


def rounds_output_to_nearest(config: MacConfig) -> bool:
    """Whether sums leave as floats, rounded to nearest."""
    output = config.output
    return isinstance(output, FloatAccConfig) and output.rounding is Rounding.RNE


def is_requantized(config: MacConfig) -> bool:
    """Whether sums leave as integers."""
    return isinstance(config.output, Requantizer)


def is_scaled(config: MacConfig) -> bool:
    """Whether sums leave as floats with a shift."""
    return isinstance(config.output, ScaledFloat)


def leaves_subnormal(config: MacConfig, places: int = 1) -> bool:
    """Whether a shift makes the smallest sum subnormal, by so many places, and it leaves so."""
    output = config.output
    if not isinstance(output, ScaledFloat) or not output.subnormals:
        return False
    smallest = config.product_lsb_exponent + 1 - (1 << output.shift_width - 1)
    return output.format.emin - smallest >= places


def multiplies_sums(config: MacConfig) -> bool:
    """Whether sums are multiplied as they leave."""
    return isinstance(config.output, Requantizer) and config.output.multiplier_bits > 0


def output_overflows(config: MacConfig) -> bool:
    """Whether sums can leave as infinities."""
    most = 2.0 ** (config.acc_bits - 1 + config.product_lsb_exponent)
    output = config.output
    return (
        isinstance(output, FloatAccConfig)
        and output.format.has_inf
        and most > float(output.format.max)
    )


def has_subnormal_sums(config: MacConfig) -> bool:
    """Whether the accumulator keeps subnormal numbers."""
    acc = config.accumulator
    return isinstance(acc, FloatAccConfig) and acc.subnormals


def takes_ints(config: MacConfig) -> bool:
    """Whether two integers are multiplied for an integer or an exact sum."""
    ints = isinstance(config.a, IntFormat) and isinstance(config.b, IntFormat)
    return ints and not is_float(config)


def is_kulisch(config: MacConfig) -> bool:
    """Whether the accumulator is exact and takes products of significands."""
    return isinstance(config.accumulator, KulischConfig) and not takes_ints(config)


def is_segmented(config: MacConfig) -> bool:
    """Whether the accumulator is in segments."""
    return config.segment_bits is not None


def is_whole_kulisch(config: MacConfig) -> bool:
    """As `is_kulisch`, in one word."""
    return is_kulisch(config) and not is_segmented(config)


def is_piped(config: MacConfig) -> bool:
    """Whether a register stands between product and sum."""
    return config.stages > 1


def multiplies_floats(config: MacConfig) -> bool:
    """Whether both operands are floats."""
    return isinstance(config.a, FloatFormat) and isinstance(config.b, FloatFormat)


def has(specials: Specials) -> Condition:
    """Whether an operand has special values of a kind."""
    return lambda config: any(
        getattr(format_, "specials", None) is specials for format_ in (config.a, config.b)
    )


def saturates_ints(config: MacConfig) -> bool:
    """Whether the accumulator is an integer that saturates."""
    acc = config.accumulator
    return isinstance(acc, IntAccConfig) and acc.overflow is Overflow.SATURATE
