"""Committed numbers of the main units, and whether they still hold.

A file ``baselines/<slug>.json`` has, for each figure, a value and how far it may move in either
direction. Other versions of the tools make other numbers: then nothing follows from a difference.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from fp8mac.gen.files import check_folder
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import GATE_GOALS, Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.experiments.designs import (
    DesignJob,
    DesignRecord,
    index,
    key_of,
    measure,
)
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, Outcome
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.render.tables import markdown_table

__all__ = [
    "FOLDER",
    "MAIN",
    "TOLERANCES",
    "Baseline",
    "Move",
    "Regression",
    "RegressionOptions",
    "baselines",
    "figures_of",
    "file_text",
    "jobs",
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


@dataclass(frozen=True)
class RegressionOptions:
    """Where the numbers are, and whether those of now take their place."""

    accept: Annotated[bool, Option("Commit what is measured now.", names="--accept")] = False
    folder: Annotated[Path, Option("Where the committed numbers are.", "DIR")] = FOLDER


class Regression(Experiment[RegressionOptions, DesignJob, DesignRecord]):
    """The main units, for both goals, beside what is committed of them."""

    name = "synth-check"
    help = (
        "Measure the main units, and say which committed numbers no longer hold; exit code 1 then."
    )
    options = RegressionOptions
    folder = None

    def plan(self, options: RegressionOptions) -> list[DesignJob]:
        if options.accept:
            check_folder(options.folder, "*.json")
        return [job for config in _units(options) for job in jobs(config)]

    def run(self, job: DesignJob, worker: Worker) -> DesignRecord:
        return measure(job, worker)

    def render(self, records: Sequence[DesignRecord], made: Made) -> dict[str, str | bytes]:
        if not made.options.accept:
            return {}
        tools = tools_of(records[0])
        return {
            str(made.options.folder / f"{config.slug}.json"): file_text(
                config, figures_of(config, records), tools
            )
            for config in _units(made.options)
        }

    def show(self, records: Sequence[DesignRecord], options: RegressionOptions) -> str | None:
        moved = _moved(records, options)
        return moves_table(moved) + "\n" if moved else None

    def outcome(self, records: Sequence[DesignRecord], options: RegressionOptions) -> Outcome:
        moved, known = _moved(records, options), baselines(options.folder)
        if options.accept:
            return Outcome('Explain what moved under "Numbers" in CHANGELOG.md.' if moved else "")
        if not all(same_tools(each, tools_of(records[0])) for each in known.values()):
            return Outcome("Inconclusive: the committed numbers were made by other tools.")
        if moved:
            return Outcome(f"{len(moved)} committed numbers do not hold.", 1)
        return Outcome(f"All committed numbers of {len(known)} units hold.")


def _units(options: RegressionOptions) -> list[MacConfig]:
    """Units whose numbers are committed; where there are none yet, the main ones."""
    known = [each.config for each in baselines(options.folder).values()]
    if not known and not options.accept:
        raise ConfigError(f"There are no committed numbers in '{options.folder}'.")
    return known or [parse_unit(operand, acc=acc) for operand, acc in MAIN]


def _moved(records: Sequence[DesignRecord], options: RegressionOptions) -> list[Move]:
    return [
        move
        for each in baselines(options.folder).values()
        for move in moves(each, figures_of(each.config, records))
    ]


def jobs(config: MacConfig) -> list[DesignJob]:
    """What is measured of a unit: cores for both goals, and for energy the unit for area."""
    cores = [
        Design(config, Shape.CORE, goal, library) for goal in GATE_GOALS for library in (None, OWN)
    ]
    unit = Design(config, Shape.UNIT, Goal.AREA, OWN)
    return [*map(DesignJob, cores), DesignJob(unit, stimuli=_CYCLES)]


def figures_of(config: MacConfig, records: Iterable[DesignRecord]) -> dict[str, float | None]:
    """Figures of a unit, ``goal.name`` in the units of our own library."""
    found = index(records)
    figures: dict[str, float | None] = {}
    for goal in GATE_GOALS:
        gates, cells = (found[key_of(Design(config, Shape.CORE, goal, lib))] for lib in (None, OWN))
        assert cells.area_ge is not None
        assert cells.delay_fo4 is not None
        figures |= {
            f"{goal.value}.two_input_gates": gates.two_input_gates,
            f"{goal.value}.levels": gates.levels,
            f"{goal.value}.area_ge": round(cells.area_ge, 2),
            f"{goal.value}.delay_fo4": round(cells.delay_fo4, 2),
        }
    unit = found[key_of(Design(config, Shape.UNIT, Goal.AREA, OWN))]
    for kind in ("functional", "unit_delay"):
        name = f"energy_{kind}_cinv_v2"
        figures[f"area.{name}"] = getattr(unit, name)
    return figures


def tools_of(record: DesignRecord) -> dict[str, str]:
    """Versions that numbers depend on."""
    abc = re.sub(r" \(compiled .*", "", record.abc or "")
    return {"yosys": record.yosys, "abc": abc, "amaranth": record.amaranth}


def same_tools(baseline: Baseline, tools: Mapping[str, str]) -> bool:
    """Whether numbers can be compared."""
    return baseline.tools == dict(tools)


def moves(baseline: Baseline, figures: Mapping[str, float | None]) -> list[Move]:
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


def file_text(
    config: MacConfig, figures: Mapping[str, float | None], tools: Mapping[str, str]
) -> str:
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
