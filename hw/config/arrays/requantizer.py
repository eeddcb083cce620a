"""How exact sums of a matrix unit leave as integers: a multiplier and a shift a column."""

from dataclasses import dataclass

from fp8mac.hw.config.accumulators import ConfigError, integer
from fp8mac.hw.config.formats import FormatError, IntFormat, Rounding, parse_format

__all__ = ["MOST_MULTIPLIER_BITS", "Requantizer", "parse_requantizer"]

MOST_MULTIPLIER_BITS = 32
"""Most bits of a multiplier."""


@dataclass(frozen=True)
class Requantizer:
    """Rounds ``sum * multiplier / 2**shift`` to an integer, which saturates.

    Parameters
    ----------
    format : IntFormat
        What leaves.
    multiplier_bits : int
        Bits of the multiplier, which is unsigned; 0 for a shift alone.
    rounding : Rounding
        To nearest even, or toward zero.

    Raises
    ------
    ConfigError
        If there are more than `MOST_MULTIPLIER_BITS` bits, or it is another rounding.
    """

    format: IntFormat
    multiplier_bits: int = 0
    rounding: Rounding = Rounding.RNE

    def __post_init__(self) -> None:
        bits = integer(self.multiplier_bits, "multiplier_bits")
        object.__setattr__(self, "multiplier_bits", bits)
        if not 0 <= bits <= MOST_MULTIPLIER_BITS:
            raise ConfigError(f"A multiplier has up to {MOST_MULTIPLIER_BITS} bits, not {bits}.")
        if self.rounding not in (Rounding.RNE, Rounding.RTZ):
            raise ConfigError("An output is rounded to nearest even, or toward zero (:rtz).")

    @property
    def name(self) -> str:
        """As `parse_requantizer` reads it."""
        times = f":times={self.multiplier_bits}" if self.multiplier_bits else ""
        return f"{self.format.name}{times}{':rtz' * (self.rounding is Rounding.RTZ)}"

    def shift_bits(self, width: int) -> int:
        """Bits of a shift that can drop every bit of a sum of that width, multiplied."""
        return (width + self.multiplier_bits).bit_length()


def parse_requantizer(text: str) -> Requantizer | None:
    """Read an integer that sums leave as; None where it is something else.

    ::

        int<N>[s][:times=<bits of the multiplier>][:rtz]

    Raises
    ------
    ConfigError
        If it is an integer with other options.

    Examples
    --------
    >>> parse_requantizer("int8:times=16").name, parse_requantizer("fp16")
    ('int8:times=16', None)
    """
    name, *options = text.lower().split(":")
    try:
        format_ = parse_format(name)
    except FormatError:
        return None
    if not isinstance(format_, IntFormat):
        return None
    bits, rounding = 0, Rounding.RNE
    for option in options:
        key, _, value = option.partition("=")
        if option == "rtz":
            rounding = Rounding.RTZ
        elif key == "times" and value.isascii() and value.isdigit() and len(value) < 20:
            bits = int(value)
        else:
            raise ConfigError(
                f"'{text}' is not an output; an integer has the options :times=BITS and :rtz."
            )
    return Requantizer(format_, bits, rounding)
