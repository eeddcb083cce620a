"""What a family of circuits is: for each kind of accumulator, the parts of a core."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fp8mac.hw.config.accumulators import AccumulatorConfig
from fp8mac.hw.config.structure import Adder
from fp8mac.hw.config.unit import MacConfig

__all__ = ["Family", "Parts", "Registers"]


class Registers(NamedTuple):
    """Where registers stand in a core of several stages, one a stage but the last.

    Parameters
    ----------
    operands : bool
        Before everything.
    product : bool
        Between multiplier and accumulator.
    inside : tuple of int
        Inside the accumulator, before its sum: at places that are its own.
    """

    operands: bool = False
    product: bool = False
    inside: tuple[int, ...] = ()


class Parts(NamedTuple):
    """Parts of a combinational core.

    Parameters
    ----------
    multiplier : Component, optional
        Operand codes ``a``, ``b`` to an exact ``product``. None where the accumulator takes ``a``
        and ``b`` itself.
    accumulator : Component
        ``product``, or ``a`` and ``b``, and the accumulator ``c`` to the next accumulator ``y``.
    registers : Registers
        Where registers stand, of a unit of several stages.
    clears : bool
        Whether the accumulator has an input ``clear``, at which it takes ``c`` for zero.
    """

    multiplier: Any | None
    accumulator: Any
    registers: Registers = Registers()
    clears: bool = False


Family = Mapping[type[AccumulatorConfig], Callable[[MacConfig, Adder], Parts]]
"""By the class of a unit's accumulator, what makes its parts; the same in all families."""
