"""What units take on FPGAs before place and route: tables, carries, flip-flops, blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from rich.table import Table

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.fpga import FpgaDesign, measure_fpga
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table
from fp8mac.synth_reports.synth.fpga import Fpga

__all__ = ["STANDARD", "CountRecord", "Counts", "FpgaOptions"]

STANDARD = (
    "int8 -> int32",
    "e4m3 -> kulisch:3",
    "e4m3 -> kulisch:3:segmented=10",
    "e5m2 -> kulisch:7",
    "e4m3 -> fp16",
    "e4m3 -> bf16",
    "e4m3 -> fp32",
    "e5m2 -> fp16",
)
"""Units of the table."""


@dataclass(frozen=True)
class FpgaOptions:
    """Which units are in the table."""

    units: Annotated[
        tuple[str, ...],
        Option('Units, as "e4m3 -> kulisch"; the standard ones by default.', "U,V,...", part=True),
    ] = ()


@dataclass(frozen=True)
class CountRecord:
    """What a registered unit takes.

    Parameters
    ----------
    unit, target, goal : str
        What it is: unit in a line, FPGA, goal.
    luts, carries, flip_flops, dsps, levels, longest_carry : int
        See `fp8mac.synth_reports.synth.fpga.FpgaMetrics`.
    rtlil_sha256, netlist_sha256, flow, flow_sha256, yosys : str
        What it was made from, and by what.
    """

    unit: str
    target: str
    goal: str
    luts: int
    carries: int
    flip_flops: int
    dsps: int
    levels: int
    longest_carry: int
    rtlil_sha256: str
    netlist_sha256: str
    flow: str
    flow_sha256: str
    yosys: str


class Counts(Experiment[FpgaOptions, FpgaDesign, CountRecord]):
    """Registered units, on each FPGA, without multiplier blocks and with them."""

    name = "fpga"
    help = "Tables, carries, flip-flops and levels of units on iCE40 and ECP5, DSP off and on."
    options = FpgaOptions
    record = CountRecord
    pattern = "fpga.*"

    def plan(self, options: FpgaOptions) -> list[FpgaDesign]:
        return [
            FpgaDesign(config, Shape.UNIT, target, goal)
            for config in map(parse_line, options.units or STANDARD)
            for target in Fpga
            for goal in (Goal.FPGA, Goal.FPGA_DSP)
        ]

    def run(self, job: FpgaDesign, worker: Worker) -> CountRecord:
        yosys = find_yosys()
        found = measure_fpga(job, yosys, worker.store, force=worker.force)
        metrics = found.synthesis.metrics
        return CountRecord(
            unit=job.config.text,
            target=job.target.value,
            goal=job.goal.value,
            luts=metrics.luts,
            carries=metrics.carries,
            flip_flops=metrics.flip_flops,
            dsps=metrics.dsps,
            levels=metrics.levels,
            longest_carry=metrics.longest_carry,
            rtlil_sha256=found.rtlil_sha256,
            netlist_sha256=found.synthesis.sha256,
            flow=job.flow.name,
            flow_sha256=job.flow.sha256,
            yosys=f"{yosys.version} ({yosys.build})",
        )

    def render(self, records: Sequence[CountRecord], made: Made) -> dict[str, str | bytes]:
        return {
            "fpga.csv": csv_table([vars(record) for record in records]),
            "fpga.md": _page(records, made.command),
        }

    def show(self, records: Sequence[CountRecord], options: FpgaOptions) -> Table:
        return aligned_table(_TITLES, _rows(records), _NAMES)


_NAMES = ["unit", "FPGA", "DSP"]
_TITLES = [*_NAMES, "LUT", "carry", "FF", "blocks", "levels", "longest carry"]


def _rows(records: Sequence[CountRecord]) -> list[list[str]]:
    return [
        [
            each.unit,
            each.target,
            "on" if each.goal == Goal.FPGA_DSP.value else "off",
            *(
                str(count)
                for count in (each.luts, each.carries, each.flip_flops, each.dsps, each.levels)
            ),
            str(each.longest_carry),
        ]
        for each in records
    ]


def _page(records: Sequence[CountRecord], command: str) -> str:
    flows = ", ".join(
        f"`{name}` ({digest[:8]})"
        for name, digest in dict.fromkeys((each.flow, each.flow_sha256) for each in records)
    )
    lines = [
        "# Units on FPGAs",
        "",
        f"Made by `{command}`: Yosys {records[0].yosys}, flows {flows}.",
        "",
        "Registered units of `--goal fpga`, and of `--goal fpga-dsp` mapped to multiplier blocks,",
        "before place and route. LUT: tables of four inputs; two places of a carry chain of ECP5",
        "take two. Carry: places of carry chains. Levels: tables and blocks on the longest path.",
        "",
        markdown_table(_TITLES, _rows(records)),
        "",
    ]
    return "\n".join(lines)
