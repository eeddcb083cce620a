"""Which family of circuits a core is made from."""

from fp8mac.hw.area.family import AREA
from fp8mac.hw.config.structure import Built, Circuits, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.family import dot_of
from fp8mac.hw.fpga.family import FPGA, FPGA_DSP
from fp8mac.hw.parts.family import Family, Parts, Registers
from fp8mac.hw.speed.family import LEAN, SPEED

__all__ = ["FAMILIES", "parts_of"]

FAMILIES: dict[Circuits, Family] = {
    Circuits.AREA: AREA,
    Circuits.LEAN: LEAN,
    Circuits.SPEED: SPEED,
    Circuits.FPGA: FPGA,
    Circuits.FPGA_DSP: FPGA_DSP,
}
"""Families of circuits."""


def parts_of(config: MacConfig, built: Built) -> Parts:
    """Parts of a unit's core, built for a goal or as told."""
    structure = Structure.of(built)
    if config != config.plain:
        registers = Registers(operands=config.stages > 1)
        return Parts(None, dot_of(config, structure), registers)
    return FAMILIES[structure.circuits][type(config.accumulator)](config, structure.adder)
