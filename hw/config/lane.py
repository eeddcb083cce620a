"""A product, and the register that it is added to."""

from dataclasses import dataclass

from fp8mac.hw.config.accumulators import (
    AccumulatorConfig,
    ConfigError,
    FloatAccConfig,
    IntAccConfig,
    KulischConfig,
    Resolve,
)
from fp8mac.hw.config.formats import FloatFormat, Format, IntFormat, Overflow

__all__ = ["Lane"]


@dataclass(frozen=True)
class Lane:
    """Two operands and the accumulator of their exact products.

    Parameters
    ----------
    a, b : FloatFormat or IntFormat
        Operands; any pair.
    accumulator : KulischConfig or FloatAccConfig or IntAccConfig
        Where the exact products are added.

    Raises
    ------
    ConfigError
        If an integer accumulator is given a float operand, or is narrower than the product, or a
        segment is as wide as the register.
    """

    a: Format
    b: Format
    accumulator: AccumulatorConfig

    def __post_init__(self) -> None:
        if isinstance(self.accumulator, IntAccConfig):
            for operand in (self.a, self.b):
                if isinstance(operand, FloatFormat):
                    raise ConfigError(
                        f"The integer accumulator {self.accumulator.name} cannot add "
                        f"{operand.name} products; use kulisch or a float accumulator."
                    )
            if self.accumulator.bits < self.product_bits:
                raise ConfigError(
                    f"The accumulator {self.accumulator.name} is too narrow: one exact "
                    f"{self.a.name} x {self.b.name} product takes {self.product_bits} bits."
                )
        if (segment := self.segment_bits) is not None and segment >= self.acc_bits:
            raise ConfigError(
                f"A register of {self.acc_bits} bits is cut into segments of 1 to "
                f"{self.acc_bits - 1} bits, not {segment}."
            )

    @property
    def product_lsb_exponent(self) -> int:
        """Weight of one unit of the exact product, as a power of two."""
        return self.a.lsb_exponent + self.b.lsb_exponent

    @property
    def product_bits(self) -> int:
        """Width of the exact product of finite operands in two's complement."""
        return (self.a.max_magnitude * self.b.max_magnitude).bit_length() + 1

    @property
    def acc_bits(self) -> int:
        """Width of the accumulator register, without flags."""
        match self.accumulator:
            case KulischConfig(guard_bits):
                return self.product_bits + guard_bits
            case FloatAccConfig(format_):
                return format_.bits
            case other:
                return other.bits

    @property
    def segment_bits(self) -> int | None:
        """Bits of a segment of the accumulator; None where it is one word."""
        return getattr(self.accumulator, "segment_bits", None)

    @property
    def resolve(self) -> Resolve | None:
        """How the sum of an accumulator in segments is read."""
        return getattr(self.accumulator, "resolve", None)

    @property
    def carry_places(self) -> range:
        """Weights of the carries beside an accumulator in segments, as powers of two.

        The sum is the accumulator's word and the carries at their places, modulo ``2**acc_bits``.

        Examples
        --------
        >>> from fp8mac.hw.config.unit import parse_unit
        >>> list(parse_unit("int8", acc="int32:segmented=10").carry_places)
        [10, 20, 30]
        """
        return range(self.segment_bits or self.acc_bits, self.acc_bits, self.segment_bits or 1)

    @property
    def has_integer_products(self) -> bool:
        """Whether products are two's complement, and added in fixed point."""
        return isinstance(self.a, IntFormat) and isinstance(self.b, IntFormat) and self.is_fixed

    @property
    def is_fixed(self) -> bool:
        """Whether products are added in fixed point, exactly but for overflow."""
        return not isinstance(self.accumulator, FloatAccConfig)

    @property
    def saturates(self) -> bool:
        """Whether a sum beyond the accumulator's range becomes the end of the range."""
        return getattr(self.accumulator, "overflow", None) is Overflow.SATURATE

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flags beside an accumulator that cannot hold NaN or infinity.

        ``("nan",)`` where an operand has NaN; ``("pos_inf", "neg_inf")`` where an operand has
        infinities as well, and both raised together mean NaN. While a flag is raised, the
        accumulator's bits are not specified.
        """
        acc = self.accumulator
        if isinstance(acc, FloatAccConfig) and acc.format.has_nan:
            return ()
        if self.a.has_inf or self.b.has_inf:
            return ("pos_inf", "neg_inf")
        return ("nan",) if self.a.has_nan or self.b.has_nan else ()
