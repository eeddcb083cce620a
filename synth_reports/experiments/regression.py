"""Committed numbers of the main units, and whether they still hold.

A file ``baselines/<slug>.json`` has, for each figure, a value and how far it may move in either
direction. Other versions of the tools make other numbers: then nothing follows from a difference.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.goal import Goal
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.cost.measure import Bench, Design, Measurement
from fp8mac.synth_reports.cost.physical import energy_report, facts_of, library_report
from fp8mac.synth_reports.cost.report import tools_report
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.render.tables import markdown_table

__all__ = [
    "FOLDER",
    "MAIN",
    "TOLERANCES",
    "Baseline",
    "Move",
    "baselines",
    "current",
    "designs",
    "file_text",
    "moves",
    "moves_table",
    "same_tools",
    "tools_of",
]

FOLDER = Path("synth_reports", "baselines")

MAIN: tuple[tuple[str, str], ...] = (
    ("int8", "int32"),
    ("e4m3", "kulisch:3"),
    ("e5m2", "kulisch:7"),
    ("e4m3", "fp16"),
    ("e5m2", "fp16"),
    ("e4m3", "bf16"),
    ("e4m3", "fp32"),
)
"""Units whose numbers are committed: operands, accumulator."""

TOLERANCES = {
    "two_input_gates": 0.01,
    "levels": 0.02,
    "area_ge": 0.01,
    "delay_fo4": 0.03,
    "energy_functional_cinv_v2": 0.03,
    "energy_unit_delay_cinv_v2": 0.10,
}
"""How far a figure may move, as a fraction: about what an edit moves that changes no structure."""

_CYCLES = Stimuli(cycles=4096)


@dataclass(frozen=True)
class Baseline:
    """Committed numbers of a unit.

    Parameters
    ----------
    config : MacConfig
        The unit.
    tools : dict of str to str
        What made the numbers.
    figures : dict of str to (float, float)
        By name, value and tolerance as a fraction.
    """

    config: MacConfig
    tools: dict[str, str]
    figures: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Move:
    """A figure that is out of its tolerance, gone (``after`` is None) or new (``before`` is)."""

    unit: str
    figure: str
    before: float | None
    after: float | None


def designs(config: MacConfig, own: str) -> list[Design]:
    """What is measured of a unit: cores for both goals, and for energy the unit for area."""
    cores = [Design(config, Shape.CORE, goal, library) for goal in Goal for library in (None, own)]
    return [*cores, Design(config, Shape.UNIT, Goal.AREA, own)]


def current(
    config: MacConfig, found: Mapping[Design, Measurement], bench: Bench, own: Library
) -> dict[str, float]:
    """Figures of a unit, ``goal.name`` in the units of our own library.

    Parameters
    ----------
    found : mapping of Design to Measurement
        Measurements of its `designs`.
    """
    facts = facts_of(own, bench.store)
    figures: dict[str, float] = {}
    for goal in Goal:
        metrics = found[Design(config, Shape.CORE, goal)].metrics
        physical = library_report(found[Design(config, Shape.CORE, goal, own.name)], facts)
        figures |= {
            f"{goal.value}.two_input_gates": metrics.two_input_gates,
            f"{goal.value}.levels": metrics.levels,
            f"{goal.value}.area_ge": physical["area_ge"],
            f"{goal.value}.delay_fo4": physical["delay_fo4"],
        }
    unit = found[Design(config, Shape.UNIT, Goal.AREA, own.name)]
    energy = energy_report(unit, own, _CYCLES, bench.store)
    assert energy is not None  # our own library has energies
    for kind in ("functional", "unit_delay"):
        figures[f"area.energy_{kind}_cinv_v2"] = energy[kind]["dynamic_cinv_v2"]
    return figures


def tools_of(bench: Bench, example: Measurement) -> dict[str, str]:
    """Versions that numbers depend on."""
    tools = tools_report(bench, example)["tools"]
    abc = re.sub(r" \(compiled .*", "", tools["abc"]["version"] or "")
    return {
        "yosys": f"{tools['yosys']['version']} ({tools['yosys']['build']})",
        "abc": abc,
        "amaranth": tools["amaranth"]["version"],
    }


def same_tools(baseline: Baseline, tools: Mapping[str, str]) -> bool:
    """Whether numbers can be compared."""
    return baseline.tools == dict(tools)


def moves(baseline: Baseline, figures: Mapping[str, float]) -> list[Move]:
    """Figures that do not hold."""
    unit, found = baseline.config.slug, []
    for name in [*baseline.figures, *(each for each in figures if each not in baseline.figures)]:
        before, tolerance = baseline.figures.get(name, (None, 0.0))
        after = figures.get(name)
        if before is None or after is None or abs(after - before) > tolerance * abs(before):
            found.append(Move(unit, name, before, after))
    return found


def moves_table(found: Iterable[Move]) -> str:
    """Markdown table of moves."""

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:g}"

    rows = []
    for move in found:
        change = ""
        if move.before and move.after is not None:
            change = f"{100 * (move.after / move.before - 1):+.1f} %"
        rows.append([move.unit, move.figure, number(move.before), number(move.after), change])
    return markdown_table(["unit", "figure", "committed", "now", "change"], rows)


def file_text(config: MacConfig, figures: Mapping[str, float], tools: Mapping[str, str]) -> str:
    """Text of a file of `FOLDER`."""
    return (
        json.dumps(
            {
                "schema_version": 1,
                "command": "fp8mac synth-check --accept",
                "unit": {
                    "a": config.a.name,
                    "b": config.b.name,
                    "accumulator": config.accumulator.name,
                },
                "tools": dict(tools),
                "figures": {
                    name: {"value": value, "tolerance": TOLERANCES[name.partition(".")[2]]}
                    for name, value in figures.items()
                },
            },
            indent=1,
        )
        + "\n"
    )


def baselines(folder: Path | None = None) -> dict[Path, Baseline]:
    """Committed numbers: of a folder, or of the package.

    Raises
    ------
    ConfigError
        If a file is not one of ours; the message is one sentence.
    """
    root = folder or Path(str(files("fp8mac.synth_reports"))) / "baselines"
    return {path: _baseline(path) for path in sorted(root.glob("*.json"))}


def _baseline(path: Path) -> Baseline:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        unit = content["unit"]
        figures = {
            name: (float(each["value"]), float(each["tolerance"]))
            for name, each in content["figures"].items()
        }
        config = parse_unit(unit["a"], unit["b"], acc=unit["accumulator"])
        return Baseline(config, dict(content["tools"]), figures)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"'{path}' does not hold committed numbers.") from error
