"""Measuring a dot product: its core in gates, the registered unit in cells, its tables."""

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.cost import fpga
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.experiments import designs
from fp8mac.synth_reports.experiments.dots.dots import DotJob, DotRecord
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.synth.fpga import Fpga

__all__ = ["measured"]


def measured(job: DotJob, worker: Worker) -> DotRecord:
    """Measure a unit, or read what is known of it.

    Raises
    ------
    YosysError, SynthesisError
        If a synthesis fails.
    LibertyError
        If there is no such library.
    """
    config, goal = parse_line(job.unit), Goal(job.goal)
    core = designs.measure(designs.DesignJob(Design(config, Shape.CORE, goal)), worker)
    design = Design(config, Shape.UNIT, goal, job.liberty)
    unit = designs.measure(designs.DesignJob(design, stimuli=Stimuli()), worker)
    lanes = config.products_per_cycle
    assert core.two_input_gates is not None
    assert core.levels is not None
    assert unit.area_ge is not None
    return DotRecord(
        set=job.set,
        name=job.name,
        unit=job.unit,
        goal=job.goal,
        lanes=lanes,
        basis=NAMED_UNITS[job.name].basis.value if job.set == "named" else None,
        two_input_gates=core.two_input_gates,
        levels=core.levels,
        gates_per_lane=round(core.two_input_gates / lanes, 1),
        flip_flops=_flip_flops(design, worker),
        area_ge=round(unit.area_ge, 1),
        area_um2=None if unit.area_um2 is None else round(unit.area_um2, 1),
        delay_ns=None if unit.delay_ns is None else round(unit.delay_ns, 3),
        energy_functional_pj=unit.energy_functional_pj,
        energy_unit_delay_pj=unit.energy_unit_delay_pj,
        luts=_luts(config, worker) if job.fpga else None,
        library=worker.library(job.liberty).name,
        rtlil_sha256=core.rtlil_sha256,
        netlist_sha256=core.netlist_sha256,
        **{name: value or "" for name, value in unit.tools.items()},
    )


def _flip_flops(design: Design, worker: Worker) -> int:
    """Of a unit that was measured: it is read from the store."""
    bench = worker.bench(libraries=(design.library or "",))
    return len(bench.measure([design])[design].synthesis.flip_flops)


def _luts(config: MacConfig, worker: Worker) -> int:
    """Tables of the registered unit on an iCE40, without multiplier blocks."""
    design = fpga.FpgaDesign(config, Shape.UNIT, Fpga.ICE40)
    found = fpga.measure_fpga(design, find_yosys(), worker.store, force=worker.force)
    return found.synthesis.metrics.luts
