"""What single features cost: units that differ in one of them, side by side.

A row is two units that can be built, and its figure what the one with the feature has more. Where
no two units differ in a feature alone, there is no row, and the page says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.experiments.designs import (
    DesignJob,
    DesignRecord,
    index,
    key_of,
    measure,
)
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, NoOptions, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["FEATURES", "MISSING", "Feature", "Features", "csv_text", "markdown_text", "rows"]


@dataclass(frozen=True)
class Feature:
    """Two units that differ in a feature.

    Parameters
    ----------
    name : str
        The feature.
    present, absent : tuple of str
        Operands and accumulator of the unit with it, and of the one without.
    """

    name: str
    present: tuple[str, str]
    absent: tuple[str, str]

    @property
    def configs(self) -> tuple[MacConfig, MacConfig]:
        """Both units, the one with the feature first."""
        present, absent = (parse_unit(a, acc=acc) for a, acc in (self.present, self.absent))
        return present, absent


FEATURES = (
    Feature("subnormal accumulator", ("e4m3", "fp16"), ("e4m3", "fp16:ftz")),
    Feature("subnormal accumulator", ("e4m3", "bf16"), ("e4m3", "bf16:ftz")),
    Feature("subnormal accumulator", ("e4m3", "fp32"), ("e4m3", "fp32:ftz")),
    Feature("subnormal accumulator", ("e5m2", "fp16"), ("e5m2", "fp16:ftz")),
    Feature("NaN operands", ("e4m3", "fp16"), ("e4m3none", "fp16")),
    Feature("NaN operands", ("e4m3", "kulisch"), ("e4m3none", "kulisch")),
    Feature("NaN and infinite operands", ("e5m2", "fp16"), ("e5m2none", "fp16")),
    Feature("NaN and infinite operands", ("e5m2", "kulisch"), ("e5m2none", "kulisch")),
    Feature("NaN and infinite accumulator", ("e4m3none", "fp16"), ("e4m3none", "e5m10none")),
    Feature("NaN and infinite accumulator", ("e4m3none", "fp32"), ("e4m3none", "e8m23none")),
    Feature("nearest even, not toward zero", ("e4m3", "fp16"), ("e4m3", "fp16:rtz")),
    Feature("nearest even, not toward zero", ("e4m3", "bf16"), ("e4m3", "bf16:rtz")),
    Feature("nearest even, not toward zero", ("e4m3", "fp32"), ("e4m3", "fp32:rtz")),
    Feature("8 random bits, not nearest even", ("e4m3", "fp16:sr=8"), ("e4m3", "fp16")),
    Feature("8 random bits, not nearest even", ("e4m3", "bf16:sr=8"), ("e4m3", "bf16")),
    Feature("8 random bits, not nearest even", ("e4m3", "fp32:sr=8"), ("e4m3", "fp32")),
    Feature("16 random bits, not 8", ("e4m3", "bf16:sr=16"), ("e4m3", "bf16:sr=8")),
    Feature("saturation, not infinity", ("e4m3", "fp16:saturate"), ("e4m3", "fp16")),
    Feature("saturation, not wrapping", ("int8", "int32:saturate"), ("int8", "int32")),
    Feature("12 guard bits", ("e4m3", "kulisch:12"), ("e4m3", "kulisch:0")),
    Feature("12 guard bits", ("e5m2", "kulisch:12"), ("e5m2", "kulisch:0")),
    Feature("12 guard bits", ("int8", "kulisch:12"), ("int8", "kulisch:0")),
    Feature("-128 (int8, not int8s)", ("int8", "int32"), ("int8s", "int32")),
    Feature("-128 (int8, not int8s)", ("int8", "fp16"), ("int8s", "fp16")),
)
"""Rows of the table."""

MISSING = {
    "subnormal operands": "every unit takes them; no configuration flushes an operand",
    "signed zero": "formats without -0 (`fnuz`) differ in NaN as well",
}
"""Features that no two units differ in alone, and why."""


class Features(Experiment[NoOptions, DesignJob, DesignRecord]):
    """Cores built for area, in two-input gates and in our own library."""

    name = "features"
    help = "Measure what single features cost: subnormals, NaN, rounding, saturation, guard bits."
    options = NoOptions
    pattern = "features.*"

    def plan(self, options: NoOptions) -> list[DesignJob]:
        configs = dict.fromkeys(config for feature in FEATURES for config in feature.configs)
        return [DesignJob(_core(config, library)) for config in configs for library in (None, OWN)]

    def run(self, job: DesignJob, worker: Worker) -> DesignRecord:
        return measure(job, worker)

    def render(self, records: Sequence[DesignRecord], made: Made) -> dict[str, str | bytes]:
        table = rows(records)
        text = markdown_text(table, records[0], made.command)
        return page("features", text, csv_text(table))


def _core(config: MacConfig, library: str | None) -> Design:
    return Design(config, Shape.CORE, Goal.AREA, library)


def rows(records: Sequence[DesignRecord]) -> list[dict[str, Any]]:
    """One row a feature: the unit that has it, what the other one lacks, and the tools."""
    found = index(records)
    return [_row(feature, found) | records[0].tools for feature in FEATURES]


def _row(feature: Feature, found: dict[Any, DesignRecord]) -> dict[str, Any]:
    gates, areas = [], []
    for config in feature.configs:
        count = found[key_of(_core(config, None))].two_input_gates
        area = found[key_of(_core(config, OWN))].area_ge
        assert count is not None
        assert area is not None
        gates.append(count)
        areas.append(area)
    present, absent = feature.configs
    return {
        "feature": feature.name,
        "unit_with": present.slug,
        "unit_without": absent.slug,
        "two_input_gates_with": gates[0],
        "two_input_gates_added": gates[0] - gates[1],
        "two_input_gates_added_percent": round(100 * (gates[0] / gates[1] - 1), 2),
        "area_ge_with": round(areas[0], 2),
        "area_ge_added": round(areas[0] - areas[1], 2),
        "area_ge_added_percent": round(100 * (areas[0] / areas[1] - 1), 2),
    }


def csv_text(table: list[dict[str, Any]]) -> str:
    """All columns."""
    return csv_table(table)


def markdown_text(table: list[dict[str, Any]], tools: DesignRecord, command: str) -> str:
    """The page; the tools are those of any of the records."""
    lines = [
        [
            row["feature"],
            row["unit_with"],
            row["unit_without"],
            f"{row['two_input_gates_added']:+d}",
            f"{row['two_input_gates_added_percent']:+.1f}",
            f"{row['area_ge_added']:+.0f}",
            f"{row['area_ge_added_percent']:+.1f}",
        ]
        for row in table
    ]
    titles = ["feature", "unit with it", "unit without it", "gates", "%", "GE", "%"]
    missing = "\n".join(f"* {name}: {reason}" for name, reason in MISSING.items())
    return f"""\
# What single features cost

Made by `{command}`: cores built for area, {tools.flow_text},
Yosys {tools.yosys}, {tools.abc_text}, Amaranth {tools.amaranth}.

What the unit with a feature has more than the one without it, in two-input gates, and in GE of our
own library. Less than three per cent is noise of the mapping, and can have the wrong sign.

{markdown_table(titles, lines)}

There is no row for

{missing}
"""
