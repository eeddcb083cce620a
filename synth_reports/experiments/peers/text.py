"""Published designs beside ours, as tables.

A design counts as *best other* if it computes the sum of the unit, as many products at a time and
in one step, and is not known to be wrong: verdict ``same`` in `peers.csv`. Where there is none, the
others of as many products count, and are marked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

from rich.table import Table

from fp8mac.hw.config.structure import Goal
from fp8mac.synth_reports.experiments.peers.dots import ALL_UNITS, forms_of
from fp8mac.synth_reports.experiments.peers.peers import (
    YARDSTICKS,
    Figures,
    published,
)
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table

__all__ = [
    "PeerRecord",
    "csv_text",
    "markdown_text",
    "name",
    "rows",
    "summary",
    "terminal",
]

_OURS = "fp8mac"
_COLUMNS = {
    "two_input_gates": (Goal.AREA, "gates"),
    "area_ge": (Goal.AREA, "GE"),
    "speed_delay_ns": (Goal.SPEED, "ns"),
}
"""What is compared: which of our circuits it is about, and its unit."""


def name(goal: Goal, form: str) -> str:
    """What a design of ours is called."""
    return f"goal {goal.value}, {form}"


@dataclass(frozen=True)
class PeerRecord(Figures):
    """A design of ours, or a yardstick that was measured again.

    Parameters
    ----------
    unit, design, library : str
        Key of `ALL_UNITS`, what it is called, and name of the library.
    version : str
        Of this package.
    measured_on : str
        The day.
    yosys, flow_sha256, library_sha256 : str
        What made the figures.
    """

    unit: str
    design: str
    library: str
    version: str
    measured_on: str
    yosys: str
    flow_sha256: str
    library_sha256: str


_TOOLS = ("yosys", "flow_sha256", "library_sha256")
_YARDSTICKS = {each.design for each in YARDSTICKS}


def rows(records: Sequence[PeerRecord]) -> list[dict[str, Any]]:
    """Our designs and the published ones, unit by unit; the tools beside ours."""
    ours = [_row(record) for record in records if record.design not in _YARDSTICKS]
    everything = [*ours, *(row | dict.fromkeys(_TOOLS, "") for row in published())]
    return [row for unit in ALL_UNITS for row in everything if row["unit"] == unit]


def _row(record: PeerRecord) -> dict[str, Any]:
    facts = asdict(record)
    return {
        "unit": record.unit,
        "design": record.design,
        "source": _OURS,
        "version": record.version,
        "lanes": ALL_UNITS[record.unit].products_per_cycle,
        **{name: facts[name] for name in Figures.__dataclass_fields__},
        "verdict": "ours",
        "remark": "",
        "measured_on": record.measured_on,
        **{name: facts[name] for name in _TOOLS},
    }


def summary(table: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Our figures beside the best ones of others, a row a unit.

    Returns
    -------
    list of dict
        ``unit``; for gates, GE and ns our figure in the better of its forms, that of the best
        other, which one that is, and the ratio of ours to it; ``speed_ge``, the area of our fast
        design.
    """
    return [_summary(unit, [row for row in table if row["unit"] == unit]) for unit in ALL_UNITS]


def _summary(unit: str, table: list[dict[str, Any]]) -> dict[str, Any]:
    ours = {row["design"]: row for row in table if row["verdict"] == "ours"}
    others = [row for row in table if row["verdict"] == "same"]
    others = others or [row for row in table if row["verdict"] == "different"]
    line: dict[str, Any] = {"unit": unit}
    for column, (goal, _) in _COLUMNS.items():
        best, own_row = (
            min(candidates, key=itemgetter(column))
            for candidates in (others, [ours[name(goal, form)] for form in forms_of(unit)])
        )
        own = own_row[column]
        line |= {
            column: own,
            f"{column}_best_other": best[column],
            f"{column}_best_design": f"{best['source']}: {best['design']}{_mark(best)}",
            f"{column}_ratio": round(own / best[column], 3),
        }
        if goal is Goal.SPEED:
            line["speed_ge"] = own_row["speed_ge"]
    return line


def _mark(row: Mapping[str, Any]) -> str:
    return "" if row["verdict"] == "same" else " (another sum)"


def terminal(lines: list[dict[str, Any]]) -> Table:
    """The summary for a terminal: ours, the best other, the ratio."""
    titles = [title for _, word in _COLUMNS.values() for title in (word, "best other", "ratio")]
    rows = ([line["unit"], *_cells(line), f"{line['speed_ge']:.0f}"] for line in lines)
    return aligned_table(["unit", *titles, "GE of the fast one"], rows, ["unit"])


