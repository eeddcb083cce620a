"""OpenSTA, an independent tool: delay and power of a mapped netlist."""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fp8mac.gen.fpga_tools import run_tool
from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.liberty.library import Library

__all__ = ["StaError", "StaFigures", "find_sta", "netlist_verilog", "routed_period", "run_sta"]

_PERIOD_NS = 10.0

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
    said = _run(program, files)
    arrival = re.search(r"([\d.]+) +data arrival time", said)
    power = re.search(r"^Combinational +(\S+) +(\S+)", said, re.MULTILINE)
    if not arrival or not power:
        raise StaError(f"OpenSTA found no delay and power: {_last(said)}")
    internal, switching = (float(watts) * _PERIOD_NS * 1e3 for watts in power.groups())
    return StaFigures(float(arrival[1]), switching, internal)


_ROUTED = """\
read_liberty library.lib
read_verilog netlist.v
link_design top
create_clock -name clk -period {period} [get_ports {clock}]
set_input_delay 0 -clock clk [all_inputs]
set_driving_cell -lib_cell {driver} [all_inputs]
{wires}
report_checks -digits 5
"""


def routed_period(
    verilog: str, library: Library, clock: str, parasitics: str | None = None
) -> float:
    """Shortest period of the clock of a netlist with flip-flops, in ns; the clock is ideal.

    Parameters
    ----------
    verilog : str
        The netlist, of the module ``top``.
    library : Library
        What it is mapped to.
    clock : str
        Port of the clock.
    parasitics : str, optional
        Wires, in the format SPEF; without them there are none.

    Raises
    ------
    StaError
        If OpenSTA is not there, or finds no path.
    """
    program = find_sta()
    script = _ROUTED.format(
        period=_PERIOD_NS,
        clock=clock,
        driver=library.buffer.name,
        wires="" if parasitics is None else "read_spef wires.spef",
    )
    text = re.sub(r"\n\s*default_wire_load\s*:.*", "", library.text)
    files = {"library.lib": text, "netlist.v": verilog, "run.tcl": script}
    said = _run(program, files | {"wires.spef": parasitics or ""})
    slack = re.search(r"(-?[\d.]+) +slack", said)
    if not slack or (parasitics and "rror" in said):
        raise StaError(f"OpenSTA found no path: {_last(said)}")
    return _PERIOD_NS - float(slack[1])


def _run(program: str, files: dict[str, str]) -> str:
    """What OpenSTA says of files in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="fp8mac-") as folder:
        for name, content in files.items():
            Path(folder, name).write_text(content, encoding="utf-8", errors="surrogateescape")
        done = run_tool([program, "-no_splash", "-exit", "run.tcl"], Path(folder))
    return done.text if done else ""


def _last(said: str) -> str:
    """The last line that it says."""
    return (said.strip().splitlines() or ["it says nothing"])[-1]
