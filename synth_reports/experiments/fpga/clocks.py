"""How fast units are on an iCE40 HX8K, between registers, after place and route."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated

from rich.table import Table

from fp8mac.gen.describe import module_name
from fp8mac.gen.yosys import Yosys, find_yosys
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table
from fp8mac.synth_reports.synth.fpga import Fpga, FpgaFlow
from fp8mac.synth_reports.synth.route import (
    AROUND,
    Nextpnr,
    Routed,
    RouteError,
    find_nextpnr,
    registered,
)

__all__ = ["STANDARD", "ClockJob", "ClockOptions", "ClockRecord", "Clocks", "routed"]

STANDARD = (
    "int8 -> int32",
    "int8 -> int32, stages 2",
    "int8 -> int32:segmented=8",
    "e4m3 -> kulisch:3",
    "e4m3 -> kulisch:3, stages 2",
    "e4m3 -> kulisch:3, stages 3",
    "e4m3 -> kulisch:3:segmented=10",
    "e4m3 -> kulisch:3:segmented=10, stages 2",
    "e4m3 -> kulisch:3:segmented=10, stages 3",
    "e5m2 -> kulisch:7",
    "e5m2 -> kulisch:7, stages 3",
    "e4m3 -> fp16",
)
"""Units of the table."""


@dataclass(frozen=True)
class ClockOptions:
    """Which units are in the table."""

    units: Annotated[
        tuple[str, ...],
        Option('Units, as "e4m3 -> kulisch"; the standard ones by default.', "U,V,...", part=True),
    ] = ()
    goals: Annotated[
        tuple[str, ...],
        Option("What they are built for; fpga by default.", "area,speed,...", part=True),
    ] = ()
    seeds: Annotated[
        int, Option("Seeds of the placer, from 1.", "N", low=1, high=100, part=True)
    ] = 5


@dataclass(frozen=True)
class ClockJob:
    """A unit that is placed and routed.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal
        What it is built for; ``FPGA_DSP`` has its products as operators, which are mapped to
        tables here.
    seeds : int
        How many times it is placed.
    """

    config: MacConfig
    goal: Goal
    seeds: int


@dataclass(frozen=True)
class ClockRecord:
    """What came of it.

    Parameters
    ----------
    unit, goal : str
        What it is.
    luts, carries, flip_flops : int
        With the flip-flops before the inputs.
    logic_cells : int
        Cells of the device that are taken.
    mhz_median, mhz_min, mhz_max : float
        Of the seeds.
    seeds : int
        How many there were.
    unended_seeds : int
        Seeds that were passed over, since the router did not end with their placements.
    netlist_sha256, flow, flow_sha256, yosys, nextpnr : str
        What it was made from, and by what.
    """

    unit: str
    goal: str
    luts: int
    carries: int
    flip_flops: int
    logic_cells: int
    mhz_median: float
    mhz_min: float
    mhz_max: float
    seeds: int
    unended_seeds: int
    netlist_sha256: str
    flow: str
    flow_sha256: str
    yosys: str
    nextpnr: str


class Clocks(Experiment[ClockOptions, ClockJob, ClockRecord]):
    """Registered units with registered inputs; no pin has a place."""

    name = "route"
    help = "Place and route units for an iCE40 HX8K, with nextpnr-ice40: cells and MHz."
    options = ClockOptions
    record = ClockRecord
    pattern = "route.*"

    def plan(self, options: ClockOptions) -> list[ClockJob]:
        find_nextpnr()
        units = [parse_line(line) for line in options.units or STANDARD]
        goals = _goals(options.goals)
        return [ClockJob(unit, goal, options.seeds) for unit in units for goal in goals]

    def run(self, job: ClockJob, worker: Worker) -> ClockRecord:
        return routed(job, worker)

    def render(self, records: Sequence[ClockRecord], made: Made) -> dict[str, str | bytes]:
        return {
            "route.csv": csv_table([vars(record) for record in records]),
            "route.md": _page(records, made.command),
        }

    def show(self, records: Sequence[ClockRecord], options: ClockOptions) -> Table:
        return aligned_table(_TITLES, _rows(records), ("unit", "goal"))


def routed(job: ClockJob, worker: Worker) -> ClockRecord:
    """Place and route a unit, or look up what came of it.

    Raises
    ------
    RouteError
        If there is no nextpnr, it fails, or its router does not end.
    YosysError
        If there is no Yosys that can be used.
    """
    yosys, nextpnr = find_yosys(), find_nextpnr()
    flow = FpgaFlow.load(Fpga.ICE40)
    tools = [flow.sha256, yosys.build, yosys.version, nextpnr.version]
    key = worker.store.key(
        [repr(job), *tools],
        "fp8mac.gen.rtlil",
        "fp8mac.synth_reports.synth.fpga",
        "fp8mac.synth_reports.synth.route",
    )
    facts = None if worker.force else worker.store.load("route", key)
    if facts is None:
        facts = asdict(_routed(job, flow, yosys, nextpnr))
        worker.store.save("route", key, facts)
    return ClockRecord(**facts)


def _routed(job: ClockJob, flow: FpgaFlow, yosys: Yosys, nextpnr: Nextpnr) -> ClockRecord:
    """Map a unit, and place and route it with as many seeds as are wanted."""
    from fp8mac.gen.rtlil import rtlil_text

    top = module_name(job.config, Shape.UNIT, goal=job.goal)
    rtlil = rtlil_text(job.config, Shape.UNIT, goal=job.goal)
    around = registered(top, ports(job.config, Shape.UNIT))
    found = flow.synthesize(rtlil, AROUND, yosys, around)
    routed: list[Routed] = []
    unended = 0
    while len(routed) < job.seeds:
        one = nextpnr.route(found.netlist, len(routed) + unended + 1)
        if one is not None:
            routed.append(one)
        elif (unended := unended + 1) > job.seeds:
            raise RouteError(f"nextpnr does not end with {job.config.text}.")
    clocks = [each.mhz for each in routed]
    return ClockRecord(
        unit=job.config.text,
        goal=job.goal.value,
        luts=found.metrics.luts,
        carries=found.metrics.carries,
        flip_flops=found.metrics.flip_flops,
        logic_cells=routed[0].logic_cells,
        mhz_median=round(median(clocks), 1),
        mhz_min=round(min(clocks), 1),
        mhz_max=round(max(clocks), 1),
        seeds=job.seeds,
        unended_seeds=unended,
        netlist_sha256=found.sha256,
        flow=flow.name,
        flow_sha256=flow.sha256,
        yosys=f"{yosys.version} ({yosys.build})",
        nextpnr=nextpnr.version,
    )


def _goals(names: Sequence[str]) -> list[Goal]:
    known = {goal.value: goal for goal in Goal}
    for name in names:
        if name not in known:
            *others, last = known
            raise ConfigError(f"Unknown goal '{name}'; there are {', '.join(others)} and {last}.")
    return [known[name] for name in names] or [Goal.FPGA]


_TITLES = ["unit", "goal", "LUT", "carry", "FF", "cells", "MHz", "from", "to"]


def _rows(records: Sequence[ClockRecord]) -> list[list[str]]:
    return [
        [
            each.unit,
            each.goal,
            *map(str, (each.luts, each.carries, each.flip_flops, each.logic_cells)),
            *(f"{mhz:.1f}" for mhz in (each.mhz_median, each.mhz_min, each.mhz_max)),
        ]
        for each in records
    ]


def _page(records: Sequence[ClockRecord], command: str) -> str:
    first = records[0]
    flow = f"flow `{first.flow}` ({first.flow_sha256[:8]})"
    tools = f"Yosys {first.yosys}, {flow}, nextpnr-ice40 {first.nextpnr}"
    lines = [
        "# Units on an iCE40 HX8K, placed and routed",
        "",
        f"Made by `{command}`: {tools}.",
        "",
        "Registered units, with flip-flops before all inputs but the reset, in a ct256, whose pins",
        f"have no places. MHz: median of {first.seeds} seeds of the placer, the slowest and the",
        "fastest of them, at 100 MHz asked for. Seeds with whose placement the router did not end",
        f"were passed over: {sum(each.unended_seeds for each in records)}.",
        "",
        markdown_table(_TITLES, _rows(records)),
        "",
    ]
    return "\n".join(lines)
