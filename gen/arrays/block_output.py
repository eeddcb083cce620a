"""Words about rows of sums that leave in blocks."""

from fp8mac.gen.describe import describe_format
from fp8mac.hw.config.blocks import ScaleRounding
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.hw.config.unit import MacConfig

__all__ = ["block_cases", "describe_blocks"]


def describe_blocks(output: BlockOutput) -> dict[str, object]:
    """What blocks leave as, as JSON types."""
    return {
        "name": output.name,
        "format": describe_format(output.format.element) | {"name": output.format.name},
        "block": output.size,
        "scale": output.format.block.scale.value,
        "scale_rounding": output.scale_rounding.value,
        "rounding": "rne",
        "overflow": "saturate",
    }


def block_cases(config: MacConfig, output: BlockOutput) -> list[str]:
    """Sentences about what blocks leave as."""
    format_, emax = output.format, output.format.emax
    rule = f"2**{f'(e - {emax})' if emax else 'e'}, e being the exponent of the largest magnitude"
    if output.scale_rounding is ScaleRounding.UP:
        rule = f"the smallest with which no sum is beyond {float(format_.largest):.9g} times it"
    unit = format_.element_exponent
    cases = [
        (
            f"{output.size} sums side by side are a block of {format_.name}: out has their "
            "elements, scale the power of two that they share, as 2**(scale - 127); column 0 is "
            "lowest."
        ),
        f"That power is {rule}, and from 2**-127 to 2**127; that of a block of zeros is 2**-127.",
        "An element is the sum divided by it"
        + f" in units of 2**{unit}" * (unit != 0)
        + ", rounded once to nearest even; beyond its range it is the nearest end. The "
        "sum counts units of 2**acc_lsb_exponent.",
    ]
    if config.flags:
        cases.append(
            "A sum that is NaN is a NaN element; others of its block are as without it."
            if format_.element.has_nan
            else "Where a sum is NaN, the scale of its block is 255, NaN, and elements are not "
            "specified."
        )
    if len(config.flags) == 2:
        cases.append("A block with an infinity has the scale 254, and the infinity saturates.")
    return cases
