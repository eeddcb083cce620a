"""How a circuit is built: from which circuits, and how carries run in its adders.

A goal is one end, or the other. Between them lie structures::

    circuits   integers              Kulisch                    floats
    area       Booth rows            small shifter, sign behind  single path
    lean       as speed              product by an array        dual path, product by an array
    speed      products of bits      product by tables          dual path, product by tables

    adder      a carry out of place i comes from
    ripple     place i-1
    brent-kung blocks of powers of two, few of them
    sklansky   blocks of powers of two, each at once
    fitted     the two spans that are there first, see `fp8mac.hw.parts.prefix`

# Ref: J. Sklansky, IRE Trans. Electronic Computers EC-9, 1960
# Ref: R. P. Brent and H. T. Kung, IEEE Trans. Computers C-31(3), 1982
"""

from dataclasses import dataclass
from enum import Enum

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.unit import MacConfig

__all__ = [
    "GATE_GOALS",
    "MOST_LANES",
    "Adder",
    "Built",
    "Circuits",
    "Goal",
    "Structure",
    "StructureError",
    "parse_built",
    "parse_structure",
    "structures_of",
]


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


MOST_LANES = 64
"""Products that a circuit adds in a step."""

GATE_GOALS = (Goal.AREA, Goal.SPEED)
"""Goals that are measured in gates."""


class StructureError(Error, ValueError):
    """A structure that does not exist; the message is one sentence for the user."""


class Circuits(Enum):
    """Family of circuits that a core is made from."""

    AREA = "area"
    LEAN = "lean"
    SPEED = "speed"
    FPGA = "fpga"
    FPGA_DSP = "fpga-dsp"


class Adder(Enum):
    """How carries run."""

    RIPPLE = "ripple"
    BRENT_KUNG = "brent-kung"
    SKLANSKY = "sklansky"
    FITTED = "fitted"


@dataclass(frozen=True)
class Structure:
    """How a circuit is built; it computes the same whatever that is.

    Parameters
    ----------
    circuits : Circuits
        What it is made from.
    adder : Adder
        How carries run in all of its adders.
    """

    circuits: Circuits
    adder: Adder

    @property
    def value(self) -> str:
        """Its name: ``area-ripple``."""
        return f"{self.circuits.value}-{self.adder.value}"

    @property
    def goal(self) -> Goal:
        """What its circuits are built for."""
        return Goal.AREA if self.circuits is Circuits.AREA else Goal.SPEED

    @property
    def is_fpga(self) -> bool:
        """Whether it is measured in tables and carry chains, not in gates."""
        return self.circuits in (Circuits.FPGA, Circuits.FPGA_DSP)

    @property
    def for_integers(self) -> "Structure":
        """The same for integers, whose products are never read from tables."""
        lean = self.circuits is Circuits.LEAN
        return Structure(Circuits.SPEED, self.adder) if lean else self

    @property
    def suffix(self) -> str:
        """What the name of a module has of it; the ends are named as goals are."""
        goals = {structure: goal for goal, structure in _GOALS.items()}
        if self in goals:
            return _SUFFIXES[goals[self]]
        return "_" + self.value.replace("-", "_")

    @classmethod
    def of(cls, built: "Built") -> "Structure":
        """Structure of a circuit that is built for a goal, or as told."""
        return built if isinstance(built, Structure) else _GOALS[built]


Built = Goal | Structure
"""What a circuit is built for, or how."""

_GOALS = {
    Goal.AREA: Structure(Circuits.AREA, Adder.RIPPLE),
    Goal.SPEED: Structure(Circuits.SPEED, Adder.FITTED),
    Goal.FPGA: Structure(Circuits.FPGA, Adder.RIPPLE),
    Goal.FPGA_DSP: Structure(Circuits.FPGA_DSP, Adder.RIPPLE),
}
_SUFFIXES = {
    Goal.AREA: "",
    Goal.SPEED: "_speed",
    Goal.FPGA: "_fpga",
    Goal.FPGA_DSP: "_fpga_dsp",
}


def structures_of(config: MacConfig) -> tuple[Structure, ...]:
    """Structures that a unit can be built with, roughly from small to large.

    Those are left out that are never the smallest ones: ripples in circuits with a short path, and
    between circuits that do not differ.
    """
    adders = {
        Circuits.AREA: tuple(Adder),
        Circuits.LEAN: (Adder.BRENT_KUNG, Adder.SKLANSKY, Adder.FITTED),
        Circuits.SPEED: (Adder.SKLANSKY, Adder.FITTED),
    }
    if config.has_integer_products or config.segment_bits is not None:
        del adders[Circuits.LEAN]
        adders[Circuits.SPEED] = tuple(Adder)[1:]
    if config != config.plain and not config.is_fixed:
        del adders[Circuits.LEAN]
        adders[Circuits.AREA] = (Adder.RIPPLE,)
        adders[Circuits.SPEED] = tuple(Adder)[1:]
    return tuple(Structure(circuits, adder) for circuits in adders for adder in adders[circuits])


def parse_built(name: str, config: MacConfig) -> Built:
    """Read the name of a goal, or of a structure of a unit.

    Raises
    ------
    StructureError
        If there is neither of that name.
    """
    goals = {each.value: each for each in Goal}
    return goals[name] if name in goals else parse_structure(name, config)


def parse_structure(name: str, config: MacConfig) -> Structure:
    """Read the name of a structure of a unit.

    Raises
    ------
    StructureError
        If the unit has none of that name.
    """
    known = {each.value: each for each in structures_of(config)}
    if name not in known:
        raise StructureError(f"{config.text} has no structure '{name}': {', '.join(known)}.")
    return known[name]
