"""What was measured, as one JSON document: units in the keys, null for what was not measured."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import GATE_GOALS, Built, Goal, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.breakdown import breakdown_designs, breakdown_report
from fp8mac.synth_reports.cost.measure import BASELINE, Bench, Design, Measurement
from fp8mac.synth_reports.cost.physical import (
    Facts,
    dynamic_energies,
    energy_report,
    facts_of,
    library_report,
)
from fp8mac.synth_reports.cost.stimuli import Stimuli, can_draw
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.synth.metrics import Metrics

__all__ = [
    "Question",
    "ratio",
    "ratios",
    "shape_report",
    "tool_columns",
    "tools_report",
    "unit_report",
]

_COMPARED = ("two_input_gates", "inverters", "flip_flops", "levels", "weighted_gates")


@dataclass(frozen=True)
class Question:
    """What is asked about a unit.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal or Structure
        What the registered unit, its energy and the breakdown are built for; the core is measured
        for both goals. Where it is a structure, all is built with that.
    shapes : tuple of Shape
        Core, unit or both.
    libraries : mapping of str to Library
        What it is mapped to beside two-input gates.
    stimuli : Stimuli
        What it does while its energy is measured.
    delays_ps : mapping of str to float
        By library, what a structure is mapped to, see `fp8mac.synth_reports.cost.measure.Design`.
    """

    config: MacConfig
    goal: Built = Goal.AREA
    shapes: tuple[Shape, ...] = tuple(Shape)
    libraries: Mapping[str, Library] = field(default_factory=dict)
    stimuli: Stimuli = field(default_factory=Stimuli)
    delays_ps: Mapping[str, float] = field(default_factory=dict)

    @property
    def columns(self) -> list[tuple[Shape, Built]]:
        """What is shown side by side."""
        if isinstance(self.goal, Structure):
            return [(shape, self.goal) for shape in self.shapes]
        both = self.shapes == tuple(Shape)
        return [
            (shape, goal)
            for shape in self.shapes
            for goal in GATE_GOALS
            if shape is Shape.CORE or not both or goal is self.goal
        ]

    @property
    def designs(self) -> list[Design]:
        """What to measure for that, of the unit and of the baseline."""
        return [
            self.design(config, shape, goal, library)
            for config in (self.config, BASELINE)
            for shape, goal in self.columns
            for library in (None, *self.libraries)
        ]

    def design(self, config: MacConfig, shape: Shape, goal: Built, library: str | None) -> Design:
        """A design of the unit, or of the baseline: the same structure, to the same delay."""
        if config == BASELINE and isinstance(goal, Structure):
            goal = goal.for_integers
        delay_ps = self.delays_ps.get(library) if library is not None else None
        return Design(config, shape, goal, library, delay_ps=delay_ps)


def unit_report(
    question: Question,
    bench: Bench,
    command: str,
    *,
    force: bool = False,
    progress: Callable[[Design], None] = lambda design: None,
) -> dict[str, Any]:
    """Measure everything about a unit.

    Parameters
    ----------
    question : Question
        What is asked.
    bench : Bench
        What measures; its designs can name the libraries of the question.
    command : str
        What makes this document again.
    force : bool
        Whether to measure anew what is in the store.
    progress : callable
        Called with each of the question's designs when it is done.

    Returns
    -------
    dict
        JSON types only.
    """
    config = question.config
    facts = {name: facts_of(each, bench.store) for name, each in question.libraries.items()}
    found = bench.measure(question.designs, force=force, progress=progress)
    goals_shown = dict.fromkeys(goal for _, goal in question.columns)
    flows = {goal: bench.flow(Design(config, Shape.CORE, goal)) for goal in goals_shown}
    example = found[question.designs[0]]
    goals: dict[str, dict[str, Any]] = {}
    for shape, goal in question.columns:
        column = _column(question, Design(config, shape, goal), found, facts, bench)
        goals.setdefault(goal.value, {})[shape.value] = column
    tools = tools_report(bench, example)
    return {
        "schema_version": 2,
        "command": command,
        "estimate_level": "mapped",
        "design": {
            "unit": config.text,
            "slug": config.slug,
            "format_a": config.a.name,
            "format_b": config.b.name,
            "accumulator": config.accumulator.name,
            "acc_bits": config.acc_bits,
            "products_per_cycle": config.products_per_cycle,
            "latency_cycles": config.latency_cycles,
            "output": config.output.name if config.output else None,
        },
        "goal": question.goal.value,
        "effort": {
            "name": "best" if bench.seconds else "quick",
            "seconds": bench.seconds or None,
        },
        "baseline": {"slug": BASELINE.slug},
        "flows": {
            goal.value: {"name": each.name, "sha256": each.sha256} for goal, each in flows.items()
        },
        "tools": tools["tools"],
        "libraries": {name: each.report for name, each in facts.items()},
        "stimuli": asdict(question.stimuli),
        "goals": goals,
        "breakdown": _breakdown(question, found, facts, bench, force=force),
    }


def _column(
    question: Question,
    design: Design,
    found: dict[Design, Measurement],
    facts: dict[str, Facts],
    bench: Bench,
) -> dict[str, Any]:
    """A design in two-input gates and in each library."""

    def at(config: MacConfig, library: str | None) -> Measurement:
        return found[question.design(config, design.shape, design.goal, library)]

    report = shape_report(at(design.config, None), at(BASELINE, None))
    libraries = {}
    for name, library in question.libraries.items():
        figures = []
        energies: list[dict[str, Any] | None] = []
        for config in (design.config, BASELINE):
            measured = at(config, name)
            figures.append(library_report(measured, facts[name]))
            energies.append(
                energy_report(measured, library, question.stimuli, bench.store)
                if design.shape is Shape.UNIT and _has_energy(config, question.stimuli)
                else None
            )
        libraries[name] = {
            **figures[0],
            "area_ratio_to_baseline": ratio(figures[0]["area_ge"], figures[1]["area_ge"]),
            "delay_ratio_to_baseline": ratio(figures[0]["delay_fo4"], figures[1]["delay_fo4"]),
            "energy_per_mac": energies[0],
            "energy_ratio_to_baseline": _energy_ratio(*energies),
        }
    return {**report, "libraries": libraries}


def _has_energy(config: MacConfig, stimuli: Stimuli) -> bool:
    """Whether operands can be had.

    Recorded ones are codes of the unit that they were recorded for, not of the baseline; others are
    drawn from the list of all codes.
    """
    if stimuli.recorded:
        return config != BASELINE
    return can_draw(config)


def _energy_ratio(
    unit: dict[str, Any] | None, baseline: dict[str, Any] | None
) -> dict[str, float | None] | None:
    """Dynamic energies of a unit as multiples of the baseline's; None where one is missing."""
    if unit is None or baseline is None:
        return None

    kinds = ("functional", "unit_delay")
    figures = (dynamic_energies(each).values() for each in (unit, baseline))
    return {kind: ratio(*pair) for kind, *pair in zip(kinds, *figures, strict=True)}


