"""Planted bugs: small changes of the circuits' sources that a proof or a test has to notice.

A proof that cannot fail says nothing. Each mutation is one change of one source file, of the kind
that happens: a gate of the wrong sort, a lost bit, a case forgotten.
"""

from dataclasses import replace

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.area import AREA_MUTATIONS
from fp8mac.proofs.bugs.dots.beside import BESIDE_MUTATIONS
from fp8mac.proofs.bugs.dots.fixed import DOT_MUTATIONS
from fp8mac.proofs.bugs.dots.floats import FLOAT_DOT_MUTATIONS
from fp8mac.proofs.bugs.dots.joined import JOINED_MUTATIONS
from fp8mac.proofs.bugs.fpga import FPGA_MUTATIONS
from fp8mac.proofs.bugs.outputs import OUTPUT_MUTATIONS
from fp8mac.proofs.bugs.planting import Mutation, MutationError, mutated_rtlil, parse_unit_text
from fp8mac.proofs.bugs.segments import SEGMENT_MUTATIONS
from fp8mac.proofs.bugs.speed import SPEED_MUTATIONS
from fp8mac.proofs.bugs.structures import STRUCTURE_MUTATIONS
from fp8mac.proofs.bugs.units import UNIT_MUTATIONS

__all__ = [
    "MUTATIONS",
    "Mutation",
    "MutationError",
    "mutated_rtlil",
    "mutations_of",
    "parse_unit_text",
]

_EVERYWHERE = ("area.align", "area.float", "area.round")
"""Modules that are written for few gates, and serve as well in tables and carry chains."""


def _shared(mutation: Mutation) -> Mutation:
    if mutation.module not in _EVERYWHERE:
        return mutation
    return replace(mutation, goals=(*mutation.goals, Goal.FPGA, Goal.FPGA_DSP))


_OF_FLOAT_SUMS = (*FLOAT_DOT_MUTATIONS, *BESIDE_MUTATIONS, *JOINED_MUTATIONS)

MUTATIONS: tuple[Mutation, ...] = (
    *OUTPUT_MUTATIONS,
    *SEGMENT_MUTATIONS,
    *map(_shared, (*AREA_MUTATIONS, *UNIT_MUTATIONS)),
    *SPEED_MUTATIONS,
    *STRUCTURE_MUTATIONS,
    *FPGA_MUTATIONS,
    *DOT_MUTATIONS,
    *_OF_FLOAT_SUMS,
)
"""Every planted bug; those of few units first."""


_AROUND = frozenset(
    "units.core units.mac parts.special parts.segments area.output area.requantize"
    " area.round".split()
)
"""Modules of what is around every core."""

_ROUNDINGS = ("area.round", "speed.round")
"""Modules that round sums of one product and of several."""


def _is_of(mutation: Mutation, config: MacConfig) -> bool:
    """Whether a mutation is one of a kind of unit: of several lanes, or of a single one."""
    of_fixed, of_floats = mutation in DOT_MUTATIONS, mutation in _OF_FLOAT_SUMS
    if config == config.plain:
        return not of_fixed and not of_floats
    around = mutation.registered and mutation.module in _AROUND
    drawn = mutation.part == "random number" and mutation.module in _ROUNDINGS
    return around or drawn or (of_fixed if config.is_fixed else of_floats)


def mutations_of(config: MacConfig, shape: Shape, *, goal: Built = Goal.AREA) -> list[Mutation]:
    """Mutations with a part in what a unit, or its combinational core, computes."""
    return [
        mutation
        for mutation in MUTATIONS
        if _is_of(mutation, config)
        and mutation.applies(config)
        and _has(mutation, goal)
        and (shape.is_registered or not mutation.registered)
    ]


def _has(mutation: Mutation, goal: Built) -> bool:
    """Whether circuits that are built so have the changed text."""
    if isinstance(goal, Structure):
        return mutation.structures is not None and mutation.structures(goal)
    return goal in mutation.goals
