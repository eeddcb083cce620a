"""Where registers stand in a unit of several stages.

::

    gates   operands --> product --[2]--> alignment --[3]--> sum <--> accumulator     Kulisch
            operands --[2]--> product --[3]--> sum <--> accumulator                   integers
            operands --> product --[2]--> alignment, sum, rounding <--> accumulator   floats

A number says from how many stages on there is a register. They stand where parts that are mapped
take alike long, see ``docs/pipelines.md``. The sum of a step is what the next one needs: no
register can stand behind it, and more stages than these would not shorten anything.
"""

from fp8mac.hw.parts.family import Registers

__all__ = ["integer_registers", "kulisch_registers", "shifted_registers"]


def kulisch_registers(stages: int) -> Registers:
    """Of products of floats that are added in fixed point."""
    return Registers(product=stages > 1, inside=(0,) if stages > 2 else ())


def integer_registers(stages: int) -> Registers:
    """Of two's complement products, whose rows are added together with the accumulator.

    With a register behind it a product is added up alone, which takes a longer path than its rows
    take in one tree: that register is the last to come.
    """
    return Registers(operands=stages > 1, inside=(0,) if stages > 2 else ())


def shifted_registers(stages: int, shifts: int, *, segmented: bool) -> Registers:
    """As `kulisch_registers`, where each stage of the shifter takes a table of an FPGA.

    Of two stages the first has all but the last three of the shifter: that is half of the whole.
    Of three, carries that run through segments alone leave time for one behind the last register.

    Parameters
    ----------
    stages : int
        Of the unit.
    shifts : int
        Stages of the shifter.
    segmented : bool
        Whether the register is in segments.
    """
    if stages == 1:
        return Registers()
    if stages == 2:
        return Registers(inside=(max(shifts - 3, 0),))
    return Registers(product=True, inside=(max(shifts - segmented, 0),))
