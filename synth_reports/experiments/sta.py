"""Delay and energy by an independent tool, OpenSTA, on netlists that we count.

Registered units are mapped for area and for speed, their flip-flops cut out; both tools read the
same netlist and library. What only one of them knows is taken away first, so that they answer the
same question: OpenSTA adds the wires that a library has by default (``default_wire_load``), and
version 2.0 takes one activity for all nets, so it gets the mean of those that were recorded.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Annotated

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.find import libraries_of, resolve
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["Sta", "StaError", "StaJob", "StaOptions", "StaRecord", "netlist_verilog", "run_sta"]

_UNITS = ("int8 -> int32", "e4m3 -> kulisch:3", "e4m3 -> fp16", "e4m3 -> bf16", "e5m2 -> fp16")
_PERIOD_NS = 10.0
_CYCLES, _CLEAR_EVERY = 4096, 64

_SCRIPT = """\
read_liberty library.lib
read_verilog netlist.v
link_design top
create_clock -name v -period {period}
set_input_delay 0 -clock v [all_inputs]
set_output_delay 0 -clock v [all_outputs]
set_driving_cell -lib_cell {driver} [all_inputs]
set_load {load} [all_outputs]
report_checks -digits 5
set_load {data} [all_outputs]
set_power_activity -global -activity {activity} -duty 0.5
report_power -digits 6
"""


class StaError(Error, RuntimeError):
    """OpenSTA is not there, or says nothing; the message is one sentence for the user."""


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


def netlist_verilog(blif: str) -> str:
    """A mapped netlist as OpenSTA reads it."""
    text = blif.replace("\\\n", " ")

    def name(net: str) -> str:
        return f"\\{net} "

    inputs, outputs = (
        " ".join(re.findall(rf"^\.{kind} (.*)", text, re.MULTILINE)).split()
        for kind in ("inputs", "outputs")
    )
    lines = [f"module top({', '.join(map(name, inputs + outputs))});"]
    lines += [f"input {name(net)};" for net in inputs]
    lines += [f"output {name(net)};" for net in outputs]
    for number, gate in enumerate(re.findall(r"^\.gate (.*)", text, re.MULTILINE)):
        cell, *pins = gate.split()
        wires = (f".{pin}({name(net)})" for pin, _, net in (each.partition("=") for each in pins))
        lines.append(f"{cell} g{number} ({', '.join(wires)});")
    return "\n".join([*lines, "endmodule", ""])


def find_sta() -> str:
    """OpenSTA's program.

    Raises
    ------
    StaError
        If it is not there.
    """
    program = shutil.which("sta")
    if program is None:
        raise StaError("OpenSTA is not on this machine: Debian and Ubuntu: apt install opensta.")
    return program


@dataclass(frozen=True)
class StaFigures:
    """What OpenSTA finds: the longest path, and energies of a cycle."""

    delay_ns: float
    switching_pj: float
    internal_pj: float


def run_sta(blif: str, library: Library, toggles: float, *, wires: bool = False) -> StaFigures:
    """Delay and energies of a netlist, whose outputs go to flip-flops.

    Parameters
    ----------
    blif : str
        The netlist.
    library : Library
        What it is mapped to.
    toggles : float
        Of each net in a cycle.
    wires : bool
        With the wires that the library has by default.

    Raises
    ------
    StaError
        If OpenSTA is not there, or finds neither.
    """
    program = find_sta()
    text = library.text if wires else re.sub(r"\n\s*default_wire_load\s*:.*", "", library.text)
    flip_flop = library.flip_flop
    script = _SCRIPT.format(
        period=_PERIOD_NS,
        driver=library.buffer.name,
        load=library.load * library.capacitance_ff,
        data=flip_flop.cell.pins[flip_flop.data].capacitance * library.capacitance_ff,
        activity=toggles,
    )
    files = {"library.lib": text, "netlist.v": netlist_verilog(blif), "run.tcl": script}
    with tempfile.TemporaryDirectory(prefix="fp8mac-") as folder:
        for name, content in files.items():
            Path(folder, name).write_text(content, encoding="utf-8", errors="surrogateescape")
        done = subprocess.run(
            [program, "-no_splash", "-exit", "run.tcl"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    arrival = re.search(r"([\d.]+) +data arrival time", done.stdout)
    power = re.search(r"^Combinational +(\S+) +(\S+)", done.stdout, re.MULTILINE)
    if not arrival or not power:
        words = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
        raise StaError(f"OpenSTA found no delay and power: {words[-1]}")
    internal, switching = (float(watts) * _PERIOD_NS * 1e3 for watts in power.groups())
    return StaFigures(float(arrival[1]), switching, internal)


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
        from fp8mac.synth_reports.cost.operands import Operands, draw

        library = list(libraries_of([job.liberty]).values())[-1]
        bench = make_bench({library.name: library}, store=worker.store)
        config = parse_line(job.unit)
        design = Design(config, Shape.UNIT, Goal(job.goal), library.name)
        measured = bench.measure([design], force=worker.force)[design]
        synthesis = measured.synthesis
        flip_flops = len(synthesis.flip_flops)
        circuit = CellNetlist.from_blif(synthesis.netlist, library)
        a, b, _ = draw(config, Operands.NORMAL, _CYCLES, _CLEAR_EVERY)
        table = ports(config, Shape.UNIT)
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
