"""How a value that a format does not hold becomes a code.

# Ref: IEEE 754-2019, sections 4.3 (rounding), 7.4 (overflow)
"""

from enum import Enum

__all__ = ["Overflow", "Rounding", "TermCut", "ZeroSign"]


class Rounding(Enum):
    """How an exact value becomes a code: nearest even, toward zero, to odd, or stochastic.

    To odd, a value between two codes becomes the one whose last bit is 1.
    """

    RNE = "rne"
    RTZ = "rtz"
    ODD = "odd"
    STOCHASTIC = "sr"


class TermCut(Enum):
    """What becomes of the bits of a term that lie below a window.

    ``rtz`` drops those of the magnitude, ``floor`` those of two's complement, and ``odd`` sets the
    last bit that is kept if one of them is 1.
    """

    TRUNCATE = "rtz"
    FLOOR = "floor"
    ODD = "odd"


class ZeroSign(Enum):
    """Sign of a result that is zero.

    ``ieee``: only (-0) + (-0) = -0, and what underflows keeps its sign; ``sum0``: an exact sum of
    zero is +0, but what underflows keeps its sign; ``plus0``: every zero is +0.
    """

    IEEE = "ieee"
    SUM = "sum0"
    PLUS = "plus0"


class Overflow(Enum):
    """What a value beyond the largest number becomes.

    ``special`` is IEEE 754's answer (infinity; NaN where the format has no infinity; the largest
    number where it has neither, and where rounding is toward zero); ``inf`` is the same whatever
    the rounding is; ``wrap`` exists for integers only.
    """

    SATURATE = "saturate"
    TO_SPECIAL = "special"
    TO_INF = "inf"
    WRAP = "wrap"
