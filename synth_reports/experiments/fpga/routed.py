"""Placing and routing a unit with several seeds; what is known is looked up."""

from dataclasses import asdict, dataclass
from statistics import median

from fp8mac.gen.describe import module_name
from fp8mac.gen.fpga_tools import ToolError
from fp8mac.gen.yosys import Yosys, find_yosys
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.fpga import FpgaDesign
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.synth.fpga import FpgaFlow
from fp8mac.synth_reports.synth.route import (
    AROUND,
    DEVICES,
    Nextpnr,
    Routed,
    find_nextpnr,
    registered,
)

__all__ = ["ClockJob", "ClockRecord", "routed"]


@dataclass(frozen=True)
class ClockJob:
    """A unit that is placed and routed.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal
        What it is built for; ``FPGA_DSP`` has its products as operators, which are mapped to
        multiplier blocks where the device has some.
    seeds : int
        How many times it is placed.
    device : str
        One of `fp8mac.synth_reports.synth.route.DEVICES`.
    """

    config: MacConfig
    goal: Goal
    seeds: int
    device: str = "hx8k"


@dataclass(frozen=True)
class ClockRecord:
    """What came of it.

    Parameters
    ----------
    unit, device, goal : str
        What it is.
    luts, carries, flip_flops, dsps : int
        With the flip-flops before the inputs.
    logic_cells : int
        Cells of the device that are taken, see `fp8mac.synth_reports.synth.route.Routed`; those
        around the unit are counted.
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
    device: str
    goal: str
    luts: int
    carries: int
    flip_flops: int
    dsps: int
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


def routed(job: ClockJob, worker: Worker) -> ClockRecord:
    """Place and route a unit, or look up what came of it.

    Raises
    ------
    ToolError
        If there is no nextpnr, it fails, or its router does not end.
    YosysError
        If there is no Yosys that can be used.
    """
    yosys, nextpnr = find_yosys(), find_nextpnr(DEVICES[job.device])
    goal = job.goal if nextpnr.device.has_dsp else Goal.FPGA
    flow = FpgaDesign(job.config, Shape.UNIT, nextpnr.device.fpga, goal).flow
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
    table = ports(job.config, Shape.UNIT)
    found = placed = flow.synthesize(rtlil, AROUND, yosys, registered(top, table))
    if nextpnr.device.folds:
        placed = flow.synthesize(rtlil, AROUND, yosys, registered(top, table, folded=True))
    routed: list[Routed] = []
    unended = 0
    while len(routed) < job.seeds:
        one = nextpnr.route(placed.netlist, len(routed) + unended + 1)
        if one is not None:
            routed.append(one)
        elif (unended := unended + 1) > job.seeds:
            raise ToolError(f"nextpnr does not end with {job.config.text}.")
    clocks = [each.mhz for each in routed]
    return ClockRecord(
        unit=job.config.text,
        device=job.device,
        goal=job.goal.value,
        luts=found.metrics.luts,
        carries=found.metrics.carries,
        flip_flops=found.metrics.flip_flops,
        dsps=found.metrics.dsps,
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
