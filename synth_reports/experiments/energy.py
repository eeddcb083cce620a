"""Energy of a product against delay and area: standard units, of one stage and of two."""

from collections.abc import Sequence
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.experiments.designs import DesignJob, DesignRecord, measure
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, NoOptions, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.render.plots import COLOURS, MARKERS, drawing, entitle, rendered
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["Energy", "rows", "units"]

_SUMS = ("int8 -> int32", "e4m3 -> kulisch:3", "e4m3 -> kulisch:3:segmented=5", "e4m3 -> fp16")


def units() -> list[MacConfig]:
    """Every sum in one stage and in two."""
    return [parse_line(f"{line}, stages {stages}") for line in _SUMS for stages in (1, 2)]


class Energy(Experiment[NoOptions, DesignJob, DesignRecord]):
    """Registered units in our own library, built for area and for speed."""

    name = "energy"
    help = "Draw energy of a product against delay and area; a register before the sum, or none."
    options = NoOptions
    pattern = "energy.*"

    def plan(self, options: NoOptions) -> list[DesignJob]:
        return [
            DesignJob(Design(config, Shape.UNIT, goal, OWN), stimuli=Stimuli())
            for config in units()
            for goal in (Goal.AREA, Goal.SPEED)
        ]

    def run(self, job: DesignJob, worker: Worker) -> DesignRecord:
        return measure(job, worker)

    def render(self, records: Sequence[DesignRecord], made: Made) -> dict[str, str | bytes]:
        table = rows(records)
        text = _page(table, records[0], made.command)
        return page("energy", text, csv_table(table), _picture(table))


def rows(records: Sequence[DesignRecord]) -> list[dict[str, Any]]:
    """One row a unit and goal."""
    texts = {config.slug: config for config in units()}
    return [
        {
            "unit": each.unit,
            "sum": _sum(texts[each.unit]),
            "stages": texts[each.unit].stages,
            "goal": each.goal,
            "area_ge": round(each.area_ge or 0.0, 2),
            "delay_fo4": round(each.delay_fo4 or 0.0, 2),
            "energy_functional_cinv_v2": each.energy_functional_cinv_v2,
            "energy_unit_delay_cinv_v2": each.energy_unit_delay_cinv_v2,
            "netlist_sha256": each.netlist_sha256,
            "library": each.library,
            **each.tools,
        }
        for each in records
    ]


def _sum(config: MacConfig) -> str:
    return config.text.partition(", ")[0]


def _page(table: list[dict[str, Any]], first: DesignRecord, command: str) -> str:
    lines = [
        [
            row["sum"],
            str(row["stages"]),
            row["goal"],
            f"{row['area_ge']:.0f}",
            f"{row['delay_fo4']:.1f}",
            f"{row['energy_functional_cinv_v2']:.0f}",
            f"{row['energy_unit_delay_cinv_v2']:.0f}",
        ]
        for row in table
    ]
    titles = ["unit", "stages", "goal", "GE", "FO4", "energy, no glitches", "energy, unit delay"]
    return f"""\
# Energy of a product against delay and area

Made by `{command}`: registered units, {first.flow_text}, Yosys {first.yosys},
{first.abc_text}, Amaranth {first.amaranth}.

Area with flip-flops, longest path between them, and dynamic energy of a cycle in C_inv V², all in
our own library, operands drawn from a normal distribution. Two stages have a register between
product and sum, see docs/cost.md.

![energy against delay and area](energy.svg)

{markdown_table(titles, lines)}
"""


def _picture(table: list[dict[str, Any]]) -> dict[str, bytes]:
    """Unit-delay energy against delay, and against area; an arrow from one stage to two."""
    with drawing(11, 5) as figure:
        note = "registered units, own library, unit delay; hollow: one stage, filled: two"
        entitle(figure, "Energy of a product", note)
        sides = figure.subplots(1, 2, sharey=True)
        columns = (("delay_fo4", "delay, FO4"), ("area_ge", "area with flip-flops, GE"))
        for axis, (column, label) in zip(sides, columns, strict=True):
            for number, name in enumerate(dict.fromkeys(row["sum"] for row in table)):
                for goal in dict.fromkeys(row["goal"] for row in table):
                    pair = [row for row in table if (row["sum"], row["goal"]) == (name, goal)]
                    _draw(axis, pair, column, number, label=f"{name}, {goal}")
            axis.set_xlabel(label)
            axis.set_yscale("log")
            axis.grid(color="#dddddd", linewidth=0.8)
            axis.set_axisbelow(True)
        sides[0].set_ylabel("energy of a product, C_inv V²")
        handles, labels = sides[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=9)
        return {"svg": rendered(figure)["svg"]}


def _draw(axis: Any, pair: list[dict[str, Any]], column: str, number: int, *, label: str) -> None:
    colour, marker = COLOURS[number], MARKERS[pair[0]["goal"] == Goal.SPEED.value]
    places = [(row[column], row["energy_unit_delay_cinv_v2"]) for row in pair]
    axis.plot(*zip(*places, strict=True), color=colour, linewidth=0.8)
    for place, filled in zip(places, (False, True), strict=True):
        face = colour if filled else "white"
        style = {"linestyle": "none", "marker": marker, "markerfacecolor": face}
        axis.plot(*place, color=colour, markersize=7, label=label if filled else None, **style)
