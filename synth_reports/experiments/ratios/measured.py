"""Measuring a unit for the ratios; designs and mappings that are known are looked up."""

from typing import Any

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.fpga import FpgaDesign, measure_fpga
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.experiments.designs import DesignJob, measure
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.synth.fpga import Fpga

__all__ = ["measured"]


def measured(unit: str, fpga: bool, worker: Worker) -> dict[str, Any]:
    """Fields of `fp8mac.synth_reports.experiments.ratios.experiment.RatioRecord`.

    Raises
    ------
    YosysError, SynthesisError
        If a synthesis fails.
    """
    config = parse_line(unit)
    if fpga:
        design = FpgaDesign(config, Shape.UNIT, Fpga.ICE40)
        found = measure_fpga(design, find_yosys(), worker.store, force=worker.force).synthesis
        return {"luts": found.metrics.luts}
    core = measure(DesignJob(Design(config, Shape.CORE, Goal.AREA)), worker)
    mapped = Design(config, Shape.UNIT, Goal.AREA, OWN)
    registered = measure(DesignJob(mapped, stimuli=Stimuli()), worker)
    return {
        "gates": core.two_input_gates,
        "weighted_gates": core.weighted_gates,
        "flip_flops": len(worker.bench().measure([mapped])[mapped].synthesis.flip_flops),
        "area_ge": registered.area_ge,
        "energy_cinv_v2": registered.energy_unit_delay_cinv_v2,
        "energy_no_glitch_cinv_v2": registered.energy_functional_cinv_v2,
    }
