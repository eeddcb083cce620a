"""What a circuit is built for."""

from enum import Enum

__all__ = ["GATE_GOALS", "Goal"]


class Goal(Enum):
    """What a circuit is built for; it computes the same.

    Few gates, or a short path; the tables and carry chains of an FPGA, or those and its multiplier
    blocks.
    """

    AREA = "area"
    SPEED = "speed"
    FPGA = "fpga"
    FPGA_DSP = "fpga-dsp"

    @property
    def is_fpga(self) -> bool:
        """Whether it is measured in tables and carry chains, not in gates."""
        return self in (Goal.FPGA, Goal.FPGA_DSP)


GATE_GOALS = (Goal.AREA, Goal.SPEED)
"""Goals that are measured in gates."""
