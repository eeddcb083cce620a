"""Circuits for steps that add several products, and which unit has which of them.

A circuit is a component with the operands' lanes packed in ``a`` and ``b``, the accumulator ``c``,
its next value ``y``, and what else `fp8mac.hw.config.ports.ports` gives a core: flags, carries.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from fp8mac.hw.config.structure import Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.fixed import FixedDot
from fp8mac.hw.dot.float import FloatDot

__all__ = ["DOTS", "Dot", "dot_of"]


class Dot(NamedTuple):
    """A kind of circuit.

    Parameters
    ----------
    fits : callable
        Whether it adds as a unit does.
    component : callable
        The circuit of a unit, built with a structure.
    """

    fits: Callable[[MacConfig], bool]
    component: Callable[[MacConfig, Structure], Any]


DOTS: tuple[Dot, ...] = (
    Dot(FixedDot.fits, FixedDot),
    Dot(FloatDot.fits, FloatDot),
)
"""All kinds; the first that fits is built."""


def dot_of(config: MacConfig, structure: Structure) -> Any:
    """The circuit of a unit that `fp8mac.hw.units.buildable.check_buildable` lets pass."""
    return next(dot for dot in DOTS if dot.fits(config)).component(config, structure)
