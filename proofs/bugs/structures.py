"""Planted bugs in circuits that are built with another structure, see `bugs.mutations`."""

from fp8mac.hw.config.structure import Adder, Circuits, Goal, Structure
from fp8mac.proofs.bugs.conditions import is_float, is_kulisch, takes_ints
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["STRUCTURE_MUTATIONS"]


def _has_networks(structure: Structure) -> bool:
    """Whether carries run through networks of gates."""
    return structure.adder is not Adder.RIPPLE


def _is_small(structure: Structure) -> bool:
    """Whether circuits for few gates have got such networks."""
    return structure.circuits is Circuits.AREA and _has_networks(structure)


def _is_lean(structure: Structure) -> bool:
    return structure.circuits is Circuits.LEAN


_NO_GOALS: tuple[Goal, ...] = ()

# fmt: off
STRUCTURE_MUTATIONS = (
    Mutation(
        "exponent of a normalised sum one too small", "normaliser", "area.float",
        "Const(3 - weight, width)", "Const(2 - weight, width)",
        ("e4m3,fp16", "e4m3,bf16"), is_float, goals=_NO_GOALS, structures=_is_small,
    ),
    Mutation(
        "sign of a number lost before an adder", "adder", "parts.prefix",
        "extended(x, width), extended(y, width)", "extended(x, width), Cat(y, x)[:width]",
        ("e4m3,fp16", "e4m3,bf16"), is_float, goals=_NO_GOALS, structures=_is_small,
    ),
    Mutation(
        "hidden bit of a subnormal operand in the array", "product", "speed.product",
        "row = Cat(b.fraction, b.hidden)", "row = Cat(b.fraction, Const(1, 1))",
        ("e4m3,kulisch", "e5m2,kulisch"),
        lambda config: is_kulisch(config) and not takes_ints(config),
        goals=_NO_GOALS, structures=_is_lean,
    ),
    Mutation(
        "carry passes a dead place (structure)", "adder", "parts.prefix",
        "upper | (upper_live & lower)", "upper | lower",
        ("e4m3,fp16", "e4m3,kulisch", "int8,int32"),
        lambda config: True, goals=_NO_GOALS, structures=_has_networks,
    ),
    Mutation(
        "no carry below a negative product (structure)", "Kulisch sign", "area.kulisch",
        "signed = Cat(sign, addend)", "signed = Cat(0, addend)",
        ("e4m3,kulisch",), is_kulisch, goals=_NO_GOALS, structures=_is_small,
    ),
    Mutation(
        "carry of a full adder lost (structure)", "tree", "parts.carry_save",
        "(a & b) | ((a | b) & c)", "(a & b) | (a & c)",
        ("int8,int32", "e4m3,fp16"),
        lambda config: True, goals=_NO_GOALS, structures=_has_networks,
    ),
)
# fmt: on