def ratio(value: float | None, base: float | None) -> float | None:
    """A figure as a multiple of another; None where there is none."""
    return round(value / base, 4) if value is not None and base else None


def _breakdown(
    question: Question,
    found: dict[Design, Measurement],
    facts: dict[str, Facts],
    bench: Bench,
    *,
    force: bool,
) -> dict[str, Any] | None:
    """Parts in two-input gates and in GE of each library; None where not all of it is asked for.

    A part on its own has no delay to be mapped to: then there are gates alone.
    """
    if question.shapes != tuple(Shape):
        return None
    facts = {} if question.delays_ps else facts
    modules = found[Design(question.config, Shape.CORE, question.goal)].modules
    breakdowns = {
        name: breakdown_designs(question.config, question.goal, name, modules)
        for name in (None, *facts)
    }
    parts = bench.measure(
        [each for one in breakdowns.values() for each in one.designs], force=force
    )
    return {
        "two_input_gates": breakdown_report(breakdowns[None], parts, None),
        "area_ge": {name: breakdown_report(breakdowns[name], parts, facts[name]) for name in facts},
    }


def tools_report(bench: Bench, example: Measurement) -> dict[str, Any]:
    """Flow and tools."""
    return {
        "flow": {"name": (flow := bench.flow(example.design)).name, "sha256": flow.sha256},
        "tools": {
            "yosys": {"version": bench.yosys.version, "build": bench.yosys.build},
            "abc": {"version": example.synthesis.abc_version},
            "amaranth": {"version": version("amaranth")},
            "fp8mac": {"version": version("fp8mac")},
        },
    }


def tool_columns(tools: dict[str, Any]) -> dict[str, str]:
    """Flow and tools, flat."""
    versions = tools["tools"]
    return {
        "flow": tools["flow"]["name"],
        "flow_sha256": tools["flow"]["sha256"],
        "yosys": f"{versions['yosys']['version']} ({versions['yosys']['build']})",
        "abc": versions["abc"]["version"],
        "amaranth": versions["amaranth"]["version"],
    }


def shape_report(measured: Measurement, baseline: Measurement) -> dict[str, Any]:
    """Counts of a design, and how they compare with the baseline of the same shape."""
    metrics = asdict(measured.metrics)
    cells = metrics.pop("cells")
    return {
        "top": measured.design.top,
        "rtlil_sha256": measured.rtlil_sha256,
        "netlist_sha256": measured.synthesis.sha256,
        "metrics": metrics,
        "ratio_to_baseline": ratios(measured.metrics, baseline.metrics),
        "cells": cells,
    }


def ratios(metrics: Metrics, baseline: Metrics) -> dict[str, float | None]:
    """Counts as multiples of the baseline's; None where that has none."""
    return {name: ratio(getattr(metrics, name), getattr(baseline, name)) for name in _COMPARED}
