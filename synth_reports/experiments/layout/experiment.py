"""Area with what rows leave free, delay with wires: units in OSU's cells, placed and routed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Annotated, Any

from rich.table import Table

from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option
from fp8mac.synth_reports.experiments.layout.picture import drawing, picture
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.find import resolve
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table
from fp8mac.synth_reports.synth.layout import CLOCK, Cells, find_router
from fp8mac.synth_reports.synth.opensta import find_sta, routed_period
from fp8mac.synth_reports.synth.parasitics import net_capacitances, spef

__all__ = ["STANDARD", "LayoutJob", "LayoutOptions", "LayoutRecord", "Layouts"]

STANDARD = (
    "int8 -> int32",
    "e4m3 -> kulisch:3",
    "e4m3 -> kulisch:3:segmented=10",
    "e4m3 -> fp16",
    "e4m3 -> bf16",
)
"""Units of the table."""

_DRAWN = 3
"""So many are in the picture."""


@dataclass(frozen=True)
class LayoutOptions:
    """Which units are placed, and in what."""

    units: Annotated[
        tuple[str, ...],
        Option('Units, as "e4m3 -> kulisch"; the standard ones by default.', "U,V,...", part=True),
    ] = ()
    goals: Annotated[
        tuple[str, ...],
        Option("What they are built for: area, speed; both by default.", "G,H", part=True),
    ] = ()
    liberty: Annotated[str, Option("Library, with its LEF beside it.", "LIB")] = "osu018"
    seeds: Annotated[
        int, Option("Seeds of the placer, from 1.", "N", low=1, high=100, part=True)
    ] = 3


@dataclass(frozen=True)
class LayoutJob:
    """A unit that is placed and routed.

    Parameters
    ----------
    unit, goal, liberty : str
        The unit in a line, what it is built for, and the library.
    seeds : int
        How many times it is placed.
    """

    unit: str
    goal: str
    liberty: str
    seeds: int


@dataclass(frozen=True)
class LayoutRecord:
    """What came of it; of the seeds the median, where nothing else is said.

    Parameters
    ----------
    unit, goal, library : str
        What it is.
    cells : int
        With flip-flops.
    cell_area_um2, rows_area_um2 : float
        Of the cells, and of the rows that they are in.
    wire_um, wire_ff : float
        Length of all wires, and their capacitance.
    period_ns : float
        Shortest period of an ideal clock, without wires: OpenSTA.
    routed_ns, routed_min_ns, routed_max_ns : float
        The same with wires, and the fastest and the slowest of the seeds.
    twice_ns : float
        With wires of twice the capacitance.
    seeds : int
        How many there were.
    netlist_sha256, library_sha256 : str
        Hashes of what was placed.
    width_um, height_um, drawing : float, float, str
        Rows of the first seed, and what is drawn of them, see
        `fp8mac.synth_reports.experiments.layout.picture.drawing`.
    """

    unit: str
    goal: str
    library: str
    cells: int
    cell_area_um2: float
    rows_area_um2: float
    wire_um: float
    wire_ff: float
    period_ns: float
    routed_ns: float
    routed_min_ns: float
    routed_max_ns: float
    twice_ns: float
    seeds: int
    netlist_sha256: str
    library_sha256: str
    width_um: float
    height_um: float
    drawing: str


class Layouts(Experiment[LayoutOptions, LayoutJob, LayoutRecord]):
    """Registered units in a cell library, with their flip-flops."""

    name = "layout"
    help = """\
    Place and route units in OSU's cells, with qflow: area, wires, delay.

    graywolf places, qrouter routes, OpenSTA finds the shortest period without wires and with them.
    """
    options = LayoutOptions
    record = LayoutRecord
    pattern = "layout.*"

    def plan(self, options: LayoutOptions) -> list[LayoutJob]:
        find_sta()
        find_router(resolve(options.liberty).check())
        goals = options.goals or (Goal.AREA.value, Goal.SPEED.value)
        for goal in goals:
            if goal not in (Goal.AREA.value, Goal.SPEED.value):
                raise ConfigError(f"Unknown goal '{goal}'; there are area and speed.")
        return [
            LayoutJob(parse_line(unit).text, goal, options.liberty, options.seeds)
            for unit in options.units or STANDARD
            for goal in goals
        ]

    def run(self, job: LayoutJob, worker: Worker) -> LayoutRecord:
        library = worker.library(job.liberty)
        config = parse_line(job.unit)
        design = Design(config, Shape.UNIT, Goal(job.goal), job.liberty)
        bench = worker.bench(libraries=[job.liberty])
        found = bench.measure([design], force=worker.force)[design].synthesis
        router = find_router(library)
        key = worker.store.key(
            [repr(job), found.sha256, library.sha256, router.fingerprint],
            "fp8mac.synth_reports.synth.layout",
            "fp8mac.synth_reports.synth.opensta",
            "fp8mac.synth_reports.experiments.layout.picture",
        )
        facts = None if worker.force else worker.store.load("layout", key)
        if facts is None:
            cells = Cells.of(found.netlist, library)
            layouts = [router.layout(cells, seed) for seed in range(1, job.seeds + 1)]
            first, layers = layouts[0], router.layers()
            farads = [net_capacitances(each.nets, layers) for each in layouts]

            def period(wires: dict[str, float] | None = None, times: float = 1.0) -> float:
                text = spef(wires, cells.drivers, cells.sinks, times) if wires else None
                return routed_period(cells.verilog, library, CLOCK, text)

            routed = [period(each) for each in farads]
            left, lower, right, upper = first.box
            record = LayoutRecord(
                unit=job.unit,
                goal=job.goal,
                library=library.name,
                cells=len(cells.gates),
                cell_area_um2=round(first.cell_area_um2, 1),
                rows_area_um2=round(median(each.area_um2 for each in layouts), 1),
                wire_um=round(median(each.wire_um for each in layouts)),
                wire_ff=round(median(sum(each.values()) for each in farads) * 1e15),
                period_ns=round(period(), 3),
                routed_ns=round(median(routed), 3),
                routed_min_ns=round(min(routed), 3),
                routed_max_ns=round(max(routed), 3),
                twice_ns=round(median(period(each, 2.0) for each in farads), 3),
                seeds=job.seeds,
                netlist_sha256=found.sha256,
                library_sha256=library.sha256,
                width_um=round(right - left, 1),
                height_um=round(upper - lower, 1),
                drawing=drawing(first, library.flip_flop.cell.name),
            )
            facts = asdict(record)
            worker.store.save("layout", key, facts)
        return LayoutRecord(**facts)

    def render(self, records: Sequence[LayoutRecord], made: Made) -> dict[str, str | bytes]:
        small = [each for each in records if each.goal == Goal.AREA.value][:_DRAWN] or records[:1]
        panels = [(each.unit, each.width_um, each.height_um, each.drawing) for each in small]
        return {
            "layout.csv": csv_table([_numbers(record) for record in records]),
            "layout.md": _page(records, made.command),
            "layout.svg": picture(panels),
        }

    def show(self, records: Sequence[LayoutRecord], options: LayoutOptions) -> Table:
        return aligned_table(_TITLES, _rows(records), _TITLES[:2])


def _numbers(record: LayoutRecord) -> dict[str, Any]:
    return {name: value for name, value in asdict(record).items() if name != "drawing"}


_TITLES = ["unit", "goal", "cells", "um2", "rows", "wire, um", "fF", "ns"]
_TITLES += ["with wires", "from", "to", "twice"]


def _rows(records: Sequence[LayoutRecord]) -> list[list[str]]:
    return [
        [
            each.unit,
            each.goal,
            str(each.cells),
            f"{each.cell_area_um2:.0f}",
            f"{each.rows_area_um2:.0f}",
            f"{each.wire_um:.0f}",
            f"{each.wire_ff:.0f}",
            f"{each.period_ns:.2f}",
            f"{each.routed_ns:.2f}",
            f"{each.routed_min_ns:.2f}",
            f"{each.routed_max_ns:.2f}",
            f"{each.twice_ns:.2f}",
        ]
        for each in records
    ]


def _page(records: Sequence[LayoutRecord], command: str) -> str:
    return f"""\
# Units with wires

Made by `{command}`: registered units in {records[0].library}, mapped without knowing the wires,
placed by graywolf and routed by qrouter, with pins around the rows, an ideal clock, and no fill;
median of {records[0].seeds} seeds of the placer. *um2*: cells; *rows*: with what the rows leave
free. *ns*: shortest period by OpenSTA, from flip-flops or ports to flip-flops, without wires, with
those that were routed (median, fastest, slowest), and with twice their capacitance. A wire has
the capacitance of its area and both edges, as the library's LEF states them, and no resistance.

![Layouts](layout.svg)

{markdown_table(_TITLES, _rows(records))}
"""
