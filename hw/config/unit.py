"""What a multiply-accumulate unit is: two operand formats and an accumulator.

Equal configurations have equal slugs, different ones different slugs; the slug names the Verilog
module, the file, the build folder and the row in a report.
"""

from dataclasses import dataclass, field

from fp8mac.hw.config.accumulators import (
    AccumulatorConfig,
    ConfigError,
    FloatAccConfig,
    IntAccConfig,
    KulischConfig,
    parse_accumulator,
)
from fp8mac.hw.config.formats import FloatFormat, Format, IntFormat, Overflow, parse_format

__all__ = ["MacConfig", "parse_unit"]


@dataclass(frozen=True)
class MacConfig:
    """A unit that adds ``a * b`` to an accumulator.

    Parameters
    ----------
    a, b : FloatFormat or IntFormat
        Operands; any pair.
    accumulator : KulischConfig or FloatAccConfig or IntAccConfig
        Where the exact products are added.

    Raises
    ------
    ConfigError
        If an integer accumulator is given a float operand, or is narrower than the product.
    """

    a: Format
    b: Format
    accumulator: AccumulatorConfig
    _hash: int = field(init=False, repr=False, compare=False)

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
        object.__setattr__(self, "_hash", hash((self.a, self.b, self.accumulator)))

    def __hash__(self) -> int:
        """Hash, computed once: models look a unit up at every step."""
        return self._hash

    @property
    def slug(self) -> str:
        """Name of module, file, folder and report row.

        Examples
        --------
        >>> parse_unit("e4m3", acc="fp16").slug, parse_unit("int8", "int4", acc="kulisch").slug
        ('mac_e4m3_e4m3_fp16', 'mac_int8_int4_kulisch12')
        """
        accumulator = self.accumulator.name.replace("kulisch:", "kulisch").replace(":", "_")
        return f"mac_{self.a.name}_{self.b.name}_{accumulator}".replace("-", "n")

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
            case IntAccConfig(bits):
                return bits

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


def parse_unit(a: str, b: str | None = None, *, acc: str) -> MacConfig:
    """Read a unit: operand formats ``a`` and ``b`` (default: as ``a``) and an accumulator.

    Raises
    ------
    FormatError
        If there is no such format.
    ConfigError
        If there is no such accumulator or unit.
    """
    return MacConfig(parse_format(a), parse_format(b or a), parse_accumulator(acc))
