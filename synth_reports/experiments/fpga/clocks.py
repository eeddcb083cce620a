"""How fast units are on FPGAs, between registers, after place and route."""

from collections.abc import Iterable, Sequence
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
from fp8mac.synth_reports.synth.route import DEVICES, find_nextpnr

__all__ = ["COMPARED", "STANDARD", "ClockOptions", "Clocks"]

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
"""Units of the table, on an iCE40 HX8K."""

COMPARED = (
    "int8 -> int32",
    "int8 -> int32, stages 2",
    "e4m3 -> kulisch:3",
    "e4m3 -> kulisch:3, stages 3",
    "e4m3 -> kulisch:3:segmented=10, stages 3",
    "e4m3 -> fp16",
)
"""Those on the other devices."""

_STANDARD = {"hx8k": STANDARD}
_GOALS = [Goal.FPGA, Goal.FPGA_DSP]


@dataclass(frozen=True)
class ClockOptions:
    """Which units are in the table."""

    units: Annotated[
        tuple[str, ...],
        Option('Units, as "e4m3 -> kulisch"; the standard ones by default.', "U,V,...", part=True),
    ] = ()
    goals: Annotated[
        tuple[str, ...],
        Option(
            "What they are built for; fpga by default, fpga-dsp as well where there are blocks.",
            "area,speed,...",
            part=True,
        ),
    ] = ()
    devices: Annotated[
        tuple[str, ...],
        Option("FPGAs; all by default.", f"{','.join(DEVICES)}", part=True),
    ] = ()
    seeds: Annotated[
        int, Option("Seeds of the placer, from 1.", "N", low=1, high=100, part=True)
    ] = 5


class Clocks(Experiment[ClockOptions, ClockJob, ClockRecord]):
    """Registered units with registered inputs; no pin has a place."""

    name = "route"
    help = "Place and route units for iCE40 and ECP5, DSP off and on: cells and MHz."
    options = ClockOptions
    record = ClockRecord
    pattern = "route.*"

    def plan(self, options: ClockOptions) -> list[ClockJob]:
        devices = options.devices or tuple(DEVICES)
        for name in devices:
            if name not in DEVICES:
                raise _unknown("device", name, DEVICES)
            find_nextpnr(DEVICES[name])
        goals = _goals(options.goals)
        return [
            ClockJob(unit, goal, options.seeds, name)
            for name in devices
            for unit in map(parse_line, options.units or _STANDARD.get(name, COMPARED))
            for goal in goals or _GOALS[: 1 + DEVICES[name].has_dsp]
        ]

    def run(self, job: ClockJob, worker: Worker) -> ClockRecord:
        return routed(job, worker)

    def render(self, records: Sequence[ClockRecord], made: Made) -> dict[str, str | bytes]:
        return {
            "route.csv": csv_table([vars(record) for record in records]),
            "route.md": _page(records, made.command),
        }

    def show(self, records: Sequence[ClockRecord], options: ClockOptions) -> Table:
        return aligned_table(_TITLES, _rows(records), _NAMES)


def _goals(names: Sequence[str]) -> list[Goal]:
    known = {goal.value: goal for goal in Goal}
    for name in names:
        if name not in known:
            raise _unknown("goal", name, known)
    return [known[name] for name in names]


def _unknown(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    *others, last = known
    return ConfigError(f"Unknown {kind} '{name}'; there are {', '.join(others)} and {last}.")


_NAMES = ["FPGA", "unit", "goal"]
_TITLES = [*_NAMES, "LUT", "carry", "FF", "DSP", "cells", "MHz", "from", "to"]


def _rows(records: Sequence[ClockRecord]) -> list[list[str]]:
    return [
        [
            each.device,
            each.unit,
            each.goal,
            *map(str, (each.luts, each.carries, each.flip_flops, each.dsps, each.logic_cells)),
            *(f"{mhz:.1f}" for mhz in (each.mhz_median, each.mhz_min, each.mhz_max)),
        ]
        for each in records
    ]


def _page(records: Sequence[ClockRecord], command: str) -> str:
    first = records[0]
    flows = {each.flow: f"`{each.flow}` ({each.flow_sha256[:8]})" for each in records}
    tools = {DEVICES[each.device].tool: each.nextpnr for each in records}
    titles = [f"{name}: {each.title}" for name, each in DEVICES.items()]
    with_versions = ", ".join(
        f"{name} {version.removeprefix('nextpnr-')}" for name, version in tools.items()
    )
    lines = [
        "# Units on FPGAs, placed and routed",
        "",
        f"Made by `{command}`: Yosys {first.yosys}, {with_versions};",
        f"flows {', '.join(flows.values())}.",
        "",
        f"{'; '.join(titles)}.",
        "Registered units, with flip-flops before all inputs but the reset; no pin has a place. An",
        "UP5K has too few pins for the sums: there the flip-flops before the inputs are one shift",
        "register, and others behind the sum are folded into one bit. *Cells*, which nextpnr",
        "counts, are with that, LUT, carry, FF and DSP without it.",
        f"MHz: median of {first.seeds} seeds of the placer, the slowest and the fastest of them,",
        "at 100 MHz asked for. Seeds with whose placement the router did not end were passed",
        f"over: {sum(each.unended_seeds for each in records)}.",
        "",
        markdown_table(_TITLES, _rows(records)),
        "",
    ]
    return "\n".join(lines)
