"""Delay and energy by an independent tool, OpenSTA, on netlists that we count.

Registered units are mapped for area and for speed, their flip-flops cut out; both tools read the
same netlist and library. What only one of them knows is taken away first, so that they answer the
same question: OpenSTA adds the wires that a library has by default (``default_wire_load``), and
version 2.0 takes one activity for all nets, so it gets the mean of those that were recorded.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Annotated

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.find import libraries_of, resolve
from fp8mac.synth_reports.render.tables import csv_table, markdown_table
from fp8mac.synth_reports.synth.opensta import find_sta, run_sta

__all__ = ["Sta", "StaJob", "StaOptions", "StaRecord"]

_UNITS = ("int8 -> int32", "e4m3 -> kulisch:3", "e4m3 -> fp16", "e4m3 -> bf16", "e5m2 -> fp16")
_CYCLES, _CLEAR_EVERY = 4096, 64


@dataclass(frozen=True)
class StaOptions:
    """What is compared."""

    liberty: Annotated[str, Option("Library to map to.", "LIB")] = "nangate45"


@dataclass(frozen=True)
class StaJob:
    """A registered unit, what it is built for, and the library."""

    unit: str
    goal: str
    liberty: str


@dataclass(frozen=True)
class StaRecord:
    """What both tools find.

    Parameters
    ----------
    unit, goal, library : str
        What it is.
    cells : int
        Of the netlist without flip-flops.
    abc_ns, sta_ns, sta_wired_ns : float
        Longest path: ABC's ``stime``, OpenSTA's ``report_checks`` without and with the wires that
        the library has by default.
    toggles : float
        Of a net that a cell drives, in a cycle, without glitches, on average.
    switching_pj, sta_switching_pj : float
        Energy of a cycle that charges these nets, were each to toggle so often: ours, and OpenSTA's
        ``report_power``.
    internal_pj, sta_internal_pj : float
        The same inside of the cells.
    netlist_sha256, library_sha256 : str
        Hashes of what both read.
    """

    unit: str
    goal: str
    library: str
    cells: int
    abc_ns: float
    sta_ns: float
    sta_wired_ns: float
    toggles: float
    switching_pj: float
    sta_switching_pj: float
    internal_pj: float
    sta_internal_pj: float
    netlist_sha256: str
    library_sha256: str


class Sta(Experiment[StaOptions, StaJob, StaRecord]):
    """Ten netlists through ABC and OpenSTA."""

    name = "sta"
    help = "Compare delay and energy of ten netlists with OpenSTA's: md, csv."
    options = StaOptions
    record = StaRecord
    pattern = "sta.*"

    def plan(self, options: StaOptions) -> list[StaJob]:
        find_sta()
        resolve(options.liberty).check()
        goals = (Goal.AREA, Goal.SPEED)
        return [StaJob(unit, goal.value, options.liberty) for unit in _UNITS for goal in goals]

    def run(self, job: StaJob, worker: Worker) -> StaRecord:
        from fp8mac.synth_reports.cost.activity import CellNetlist, simulate
        from fp8mac.synth_reports.cost.bench import make_bench
        from fp8mac.synth_reports.cost.energy import energy_per_cycle
        from fp8mac.synth_reports.cost.operands import Operands, draw, driven_ports

        library = list(libraries_of([job.liberty]).values())[-1]
        bench = make_bench({library.name: library}, store=worker.store)
        config = parse_line(job.unit)
        design = Design(config, Shape.UNIT, Goal(job.goal), library.name)
        measured = bench.measure([design], force=worker.force)[design]
        synthesis = measured.synthesis
        flip_flops = len(synthesis.flip_flops)
        circuit = CellNetlist.from_blif(synthesis.netlist, library)
        a, b, _ = draw(config, Operands.NORMAL, _CYCLES, _CLEAR_EVERY)
        table = driven_ports(config)
        toggles = simulate(circuit, table, flip_flops, a, b).functional
        cells = [gate for gate in circuit.gates if gate.cell]
        average = round(mean(toggles[gate.output] for gate in cells), 4)
        uniform = dict.fromkeys((gate.output for gate in cells), average)
        energy = energy_per_cycle(circuit, library, uniform, 0)
        plain = run_sta(synthesis.netlist, library, average)
        wired = run_sta(synthesis.netlist, library, average, wires=True)
        assert synthesis.delay_ps is not None
        return StaRecord(
            job.unit,
            job.goal,
            library.name,
            len(cells),
            round(synthesis.delay_ps / 1000, 4),
            round(plain.delay_ns, 4),
            round(wired.delay_ns, 4),
            average,
            float(f"{energy.switching:.4g}"),
            float(f"{plain.switching_pj:.4g}"),
            float(f"{energy.internal or 0.0:.4g}"),
            float(f"{plain.internal_pj:.4g}"),
            synthesis.sha256,
            library.sha256,
        )

    def render(self, records: Sequence[StaRecord], made: Made) -> dict[str, str | bytes]:
        return {
            "sta.csv": csv_table([asdict(record) for record in records]),
            "sta.md": markdown_text(records, made.command),
        }


def markdown_text(records: Sequence[StaRecord], command: str) -> str:
    """The page."""
    rows = [
        [
            each.unit,
            each.goal,
            str(each.cells),
            f"{each.abc_ns:.3f}",
            f"{each.sta_ns:.3f}",
            f"{each.sta_wired_ns:.3f}",
            f"{each.toggles:.2f}",
            f"{each.switching_pj:.3f}",
            f"{each.sta_switching_pj:.3f}",
            f"{each.internal_pj:.3f}",
            f"{each.sta_internal_pj:.3f}",
        ]
        for each in records
    ]
    titles = ["unit", "goal", "cells", "ABC, ns", "OpenSTA", "with wires", "toggles"]
    titles += ["switching, pJ", "OpenSTA", "internal, pJ", "OpenSTA"]
    return f"""\
# Delay and energy by OpenSTA

Made by `{command}`: registered units in {records[0].library}, their flip-flops cut out, the same
netlist for both tools. ABC: `stime`; OpenSTA: `report_checks` and `report_power`, the same driving
cell and loads, without and with the wires that the library has by default. Energies are those of a
cycle in which every net that a cell drives toggles as often as one does on average, without
glitches, in {_CYCLES} cycles of normal operands.

{markdown_table(titles, rows)}
"""
