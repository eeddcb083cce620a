"""Cores of units as proofs in parts take them; what is changed in one stays in it."""

from copy import copy
from functools import cache

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.gates import Gates

__all__ = ["parts_of"]


@cache
def _gates(line: str, goal: Goal) -> Gates:
    config = parse_line(line)
    text = rtlil_text(config, Shape.CORE, goal=goal)
    return Gates(text, module_name(config, Shape.CORE, goal=goal))


def parts_of(line: str, goal: Goal = Goal.AREA) -> FloatParts:
    """The core of a unit, with nets of its own."""
    gates = copy(_gates(line, goal))
    gates.nets = dict(gates.nets)
    return FloatParts(parse_line(line), gates, "accumulator.")
