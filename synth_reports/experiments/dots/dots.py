"""What is measured of dot products: which units, and what was found of each.

Five sets: units of real silicon by their names; lanes by format and accumulator; blocks that share
a scale; windows by their bits and lanes; RVBNA by its guard bits. A unit with partial sums is
measured as its step, see `fp8mac.sim.check.sums`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.sim.check.sums import step_of
from fp8mac.synth_reports.experiments.window.costs import GUARD_BITS, guarded
from fp8mac.synth_reports.experiments.window.window import line

__all__ = ["BITS", "BLOCKS", "LANES", "SETS", "STANDARD", "SWEEP", "DotJob", "DotRecord", "jobs"]

SETS = ("named", "lanes", "blocks", "window", "guard")
LANES = (1, 2, 4, 8, 16, 32)
SWEEP = (
    "int8{n} -> int32",
    "e2m1{n} -> kulisch:9",
    "e4m3{n} -> kulisch:7",
    "e4m3{n} -> e8m13:rtz:inf:plus0, window 14",
    "e4m3{n} -> fp32:rtz:inf:plus0, window 26",
    "e4m3{n} -> fp16",
    "e5m2{n} -> kulisch:7",
    "e5m2{n} -> fp32:rtz:inf:plus0, window 26",
)
"""Formats and accumulators, with a place for the lanes."""

BLOCKS = (
    "mxfp8e4m3 x 32 -> fp32",
    "mxfp6e3m2 x 32 -> fp32",
    "mxfp6e2m3 x 32 -> fp32",
    "mxfp4 x 32 -> fp32",
    "mxint8 x 32 -> fp32",
    "nvfp4 x 16 -> fp32",
)
"""A block a step, each exact and rounded once."""

BITS = (8, 10, 13, 16, 20, 25)
"""F of the windows; the accumulator has as many bits of mantissa, but 23 at most."""

_GUARDED = 4
"""Products of a step of RVBNA."""

STANDARD = tuple(
    name for name in NAMED_UNITS if name.removesuffix("-fp16") not in NAMED_UNITS.keys() - {name}
)
"""Named units that are measured where not all are asked for: of a card's units that differ in their
results alone, those with results in FP16 are left out.
"""


@dataclass(frozen=True)
class DotJob:
    """A unit to measure.

    Parameters
    ----------
    set : str
        One of `SETS`.
    name : str
        Of a named unit; otherwise format and accumulator, or F.
    unit : str
        The unit in one line.
    goal : str
        What it is built for.
    liberty : str
        The library, as one names it.
    """

    set: str
    name: str
    unit: str
    goal: str
    liberty: str

    @property
    def fpga(self) -> bool:
        """Whether its tables on an iCE40 are counted: not where bits of windows are swept."""
        return self.set in ("named", "lanes", "blocks")


@dataclass(frozen=True)
class DotRecord:
    """What was found of a unit.

    Parameters
    ----------
    set, name, unit, goal
        See `DotJob`.
    lanes : int
        Products of a step.
    basis : str or None
        What a named unit rests on, see `fp8mac.hw.config.silicon.named`.
    two_input_gates, levels : int
        Of the core.
    gates_per_lane : float
        Two-input gates by lanes.
    flip_flops : int
        Of the registered unit.
    area_ge, area_um2, delay_ns : float
        Of the registered unit in the library: area with flip-flops; None in units it has not.
    energy_functional_pj, energy_unit_delay_pj : float or None
        Of one product, without and with glitches; None where operands are too wide to be drawn.
    luts : int or None
        Tables of four inputs on an iCE40; None where they were not counted.
    library, rtlil_sha256, netlist_sha256, flow, flow_sha256, yosys, abc, amaranth : str
        What it was made from, and by what.
    """

    set: str
    name: str
    unit: str
    goal: str
    lanes: int
    basis: str | None
    two_input_gates: int
    levels: int
    gates_per_lane: float
    flip_flops: int
    area_ge: float
    area_um2: float | None
    delay_ns: float | None
    energy_functional_pj: float | None
    energy_unit_delay_pj: float | None
    luts: int | None
    library: str
    rtlil_sha256: str
    netlist_sha256: str
    flow: str
    flow_sha256: str
    yosys: str
    abc: str | None
    amaranth: str


def jobs(
    sets: Sequence[str],
    lanes: Sequence[int],
    goal: str,
    liberty: str,
    *,
    everything: bool = False,
) -> list[DotJob]:
    """Units of some sets.

    Parameters
    ----------
    sets : sequence of str
        Some of `SETS`.
    lanes : sequence of int
        Products of a step, in the sets that are about them.
    goal, liberty : str
        See `DotJob`.
    everything : bool
        Whether all named units that have a circuit are measured, not the standard ones alone.
    """
    found: list[DotJob] = []
    if "named" in sets:
        found += [
            DotJob("named", name, config.text, goal, liberty)
            for name, config in _steps(everything=everything)
        ]
    if "lanes" in sets:
        found += [
            DotJob("lanes", each.replace("{n}", ""), each.replace("{n}", _times(n)), goal, liberty)
            for each in SWEEP
            for n in lanes
        ]
    if "blocks" in sets:
        found += [DotJob("blocks", each, each, goal, liberty) for each in BLOCKS]
    if "window" in sets:
        found += [
            DotJob("window", f"F = {bits}", line(bits, n), goal, liberty)
            for bits in BITS
            for n in lanes
        ]
    if "guard" in sets:
        found += [
            DotJob("guard", f"g = {bits}", guarded(bits, _GUARDED), goal, liberty)
            for bits in GUARD_BITS
        ]
    return found


def _steps(*, everything: bool) -> Iterable[tuple[str, MacConfig]]:
    """Named units that there are circuits for, each with the unit of its step."""
    for name in NAMED_UNITS if everything else STANDARD:
        config = step_of(parse_line(name))
        try:
            check_buildable(config)
        except ConfigError:
            continue
        yield name, config


def _times(lanes: int) -> str:
    return f" x {lanes}" if lanes > 1 else ""
