"""Dot products that are compared with published ones: several products in one sum, one step.

Ours go into the flow as RTL.
"""

from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.experiments.peers.peers import UNITS

__all__ = ["ALL_UNITS", "DOTS", "NETLIST", "RTL", "forms_of"]

DOTS: dict[str, MacConfig] = {
    line: parse_line(line)
    for line in (
        "int8 x 16 -> int32",
        "e4m3 x 16 -> kulisch:7",
        "e4m3 x 2 -> fp16",
        "e4m3 x 4 -> fp32, window 26",
        "mxfp8 x 8 -> fp32",
    )
}
"""Units, each in one line."""

ALL_UNITS: dict[str, MacConfig] = UNITS | DOTS
"""All units that are compared, as one types them."""

NETLIST, RTL = "netlist", "RTL"
"""How Verilog of ours goes into the flow: as `verilog --mapped` writes it, and without that."""


def forms_of(unit: str) -> tuple[str, ...]:
    """Forms in which our unit goes into the flow."""
    return (RTL,) if unit in DOTS else (NETLIST, RTL)
