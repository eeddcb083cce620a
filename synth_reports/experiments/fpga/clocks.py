"""How fast units are on an iCE40 HX8K, between registers, after place and route."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from rich.table import Table

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option
from fp8mac.synth_reports.experiments.fpga.routed import ClockJob, ClockRecord, routed
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table
from fp8mac.synth_reports.synth.route import find_nextpnr

__all__ = ["STANDARD", "ClockOptions", "Clocks"]

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
