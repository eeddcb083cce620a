"""What a family of circuits is: for each kind of accumulator, the parts of a core."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fp8mac.hw.config.accumulators import AccumulatorConfig
from fp8mac.hw.config.structure import Adder
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
    is_compact : bool
        Whether the product has few bits, so that a register between the two is worth them.
    clears : bool
        Whether the accumulator has an input ``clear``, at which it takes ``c`` for zero.
    """

    multiplier: Any | None
    accumulator: Any
    is_compact: bool = True
    clears: bool = False

    @property
    def has_product(self) -> bool:
        """Whether a register can hold the product."""
        return self.multiplier is not None and self.is_compact


Family = Mapping[type[AccumulatorConfig], Callable[[MacConfig, Adder], Parts]]
"""By the class of a unit's accumulator, what makes its parts; the same in all families."""
