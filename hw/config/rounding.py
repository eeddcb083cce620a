"""How a value that a format does not hold becomes a code.

# Ref: IEEE 754-2019, sections 4.3 (rounding), 7.4 (overflow)
"""

from enum import Enum

__all__ = ["Overflow", "Rounding"]


class Rounding(Enum):
    """How an exact value becomes a code: nearest even, toward zero, or stochastic."""

    RNE = "rne"
    RTZ = "rtz"
    STOCHASTIC = "sr"


class Overflow(Enum):
    """What a value beyond the largest number becomes.

    ``special`` is IEEE 754's answer (infinity; NaN where the format has no infinity; the largest
    number where it has neither); ``wrap`` exists for integers only.
    """

    SATURATE = "saturate"
    TO_SPECIAL = "special"
    WRAP = "wrap"
