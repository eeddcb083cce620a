"""Designs as jobs and records: what the experiments have in common that synthesise units."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.synth_reports.cost.measure import Bench, Design, Measurement
from fp8mac.synth_reports.cost.physical import (
    Facts,
    dynamic_energies,
    energy_report,
    facts_of,
    figures_of,
)
from fp8mac.synth_reports.cost.report import tool_columns, tools_report
from fp8mac.synth_reports.cost.stimuli import Stimuli, can_draw
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN

__all__ = ["DesignJob", "DesignRecord", "index", "key_of", "measure", "record_of"]


@dataclass(frozen=True)
class DesignJob:
    """A design to measure.

    Parameters
    ----------
    design : Design
        In two-input gates, or mapped to a library, by the name that the user has for it.
    flow : str, optional
        Name of the flow; by default that of its goal.
    stimuli : Stimuli, optional
        What it does while its energy is measured: of a mapped unit whose operands can be drawn.
    """

    design: Design
    flow: str | None = None
    stimuli: Stimuli | None = None


@dataclass(frozen=True)
class DesignRecord:
    """What was found of a design.

    Parameters
    ----------
    unit, shape, goal, library : str
        What it is: slug, ``core`` or ``unit``, goal, and library or None for two-input gates.
    format_a, format_b, accumulator : str
        What the unit consists of.
    acc_bits : int
        Width of its accumulator.
    two_input_gates, inverters, flip_flops, levels, levels_with_inverters, weighted_gates : int
        See `fp8mac.synth_reports.synth.metrics.Metrics`; None in a library.
    cells : dict of str to int
        How often each cell occurs, in two-input gates.
    area_um2, area_ge, delay_ns, delay_fo4 : float
        In a library: area with flip-flops, and delay between them; None in units that it has not.
    energy_functional_pj, energy_unit_delay_pj : float
        Of a cycle, dynamic, without and with glitches; None in our own library.
    energy_functional_cinv_v2, energy_unit_delay_cinv_v2 : float
        The same in our own library.
    energy_overflow_share : float
        Of the sums while energy was measured.
    rtlil_sha256, netlist_sha256, library_sha256 : str
        Hashes of what was synthesised, of the netlist, and of the library.
    flow, flow_sha256, yosys, abc, amaranth : str
        What made it.
    """

    unit: str
    shape: str
    goal: str
    library: str | None
    format_a: str
    format_b: str
    accumulator: str
    acc_bits: int
    two_input_gates: int | None
    inverters: int | None
    flip_flops: int | None
    levels: int | None
    levels_with_inverters: int | None
    weighted_gates: int | None
    cells: dict[str, int] | None
    area_um2: float | None
    area_ge: float | None
    delay_ns: float | None
    delay_fo4: float | None
    energy_functional_pj: float | None
    energy_unit_delay_pj: float | None
    energy_functional_cinv_v2: float | None
    energy_unit_delay_cinv_v2: float | None
    energy_overflow_share: float | None
    rtlil_sha256: str
    netlist_sha256: str
    library_sha256: str | None
    flow: str
    flow_sha256: str
    yosys: str
    abc: str | None
    amaranth: str

    @property
    def tools(self) -> dict[str, str | None]:
        """The last columns: what made it."""
        return {name: getattr(self, name) for name in _TOOLS}

    @property
    def flow_text(self) -> str:
        """The flow, for a page."""
        return f"flow `{self.flow}` ({self.flow_sha256[:8]})"

    @property
    def abc_text(self) -> str:
        """ABC, for a page."""
        return self.abc or "its own ABC"


_TOOLS = ("flow", "flow_sha256", "yosys", "abc", "amaranth")

Key = tuple[str, str, str, str | None]


def key_of(design: Design) -> Key:
    """What tells designs apart: unit, shape, goal, library."""
    return design.config.slug, design.shape.value, design.goal.value, design.library


def index(records: Iterable[DesignRecord]) -> dict[Key, DesignRecord]:
    """Records by what they are about."""
    return {(each.unit, each.shape, each.goal, each.library): each for each in records}


def measure(job: DesignJob, worker: Worker) -> DesignRecord:
    """Synthesise a design, or read what is known of it.

    Raises
    ------
    ConfigError
        If there is no circuit for a unit.
    YosysError, SynthesisError
        If the synthesis fails.
    LibertyError
        If there is no such library.
    """
    design = job.design
    bench = worker.bench(job.flow, (design.library or OWN,))
    measured = bench.measure([design], force=worker.force)[design]
    if design.library is None:
        return record_of(measured, bench)
    library = worker.library(design.library)
    energy = None
    if job.stimuli and design.shape is Shape.UNIT and can_draw(design.config):
        energy = energy_report(measured, library, job.stimuli, bench.store)
    return record_of(measured, bench, facts_of(library, bench.store), energy)


def record_of(
    measured: Measurement,
    bench: Bench,
    facts: Facts | None = None,
    energy: dict[str, Any] | None = None,
) -> DesignRecord:
    """Record of a measurement.

    Parameters
    ----------
    measured : Measurement
        The design.
    bench : Bench
        What measured it.
    facts : Facts, optional
        Of the library that it is mapped to.
    energy : dict, optional
        See `fp8mac.synth_reports.cost.physical.energy_report`.
    """
    design, config = measured.design, measured.design.config
    values: dict[str, Any] = dict.fromkeys(DesignRecord.__dataclass_fields__)
    if facts is None:
        values |= asdict(measured.metrics)
    else:
        values |= asdict(figures_of(measured, facts))
    if energy is not None:
        values |= dynamic_energies(energy)
        values["energy_overflow_share"] = energy["overflow_share"]
    values |= {
        "unit": config.slug,
        "shape": design.shape.value,
        "goal": design.goal.value,
        "library": design.library,
        "format_a": config.a.name,
        "format_b": config.b.name,
        "accumulator": config.accumulator.name,
        "acc_bits": config.acc_bits,
        "rtlil_sha256": measured.rtlil_sha256,
        "netlist_sha256": measured.synthesis.sha256,
        "library_sha256": facts.sha256 if facts else None,
        **tool_columns(tools_report(bench, measured)),
    }
    return DesignRecord(**values)
