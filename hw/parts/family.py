"""What a family of circuits is: for each kind of accumulator, the parts of a core."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fp8mac.hw.config.accumulators import AccumulatorConfig
from fp8mac.hw.config.unit import MacConfig

__all__ = ["Family", "Parts"]


class Parts(NamedTuple):
    """Parts of a combinational core.

    Parameters
    ----------
    multiplier : Component, optional
        Operand codes ``a``, ``b`` to an exact ``product``. None where the accumulator takes ``a``
        and ``b`` itself.
    accumulator : Component
        ``product``, or ``a`` and ``b``, and the accumulator ``c`` to the next accumulator ``y``.
    """

    multiplier: Any | None
    accumulator: Any


Family = Mapping[type[AccumulatorConfig], Callable[[MacConfig], Parts]]
"""By the class of a unit's accumulator, what makes its parts; the same in all families."""