def _cells(line: Mapping[str, Any]) -> list[str]:
    return [
        text
        for column in _COLUMNS
        for text in (
            _number(column, line[column]),
            _number(column, line[f"{column}_best_other"]),
            f"{line[f'{column}_ratio']:.2f}",
        )
    ]


def _number(column: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if column.endswith("_ns") else f"{value:.0f}"


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def csv_text(table: list[dict[str, Any]]) -> str:
    """Every design and figure."""
    return csv_table(table)


def markdown_text(records: Sequence[PeerRecord], command: str) -> str:
    """The page."""
    table, tools = rows(records), records[0]
    days = sorted({row["measured_on"] for row in table if row["verdict"] == "ours"})
    again = [record for record in records if record.design in _YARDSTICKS]
    number, build = tools.yosys.split(" ", 1)
    titles = ["unit", *(title for _, word in _COLUMNS.values() for title in (word, "other", "/"))]
    lines = [
        [f"`{line['unit']}`", *_cells(line), f"{line['speed_ge']:.0f}"] for line in summary(table)
    ]
    return f"""\
# Published designs beside ours

Made by `{command}` on {" and ".join(days)}: combinational cores through the flow
`synth_reports/flows/peers.ys` ({tools.flow_sha256[:8]}), Yosys {number}
{build}, {tools.library} typical ({tools.library_sha256[:8]}). The others were
measured on {" and ".join(sorted({row["measured_on"] for row in published()}))} with Yosys 0.70
(pyosys) and the same library; their figures are data, `synth_reports/peers.csv`.
{" ".join(map(_yardstick_sentence, again))}

Ours, the best other, and ours / other. Gates have two inputs; a GE is a NAND2_X1, mapped for area;
ns is the critical path, mapped for speed, without wires. The last column is what our fast design
takes. Ours of one product go into the flow as RTL and as the netlist of `fp8mac verilog --mapped`,
and the better form of each column counts; dot products go in as RTL. *Best other* is the best of
each column by itself, of designs that compute the same sum and are not known to be wrong; where
none does, of those that add as many products. What the comparison is good for, and what it is
not: [docs/cost.md](../../docs/cost.md).

{markdown_table([*titles, "GE of the fast one"], lines)}

{_best_designs(summary(table))}

## All designs
*Fast* is ABC's mapping to two-input gates that keeps prefix trees; *per lane* divides gates by the
products of a step. A design that is registered has the delay of one stage.

{"".join(_unit_text(unit, [row for row in table if row["unit"] == unit]) for unit in ALL_UNITS)}"""


def _yardstick_sentence(figures: PeerRecord) -> str:
    row = next(row for row in published() if row["design"] == figures.design)
    want = (row["two_input_gates"], row["area_ge"], row["speed_delay_ns"])
    got = (figures.two_input_gates, round(figures.area_ge), round(figures.speed_delay_ns, 2))
    words = f"`{figures.design}`, measured again here,"
    if got == want:
        return f"{words} gives its {want[0]} gates, {want[1]:.0f} GE and {want[2]} ns."
    return (
        f"**Inconclusive:** {words} gives {got[0]} gates, {got[1]} GE and {got[2]} ns for "
        f"{want[0]}, {want[1]:.0f} and {want[2]}; the tools are not those of the published figures."
    )


def _best_designs(lines: list[dict[str, Any]]) -> str:
    titles = ["unit", *(f"best other, {word}" for _, word in _COLUMNS.values())]
    return markdown_table(
        titles,
        [
            [f"`{line['unit']}`", *(line[f"{column}_best_design"] for column in _COLUMNS)]
            for line in lines
        ],
    )


def _unit_text(unit: str, table: list[dict[str, Any]]) -> str:
    titles = ["design", "verdict", "gates", "per lane", "inverters", "flip-flops", "levels"]
    titles += ["fast: gates", "levels", "area: GE", "ns", "speed: GE", "ns", "remark"]
    lines = [
        [
            f"{row['source']}: {row['design']}",
            row["verdict"],
            str(row["two_input_gates"]),
            str(round(row["two_input_gates"] / row["lanes"])) if row["lanes"] > 1 else "",
            *(_count(row[name]) for name in ("inverters", "flip_flops", "levels")),
            *(_count(row[name]) for name in ("fast_gates", "fast_levels")),
            *(_number(name, row[name]) for name in ("area_ge", "area_delay_ns")),
            *(_number(name, row[name]) for name in ("speed_ge", "speed_delay_ns")),
            row["remark"],
        ]
        for row in table
    ]
    return f"### {unit}\n{markdown_table(titles, lines)}\n\n"
