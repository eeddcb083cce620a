"""The cost of a point: Verilog, gates, area, delay, energy, or an FPGA's tables."""

import tempfile
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from fp8mac.gen.describe import module_name
from fp8mac.gen.fpga_tools import ToolError
from fp8mac.gen.verilog import is_proved, module_sha256, verilog_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, Structure, parse_built
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.cost.fpga import FpgaDesign, measure_fpga
from fp8mac.synth_reports.cost.measure import Design, Measurement
from fp8mac.synth_reports.cost.physical import (
    dynamic_energies,
    energy_report,
    facts_of,
    library_report,
)
from fp8mac.synth_reports.cost.report import Question
from fp8mac.synth_reports.cost.stimuli import Stimuli, can_draw
from fp8mac.synth_reports.cost.targeted import choose_for
from fp8mac.synth_reports.experiments.accuracy.cases import case_of
from fp8mac.synth_reports.experiments.fpga.routed import ClockJob, routed
from fp8mac.synth_reports.experiments.sweep.recorded import QUESTIONS, recorded
from fp8mac.synth_reports.experiments.sweep.space import Point, target_of
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.synth.fpga import Fpga
from fp8mac.synth_reports.synth.route import DEVICES, find_nextpnr

__all__ = ["COST_COLUMNS", "CostJob"]

COST_COLUMNS = (
    *("structure", "target_met", "gates", "inverters", "flip_flops", "levels"),
    *("area_ge", "area_um2", "delay_fo4", "delay_ns"),
    *("energy_pj", "energy_cinv_v2", "energy_operands"),
    *("luts", "carries", "dsps", "fmax_mhz", "proved", "netlist_sha256"),
)
"""That the job fills, beside the hash of the Verilog."""

_SEEDS = 3
"""Placements whose median clock counts."""


