"""Units on FPGAs: measured, and reported beside int8 products in int32."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from fp8mac.gen.describe import module_name
from fp8mac.gen.yosys import Yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.measure import BASELINE
from fp8mac.synth_reports.cost.report import ratio
from fp8mac.synth_reports.store.parallel import in_parallel
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.fpga import Fpga, FpgaFlow, FpgaSynthesis

__all__ = [
    "FpgaDesign",
    "FpgaMeasurement",
    "FpgaQuestion",
    "fpga_report",
    "measure_fpga",
    "measure_fpgas",
]

_COMPARED = ("luts", "carries", "flip_flops", "levels", "longest_carry")


@dataclass(frozen=True)
class FpgaDesign:
    """Something to map to an FPGA.

    Parameters
    ----------
    config : MacConfig
        The unit.
    shape : Shape
        What of it.
    target : Fpga
        The FPGA.
    goal : Goal
        What it is built for; with ``FPGA_DSP`` it is mapped to multiplier blocks as well.
    """

    config: MacConfig
    shape: Shape
    target: Fpga
    goal: Goal = Goal.FPGA

    @property
    def flow(self) -> FpgaFlow:
        """What is done to it: of a dot product without multiplier blocks as to a large design."""
        dsp = self.goal is Goal.FPGA_DSP
        large = self.config.products_per_cycle > 1 and not dsp
        return FpgaFlow.load(self.target, dsp=dsp, large=large)

    @property
    def top(self) -> str:
        """Name of the top module."""
        return module_name(self.config, self.shape, goal=self.goal)


@dataclass(frozen=True)
class FpgaMeasurement:
    """A mapped design.

    Parameters
    ----------
    design : FpgaDesign
        What was measured.
    rtlil_sha256 : str
        Hash of what was given to Yosys.
    synthesis : FpgaSynthesis
        What became of it.
    """

    design: FpgaDesign
    rtlil_sha256: str
    synthesis: FpgaSynthesis


def measure_fpga(
    design: FpgaDesign, yosys: Yosys, store: Store, *, force: bool = False
) -> FpgaMeasurement:
    """Measure a design, or look it up.

    Raises
    ------
    ConfigError
        If there is no circuit for the unit.
    YosysError, SynthesisError
        If Yosys stops, or its netlist is not proved equal to the circuit.
    """
    flow = design.flow
    inputs = [design.top, repr(design.config), flow.sha256, yosys.build, yosys.version]
    key = store.key(inputs, "fp8mac.gen.rtlil", "fp8mac.synth_reports.synth.fpga")
    entry = None if force else store.load("fpga", key)
    if entry is None:
        from fp8mac.gen.rtlil import rtlil_text  # a known answer needs no Amaranth

        rtlil = rtlil_text(design.config, design.shape, goal=design.goal)
        synthesis = flow.synthesize(rtlil, design.top, yosys)
        digest = sha256(rtlil.encode()).hexdigest()
        entry = {"rtlil_sha256": digest, "netlist": synthesis.netlist}
        store.save("fpga", key, entry)
    return FpgaMeasurement(design, entry["rtlil_sha256"], FpgaSynthesis(entry["netlist"]))


def measure_fpgas(
    designs: Iterable[FpgaDesign],
    yosys: Yosys,
    store: Store,
    *,
    force: bool = False,
    progress: Callable[[FpgaDesign], None] = lambda design: None,
) -> dict[FpgaDesign, FpgaMeasurement]:
    """Measure designs on all processors, see `measure_fpga`."""
    return in_parallel(
        lambda design: measure_fpga(design, yosys, store, force=force),
        list(dict.fromkeys(designs)),
        lambda design, _: progress(design),
    )


@dataclass(frozen=True)
class FpgaQuestion:
    """What is asked about a unit.

    Parameters
    ----------
    config : MacConfig
        The unit.
    targets : tuple of Fpga
        FPGAs.
    dsp : bool
        Whether it is measured with multiplier blocks as well.
    shapes : tuple of Shape
        Core, unit or both.
    """

    config: MacConfig
    targets: tuple[Fpga, ...] = (Fpga.ICE40,)
    dsp: bool = False
    shapes: tuple[Shape, ...] = tuple(Shape)

    @property
    def goals(self) -> tuple[Goal, ...]:
        """What it is built for."""
        return (Goal.FPGA, Goal.FPGA_DSP) if self.dsp else (Goal.FPGA,)

    @property
    def designs(self) -> list[FpgaDesign]:
        """What to measure for that, of the unit and of the baseline."""
        return [
            FpgaDesign(config, shape, target, goal)
            for config in (self.config, BASELINE)
            for goal in self.goals
            for shape in self.shapes
            for target in self.targets
        ]


def fpga_report(
    question: FpgaQuestion,
    yosys: Yosys,
    store: Store,
    command: str,
    *,
    force: bool = False,
    progress: Callable[[FpgaDesign], None] = lambda design: None,
) -> dict[str, Any]:
    """Measure a unit on FPGAs.

    Parameters
    ----------
    question : FpgaQuestion
        What is asked.
    yosys : Yosys
        What maps it.
    store : Store
        Where results are kept.
    command : str
        What makes this document again.
    force : bool
        Whether to measure anew what is in the store.
    progress : callable
        Called with each of the question's designs when it is done.

    Returns
    -------
    dict
        JSON types only; as `fp8mac.synth_reports.cost.report.unit_report`, but that what was
        measured of each shape is in ``targets``.
    """
    config = question.config
    found = measure_fpgas(question.designs, yosys, store, force=force, progress=progress)

    def column(goal: Goal, shape: Shape, target: Fpga) -> dict[str, Any]:
        unit, base = (found[FpgaDesign(each, shape, target, goal)] for each in (config, BASELINE))
        metrics, base_metrics = unit.synthesis.metrics, base.synthesis.metrics
        counts = asdict(metrics)
        cells = counts.pop("cells")
        return {
            "netlist_sha256": unit.synthesis.sha256,
            "metrics": counts,
            "ratio_to_baseline": {
                name: ratio(getattr(metrics, name), getattr(base_metrics, name))
                for name in _COMPARED
            },
            "cells": cells,
        }

    def shape_facts(goal: Goal, shape: Shape) -> dict[str, Any]:
        example = found[FpgaDesign(config, shape, question.targets[0], goal)]
        return {
            "top": example.design.top,
            "rtlil_sha256": example.rtlil_sha256,
            "targets": {each.value: column(goal, shape, each) for each in question.targets},
        }

    flows = {design.flow.name: design.flow.sha256 for design in question.designs}
    return {
        "schema_version": 2,
        "command": command,
        "estimate_level": "mapped",
        "design": {
            "slug": config.slug,
            "format_a": config.a.name,
            "format_b": config.b.name,
            "accumulator": config.accumulator.name,
            "acc_bits": config.acc_bits,
        },
        "goal": Goal.FPGA.value,
        "baseline": {"slug": BASELINE.slug},
        "flows": {name: {"name": name, "sha256": digest} for name, digest in flows.items()},
        "tools": {
            "yosys": {"version": yosys.version, "build": yosys.build},
            "amaranth": {"version": version("amaranth")},
            "fp8mac": {"version": version("fp8mac")},
        },
        "goals": {
            goal.value: {shape.value: shape_facts(goal, shape) for shape in question.shapes}
            for goal in question.goals
        },
    }
