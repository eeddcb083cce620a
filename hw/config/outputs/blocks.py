"""What rows of exact sums leave an array as: blocks of elements that share a scale."""

from dataclasses import dataclass

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.blocks import BlockFormat, ScaleFormat, ScaleRounding, parse_any
from fp8mac.hw.config.formats import FormatError, IntFormat
from fp8mac.hw.config.outputs.output import OutputConfig, parse_output

__all__ = ["BlockOutput", "parse_row_output"]


@dataclass(frozen=True)
class BlockOutput:
    """Rounds the sums of a block to elements, each once, and a scale that is a power of two.

    Parameters
    ----------
    format : BlockFormat
        Of elements and scales.
    scale_rounding : ScaleRounding
        How the scale follows from the largest magnitude.

    Raises
    ------
    ConfigError
        If scales of the format are no powers of two.
    """

    format: BlockFormat
    scale_rounding: ScaleRounding = ScaleRounding.FLOOR

    def __post_init__(self) -> None:
        if self.format.block.scale is not ScaleFormat.E8M0:
            raise ConfigError(
                f"Scales of {self.format.name} are not powers of two; rows of sums leave as mxfp8, "
                "mxfp6e2m3, mxfp6e3m2, mxfp4 or mxint8."
            )

    @property
    def name(self) -> str:
        """As `parse_row_output` reads it."""
        return self.format.name + ":up" * (self.scale_rounding is ScaleRounding.UP)

    @property
    def size(self) -> int:
        """Elements of a block."""
        return self.format.block.size

    @property
    def highest(self) -> int:
        """Power of two, in units of an element's code, that the leading one of a block becomes."""
        return self.format.emax - self.format.element_exponent

    @property
    def places(self) -> int:
        """Binary places of an element, from `highest` to the last one of subnormal numbers."""
        element = self.format.element
        return self.highest + 1 - (0 if isinstance(element, IntFormat) else element.lsb_exponent)


def parse_row_output(text: str) -> OutputConfig | BlockOutput:
    """Read what rows of exact sums leave an array as.

    ::

        <MX format>[:up]      blocks along a row; scales by OCP's rule, or such that none saturates
        otherwise             each sum for itself, as `parse_output` reads it

    Raises
    ------
    ConfigError
        If it is no output, or scales of the blocks are no powers of two.

    Examples
    --------
    >>> parse_row_output("mxfp8:up").name, parse_row_output("bf16").name
    ('mxfp8e4m3:up', 'bf16')
    """
    name, *options = text.strip().lower().split(":")
    try:
        format_ = parse_any(name)
    except FormatError:
        format_ = None
    if not isinstance(format_, BlockFormat):
        return parse_output(text)
    if options not in ([], ["up"]):
        raise ConfigError(f"'{text}' is not an output; blocks have the option :up.")
    return BlockOutput(format_, ScaleRounding.UP if options else ScaleRounding.FLOOR)