@dataclass(frozen=True)
class CostJob:
    """Build a unit and measure it.

    Parameters are those of `fp8mac.synth_reports.experiments.sweep.space.Point`, ``unit`` its unit
    in one line; the network is that whose operands it adds while energy is measured, or empty.
    """

    unit: str
    goal: str
    delay: str
    library: str
    fpga: str
    network: str
    inputs: str
    axes: str

    part: ClassVar[str] = "cost"

    @classmethod
    def of(cls, point: Point) -> "CostJob":
        """Job of a point; points whose energy is that of the same operands share it."""
        network = point.network if point.operands == "recorded" and point.library else ""
        data = (point.inputs, point.axes) if network else ("", "")
        built = (point.goal, point.delay, point.library, point.fpga)
        return cls(point.config.text, *built, network, *data)

    def key(self, worker: Worker) -> str:
        """Hash of what the cost depends on."""
        yosys = find_yosys()
        inputs = [repr(self), yosys.build, yosys.version]
        if self.library:
            inputs.append(worker.library(self.library).sha256)
        if self.network:
            inputs.append(_case(self, parse_line(self.unit)).identity)
        if self._is_routed:
            inputs.append(_nextpnr())
        return worker.store.key(inputs, __name__)

    def run(self, worker: Worker) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Columns of the store, and the files whose hashes are in columns.

        Raises
        ------
        Error
            If there is no circuit for the unit, no Yosys, no such library, or a target that means
            nothing in it.
        """
        config = parse_line(self.unit)
        found: dict[str, Any] = dict.fromkeys(COST_COLUMNS)
        if self.fpga:
            built: Built = Goal(self.goal)
            found |= self._on_fpga(config, Goal(self.goal), worker)
        else:
            built, columns = self._in_cells(config, worker)
            found |= columns
        text = verilog_text(config, Shape.UNIT, goal=built, command=self._command(built))
        module = module_name(config, Shape.UNIT, goal=built)
        proved = is_proved(module, module_sha256(text))
        found |= {"structure": built.value, "proved": 1 if proved else None}
        return found, {"verilog_sha256": text.encode()}

    def _command(self, built: Built) -> str:
        how = f"--structure {built.value}" if isinstance(built, Structure) else ""
        how = how or ("" if built is Goal.AREA else f"--goal {built.value}")
        return f"fp8mac verilog '{self.unit}' {how}".rstrip()

    def _on_fpga(self, config: MacConfig, goal: Goal, worker: Worker) -> dict[str, Any]:
        design = FpgaDesign(config, Shape.UNIT, Fpga(self.fpga), goal)
        measured = measure_fpga(design, find_yosys(), worker.store, force=worker.force).synthesis
        facts = asdict(measured.metrics)
        names = ("luts", "carries", "flip_flops", "dsps", "levels")
        found = {name: facts[name] for name in names} | {"netlist_sha256": measured.sha256}
        return found | self._clock(config, goal, worker)

    @property
    def _is_routed(self) -> bool:
        """Whether there is a device for its netlist: an HX8K, which has no multiplier blocks."""
        return self.fpga == Fpga.ICE40.value and self.goal != Goal.FPGA_DSP.value

    def _clock(self, config: MacConfig, goal: Goal, worker: Worker) -> dict[str, Any]:
        """Clock and period after place and route; nothing where that cannot be had."""
        if not self._is_routed or not _nextpnr():
            return {}
        try:
            clock = routed(ClockJob(config, goal, _SEEDS), worker).mhz_median
        except ToolError:  # it has no room, or the router does not end: tables count all the same
            return {}
        return {"fmax_mhz": clock, "delay_ns": round(1000 / clock, 3)}

    def _in_cells(self, config: MacConfig, worker: Worker) -> tuple[Built, dict[str, Any]]:
        name = self.library
        library, bench = worker.library(name), worker.bench(None, (name,))
        met, delay_ps = None, None
        if self.delay:
            target = replace(target_of(self.delay), shape=Shape.UNIT)
            question = Question(config, libraries={name: library})
            choice = choose_for(target, question, bench, force=worker.force)
            built: Built = choice.structure
            met, delay_ps = int(choice.met), choice.measured.design.delay_ps
        else:
            built = parse_built(self.goal, config)
        plain = Design(config, Shape.UNIT, built)
        mapped = replace(plain, library=name, delay_ps=delay_ps)
        measured = bench.measure([plain, mapped], force=worker.force and not self.delay)
        metrics = measured[plain].metrics
        figures = library_report(measured[mapped], facts_of(library, worker.store))
        return built, {
            "target_met": met,
            "gates": metrics.two_input_gates,
            "inverters": metrics.inverters,
            "flip_flops": metrics.flip_flops,
            "levels": metrics.levels,
            **figures,
            **self._energy(measured[mapped], worker),
        }

    def _energy(self, measured: Measurement, worker: Worker) -> dict[str, Any]:
        config, library = measured.design.config, worker.library(self.library)
        if config.block is not None or not (self.network or can_draw(config)):
            return {}
        with tempfile.TemporaryDirectory() as folder:
            stimuli, kind = Stimuli(), "normal"
            if self.network:
                path = Path(folder, "operands.npz")
                stimuli, kind = recorded(_case(self, config), config, path), "recorded"
            report = energy_report(measured, library, stimuli, worker.store)
        if report is None:
            return {}
        energies = dynamic_energies(report)
        pj, cinv = (energies.get(f"energy_unit_delay_{unit}") for unit in ("pj", "cinv_v2"))
        return {"energy_pj": pj, "energy_cinv_v2": cinv, "energy_operands": kind}


@cache
def _nextpnr() -> str:
    """Version of nextpnr; empty where there is none."""
    try:
        return find_nextpnr(DEVICES["hx8k"]).version
    except ToolError:
        return ""


def _case(job: CostJob, config: MacConfig) -> Any:
    return case_of(config, job.network, QUESTIONS, inputs=job.inputs, axes=job.axes)
